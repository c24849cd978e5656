package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
)

// cheap makes hashes that cost next to nothing.
var cheap = auth.Cost{Memory: 64, Passes: 1}

func TestPasswords(t *testing.T) {
	const password = "correct horse battery"
	p := auth.NewPasswords(cheap)
	hash, err := p.Hash(t.Context(), password, false)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.Hash(t.Context(), password, true)
	if err != nil || again == hash || !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hashes %q and %q, %v; expected two of Argon2id", hash, again, err)
	}
	if auth.TemporaryPassword(hash) || !auth.TemporaryPassword(again) || auth.TemporaryPassword("") {
		t.Error("expected the second hash, and no other, to be of a temporary password")
	}
	other := auth.NewPasswords(auth.Cost{Memory: 128, Passes: 2}) // whoever checks may make them of another cost
	for name, c := range map[string]struct {
		kept, given string
		good        bool
	}{
		"the right one":                 {hash, password, true},
		"the right one, temporary":      {again, password, true},
		"another":                       {hash, password + " ", false},
		"in other letters":              {hash, strings.ToUpper(password), false},
		"none":                          {hash, "", false},
		"none is kept":                  {"", "", false},
		"none is kept, one given":       {"", password, false},
		"what is kept is none":          {"plain", "plain", false},
		"cut short":                     {hash[:len(hash)-4], password, false},
		"another kind":                  {strings.Replace(hash, "argon2id", "argon2i", 1), password, false},
		"another version":               {strings.Replace(hash, "v=19", "v=16", 1), password, false},
		"other passes":                  {strings.Replace(hash, "t=1", "t=2", 1), password, false},
		"more memory than a server has": {strings.Replace(hash, "m=64", "m=4194304", 1), password, false},
		"endless passes":                {strings.Replace(hash, "t=1", "t=4294967295", 1), password, false},
		"no passes":                     {strings.Replace(hash, "t=1", "t=0", 1), password, false},
		"no threads":                    {strings.Replace(hash, "p=1", "p=0", 1), password, false},
		"a parameter twice":             {strings.Replace(hash, "p=1", "p=1,p=1", 1), password, false},
		"a parameter of no meaning":     {strings.Replace(hash, "p=1", "p=1,x=1", 1), password, false},
		"an empty key":                  {hash[:strings.LastIndex(hash, "$")+1], password, false},
		"too long":                      {hash, strings.Repeat("x", 1<<20), false},
	} {
		for _, who := range []*auth.Passwords{p, other} {
			if good, err := who.Check(t.Context(), c.kept, c.given, nil); good != c.good || err != nil {
				t.Errorf("%s: %v, %v; expected %v", name, good, err, c.good)
			}
		}
	}
}

func TestNewPassword(t *testing.T) {
	for password, ok := range map[string]bool{
		"correct horse battery": true, "ключ от дома": true, "twelve chars": true, strings.Repeat("ab", 128): true,
		"": false, "short": false, "elevenchars": false, strings.Repeat("ab", 129): false, "aaaaaaaaaaaaaaaa": false, "line\nbreak and more": false,
		"\xff\xfe\xfd and some more": false, "Administrator2026": false, "administratoradministrator": false, "administrators do": true,
	} {
		err := auth.NewPassword("administrator", password)
		if (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
		if !ok && (stt.CodeOf(err) != stt.Invalid || stt.AsError(err).Option != "password" || password != "" && strings.Contains(err.Error(), password)) {
			t.Errorf("%q: expected an error about \"password\" that does not show it; got %v", password, err)
		}
	}
}

// Who goes away does not hold a place, and where too many wait the next one is told so.
func TestPasswordsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := auth.NewPasswords(cheap)
		leave := p.Occupy()
		ctx, cancel := context.WithCancel(t.Context())
		const waiting = 32
		ended := make(chan error, waiting)
		for range waiting {
			go func() { // ends when the places are free
				_, err := p.Check(ctx, "", "x", nil)
				ended <- err
			}()
		}
		synctest.Wait()
		_, err := p.Check(t.Context(), "", "x", nil)
		if e := stt.AsError(err); e.Code != stt.Exhausted || e.RetryAfter <= 0 {
			t.Errorf("one more: %v, expected that there are too many", err)
		}
		cancel()
		for range waiting {
			if err := <-ended; stt.CodeOf(err) != stt.Canceled {
				t.Errorf("gone: %v", err)
			}
		}
		_, err = p.Check(t.Context(), "", "x", nil) // its patience ends
		if stt.CodeOf(err) != stt.Exhausted {
			t.Errorf("nobody leaves: %v", err)
		}
		leave()
		if _, err := p.Check(t.Context(), "", "x", nil); err != nil {
			t.Errorf("a place is free: %v", err)
		}
	})
}

// A name that nobody has costs what one costs that somebody has.
func TestUnknownTakesAsLong(t *testing.T) {
	p := auth.NewPasswords(cheap)
	hash, err := p.Hash(t.Context(), "correct horse battery", false)
	if err != nil {
		t.Fatal(err)
	}
	cost := func(kept string) float64 {
		return testing.AllocsPerRun(5, func() { _, _ = p.Check(t.Context(), kept, "another password", nil) })
	}
	if known, unknown := cost(hash), cost(""); unknown < known-8 {
		t.Errorf("%v allocations for a hash and %v for none; expected the same work", known, unknown)
	}
}

// What was allowed when somebody came is asked for again when it is his turn, before anything is computed.
func TestPasswordMayNotBeLookedAtAnyMore(t *testing.T) {
	p := auth.NewPasswords(cheap)
	kept, err := p.Hash(t.Context(), "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	over := errors.New("too many")
	if good, err := p.Check(t.Context(), kept, "correct horse", func() error { return over }); good || !errors.Is(err, over) {
		t.Errorf("%v, %v", good, err)
	}
	if good, err := p.Check(t.Context(), kept, "correct horse", func() error { return nil }); !good || err != nil { // its place was given back
		t.Errorf("%v, %v", good, err)
	}
}
