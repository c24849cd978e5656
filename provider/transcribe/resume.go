package transcribe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/stt/stream"
)

// healthyTime is how long a connection must have lasted, with audio still to come, for its loss to be a new trouble and not
// more of the one before. One over which something was decided need not have.
const healthyTime = 10 * time.Second

// resume returns the connection that takes over from one that has ended, or nil when the stream has.
func (c *client) resume(ctx context.Context, old *link, end ending) *link {
	if !end.again || c.tooLate(end) {
		c.core.Fail(end.err)
		return nil
	}
	if c.complete() {
		return c.finish()
	}
	if old.moved || old.begun && !old.asked.Load() && time.Since(old.opened) >= healthyTime {
		c.retry.Reset()
	}
	if missing := c.tape.Rewind(); missing > 0 {
		c.core.Fail(c.forgotten(end.err, missing))
		return nil
	}
	for {
		wait, ok := c.retry.Again(end.err.RetryAfter)
		if !ok {
			c.core.Fail(c.exhausted(end))
			return nil
		}
		if !c.interrupted(end, wait) || !sleep(ctx, wait) {
			return nil
		}
		if c.complete() { // the caller has ended the audio, and nothing of it was left to decide
			return c.finish()
		}
		left := c.retry.Left()
		if left <= 0 { // the caller has taken no events, or the machine stood still
			c.core.Fail(c.exhausted(end))
			return nil
		}
		next, err := c.dial(ctx, min(c.opts.OpenTimeout, left))
		if err == nil {
			return c.link(next, old.number+1)
		}
		if end = unopened(err); ctx.Err() != nil || !end.again || c.tooLate(end) {
			c.core.Fail(end.err) // without effect when the stream has been closed
			return nil
		}
	}
}

// tooLate reports whether another attempt makes no sense: none are made at all, or the server says that it would refuse all of them, as when a budget is
// used up until tomorrow.
func (c *client) tooLate(end ending) bool {
	return c.retry.For <= 0 || end.err.Code == stt.Quota && end.err.RetryAfter >= c.retry.For
}

// unopened says what a connection that cannot be opened means.
func unopened(err error) ending {
	end := failed(stt.AsError(err))
	switch end.err.Code {
	case stt.Exhausted, stt.Quota, stt.DeadlineExceeded:
		end.again = true
	case stt.Conflict: // the server does not know yet that the connection before is gone
		end.again = true
	case stt.Unavailable:
		end.again = !strings.HasPrefix(end.err.PeerCode, "4") // an HTTP status that says that we are wrong
	}
	return end
}

// complete reports whether everything that the caller had to say has been said and decided: then only the server's goodbye
// is missing, which nobody waits for.
func (c *client) complete() bool {
	if c.tape.Owed() > 0 {
		return false
	}
	if !c.ended.Load() {
		// No writer reads now. Audio that is there goes on the tape; none is waited for.
		over, cancel := context.WithCancel(context.Background())
		cancel()
		if _, mark, err := c.fetch(over, make([]byte, c.format.Bytes(blockTime)), 0); err != nil || mark != stream.End {
			return false
		}
	}
	return c.tape.Owed() == 0
}

// finish ends the stream well, without a server.
func (c *client) finish() *link {
	if c.withdraw() {
		c.core.Finish()
	}
	return nil
}

// withdraw gives finals without alternatives for all segments that have none. The result is false when the stream has been
// closed.
func (c *client) withdraw() bool {
	for _, ev := range c.shown.withdraw(c.decided) {
		if c.core.Emit(ev) != nil {
			return false
		}
	}
	return true
}

// interrupted tells the caller that the connection was lost, once in a trouble. The result is false when the stream has been
// closed.
func (c *client) interrupted(end ending, wait time.Duration) bool {
	if c.down {
		return true
	}
	c.down = true
	return c.core.Emit(stt.Event{Kind: stt.EventWarning, Warning: &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer, PeerCode: end.err.PeerCode, RetryAfter: wait, Err: end.err,
		Msg: fmt.Sprintf("connection lost (%s); trying again in %.1f s", end.brief, wait.Seconds())}}) == nil
}

// connected is the event that ends what interrupted has begun.
func (c *client) connected() stt.Event {
	return stt.Event{Kind: stt.EventWarning, Warning: &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer,
		Msg: fmt.Sprintf("connected again; %.1f s of audio sent again", c.tape.Owed().Seconds())}}
}

// exhausted is the error of a stream that has tried long enough.
func (c *client) exhausted(last ending) *stt.Error {
	tries, took := c.retry.Tried()
	e := &stt.Error{Code: stt.Unavailable, Op: "receive", Peer: peer, PeerCode: last.err.PeerCode, RetryAfter: last.err.RetryAfter, Err: last.err.Err}
	e.Msg = fmt.Sprintf("the connection was lost and could not be made again in %s, with %s; the last reason: %s",
		took.Round(100*time.Millisecond), times(tries), last.brief)
	return e
}

func times(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// forgotten is the error of a stream whose audio cannot be sent again.
func (c *client) forgotten(end *stt.Error, missing time.Duration) *stt.Error {
	return &stt.Error{Code: stt.Unavailable, Op: "receive", Option: "transcribe.max_replay", Peer: peer, PeerCode: end.PeerCode, Err: errors.New(end.Error()),
		Want: (c.opts.MaxReplay + missing).Round(time.Second).String(),
		Msg: fmt.Sprintf(`the connection was lost, and the last %.1f s of audio had not been decided, which is more than the %s that option "transcribe.max_replay" keeps for another connection`,
			(c.tape.Owed()).Seconds(), c.opts.MaxReplay)}
}

// sleep waits, and returns false when ctx is done first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
