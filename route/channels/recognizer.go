package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/earshot-stt/earshot/stt"
)

// DefaultMax is the number of channels that Options offer by default.
const DefaultMax = 2

// Options say what is offered. The zero value is ready.
type Options struct {
	// Max is the largest number of channels of one stream; 0 means DefaultMax, and 1 or less offers nothing.
	Max int
}

// Recognizer is a recognizer that separates channels. It implements stt.Recognizer, stt.Readier and io.Closer, and may be
// used concurrently.
type Recognizer struct {
	inner stt.Recognizer // immutable
	most  int            // immutable
	// opening holds a token while somebody takes places: two callers that take one each would both have too few.
	opening chan struct{}
}

// New returns a recognizer of separate channels in front of inner, which belongs to it from now on.
func New(inner stt.Recognizer, opts Options) *Recognizer {
	if opts.Max == 0 {
		opts.Max = DefaultMax
	}
	return &Recognizer{inner: inner, most: opts.Max, opening: make(chan struct{}, 1)}
}

// Models implements stt.Recognizer: the models of the recognizer behind, which have more channels and take more formats.
func (r *Recognizer) Models(ctx context.Context) ([]stt.Model, error) {
	models, err := r.inner.Models(ctx)
	if err != nil {
		return nil, err
	}
	for i := range models {
		r.extend(&models[i].Can)
	}
	return models, nil
}

// extend adds to what a model can do what it can do here. The formats that it takes by itself stay the first ones.
func (r *Recognizer) extend(can *stt.Capabilities) {
	for n := max(can.MaxChannels, 1) + 1; n <= r.most; n++ {
		for _, f := range slices.Clone(can.Formats) {
			if f.Encoding == stt.PCM16 && f.Channels == 1 {
				f.Channels = n
				can.Formats = append(can.Formats, f)
			}
		}
	}
	if slices.ContainsFunc(can.Formats, func(f stt.Format) bool { return f.Encoding == stt.PCM16 && f.Channels <= 1 }) {
		can.MaxChannels = max(can.MaxChannels, r.most)
	}
}

// Open implements stt.Recognizer. It fails as the recognizer behind does; when only some of the channels find a place, those
// are given back.
func (r *Recognizer) Open(ctx context.Context, cfg stt.Config) (stt.Stream, error) {
	n := cfg.Audio.Channels
	if n <= 1 {
		cfg.Channels = stt.ChannelsMixed // one channel is all there is
		return r.inner.Open(ctx, cfg)
	}
	models, err := r.inner.Models(ctx)
	if err != nil {
		return nil, err
	}
	model, err := stt.FindModel(models, &cfg)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.Channels == stt.ChannelsSeparate && model.Can.MaxChannels >= n, cfg.Channels != stt.ChannelsSeparate && model.Can.Takes(cfg.Audio):
		return r.inner.Open(ctx, cfg)
	case cfg.Audio.Encoding != stt.PCM16 || cfg.Audio.Rate <= 0 || n > r.most:
		return nil, stt.InvalidOption("audio", cfg.Audio.String(), fmt.Sprintf("16-bit PCM with 1 to %d channels", r.most))
	}
	cfg.Model = model.ID // the same for all channels, whatever happens to the list of models meanwhile
	streams := 1
	if cfg.Channels == stt.ChannelsSeparate {
		streams = n
	}
	return r.split(ctx, cfg, &model.Can, streams)
}

// split opens one stream for each channel, or one for all of them.
func (r *Recognizer) split(ctx context.Context, cfg stt.Config, can *stt.Capabilities, streams int) (stt.Stream, error) {
	one := cfg
	one.Audio.Channels, one.Channels = 1, stt.ChannelsMixed
	select {
	case r.opening <- struct{}{}:
		defer func() { <-r.opening }()
	case <-ctx.Done():
		return nil, stt.AsError(ctx.Err())
	}
	inner := make([]stt.Stream, 0, streams)
	for i := range streams {
		if i > 0 {
			one.Session = "" // a service ends the stream that has the same id
		}
		s, err := r.inner.Open(ctx, one)
		if err != nil {
			for _, s := range inner {
				_ = s.Close() // it has heard nothing
			}
			return nil, scarce(err, i, streams)
		}
		inner = append(inner, s)
	}
	return newStream(cfg, can, inner), nil
}

// scarce says that it takes several places where one was to be had.
func scarce(err error, opened, wanted int) error {
	var e *stt.Error
	if opened == 0 || !errors.As(err, &e) || e.Code != stt.Exhausted {
		return err
	}
	told := *e
	told.Msg = fmt.Sprintf("%s (a stream of %d separate channels takes %d places, %d were free)", e.Msg, wanted, wanted, opened)
	return &told
}

// Ready implements stt.Readier.
func (r *Recognizer) Ready(ctx context.Context) error {
	if ready, ok := r.inner.(stt.Readier); ok {
		return ready.Ready(ctx)
	}
	return ctx.Err()
}

// Close implements io.Closer.
func (r *Recognizer) Close() error {
	if closer, ok := r.inner.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

var (
	_ stt.Recognizer = (*Recognizer)(nil)
	_ stt.Readier    = (*Recognizer)(nil)
	_ io.Closer      = (*Recognizer)(nil)
)
