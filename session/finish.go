package session

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// finishFactor is how many times Limits.Finish a recognizer may take altogether that goes on giving results after the end of the audio.
const finishFactor = 10

// finished returns until when results may come after the end of the audio, and what it is when none come. last is when the recognizer
// last said anything.
func (l *Limits) finished(ended, last time.Time) (time.Time, *stt.Error) {
	most := ended.Add(finishFactor * l.Finish)
	e := &stt.Error{Code: stt.DeadlineExceeded, Op: "next", Msg: "the recognizer gave no end within " + l.Finish.String() + " after the end of the audio"}
	if !last.After(ended) {
		return ended.Add(l.Finish), e
	}
	if at := last.Add(l.Finish); at.Before(most) {
		e.Msg = "the recognizer has said nothing for " + l.Finish.String() + " after the end of the audio, and gave no end"
		return at, e
	}
	e.Msg = "the recognizer gave no end within " + (finishFactor * l.Finish).String() + " after the end of the audio, though it went on"
	return most, e
}

// moves notes that the recognizer has said something.
func (s *Session) moves() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moving = time.Now()
}

// patience is a context for Recv after the end of the audio where Next does not watch the time. Its clock is restarted by every event.
type patience struct {
	context.Context
	limits *Limits
	ended  time.Time
	cancel context.CancelFunc
	timer  *time.Timer
}

// newPatience begins to be patient. release ends it.
func newPatience(l *Limits) *patience {
	p := &patience{limits: l, ended: time.Now()}
	p.Context, p.cancel = context.WithCancel(context.Background())
	p.timer = time.AfterFunc(l.Finish, p.cancel)
	return p
}

// moves restarts the clock.
func (p *patience) moves() {
	at, _ := p.limits.finished(p.ended, time.Now())
	p.timer.Reset(time.Until(at))
}

func (p *patience) release() {
	p.timer.Stop()
	p.cancel()
}
