package main

import "testing"

func TestLimits(t *testing.T) {
	t.Parallel()
	usual, err := parseOffsets(usualOffsets)
	if err != nil {
		t.Fatal(err)
	}
	o := &options{pacing: pacing{speed: 1}, offsets: usual}
	good := measurement{Score: &score{WER: 29.4}, Whole: latencies{FirstPartial: spread{N: 1, Median: 400}}, WordStarts: spread{N: 1, Median: 20},
		Trimmed: latencies{LastFinal: spread{N: 1, Median: 100, P95: 400}, AboveSegment: spread{N: 1, P95: 100}}}
	bad := measurement{Score: &score{WER: 40}, Whole: latencies{FirstPartial: spread{N: 1, Median: 501}}, WordStarts: spread{N: 1, Median: 101},
		Trimmed: latencies{LastFinal: spread{N: 1, Median: 151, P95: 501}, AboveSegment: spread{N: 1, P95: 151}}}
	for name, n := range map[string]int{"pocketsphinx fast": 5, "pocketsphinx accurate": 4, "pocketsphinx": 2, "script": 0} {
		for _, x := range []struct {
			m    measurement
			kept bool
		}{{good, true}, {bad, false}} {
			x.m.Name = name
			all := limitsOf(&x.m, o)
			if len(all) != n {
				t.Errorf("%s has the limits %+v, expected %d", name, all, n)
			}
			for _, l := range all {
				if l.Kept != x.kept || (l.verdict() == "kept") != x.kept {
					t.Errorf("%s: %+v", name, l)
				}
			}
		}
	}
	o.pacing.speed = 4
	bad.Name = "pocketsphinx fast"
	if got := limitsOf(&bad, o); len(got) != 2 {
		t.Errorf("latency is judged at another pace: %+v", got)
	}
	o.offsets = usual[:1]
	if got := limitsOf(&bad, o); len(got) != 1 {
		t.Errorf("word errors are judged at other offsets: %+v", got)
	}
	if got := limitsOf(&measurement{Name: "pocketsphinx fast"}, o); len(got) != 0 {
		t.Errorf("%+v about nothing", got)
	}
}
