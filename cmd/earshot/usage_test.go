package main_test

import (
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// What has been used comes out by what one asks for, with what it costs, for a spreadsheet or a program.
func TestUsageExport(t *testing.T) {
	w := bareWorld(t)
	s, err := store.Open(t.Context(), "sqlite:"+w.path("usage.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)
	use := func(sequence int64, at time.Time, key, model string, audio time.Duration) store.Usage {
		return store.Usage{Session: "s", Sequence: sequence, At: at, Account: "000000000001", Key: key, Model: model, Protocol: "p", Language: "en-US", Audio: audio, Streams: 1, Requests: 1}
	}
	err = s.AddUsage(t.Context(), []store.Usage{use(1, at, "k", "m", 90*time.Second), use(2, at.Add(time.Hour), "k", "n", time.Minute),
		use(3, at.AddDate(0, 0, 1), "l", "m", 30*time.Second), use(4, at.AddDate(0, 1, 0), "l", "m", time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--data=" + w.path("data"), "--store=sqlite:" + w.path("usage.db")}
	usage := func(args ...string) result {
		t.Helper()
		return w.run("", append(append([]string{"usage"}, args...), flags...)...)
	}
	for _, args := range [][]string{{"price", "m", "0.024", "eur"}, {"price", "*", "1", "EUR"}, {"price", "gone", "7"}, {"price", "gone", "none"}} {
		if r := usage(args...); r.code != 0 {
			t.Fatalf("%v: %+v", args, r)
		}
	}
	if r := usage("prices"); r.code != 0 || !strings.Contains(r.out, "0.024 EUR") || !strings.Contains(r.out, "1 EUR") || strings.Contains(r.out, "gone") {
		t.Errorf("prices: %+v", r)
	}
	if r := usage("price", "m", "0.024", "eur"); r.err != "a minute with m costs 0.024 EUR\n" {
		t.Errorf("the price of a model that is used: %+v", r)
	}
	if r := usage("price", "nosuch", "3"); !strings.Contains(r.err, `nothing has been used with a model called "nosuch"`) {
		t.Errorf("the price of another: %+v", r)
	}
	const header = "start,account,key,model,protocol,language,audio_seconds,streams,requests,errors,cost,currency,account_name,key_name\n"
	march := []string{"--from=2026-03", "--to=2026-04"}
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string
	}{
		{"a month by default", march, 0, header + "2026-03-01T00:00:00Z,000000000001,k,m,,,90,1,1,0,0.036,EUR,,\n2026-03-01T00:00:00Z,000000000001,k,n,,,60,1,1,0,1,EUR,,\n" +
			"2026-03-01T00:00:00Z,000000000001,l,m,,,30,1,1,0,0.012,EUR,,\n"},
		{"days", append(march, "--by=day"), 0, header + "2026-03-01T00:00:00Z,,,,,,150,2,2,0,1.036,EUR,,\n2026-03-02T00:00:00Z,,,,,,30,1,1,0,0.012,EUR,,\n"},
		{"hours of a key", []string{"--from=2026-03-01", "--to=2026-03-02", "--by=hour", "--key=k"}, 0,
			header + "2026-03-01T10:00:00Z,,,,,,90,1,1,0,0.036,EUR,,\n2026-03-01T11:00:00Z,,,,,,60,1,1,0,1,EUR,,\n"},
		{"all of it", []string{"--from=2020-01", "--to=2030-01-01T00:00:00Z", "--by=language"}, 0, header + ",,,,,en-US,3780,4,4,0,2.488,EUR,,\n"},
		{"JSON", append(march, "--by=key", "--format=json", "--model=n"), 0,
			"[\n  {\n    \"key\": \"k\",\n    \"audio_seconds\": 60,\n    \"streams\": 1,\n    \"requests\": 1,\n    \"errors\": 0,\n    \"cost\": \"1\",\n    \"currency\": \"EUR\"\n  }\n]\n"},
		{"this month", nil, 0, header},
		{"no JSON", []string{"--from=2020-01", "--to=2020-02", "--format=json"}, 0, "[]\n"},
		{"no time", []string{"--from=yesterday"}, 2, ""},
		{"backwards", []string{"--from=2026-04", "--to=2026-03"}, 2, ""},
		{"two lengths", append(march, "--by=hour,day"), 2, ""},
		{"no such thing", append(march, "--by=colour"), 2, ""},
		{"an account that is gone", append(march, "--by=account", "--account=000000000001"), 0, header + ",000000000001,,,,,180,3,3,0,1.048,EUR,,\n"},
		{"no such account", append(march, "--account=radioo"), 1, ""},
		{"no such id of an account", append(march, "--account=000000000002"), 1, ""},
		{"no such key", append(march, "--key=studio"), 1, ""},
	} {
		r := usage(append([]string{"export"}, c.args...)...)
		if r.code != c.code || strings.ReplaceAll(r.out, "\r\n", "\n") != c.out || (r.err == "") != (c.code == 0) {
			t.Errorf("%s: code %d, %q\n%s\nexpected %d, %q", c.name, r.code, r.out, r.err, c.code, c.out)
		}
	}
	for _, bad := range []string{"", "1.", "1.0000001", "-1", "+1", "1e3", "free", "99999999999999999999"} {
		r := w.run("", append(append([]string{"usage", "price"}, flags...), "--", "m", bad)...)
		if r.code != 2 || !strings.Contains(r.err, "expected an amount such as 0.024") {
			t.Errorf("a price of %q: %+v", bad, r)
		}
	}
}

// Accounts and keys are named as everywhere else.
func TestUsageOfNames(t *testing.T) {
	w, id := furnished(t)
	w.good("accounts", "create", "radio", "--data", "d")
	s, err := store.Open(t.Context(), "sqlite:"+w.path("d/earshot.db"), store.Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	k, err := s.DescribeAccessKey(t.Context(), id)
	if err == nil {
		err = s.AddUsage(t.Context(), []store.Usage{{Session: "s", Sequence: 1, At: time.Now(), Account: k.Account, Key: id, Model: "m", Audio: time.Minute, Streams: 1}})
	}
	if err != nil {
		t.Fatal(err)
	}
	month := "--from=" + time.Now().AddDate(0, -1, 0).UTC().Format("2006-01")
	to := "--to=" + time.Now().Add(24*time.Hour).UTC().Format("2006-01-02")
	for _, which := range []string{"--account=default", "--key=app", "--key=" + id} {
		if out := w.good("usage", "export", "--data", "d", month, to, which); !strings.Contains(out, id+",m,,,60,1") {
			t.Errorf("%s: %s", which, out)
		}
	}
	if out := w.good("usage", "export", "--data", "d", month, to, "--account=radio"); strings.Count(out, "\n") != 1 {
		t.Errorf("an account that has used nothing: %s", out)
	}
	w.refused(1, `"radioo"`, "usage", "export", "--data", "d", "--account=radioo")
}
