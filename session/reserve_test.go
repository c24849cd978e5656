package session_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// A place is asked for once, and given back once: by the session that has taken it over, or by who has reserved it.
func TestReserve(t *testing.T) {
	full := &stt.Error{Code: stt.Quota, Msg: "enough for today"}
	for name, c := range map[string]struct {
		gate  *gate
		fault script.FaultKind
		opens bool // is tried
		code  stt.Code
	}{
		"opened":       {gate: &gate{}, opens: true},
		"never opened": {gate: &gate{}},
		"no place":     {gate: &gate{err: full}, code: stt.Quota},
		"no capacity":  {gate: &gate{}, fault: script.Refuse, opens: true, code: stt.Exhausted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := session.NewService(session.Options{Recognizer: scripted(t, script.Fault{Kind: c.fault}), Gate: c.gate})
				r := request(mono16k)
				giveBack, err := service.Reserve(t.Context(), r)
				if err != nil {
					if stt.CodeOf(err) != c.code {
						t.Errorf("%v, expected code %v", err, c.code)
					}
					return
				}
				if in, out := c.gate.in.Load(), c.gate.out.Load(); in != 1 || out != 0 {
					t.Errorf("%d in, %d out when the place is reserved", in, out)
				}
				if c.opens {
					ses, err := service.Open(t.Context(), r)
					if stt.CodeOf(err) != c.code {
						t.Fatalf("Open: %v, expected code %v", err, c.code)
					}
					if err == nil {
						giveBack()
						if c.gate.out.Load() != 0 {
							t.Error("the place of an open session was given back")
						}
						ses.Abort(errors.New("enough"))
						ses.Close(errors.New("enough"))
					}
				}
				giveBack()
				giveBack()
				if in, out := c.gate.in.Load(), c.gate.out.Load(); in != 1 || out != 1 {
					t.Errorf("%d in, %d out at the end", in, out)
				}
			})
		})
	}
}
