package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/earshot-stt/earshot/audio"
	"github.com/earshot-stt/earshot/audio/ffmpeg"
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/job"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/route/channels"
	"github.com/earshot-stt/earshot/server"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

type transcribeCmd struct {
	remote
	Files     []string      `arg:"" name:"file" help:"Recordings: WAV, FLAC, Opus in Ogg; MP3, M4A, WebM and others where ffmpeg is installed; raw samples with --raw; - is standard input."`
	URL       string        `placeholder:"ws://HOST:PORT" help:"Stream to a server over Amazon's protocol instead of recognising here."`
	HTTP2     bool          `name:"http2" help:"With --url: talk HTTP/2, as most of Amazon's SDKs do, and not WebSocket."`
	Reconnect time.Duration `default:"30s" placeholder:"30s" help:"With --url: how long to try again when the connection is lost; what was not decided is sent again. 0s: not at all. Default: ${default}."`
	Realtime  bool          `help:"Send the audio at the pace of speech, as a microphone would."`
	Format    string        `enum:"text,json,srt,vtt" default:"text" help:"text: a line for each segment. json: an object for each. srt, vtt: subtitles, once the recording has ended."`
	Partials  string        `enum:"auto,always,never" default:"auto" help:"Show text while it may still change: on a terminal (auto), as lines of their own (always), or never."`
	Language  string        `default:"en-US" help:"Language spoken. Default: ${default}."`
	Raw       bool          `help:"Files hold 16-bit little-endian samples without a header."`
	Rate      int           `default:"16000" help:"With --raw: sample rate in Hz. Default: ${default}."`
	Channels  int           `default:"1" help:"With --raw: number of channels. Default: ${default}."`
	Separate  bool          `help:"Transcribe each channel of a recording on its own, and say which is which."`
	medical
	Config string            `type:"path" placeholder:"FILE" env:"EARSHOT_CONFIG" help:"Configuration file that says which engine answers here."`
	Set    map[string]string `placeholder:"KEY=VALUE" mapsep:"none" help:"A key of the configuration, such as engine=pocketsphinx; may be repeated."`

	ffmpeg *ffmpeg.Program // nil: there is none
	served func() string   // which model the server says that it answers with; nil: there is no server
}

// chunk is how much audio is sent at a time.
const chunk = 100 * time.Millisecond

