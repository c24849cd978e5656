package store_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// What is too much for an answer is refused before it is read: that takes a minute for the keys of a company and the days of a year.
func TestTooMuchIsNotRead(t *testing.T) {
	const keys, days = 6000, 350 // more than 2,000,000 together
	c := newScene(t, newFile(t), 1, 0, 1)
	var batch []store.Usage
	for i := range keys {
		batch = append(batch, store.Usage{Session: "k" + strconv.Itoa(i), Sequence: 1, At: c.end.AddDate(0, 0, -1), Account: c.account, Key: "key" + strconv.Itoa(i), Streams: 1})
	}
	for d := range days {
		batch = append(batch, store.Usage{Session: "d" + strconv.Itoa(d), Sequence: 1, At: c.end.AddDate(0, 0, -d-1), Account: c.account, Key: "key0", Streams: 1})
	}
	if err := c.s.AddUsage(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	q := store.UsageQuery{From: c.end.AddDate(-1, 0, 0), To: c.end, By: store.ByDay, Group: []store.Dimension{store.DimKey}}
	_, err := c.s.UsageRows(t.Context(), q)
	if stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "ask for less time, longer periods or fewer groups") {
		t.Errorf("all days of all keys: %v", err)
	}
	if n := c.s.WideRows(); n != 0 {
		t.Errorf("%d rows were read", n)
	}
	q.By = store.ByMonth
	if rows, err := c.s.UsageRows(t.Context(), q); err != nil || len(rows) < keys {
		t.Errorf("all months: %d rows, %v", len(rows), err)
	}
	if c.s.WideRows() == 0 {
		t.Error("nothing is kept in memory")
	}
}
