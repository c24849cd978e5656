package quota_test

import (
	"testing"
	"time"

	"github.com/earshot-stt/earshot/server/quota"
	"github.com/earshot-stt/earshot/store"
)

// BenchmarkAdmit is what all limits together cost a stream that begins.
func BenchmarkAdmit(b *testing.B) {
	l := store.Limits{Streams: 1 << 30, Rate: 1e9, DayAudio: time.Hour, MonthAudio: time.Hour}
	g := quota.New(quota.Options{Limits: &book{keys: map[string]store.Limits{"k": l}, accounts: map[string]store.Limits{"a": l}}, Totals: &ledger{}})
	r := of("a", "k")
	b.ReportAllocs()
	for b.Loop() {
		leave, err := g.Admit(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		leave()
	}
}