// Run transcribes all files. One that cannot be read is reported and does not keep the others from being tried.
func (c *transcribeCmd) Run(env *environment) error {
	if c.Raw && (c.Rate < audio.MinRate || c.Rate > audio.MaxRate) {
		return stt.InvalidOption("--rate", strconv.Itoa(c.Rate), fmt.Sprintf("%d to %d Hz", audio.MinRate, audio.MaxRate))
	}
	if c.Raw && (c.Channels < 1 || c.Channels > audio.MaxChannels) {
		return stt.InvalidOption("--channels", strconv.Itoa(c.Channels), fmt.Sprintf("1 to %d", audio.MaxChannels))
	}
	if c.HTTP2 && c.URL == "" {
		return stt.InvalidOption("--http2", "true", "--url with the address of a server beside it")
	}
	if err := c.subtitled(); err != nil {
		return err
	}
	cfg, _, err := loadConfig(c.Config, c.Set)
	if err != nil {
		if c.URL == "" {
			return err
		}
		cfg = config.Default() // the server is configured elsewhere
	}
	if cfg.FFmpeg.Program != "" {
		c.ffmpeg, _ = server.FFmpeg(cfg) // who needs it is told that it is not there
	}
	sessions, end, err := c.sessions(env, cfg)
	if err != nil {
		return err
	}
	defer end()
	failed := false
	for _, name := range c.Files {
		err := c.file(env, sessions, name)
		if env.ctx.Err() != nil {
			return env.ctx.Err()
		}
		if err != nil {
			failed = true
			fmt.Fprintf(env.errOut, "earshot: %s: %v\n", name, err)
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// sessions returns where to open sessions: on a server, or on an engine in this process.
func (c *transcribeCmd) sessions(env *environment, cfg *config.Config) (*session.Service, func(), error) {
	opts := session.Options{Limits: session.Limits{Lag: 10 * time.Minute, Finish: 10 * time.Minute}}
	if c.URL != "" {
		more := map[string]string{"reconnect_for": c.Reconnect.String(), "max_replay": "10m"}
		if c.HTTP2 {
			more["transport"] = string(transcribe.HTTP2)
		}
		client, err := c.connect(env, c.URL, more)
		if err != nil {
			return nil, nil, err
		}
		opts.Recognizer, c.served = client, client.Served
		if c.Separate {
			opts.Recognizer = channels.New(client, channels.Options{}) // a stream for each: the client sends one channel
		}
	} else {
		var err error
		if opts.Recognizer, err = server.OpenRecognizer(env.ctx, cfg, env.getenv); err != nil {
			if stt.CodeOf(err) == stt.Unsupported { // the engine is not in this program
				err = fmt.Errorf("%w; or have a server do the work: --url ws://HOST:PORT", err)
			}
			return nil, nil, err
		}
		opts.Features = server.Features(cfg)
	}
	end := func() {}
	if closer, ok := opts.Recognizer.(io.Closer); ok {
		end = func() { closer.Close() }
	}
	return session.NewService(opts), end, nil
}

// file transcribes one recording.
func (c *transcribeCmd) file(env *environment, sessions *session.Service, name string) error {
	ctx, cancel := context.WithCancel(env.ctx)
	defer cancel()
	in, closeFile, err := openFile(ctx, env, name)
	if err != nil {
		return err
	}
	defer closeFile()
	recording, end, err := c.open(ctx, cancel, in)
	if stt.CodeOf(err) == stt.Unsupported {
		return c.unsupported(err, name)
	}
	if err != nil {
		return err
	}
	defer end()
	format := stt.Format{Encoding: stt.PCM16, Rate: recording.Format().Rate, Channels: recording.Format().Channels}
	cfg := stt.Config{Audio: format, Languages: stt.Languages{Tags: []string{c.Language}}}
	if cfg.Medical, err = c.medical.config(); err != nil {
		return err
	}
	if c.Separate && format.Channels > 1 {
		cfg.Channels = stt.ChannelsSeparate
	}
	ses, err := sessions.Open(ctx, &session.Request{ID: uuid.NewString(), Protocol: "command", Config: cfg})
	if err != nil {
		return advised(err, c.URL)
	}
	label := ""
	if len(c.Files) > 1 {
		label = name
	}
	show := newScreen(env, c, label, recording.Duration())
	if show.model = ses.Model(); c.served != nil {
		show.model = c.served()
	}
	show.channels = cfg.Channels == stt.ChannelsSeparate
	subs := newSubtitles(env, c, show)
	err = converse(ctx, cancel, ses, newPump(recording, format, c.Realtime, show), show, subs.event)
	return errors.Join(err, subs.write())
}

// open reads the header of a recording. cancel ends a read of it that waits; end is called when nothing is read from it any more.
func (c *transcribeCmd) open(ctx context.Context, cancel func(), in io.Reader) (rec recording, end func(), err error) {
	if c.Raw {
		raw := audio.RawFormat{Format: audio.Format{Rate: c.Rate, Channels: c.Channels}}
		opened, err := audio.Open(in, audio.Options{Kind: audio.KindRaw, Raw: raw})
		if err != nil {
			return nil, nil, err
		}
		return opened, func() { opened.Close() }, nil
	}
	opened, err := job.New(job.Options{FFmpeg: c.ffmpeg}).Open(ctx, &job.Input{Body: in, Interrupt: cancel})
	if err != nil {
		return nil, nil, err
	}
	return opened, opened.Close, nil
}

// unsupported says what to do with a recording that is not decoded.
func (c *transcribeCmd) unsupported(err error, name string) error {
	e := stt.AsError(err)
	switch {
	case e.Got == "" && e.Want != "":
		return errors.New("this is no audio file of a kind that is known; if it holds bare 16-bit samples, give --raw with their --rate and --channels")
	case c.ffmpeg == nil && e.Want != "":
		return fmt.Errorf("%s is decoded by ffmpeg, which is not here: install it (Debian: apt-get install ffmpeg), or convert the file where it is: ffmpeg -i %s -ac 1 -ar 16000 out.wav", e.Got, filepath.Base(name))
	}
	return errors.New(e.Msg)
}

func openFile(ctx context.Context, env *environment, name string) (io.Reader, func(), error) {
	if name == "-" {
		return newPatient(ctx, env.in), func() {}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err // the name stands before it already
		}
		return nil, nil, err
	}
	info, err := f.Stat()
	switch {
	case err == nil && info.IsDir():
		f.Close()
		return nil, nil, errors.New("this is a folder; expected a recording")
	case err == nil && !info.Mode().IsRegular():
		return newPatient(ctx, f), func() { f.Close() }, nil
	}
	return f, func() { f.Close() }, nil
}

// converse feeds a session and tells what comes back, until both have ended. It calls cancel, which ends ctx and with it a read
// of the recording that waits, once nothing more can come back.
func converse(ctx context.Context, cancel context.CancelFunc, ses *session.Session, p *pump, show *screen, tell func(ev *stt.Event) error) error {
	fed := make(chan error, 1)
	go func() { // owned by converse, which awaits fed; ends with the recording, the session or ctx
		err := p.run(ctx, ses)
		switch {
		case ctx.Err() != nil:
			ses.Abort(err)
		case err != nil:
			ses.Finish(ctx, err) // what was said up to there is worth having
		}
		fed <- err
	}()
	var reason error
	for reason == nil {
		var ev stt.Event
		if ev, reason = ses.Next(ctx); reason == nil {
			reason = tell(&ev)
		}
	}
	cancel()
	ses.Abort(reason)
	<-fed //nolint:errcheck // the pump has told the session
	ses.Close(reason)
	show.done()
	if errors.Is(reason, io.EOF) {
		return nil
	}
	return reason
}
