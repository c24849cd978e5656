package drill_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/testkit"
)

// said are finals of one word each, a second long.
func said(words ...string) []stt.Segment {
	var all []stt.Segment
	for i, w := range words {
		span := stt.SpanOf(stt.Time(i)*time.Second, stt.Time(i+1)*time.Second)
		all = append(all, stt.Segment{ID: fmt.Sprint("s", i), Final: true, Span: span,
			Alternatives: []stt.Alternative{{Text: w, Words: []stt.Word{{Text: w, Span: span}}}}})
	}
	return all
}

// The judge of the drill sees what is wrong, and nothing where nothing is.
func TestJudge(t *testing.T) {
	lost := &stt.Error{Code: stt.Unavailable, Op: "receive", Msg: "the connection was lost"}
	refused := &stt.Error{Code: stt.Unavailable, Op: "open", Msg: "cannot connect"}
	twice := said("a", "b")
	twice[1].ID = twice[0].ID
	late := said("a", "b")
	late[1].Alternatives[0].Words[0].Span.Start += 2 * time.Millisecond
	for name, c := range map[string]struct {
		h         heard
		fault     testkit.Fault
		reconnect bool
		struck    int
		says      string // empty: all is well
	}{
		"all is well":              {h: heard{finals: said("a", "b"), err: io.EOF}},
		"lost":                     {h: heard{finals: said("a"), err: lost}, fault: testkit.Reset, struck: 1},
		"never opened":             {h: heard{err: refused}, fault: testkit.Reset, struck: 1, reconnect: true},
		"silence after the end":    {h: heard{err: &stt.Error{Code: stt.DeadlineExceeded, Op: "receive", Msg: "nothing"}}, fault: testkit.Silence, struck: 1, reconnect: true},
		"a final is missing":       {h: heard{finals: said("a"), err: io.EOF}, says: "1 finals where runs without faults have 2"},
		"one too many":             {h: heard{finals: said("a", "b", "c"), err: lost}, fault: testkit.Reset, struck: 1, says: "3 finals"},
		"another word":             {h: heard{finals: said("a", "x"), err: io.EOF}, says: `final 1 is "x"`},
		"another word before lost": {h: heard{finals: said("x"), err: lost}, fault: testkit.Reset, struck: 1, says: `final 0 is "x"`},
		"an id twice":              {h: heard{finals: twice, err: io.EOF}, says: "final 1"},
		"a time":                   {h: heard{finals: late, err: io.EOF}, says: "final 1"},
		"the contract":             {h: heard{finals: said("a", "b"), err: io.EOF, breach: errors.New("rule 9")}, says: "rule 9"},
		"for no reason":            {h: heard{err: lost}, fault: testkit.Stall, struck: 1, says: "nothing has cut it off"},
		"not struck":               {h: heard{err: lost}, fault: testkit.Reset, says: "nothing has cut it off"},
		"not again":                {h: heard{err: lost}, fault: testkit.Reset, struck: 1, reconnect: true, says: "not connected again"},
		"another reason":           {h: heard{err: &stt.Error{Code: stt.Malformed, Msg: "a wrong checksum"}}, fault: testkit.Reset, struck: 1, says: "no reason for malformed"},
		"no error of ours":         {h: heard{err: io.ErrUnexpectedEOF}, fault: testkit.Reset, struck: 1, says: "without a message"},
		"a secret":                 {h: heard{err: &stt.Error{Code: stt.Unavailable, Msg: "ws://h/?X-Amz-Signature=1"}}, fault: testkit.Reset, struck: 1, says: "shows too much"},
	} {
		t.Run(name, func(t *testing.T) {
			all := errors.Join(judge(c.h, c.fault, c.reconnect, c.struck, said("a", "b"))...)
			if c.says == "" && all != nil || c.says != "" && (all == nil || !strings.Contains(all.Error(), c.says)) {
				t.Errorf("%v; expected %q", all, c.says)
			}
		})
	}
}

// Finals of a connection that began later, as far as the next one has not taken over.
func TestLater(t *testing.T) {
	got := later(said("a", "b", "c"), 5*time.Second, 7*time.Second)
	want := said("a", "b")
	if len(got) != 2 || got[1].Span != stt.SpanOf(6*time.Second, 7*time.Second) || got[1].Best().Words[0].Span != got[1].Span || got[0].Best().Text != want[0].Best().Text {
		t.Errorf("%v", got)
	}
	if original := said("a"); later(original, time.Second, time.Minute) == nil || original[0].Best().Words[0].Span.Start != 0 {
		t.Error("what is kept has been changed")
	}
}

func TestServerLog(t *testing.T) {
	l := &serverLog{}
	for _, piece := range []string{"time=1 level=INFO msg=\"stream opened\" session=a audio=x\ntime=2 level=INFO msg=\"stream cl", "osed\" session=a code=ok reason=completed heard=1.7s lag=0s\n",
		"level=INFO msg=\"stream closed\" session=b code=unavailable reason=\"lost\" heard=300ms\n", "level=WARN msg=\"careful\"\npanic: oh\n"} {
		if n, err := l.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if l.opened != 1 || l.closed != 2 || len(l.bad) != 2 || len(l.heard) != 1 {
		t.Errorf("%+v", l)
	}
	stream := func(length time.Duration, struck int, resumed ...stt.Time) ended {
		return ended{task: task{session: "a", length: length}, resumed: resumed, struck: struck}
	}
	for _, e := range []ended{stream(1700*time.Millisecond, 0), stream(3*time.Second, 1, 1300*time.Millisecond)} {
		if err := l.heardAll(e); err != nil {
			t.Error(err)
		}
	}
	other := stream(time.Second, 0)
	other.task.session = "b"
	for _, e := range []ended{stream(3*time.Second, 0), stream(3*time.Second, 1, time.Second), other} {
		if l.heardAll(e) == nil {
			t.Errorf("%+v is taken for heard", e)
		}
	}
}

func TestTable(t *testing.T) {
	tab := table{}
	tab.add(testkit.Reset, true, 1, heard{err: io.EOF, resumed: []stt.Time{1}, took: time.Second})
	tab.add(testkit.Reset, true, 1, heard{err: &stt.Error{Code: stt.Unavailable}, took: 2 * time.Second})
	rows := strings.Split(tab.String(), "\n")
	if len(rows) != 4 || strings.Join(strings.Fields(rows[2]), " ") != "reset true 2 2 1 1 1 unavailable 2s" {
		t.Errorf("%q", rows)
	}
}
