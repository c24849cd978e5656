package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/auth"
)

func TestTicket(t *testing.T) {
	until := time.Unix(1_800_000_000, 0)
	text := auth.Ticket{Key: "ESHK1", Expires: until, Origin: "https://example.com"}.Sign("secret")
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != "" || strings.Contains(text, "secret") {
		t.Errorf("%q: expected letters that a URL takes", text)
	}
	got, ok := auth.ParseTicket(text)
	if !ok || got.Key != "ESHK1" || !got.Expires.Equal(until) || got.Origin != "https://example.com" {
		t.Fatalf("read again: %v, %v", got, ok)
	}
	if !got.Signed([]string{"secret"}) || !got.Signed([]string{"newer", "secret"}) || got.Signed([]string{"Secret"}) || got.Signed(nil) || (auth.Ticket{}).Signed([]string{"secret"}) {
		t.Error("expected it to be signed with its secret and no other")
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", got, got, got, &got); strings.Contains(shown, "example") || !strings.Contains(shown, "ESHK1") {
		t.Errorf("it prints as %q", shown)
	}
	other := auth.Ticket{Key: "ESHK1", Expires: until.Add(time.Hour)}.Sign("secret")
	head, tail := text[:strings.IndexByte(text, '.')], other[strings.IndexByte(other, '.'):]
	if mixed, ok := auth.ParseTicket(head + tail); !ok || mixed.Signed([]string{"secret"}) {
		t.Error("a signature of another ticket is taken")
	}
	for _, bad := range []string{"", "est_", "esk_abc", text[:len(text)-1], text + "A", strings.Replace(text, ".", "", 1), "est_e30" + tail, "est_!!" + tail, strings.Repeat(text, 20)} {
		if _, ok := auth.ParseTicket(bad); ok {
			t.Errorf("%q is taken for a ticket", bad)
		}
	}
}

func FuzzParseTicket(f *testing.F) {
	f.Add(auth.Ticket{Key: "k", Expires: time.Unix(1, 0), Origin: "o"}.Sign("secret"))
	f.Add("est_e30.AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := auth.ParseTicket(text)
		if !ok {
			return
		}
		if got.Signed([]string{"a secret that nobody knows"}) {
			t.Errorf("%q is signed", text)
		}
		again, ok := auth.ParseTicket(auth.Ticket{Key: got.Key, Expires: got.Expires, Origin: got.Origin}.Sign("s"))
		if !ok || again.Key != got.Key || !again.Expires.Equal(got.Expires) || !again.Signed([]string{"s"}) {
			t.Errorf("%q does not come back: %v", text, again)
		}
	})
}
