package script_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/stt"
)

const ms = time.Millisecond

func seg(start, end stt.Time, words ...script.Word) script.Segment {
	return script.Segment{Start: start, End: end, Words: words}
}

func word(text string, start, end stt.Time) script.Word {
	return script.Word{Text: text, Start: start, End: end}
}

// parses is what Parse takes, and also what the fuzzer starts from.
var parses = []struct {
	name, text string
	want       script.Script
}{
	{"nothing", "", nil},
	{"comments", "# a\n\n   # b\n\t\n", nil},
	{"one word", "0.5-2.1 yes", script.Script{seg(500*ms, 2100*ms, word("yes", 500*ms, 2100*ms))}},
	{"spread evenly", "1-2 a b c d", script.Script{seg(1000*ms, 2000*ms,
		word("a", 1000*ms, 1250*ms), word("b", 1250*ms, 1500*ms), word("c", 1500*ms, 1750*ms), word("d", 1750*ms, 2000*ms))}},
	{"own times", "1-2 a@1.1-1.2 b@1.5-2", script.Script{seg(1000*ms, 2000*ms, word("a", 1100*ms, 1200*ms), word("b", 1500*ms, 2000*ms))}},
	{"both", "0-1 a b@0.5-0.9", script.Script{seg(0, 1000*ms, word("a", 0, 500*ms), word("b", 500*ms, 900*ms))}},
	{"segments that touch", "0-1 a\n1-2 b", script.Script{seg(0, 1000*ms, word("a", 0, 1000*ms)), seg(1000*ms, 2000*ms, word("b", 1000*ms, 2000*ms))}},
	{"decimals as they are written", "0.1-0.3 a", script.Script{seg(100*ms, 300*ms, word("a", 100*ms, 300*ms))}},
	{"carriage returns", "0-1 a\r\n1-2 b\r\n", script.Script{seg(0, 1000*ms, word("a", 0, 1000*ms)), seg(1000*ms, 2000*ms, word("b", 1000*ms, 2000*ms))}},
	{"any letters", "0-1 Grüße 好", script.Script{seg(0, 1000*ms, word("Grüße", 0, 500*ms), word("好", 500*ms, 1000*ms))}},
}

func TestParse(t *testing.T) {
	for _, c := range parses {
		t.Run(c.name, func(t *testing.T) {
			got, err := script.Parse(c.text)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v; expected %v", got, err, c.want)
			}
		})
	}
}

// Eleven days of twenty thousand words: the shares must not overflow.
func TestParseLongSegment(t *testing.T) {
	s := parse(t, "0-999999 "+strings.Repeat("w ", 20_000))
	if wrong := check(s); wrong != "" {
		t.Error(wrong)
	}
	last := s[0].Words[len(s[0].Words)-1]
	if last.End != 999999*time.Second || (last.End-last.Start).Round(time.Second) != 50*time.Second {
		t.Errorf("the last word is at %v-%v, expected the last 50s", last.Start, last.End)
	}
}

// refuses is what Parse refuses, with what the error says.
var refuses = []struct{ name, text, want string }{
	{"no span", "good morning", `line 1: "good" is not a span`},
	{"no words", "0-1 a\n\n1-2", "line 3: has no words"},
	{"half a span", "0- a", `line 1: "0-" is not a span`},
	{"backwards", "2-1 a", `line 1: "2-1" is not a span`},
	{"no time", "1-1 a", `line 1: "1-1" is not a span`},
	{"no time at this resolution", "1-1.0000001 a", "is not a span"},
	{"below zero", "-1-1 a", "is not a span"},
	{"not a number", "NaN-1 a", "is not a span"},
	{"infinite", "0-Inf a", "is not a span"},
	{"too long", "0-1000000 a", "is not a span"},
	{"out of order", "2-3 a\n# but\n0-1 b", "line 3: starts at 0s, before the segment above ends"},
	{"overlap", "0-2 a\n1-3 b", "line 2: starts at 1s, before the segment above ends"},
	{"word before its segment", "1-2 a@0.5-1.5", `line 1: word "a" at 500ms-1.5s`},
	{"word after its segment", "1-2 a@1.5-2.5", `line 1: word "a" at 1.5s-2.5s`},
	{"words overlap", "1-2 a@1-1.5 b@1.4-2", `line 1: word "b"`},
	{"words out of order", "1-2 a@1.5-2 b@1-1.5", `line 1: word "b"`},
	{"empty word", "1-2 @1-2", `line 1: word ""`},
	{"bad word span", "1-2 a@now", `line 1: word "a": "now" is not a span`},
	{"an address", "1-2 me@example.com", `line 1: word "me": "example.com" is not a span`},
	{"a long line", "0-1 a\n1-2 " + strings.Repeat("b", 100_000) + "@", "line 2: "},
}

func TestParseErrors(t *testing.T) {
	for _, c := range refuses {
		t.Run(c.name, func(t *testing.T) {
			s, err := script.Parse(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) || s != nil {
				t.Errorf("got %v, %.200v; expected an error with %q", s, err, c.want)
			}
		})
	}
}

