package session_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// A bug in what nobody listens to ends nothing but that.
func TestPanicWhileHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec, g := &teller{rate: 16000}, &gate{}
		service := session.NewService(session.Options{Recognizer: rec, Gate: g, Features: panicking()})
		c := attend(t, open(t, service, lasting(mono16k, time.Hour)), map[string]stt.Segment{})
		if err := c.ses.Write(t.Context(), []byte{7, 0}); err != nil {
			t.Fatal(err)
		}
		c.gone(0)
		<-time.After(time.Minute)
		nothingLeft(t, service, rec, g)
		if ses := open(t, service, lasting(mono16k, time.Hour)); ses.ResumedAt() == 0 {
			t.Error("the session is forgotten")
		}
	})
}

// Draining ends what is held, at once and at any moment, also what is being wound up by an engine that gives no end.
func TestDrainHeld(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second, 10 * time.Second, 11 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{}
			stalls := scripted(t, script.Fault{Kind: script.Stall, At: 200 * time.Millisecond})
			service := session.NewService(session.Options{Recognizer: stalls, Gate: g})
			for i := range 5 {
				r := lasting(mono16k, time.Hour)
				r.ID = fmt.Sprint(i)
				c := attend(t, open(t, service, r), map[string]stt.Segment{})
				if err := c.ses.Write(t.Context(), make([]byte, mono16k.Bytes(time.Second))); err != nil {
					t.Fatal(err)
				}
				c.gone(0)
			}
			if n := g.in.Load() - g.out.Load(); n != 5 {
				t.Errorf("%d places are taken, expected 5", n)
			}
			<-time.After(after)
			began := time.Now()
			service.Drain(t.Context())
			if took := time.Since(began); took != 0 {
				t.Errorf("draining took %v", took)
			}
			if g.in.Load() != g.out.Load() {
				t.Errorf("the gate let %d in and %d out", g.in.Load(), g.out.Load())
			}
		})
	}
}

// A client that goes away while a Write waits costs no audio that has come; and a drain does not wait for an engine that takes none.
func TestLossWhileWriteWaits(t *testing.T) {
	for _, c := range []struct {
		fault script.Fault
		drain bool
	}{{script.Fault{Kind: script.Slow, Factor: 1}, false}, {script.Fault{Kind: script.Stall, At: time.Second}, true}} {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{}
			service := session.NewService(session.Options{Recognizer: scripted(t, c.fault), Gate: g})
			cl := attend(t, open(t, service, lasting(mono16k, time.Hour)), map[string]stt.Segment{})
			var all sync.WaitGroup // of this bubble, which waits for it
			ctx, cancel := context.WithCancel(t.Context())
			all.Go(func() {
				for range 8 {
					if err := cl.ses.Write(ctx, make([]byte, mono16k.Bytes(time.Second))); err != nil {
						break
					}
				}
			})
			synctest.Wait() // it waits
			cancel()
			cl.ses.Lose(errGone)
			if c.drain {
				ctx, stop := contextFor(t, time.Second)
				defer stop()
				began := time.Now()
				service.Drain(ctx)
				if took := time.Since(began); took > time.Second {
					t.Errorf("draining took %v", took)
				}
				all.Wait()
			} else {
				all.Wait()
				<-cl.end
				again := open(t, service, lasting(mono16k, time.Hour))
				if at := again.ResumedAt(); at < 6*time.Second {
					t.Errorf("goes on at %v, which leaves out what has come", at)
				}
				again.Close(nil)
			}
			<-cl.end
			<-time.After(time.Minute)
			if g.in.Load() != g.out.Load() {
				t.Errorf("the gate let %d in and %d out", g.in.Load(), g.out.Load())
			}
		})
	}
}

// Everything at any moment, by everybody: nothing leaks, nobody waits for ever.
func TestResumeStress(t *testing.T) {
	seed := rand.Uint64()
	for try := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, try))
		synctest.Test(t, func(t *testing.T) {
			rec, g := &teller{rate: 16000}, &gate{}
			service := session.NewService(session.Options{Recognizer: rec, Gate: g,
				Limits: session.Limits{Hold: 3 * time.Second, Idle: 5 * time.Second, Finish: 20 * time.Second}})
			var all sync.WaitGroup // of this bubble, which waits for it
			for range 12 {
				wait, act := time.Duration(r.Int64N(int64(20*time.Second))), r.IntN(5)
				window := []time.Duration{0, 10 * time.Second, time.Hour}[r.IntN(3)]
				all.Go(func() {
					<-time.After(wait)
					ses, err := service.Open(t.Context(), lasting(mono16k, window))
					if err != nil {
						return
					}
					var sides sync.WaitGroup
					sides.Go(func() {
						_ = drip(t.Context(), ses, mono16k, time.Second)
						switch act {
						case 0:
							_ = ses.CloseSend(t.Context())
						case 1:
							ses.Abort(errGone)
						case 2:
							ses.Finish(t.Context(), errGone)
						case 3:
							ses.Lose(errGone)
						}
					})
					why := listen(t.Context(), ses).err
					if act%2 == 0 {
						sides.Wait()
					}
					ses.Close(why)
					ses.Close(why)
					sides.Wait()
				})
			}
			if r.IntN(2) == 0 {
				<-time.After(time.Duration(r.Int64N(int64(30 * time.Second))))
			} else {
				all.Wait()
			}
			ctx, cancel := contextFor(t, time.Second)
			defer cancel()
			service.Drain(ctx)
			all.Wait()
			nothingLeft(t, service, rec, g)
			if t.Failed() {
				t.Logf("seed %d, try %d", seed, try)
			}
		})
	}
}

// clumsy is a rewriter that cannot bear finals.
type clumsy struct{}

func (clumsy) Rewrite(ev *stt.Event) {
	if ev.Kind == stt.EventSegment && ev.Segment.Final {
		panic("a final")
	}
}

func panicking() []feature.Feature {
	return []feature.Feature{{Name: "clumsy", Wanted: func(*stt.Config) bool { return true }, New: func(*stt.Config) feature.Rewriter { return clumsy{} }}}
}
