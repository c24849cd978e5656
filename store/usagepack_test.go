package store_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// What is over is read from its piece, as long as that is whole and of as much as the server has used; otherwise from the rows.
func testPieces(t *testing.T, url string) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	now := day
	s, err := store.Open(t.Context(), url, store.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	use := func(key string, at time.Time) {
		t.Helper()
		if err := s.AddUsage(t.Context(), []store.Usage{{Session: "s" + key, Sequence: at.Unix(), At: at, Account: "a", Key: key, Audio: time.Minute}}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, keys ...time.Duration) {
		t.Helper()
		s.ForgetWide()
		rows, err := s.UsageRows(t.Context(), store.UsageQuery{From: day, To: day.AddDate(0, 0, 1), Group: []store.Dimension{store.DimKey}, By: store.ByDay})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if i >= len(keys) || rows[i].Audio != keys[i] {
				t.Errorf("%s: got %+v, expected %v", what, rows, keys)
			}
		}
		if len(rows) != len(keys) {
			t.Errorf("%s: got %+v, expected %v", what, rows, keys)
		}
	}
	pack := func() {
		t.Helper()
		if err := s.PackUsage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// forge changes what the rows say of keys, and nothing else: whether it shows tells where an answer is from.
	forge := func(audio time.Duration) {
		t.Helper()
		if err := s.Exec(t.Context(), "UPDATE usage_sums SET audio = ? WHERE period = 2 AND series IN (SELECT id FROM usage_series WHERE level = 2)", audio.Microseconds()); err != nil {
			t.Fatal(err)
		}
	}
	use("k1", day.Add(time.Hour))
	use("k2", day.Add(2*time.Hour))
	pack()
	forge(time.Second)
	want("a day that is not over", time.Second, time.Second)
	forge(time.Minute)
	now = day.AddDate(0, 0, 1)
	want("before there is a piece", time.Minute, time.Minute)
	pack()
	forge(time.Second)
	want("from the piece", time.Minute, time.Minute)
	use("k3", day.Add(3*time.Hour))
	want("from the rows, after usage that came late", time.Second, time.Second, time.Minute)
	forge(time.Minute)
	pack()
	forge(time.Second)
	want("from the piece that was made again", time.Minute, time.Minute, time.Minute)
	for _, content := range [][]byte{nil, {9}, {1}, {1, 3, 1}, {1, 1, 1, 0, 0, 0, 0}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}} {
		if err := s.Exec(t.Context(), "UPDATE usage_packs SET content = ?", append([]byte{}, content...)); err != nil {
			t.Fatal(err)
		}
		want("from the rows, where the piece is damaged", time.Second, time.Second, time.Second)
	}
	if err := s.Exec(t.Context(), "DELETE FROM usage_packs"); err != nil {
		t.Fatal(err)
	}
	pack()
	want("a piece of rows that do not add up is not made", time.Second, time.Second, time.Second)
	now = day.AddDate(1, 0, 0) // nobody needs pieces of such days any more
	forge(time.Minute)
	pack()
	forge(time.Second)
	want("long after", time.Second, time.Second, time.Second)
}

func TestPieces(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testPieces(t, newFile(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { testPieces(t, cluster.Database(t)) })
}
