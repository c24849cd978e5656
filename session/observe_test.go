package session_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// onlooker keeps what it is told. It implements session.Observer and session.Witness.
type onlooker struct {
	mu     sync.Mutex // guards all below
	events []string
	first  []time.Duration
	finals []time.Duration
	closed []session.Usage
}

func (o *onlooker) Refused(_ context.Context, r *session.Request, why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, "refused "+r.ID+" "+stt.CodeOf(why).String())
}

func (o *onlooker) Opened(_ context.Context, l *session.Live) session.Witness {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, "opened "+l.Request.ID+" "+l.Model)
	return o
}

func (o *onlooker) FirstWords(after time.Duration) { o.first = append(o.first, after) }
func (o *onlooker) Final(after time.Duration)      { o.finals = append(o.finals, after) }
func (o *onlooker) Closed(u *session.Usage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = append(o.closed, *u)
	o.events = append(o.events, "closed "+u.Request.ID)
}

// What is told of a session is what happened, with times that count from when the audio came.
func TestObserver(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault script.Fault
		late  func(after, audio time.Duration) bool // what is expected of each latency
	}{
		{"as fast as it can", script.Fault{}, func(after, _ time.Duration) bool { return after < 700*time.Millisecond }},
		{"slow", script.Fault{Kind: script.Slow, Factor: 3}, func(after, _ time.Duration) bool { return after > 500*time.Millisecond && after < 12*time.Second }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &onlooker{}
				service := session.NewService(session.Options{Recognizer: scripted(t, c.fault), Observer: o})
				ses := open(t, service, request(mono16k))
				go func() { // ends with the audio, for which listen waits
					if drip(t.Context(), ses, mono16k, length) == nil {
						_ = ses.CloseSend(t.Context()) // listen has the reason
					}
				}()
				h := listen(t.Context(), ses)
				ses.Close(h.err)
				if want := []string{"opened session-1 " + script.ModelID, "closed session-1"}; !slices.Equal(o.events, want) {
					t.Errorf("told %q, expected %q", o.events, want)
				}
				if len(o.first) != 3 || len(o.finals) != 3 {
					t.Fatalf("told of %d beginnings and %d finals, expected 3", len(o.first), len(o.finals))
				}
				for _, after := range slices.Concat(o.first, o.finals) {
					if after < 0 || !c.late(after, length) {
						t.Errorf("latencies %v and %v", o.first, o.finals)
						break
					}
				}
				if u := o.closed[0]; u.Audio != length || u.Err != nil || u.Serial != ses.Serial() {
					t.Errorf("closed with %+v", u)
				}
			})
		})
	}
}

// Latency counts from when the audio came and not from where it stands: a caller who sends all at once waits for his decoder.
func TestObserverOfWhatCameAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &onlooker{}
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: script.Slow, Factor: 1}), Observer: o})
		ses := open(t, service, request(mono16k))
		speak(t, ses, make([]byte, mono16k.Bytes(length)))
		ses.Close(nil)
		if len(o.finals) != 3 || !slices.IsSorted(o.finals) || o.finals[2] < 3*time.Second {
			t.Errorf("latencies %v, expected them to grow to the length of the audio", o.finals)
		}
	})
}

func TestObserverOfRefusals(t *testing.T) {
	o := &onlooker{}
	service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Observer: o})
	r := request(mono16k)
	r.Config.Model = "nobody"
	if _, err := service.Open(t.Context(), r); err == nil {
		t.Fatal("opened a model that there is not")
	}
	if want := []string{"refused session-1 not-found"}; !slices.Equal(o.events, want) {
		t.Errorf("told %q, expected %q", o.events, want)
	}
}

// uninterested is an observer that follows no session.
type uninterested struct{ onlooker }

func (*uninterested) Opened(context.Context, *session.Live) session.Witness { return nil }

func TestObserverWithoutWitness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{}), Observer: &uninterested{}})
		ses := open(t, service, request(mono16k))
		sameWords(t, speak(t, ses, make([]byte, mono16k.Bytes(length))), length)
		ses.Close(nil)
	})
}
