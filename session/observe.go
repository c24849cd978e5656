package session

import (
	"context"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Observer is told what becomes of requests. Its methods may be called concurrently, do not block, and change nothing that they
// are given.
type Observer interface {
	// Refused is told of a request that got no session, and why: an *stt.Error.
	Refused(ctx context.Context, r *Request, why error)

	// Opened is told of a session that begins. What it returns is told the rest; nil: nobody is. ctx is that of the opening.
	Opened(ctx context.Context, l *Live) Witness
}

// Witness is told what happens in one session. The goroutine that calls Next calls FirstWords and Final, and Closed comes last.
type Witness interface {
	// FirstWords is told when a segment is first heard of. after is the time since the server took the audio with which the
	// segment begins.
	FirstWords(after time.Duration)

	// Final is told when a segment is final. after is the time since the server took the audio with which the segment ends.
	Final(after time.Duration)

	// Closed is told what the session used and why it ended. u is not kept.
	Closed(u *Usage)
}

// arrivals remembers when audio came, for the last seconds of it. The zero value is ready to use.
type arrivals struct {
	mu    sync.Mutex // guards all below
	marks []arrival  // a ring once it is full
	next  int        // where the next one goes
}

// arrival says that the audio before to had come at a time.
type arrival struct {
	to stt.Time
	at time.Time
}

// arrivalSpacing is the least audio between two marks: how exact latencies are.
const arrivalSpacing = 50 * time.Millisecond

// mostArrivals bounds the marks of a session: 12.8 s of audio in small chunks.
const mostArrivals = 256

// note says that the audio before to has come.
func (a *arrivals) note(to stt.Time, at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.marks); n > 0 && to-a.marks[(a.next+n-1)%n].to < arrivalSpacing {
		return
	}
	if len(a.marks) < mostArrivals {
		a.marks = append(a.marks, arrival{to, at})
		return
	}
	a.marks[a.next] = arrival{to, at}
	a.next = (a.next + 1) % mostArrivals
}

// since returns how long ago the audio at t came; of what came before the marks begin, how long ago the first of them was. ok is
// false where nothing is known yet.
func (a *arrivals) since(t stt.Time, now time.Time) (ago time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.marks) - 1; i >= 0; i-- {
		m := a.marks[(a.next+i)%len(a.marks)]
		if ok && m.to < t {
			break
		}
		ago, ok = now.Sub(m.at), true
	}
	return ago, ok
}

// witnessed tells of a segment. The read side calls it.
func (s *Session) witnessed(seg *stt.Segment) {
	if s.witness == nil || !seg.Span.Known || len(seg.Alternatives) == 0 {
		return
	}
	now := time.Now()
	if last := &s.spoken[min(max(seg.Channel, 0), len(s.spoken)-1)]; *last != seg.ID {
		*last = seg.ID
		if ago, ok := s.arrived.since(seg.Span.Start, now); ok {
			s.witness.FirstWords(ago)
		}
	}
	if seg.Final {
		if ago, ok := s.arrived.since(seg.Span.End, now); ok {
			s.witness.Final(ago)
		}
	}
}
