package audio

import (
	"fmt"
	"testing"
)

func BenchmarkResampler(b *testing.B) {
	for _, c := range []struct{ in, out, channels int }{
		{44100, 16000, 1}, {8000, 16000, 1}, {48000, 16000, 1}, {11025, 16000, 1}, {47999, 16000, 1}, {44100, 16000, 2}, {16000, 16000, 1},
	} {
		b.Run(fmt.Sprintf("%d-%d-%dch", c.in, c.out, c.channels), func(b *testing.B) {
			r, err := NewResampler(c.in, c.out, c.channels)
			if err != nil {
				b.Fatal(err)
			}
			src := make([]int16, c.in/10*c.channels) // 100 ms
			for i := range src {
				src[i] = int16(i * 7919)
			}
			dst := make([]int16, 0, len(src)*c.out/c.in+64)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				dst = r.Append(dst[:0], src)
			}
			perSecond := float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(perSecond/10, "x-realtime")
		})
	}
}

func BenchmarkNewBank(b *testing.B) {
	for _, c := range [][2]int{{44100, 16000}, {8000, 16000}, {11025, 16000}, {47999, 16000}, {48000, 16000}} {
		b.Run(fmt.Sprintf("%d-%d", c[0], c[1]), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := NewBank(c[0], c[1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
