package engine

import (
	"encoding/binary"
	"slices"
	"testing"
)

// Samples are read alike whatever their number is, and nothing behind them is touched.
func TestSamples(t *testing.T) {
	for n := range 20 {
		want, raw := make([]int16, n, n+1), []byte(nil)
		for i := range want {
			want[i] = int16(i*7919 - 30000)
			raw = binary.LittleEndian.AppendUint16(raw, uint16(want[i]))
		}
		want = append(want, 77)
		got := make([]int16, n+1)
		got[n] = 77
		samples(got, raw)
		if !slices.Equal(got, want) {
			t.Errorf("%d samples: %v, expected %v", n, got, want)
		}
	}
}

func BenchmarkSamples(b *testing.B) {
	raw, block := make([]byte, 3200), make([]int16, 1600)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		samples(block, raw)
	}
}
