package session

import (
	"slices"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Live is an open session as it is at one moment. Sessions that wait for a caller to come back are not open.
type Live struct {
	Serial   string        // of this session and no other, unguessable: what [Service.End] takes and usage is booked under
	Request  *Request      // not to be changed
	Model    string        // that answers
	Language string        // as asked for or as the model's only one; empty where the model finds out
	Since    time.Time     // when it was opened
	Audio    time.Duration // that the recognizer has taken of this session so far
	Lag      time.Duration // how far the decoder is behind, audio time; 0 where the recognizer cannot tell
	Ending   bool          // no more audio is taken; the last results come
}

// Sessions returns the open sessions, the oldest first. It waits for none of them.
func (s *Service) Sessions() []Live {
	open := s.all()
	all := make([]Live, len(open))
	for i, ses := range open {
		all[i] = ses.live()
	}
	slices.SortFunc(all, func(a, b Live) int { return a.Since.Compare(b.Since) })
	return all
}

// End ends the open session with the serial for a reason, as [Session.End] does, and reports whether there was one to end.
func (s *Service) End(serial string, why error) bool {
	for _, ses := range s.all() {
		if ses.serial == serial {
			return ses.End(why)
		}
	}
	return false
}

// all returns the sessions that are open.
func (s *Service) all() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := make([]*Session, 0, len(s.sessions))
	for ses := range s.sessions {
		open = append(open, ses)
	}
	return open
}

func (s *Session) live() Live {
	l := Live{Serial: s.serial, Request: s.req, Model: s.model, Language: s.language, Since: s.opened,
		Audio: time.Duration(s.taken.Load())}
	if lagger, ok := s.stream.(stt.Lagger); ok {
		l.Lag = lagger.Lag()
	}
	s.mu.Lock()
	l.Ending = s.failure != nil || s.left != nil || !s.ended.IsZero()
	s.mu.Unlock()
	return l
}

// Serial returns what names the session and no other, the one that is taken up again with the same ID included. It cannot be
// guessed.
func (s *Session) Serial() string { return s.serial }

// End ends the session for a reason: it takes no more audio, Next gives the finals of what was said and then why. Any goroutine
// may call it; it does not wait. It reports whether it was this call that ended the session: one whose audio has ended already
// goes on to its own end.
func (s *Session) End(why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.failure != nil || s.left != nil || !s.ended.IsZero() {
		return false
	}
	if why == nil {
		why = errEnded()
	}
	s.failure, s.stopped = stt.AsError(why), time.Now()
	if s.giveUp != nil {
		s.giveUp() // a Write that waits for the recognizer
	}
	if s.moved != nil {
		s.moved() // Next, which ends the audio
	}
	return true
}

func errEnded() *stt.Error {
	return &stt.Error{Code: stt.Canceled, Op: "abort", Msg: "the session was ended"}
}
