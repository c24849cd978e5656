package resources

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/earshot-stt/earshot/resource"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// look has the keeper's goroutine look for what is pending.
func (k *Keeper) look() {
	select {
	case k.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// retryAfter is when a store that could not be read is asked again.
const retryAfter = 5 * time.Second

// work finishes what is pending, until ctx is done.
func (k *Keeper) work(ctx context.Context) {
	defer close(k.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-timer.C:
		}
		if err := k.finishAll(ctx); err != nil && ctx.Err() == nil {
			k.opts.Log.Warn("vocabularies stay pending for now", slog.Any("error", err))
			timer.Reset(retryAfter)
		}
	}
}

// errSuperseded says that somebody else has been faster.
var errSuperseded = errors.New("not pending any more")

// finishAll finishes everything that is pending in the store.
func (k *Keeper) finishAll(ctx context.Context) error {
	f := store.ResourceFilter{State: string(resource.Pending), Max: 1000}
	for {
		rows, next, err := k.store.Resources(ctx, f)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := k.finishOne(ctx, row); err != nil && !errors.Is(err, errSuperseded) && stt.CodeOf(err) != stt.NotFound {
				return err
			}
		}
		if f.After = next; next == "" {
			return nil
		}
	}
}

func (k *Keeper) finishOne(ctx context.Context, row store.Resource) error {
	row, err := k.store.Resource(ctx, row.Account, row.Kind, row.Name)
	if err != nil {
		return err
	}
	r := fromRow(row)
	k.finish(ctx, &r)
	if ctx.Err() != nil {
		return ctx.Err() // the keeper ends: what could not be read may be in order
	}
	_, err = k.store.UpdateResource(ctx, store.Actor{Name: "server"}, row.Account, row.Kind, row.Name, func(now *store.Resource) error {
		if now.State != row.State || !now.Modified.Equal(row.Modified) {
			return errSuperseded
		}
		now.State, now.Failure, now.Content = string(r.State), r.Failure, r.Content
		return nil
	})
	if err == nil {
		k.cache.forget()
		k.opts.Log.Info("vocabulary", slog.String("account", r.Account), slog.String("name", r.Name), slog.String("state", string(r.State)), slog.String("reason", r.Failure))
	}
	return err
}

// finish reads the content of a resource and says what has become of it.
func (k *Keeper) finish(ctx context.Context, r *resource.Resource) {
	r.State, r.Failure = resource.Failed, ""
	if r.Source != resource.FromPhrases {
		content, err := k.opts.Files.Read(ctx, r.Source)
		if err != nil {
			k.opts.Log.Warn("a file cannot be read", slog.String("name", r.Name), slog.Any("error", err))
			r.Failure = stt.AsError(err).Msg
			return
		}
		r.Content = content
	}
	var err error
	if r.Kind == resource.KindFilter {
		_, err = resource.ParseFilter(r.Content)
	} else {
		_, err = resource.ParseVocabulary(r.Content)
	}
	if err != nil {
		r.Failure = place(err, r)
		if r.Source != resource.FromPhrases {
			r.Content = nil // it is where it came from
		}
		return
	}
	r.State = resource.Ready
}

// place says where something is wrong, in the words of whoever gave it.
func place(err error, r *resource.Resource) string {
	e, ok := errors.AsType[*resource.SyntaxError](err)
	switch {
	case !ok || r.Source != resource.FromPhrases:
		return err.Error()
	case r.Kind == resource.KindFilter:
		return e.At("word")
	case e.Line > 1:
		e.Line-- // the line that names the column is ours
	}
	return e.At("phrase")
}
