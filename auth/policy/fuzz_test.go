package policy_test

import (
	"testing"
	"unicode/utf8"

	"github.com/earshot-stt/earshot/auth/policy"
)

// Whatever is read is written and read again as the same, with the same decisions; nothing panics, and nothing that is
// refused allows.
func FuzzParse(f *testing.F) {
	for _, c := range decideCases() {
		f.Add([]byte(c.text()), c.action, c.on, "alice")
	}
	for _, c := range refusedCases() {
		f.Add([]byte(c.policy), create, names, "*")
	}
	f.Fuzz(func(t *testing.T, data []byte, action, resource, user string) {
		p, err := policy.Parse(data)
		r := policy.Request{Action: action, Resource: resource, Context: here()}
		r.Context[policy.Username] = []string{user}
		got := p.Decide(r)
		if err != nil {
			if got != notAllowed || p.Len() != 0 {
				t.Errorf("%v, and yet %v", err, got)
			}
			return
		}
		if d := p.Explain(r); d.Outcome != got || !utf8.ValidString(d.String()) {
			t.Errorf("%v, explained as %s", got, d)
		}
		if after := roundTrip(t, data).Decide(r); after != got {
			t.Errorf("%v, and %v when written and read again", got, after)
		}
	})
}