// format writes a script such that Parse reads it again.
func format(s script.Script) string {
	var b strings.Builder
	seconds := func(d time.Duration) string { return fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second) }
	for _, seg := range s {
		fmt.Fprintf(&b, "%s-%s", seconds(seg.Start), seconds(seg.End))
		for _, w := range seg.Words {
			fmt.Fprintf(&b, " %s@%s-%s", w.Text, seconds(w.Start), seconds(w.End))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// check returns what is wrong with a script, or nothing.
func check(s script.Script) string {
	last := stt.Time(0)
	for _, seg := range s {
		if seg.Start < last || seg.End <= seg.Start || len(seg.Words) == 0 {
			return fmt.Sprintf("segment %v-%v of %d words after %v", seg.Start, seg.End, len(seg.Words), last)
		}
		last = seg.Start
		for _, w := range seg.Words {
			if w.Text == "" || w.Start < last || w.End < w.Start || w.End > seg.End {
				return fmt.Sprintf("word %q %v-%v after %v in %v-%v", w.Text, w.Start, w.End, last, seg.Start, seg.End)
			}
			last = w.End
		}
		last = seg.End
	}
	return ""
}

func FuzzParse(f *testing.F) {
	for _, c := range parses {
		f.Add(c.text)
	}
	for _, c := range refuses[:len(refuses)-1] {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := script.Parse(text)
		if err != nil {
			if s != nil || !strings.Contains(err.Error(), "line ") {
				t.Fatalf("gives %v with %v", s, err)
			}
			return
		}
		if wrong := check(s); wrong != "" {
			t.Fatal(wrong)
		}
		// Whatever parses can be written down again. Times finer than a microsecond come from spreading words evenly.
		for _, seg := range s {
			for _, w := range seg.Words {
				if w.Start%time.Microsecond != 0 || w.End%time.Microsecond != 0 {
					return
				}
			}
		}
		again, err := script.Parse(format(s))
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("%v\nbecomes\n%v, %v", s, again, err)
		}
	})
}

func parse(t testing.TB, text string) script.Script {
	t.Helper()
	s, err := script.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestText(t *testing.T) {
	s := parse(t, "1-2 a b\n3-4 c")
	for until, want := range map[stt.Time]string{0: "", 1499 * ms: "", 1500 * ms: "a", 2 * time.Second: "a b", 3999 * ms: "a b", 4 * time.Second: "a b c", time.Hour: "a b c"} {
		if got := strings.Join(s.Text(until), " "); got != want {
			t.Errorf("until %v: %q, expected %q", until, got, want)
		}
	}
}

func TestRepeat(t *testing.T) {
	s := parse(t, "0.5-1 a b\n1-2 c")
	for _, c := range []struct {
		name          string
		period, until time.Duration
		starts        []time.Duration
	}{
		{"three times", 3 * time.Second, 9 * time.Second, []time.Duration{500 * ms, 1000 * ms, 3500 * ms, 4000 * ms, 6500 * ms, 7000 * ms}},
		{"the last begins before the end", 3 * time.Second, 3001 * ms, []time.Duration{500 * ms, 1000 * ms, 3500 * ms, 4000 * ms}},
		{"not at all", 3 * time.Second, 0, nil},
		{"a period shorter than the script", ms, 3 * time.Second, []time.Duration{500 * ms, 1000 * ms, 2500 * ms, 3000 * ms}},
		{"no period", 0, 3 * time.Second, []time.Duration{500 * ms, 1000 * ms, 2500 * ms, 3000 * ms}},
	} {
		t.Run(c.name, func(t *testing.T) {
			long := s.Repeat(c.period, c.until)
			var starts []time.Duration
			for _, seg := range long {
				starts = append(starts, seg.Start)
			}
			if !slices.Equal(starts, c.starts) {
				t.Errorf("segments start at %v, expected %v", starts, c.starts)
			}
			if wrong := check(long); wrong != "" {
				t.Error(wrong)
			}
			if want := slices.Repeat([]string{"a", "b", "c"}, len(c.starts)/2); !slices.Equal(long.Text(time.Hour), want) {
				t.Errorf("it says %v, expected %v", long.Text(time.Hour), want)
			}
		})
	}
	if s[0].Words[0].Start != 500*ms {
		t.Error("the script itself has been changed")
	}
	if long := (script.Script{}).Repeat(time.Second, time.Hour); long != nil {
		t.Errorf("nothing, repeated, is %v", long)
	}
}

// random returns a script of words that are all different, and how long it is.
func random(r *rand.Rand) (script.Script, time.Duration) {
	var s script.Script
	at, n := time.Duration(0), 0
	step := func(most int) time.Duration { return time.Duration(r.IntN(most)) * 7 * ms }
	for range 1 + r.IntN(5) {
		at += step(60)
		one := script.Segment{Start: at}
		for range 1 + r.IntN(4) {
			at += step(20)
			w := script.Word{Text: fmt.Sprint("w", n), Start: at}
			at += 7*ms + step(40)
			w.End = at
			one.Words = append(one.Words, w)
			n++
		}
		at += step(30)
		one.End = at
		s = append(s, one)
	}
	return s, at + 300*ms
}
