package stt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

func TestErrorText(t *testing.T) {
	cause := errors.New("connection reset")
	for _, c := range []struct {
		err  *stt.Error
		want string
	}{
		{&stt.Error{Code: stt.NotFound}, "not-found"},
		{&stt.Error{Code: stt.NotFound, Msg: "no such thing"}, "no such thing"},
		{&stt.Error{Code: stt.Closed, Op: "send", Msg: "the stream has been closed"}, "send: the stream has been closed"},
		{&stt.Error{Code: stt.Quota, Peer: "amazon", Msg: "slow down"}, "amazon: slow down"},
		{&stt.Error{Code: stt.Quota, Peer: "amazon", PeerCode: "LimitExceededException", Op: "open", Msg: "slow down"},
			"open: amazon LimitExceededException: slow down"},
		{&stt.Error{Code: stt.Unavailable, Op: "recv", Err: cause}, "recv: unavailable: connection reset"},
		{stt.Errorf(stt.Idle, "no audio for %d s", 15), "no audio for 15 s"},
		{stt.InvalidOption("rate", "12", "8000 or more"), `option "rate" is "12"; expected 8000 or more`},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, expected %q", got, c.want)
		}
	}
	if !errors.Is(&stt.Error{Err: cause}, cause) {
		t.Error("the cause is not found by errors.Is")
	}
}

func TestAsError(t *testing.T) {
	own := &stt.Error{Code: stt.Quota, Msg: "enough"}
	for _, c := range []struct {
		name string
		err  error
		code stt.Code
		same bool // the very *Error that is in err
	}{
		{"itself", own, stt.Quota, true},
		{"wrapped", fmt.Errorf("opening: %w", own), stt.Quota, true},
		{"joined", errors.Join(io.ErrUnexpectedEOF, own), stt.Quota, true},
		{"deadline", context.DeadlineExceeded, stt.DeadlineExceeded, false},
		{"wrapped deadline", fmt.Errorf("dial: %w", context.DeadlineExceeded), stt.DeadlineExceeded, false},
		{"canceled", context.Canceled, stt.Canceled, false},
		{"anything else", io.ErrUnexpectedEOF, stt.Internal, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := stt.AsError(c.err)
			if e == nil {
				t.Fatal("AsError gives nil for an error")
			}
			if e.Code != c.code || stt.CodeOf(c.err) != c.code {
				t.Errorf("codes %v and %v, expected %v", e.Code, stt.CodeOf(c.err), c.code)
			}
			if c.same != (e == own) {
				t.Errorf("the same error: %v, expected %v", e == own, c.same)
			}
			if !c.same && !errors.Is(e, c.err) {
				t.Error("the cause is lost")
			}
			if e.Error() == "" {
				t.Error("no text")
			}
		})
	}
	// A nil pointer that became an error must neither pass for success nor panic.
	for _, err := range []error{(*stt.Error)(nil), fmt.Errorf("opening: %w", (*stt.Error)(nil))} {
		if e := stt.AsError(err); e == nil || e.Code != stt.Internal || e.Error() == "" || stt.CodeOf(err) != stt.Internal {
			t.Errorf("a nil *Error gives %+v; expected code internal", e)
		}
	}
	if e := stt.AsError(nil); e != nil {
		t.Errorf("AsError(nil) is %v", e)
	}
	if c := stt.CodeOf(nil); c != 0 {
		t.Errorf("CodeOf(nil) is %v", c)
	}
}

func TestCodesHaveNames(t *testing.T) {
	seen := map[string]stt.Code{}
	for _, c := range stt.Codes() {
		name := c.String()
		if name == "" || strings.HasPrefix(name, "unknown") {
			t.Errorf("code %d has no name", uint8(c))
		}
		if other, twice := seen[name]; twice {
			t.Errorf("codes %d and %d are both %q", uint8(other), uint8(c), name)
		}
		seen[name] = c
	}
	last := stt.Codes()[len(stt.Codes())-1]
	if next := (last + 1).String(); !strings.HasPrefix(next, "unknown") {
		t.Errorf("%q is not in Codes", next)
	}
	if seen["internal"] != stt.Internal || seen["invalid"] != stt.Invalid || seen["closed"] != stt.Closed {
		t.Error("names and codes are shifted against each other")
	}
}

func TestKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := stt.EventSegment; k <= stt.EventWarning; k++ {
		name := k.String()
		if name == "" || name == "none" || strings.HasPrefix(name, "unknown") || seen[name] {
			t.Errorf("kind %d is called %q", uint8(k), name)
		}
		seen[name] = true
	}
	if got := stt.EventWarning.String(); got != "warning" {
		t.Errorf("EventWarning is called %q", got)
	}
	if got := (stt.EventWarning + 1).String(); !strings.HasPrefix(got, "unknown") {
		t.Errorf("the kind after the last is called %q", got)
	}
}
