package transcribe

import (
	"fmt"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// awaited is what the server owes the client.
type awaited uint8

const (
	nothing   awaited = iota // there is audio to come, and the server takes what comes
	taking                   // it is to take a message
	finishing                // it has been sent all the audio and is to end the stream
)

// watch gives a server up that owes something and says nothing. The time counts from the last message that was received, for
// what has been handed to the connection may be far from having reached the server; and it stands still while nobody
// listens, because the caller is behind with what was received before.
type watch struct {
	limit time.Duration // immutable

	mu        sync.Mutex // guards all below
	owed      awaited    // by the writer
	pinged    bool       // by the pinger: an answer is owed besides
	listening bool       // by the reader
	heard     time.Time  // when the reader last got something
	by        time.Time  // when the server is given up; meaningless while it owes nothing or nobody listens
	timer     *time.Timer
	missed    awaited // what the server owed when it was given up
}

// start begins to watch; giveUp is called on a goroutine of its own and must not block. The result ends it.
func (w *watch) start(giveUp func()) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.limit, func() {
		if w.over() { // and not a timer that fired while it was being set anew
			giveUp()
		}
	})
	w.restart()
	return func() { w.listen(false) }
}

// expect says what the server owes from now on.
func (w *watch) expect(what awaited) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.owed = what
	w.restart()
}

// listen says whether the next message is being waited for.
func (w *watch) listen(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listening = on
	if !on {
		w.heard = time.Now()
	}
	w.restart()
}

// quiet reports whether a ping would tell something: the server has said nothing for so long, somebody listens, and nothing stands in
// the way of a ping.
func (w *watch) quiet(long time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.listening && w.owed != taking && time.Since(w.heard) >= long
}

// ping says whether the answer to a ping is owed.
func (w *watch) ping(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pinged = on
	if w.owed == nothing { // what else is owed has its own time, and an answer to a ping is none to that
		w.restart()
	}
}

// owes reports whether the server is waited for. w.mu is held.
func (w *watch) owes() bool { return w.listening && (w.owed != nothing || w.pinged) }

// restart sets the timer anew. w.mu is held.
func (w *watch) restart() {
	w.by = time.Now().Add(w.limit)
	switch {
	case w.timer == nil: // the reader has yet to begin
	case w.owes():
		w.timer.Reset(w.limit)
	default:
		w.timer.Stop()
	}
}

// over reports whether the server is to be given up, and notes why.
func (w *watch) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.owes() || time.Now().Before(w.by) {
		return false
	}
	w.missed = w.owed // the writer may yet get through before the connection is gone
	return true
}

// silent is the error of a server that has been given up.
func (w *watch) silent() *stt.Error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.missed {
	case nothing:
		return &stt.Error{Code: stt.DeadlineExceeded, Op: "ping", Peer: peer,
			Msg: fmt.Sprintf("the server has said nothing for %s, not even to a ping", w.limit)}
	case taking:
		return &stt.Error{Code: stt.DeadlineExceeded, Op: "send", Peer: peer,
			Msg: fmt.Sprintf("the server has taken no audio and said nothing for %s", w.limit)}
	}
	return &stt.Error{Code: stt.DeadlineExceeded, Op: "receive", Peer: peer,
		Msg: fmt.Sprintf("the server has said nothing for %s after the end of the audio; its last results may be missing", w.limit)}
}
