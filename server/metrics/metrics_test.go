package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/server/metrics"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

var (
	_ session.Observer = (*metrics.Metrics)(nil)
	_ session.Observer = (*metrics.Traces)(nil)
	_ stt.Slotter      = (*script.Recognizer)(nil)
)

var mono16k = stt.Format{Rate: 16000, Channels: 1}

// scrape returns what Prometheus reads, by the metric with its labels.
func scrape(t testing.TB, m *metrics.Metrics) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	all := map[string]float64{}
	for line := range strings.Lines(w.Body.String()) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if i := strings.LastIndexByte(line, '}'); i >= 0 {
			name, value, ok = line[:i+1], strings.TrimSpace(line[i+1:]), true
		}
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all[name] = n
	}
	return all
}

func want(t *testing.T, got map[string]float64, want map[string]float64) {
	t.Helper()
	for name, n := range want {
		if v, ok := got[name]; !ok || v != n {
			t.Errorf("%s is %v (%v), expected %v", name, v, ok, n)
		}
	}
}

// observed is a service that is looked at, with an engine that says two segments.
func observed(t testing.TB, fault script.Fault, by ...session.Observer) (*session.Service, *script.Recognizer) {
	t.Helper()
	said, err := script.Parse("0.5-1.6 good morning everybody\n2.0-3.1 how are you")
	if err != nil {
		t.Fatal(err)
	}
	engine := script.New(script.Options{Script: said, Fault: fault, Slots: 50})
	return session.NewService(session.Options{Recognizer: engine, Observer: metrics.Tee(by...)}), engine
}

func ask(id string) *session.Request {
	return &session.Request{ID: id, Protocol: "p", Operation: "Start", Account: "000000000001", Caller: "KEY-OF-SOMEBODY", Remote: "192.0.2.7:1",
		Config: stt.Config{Audio: mono16k, Languages: stt.Languages{Tags: []string{"en-US"}}}}
}

// talk sends so much audio at the pace of speech, calls then when it has been sent, and reads the session to its end.
func talk(t testing.TB, s *session.Service, id string, length time.Duration, then func()) {
	t.Helper()
	ses, err := s.Open(t.Context(), ask(id))
	if err != nil {
		t.Error(err)
		return
	}
	go func() { // ends with the audio, for whose end talk waits
		const piece = 100 * time.Millisecond
		for range length / piece {
			<-time.After(piece)
			if err := ses.Write(context.WithoutCancel(t.Context()), make([]byte, mono16k.Bytes(piece))); err != nil {
				break // Next has the reason
			}
		}
		if then != nil {
			then()
		}
		_ = ses.CloseSend(context.WithoutCancel(t.Context())) // Next has the reason
	}()
	for err == nil {
		_, err = ses.Next(t.Context())
	}
	ses.Close(err)
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New("v9")
		s, engine := observed(t, script.Fault{}, m)
		m.Ask(metrics.Sources{Sessions: s.Sessions, Slots: engine, Backlog: func() (int, time.Duration) { return 7, 1500 * time.Millisecond }, Lost: func() int64 { return 3 }})
		want(t, scrape(t, m), map[string]float64{"earshot_streams_open": 0, "earshot_engine_slots": 50, "earshot_engine_slots_taken": 0,
			"earshot_usage_backlog_rows": 7, "earshot_usage_backlog_seconds": 1.5, "earshot_usage_lost_total": 3})
		talk(t, s, "1", 4*time.Second, func() {
			want(t, scrape(t, m), map[string]float64{"earshot_streams_open": 1, "earshot_engine_slots_taken": 1, `earshot_audio_seconds_total{model="script"}`: 4})
		})
		bad := ask("2")
		bad.Config.Model = "nobody"
		if _, err := s.Open(t.Context(), bad); err == nil {
			t.Fatal("opened a model that there is not")
		}
		gone, err := s.Open(t.Context(), ask("3"))
		if err != nil {
			t.Fatal(err)
		}
		gone.Close(stt.Errorf(stt.Canceled, "gone"))
		m.Store("usage", 3*time.Millisecond, nil)
		m.Store("usage", time.Second, errors.New("down"))
		got := scrape(t, m)
		want(t, got, map[string]float64{
			"earshot_streams_open": 0, "earshot_engine_slots_taken": 0,
			`earshot_streams_opened_total{model="script",protocol="p"}`:              2,
			`earshot_streams_refused_total{code="not-found",protocol="p"}`:           1,
			`earshot_streams_closed_total{code="ok",protocol="p"}`:                   1,
			`earshot_streams_closed_total{code="canceled",protocol="p"}`:             1,
			`earshot_audio_seconds_total{model="script"}`:                            4,
			`earshot_first_words_seconds_count{model="script"}`:                      2,
			`earshot_final_seconds_count{model="script"}`:                            2,
			`earshot_store_seconds_count{operation="usage",result="ok"}`:             1,
			`earshot_store_seconds_bucket{operation="usage",result="ok",le="0.005"}`: 1,
			`earshot_store_seconds_bucket{operation="usage",result="ok",le="0.002"}`: 0,
			`earshot_store_seconds_count{operation="usage",result="error"}`:          1,
		})
		if got[`earshot_first_words_seconds_sum{model="script"}`] <= 0 || got[`go_goroutines`] == 0 {
			t.Errorf("latencies or the runtime are missing: %v", got)
		}
		found := false
		for name := range got {
			found = found || strings.HasPrefix(name, "earshot_build_info{") && strings.Contains(name, `version="v9"`)
			for _, never := range []string{"KEY-OF-SOMEBODY", "000000000001", "192.0.2.7"} {
				if strings.Contains(name, never) {
					t.Errorf("%s names a caller", name)
				}
			}
		}
		if !found {
			t.Error("the version is missing")
		}
	})
}

// Audio only ever grows, however the reading falls between the beginning, the end and the counting of streams.
func TestAudioGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New("v9")
		s, _ := observed(t, script.Fault{}, m)
		m.Ask(metrics.Sources{Sessions: s.Sessions})
		const streams = 8
		done := make(chan struct{}, streams)
		for i := range streams {
			go func() { // owned by the test, which receives
				talk(t, s, fmt.Sprint(i), time.Duration(i+1)*500*time.Millisecond, nil)
				done <- struct{}{}
			}()
		}
		last, ended := 0.0, 0
		for ended < streams {
			select {
			case <-done:
				ended++
			case <-time.After(30 * time.Millisecond):
			}
			now := scrape(t, m)[`earshot_audio_seconds_total{model="script"}`]
			if now < last {
				t.Fatalf("audio went from %v back to %v", last, now)
			}
			last = now
		}
		if now := scrape(t, m)[`earshot_audio_seconds_total{model="script"}`]; now != 18 {
			t.Errorf("%v s of audio, expected 18", now)
		}
	})
}

func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New("v9")
		s, _ := observed(t, script.Fault{Kind: script.Slow, Factor: 3, Times: 1}, m)
		m.Ask(metrics.Sources{Sessions: s.Sessions})
		second, err := s.Open(t.Context(), ask("0"))
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close(nil)
		if err := second.Write(t.Context(), make([]byte, mono16k.Bytes(3*time.Second))); err != nil {
			t.Fatal(err)
		}
		talk(t, s, "1", 100*time.Millisecond, func() {
			got := scrape(t, m)
			most, mean := got["earshot_decode_lag_max_seconds"], got["earshot_decode_lag_mean_seconds"]
			if most <= 0 || most > 3 || mean <= 0 || mean >= most {
				t.Errorf("the lag is %v at most and %v on average", most, mean)
			}
		})
	})
}

// However many models there are, the labels end somewhere.
func TestLabelsAreBounded(t *testing.T) {
	m := metrics.New("v9")
	for i := range 200 {
		m.Opened(t.Context(), &session.Live{Serial: fmt.Sprint(i), Request: ask("s"), Model: fmt.Sprint("model", i)})
	}
	labels := 0
	for name := range scrape(t, m) {
		if strings.HasPrefix(name, "earshot_streams_opened_total") {
			labels++
		}
	}
	if labels > 51 {
		t.Errorf("%d models are labels", labels)
	}
}

// Telling of an event costs no memory, or people with many streams would pay for it.
func TestWitnessAllocates(t *testing.T) {
	m := metrics.New("v9")
	w := metrics.Tee(m, m).Opened(t.Context(), &session.Live{Serial: "s", Request: ask("s"), Model: "m"})
	if n := testing.AllocsPerRun(100, func() {
		w.FirstWords(time.Second)
		w.Final(time.Second)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTee(t *testing.T) {
	if metrics.Tee() != nil || metrics.Tee(nil, nil) != nil {
		t.Error("nobody is an observer")
	}
	m := metrics.New("v9")
	if metrics.Tee(nil, m) != session.Observer(m) {
		t.Error("one observer is not himself")
	}
	blind := metrics.Tee(uninterested{}, uninterested{})
	blind.Refused(t.Context(), ask("s"), errors.New("no"))
	if blind.Opened(t.Context(), &session.Live{}) != nil {
		t.Error("somebody follows the session whom nobody has sent")
	}
}

type uninterested struct{}

func (uninterested) Refused(context.Context, *session.Request, error)      {}
func (uninterested) Opened(context.Context, *session.Live) session.Witness { return nil }

// Every metric that the dashboard and the documents speak of exists, and every one of ours is spoken of.
func TestDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New("v9")
		s, engine := observed(t, script.Fault{}, m)
		m.Ask(metrics.Sources{Sessions: s.Sessions, Slots: engine, Backlog: func() (int, time.Duration) { return 0, 0 }, Lost: func() int64 { return 0 }})
		talk(t, s, "1", 4*time.Second, nil)
		m.Refused(t.Context(), ask("2"), errors.New("no"))
		m.Store("usage", 0, nil)
		var ours []string
		for name := range scrape(t, m) {
			name, _, _ = strings.Cut(name, "{")
			ours = append(ours, name)
		}
		word := regexp.MustCompile(`\b(earshot|go|process)_[a-z0-9_]+`)
		for _, file := range []string{"../../deploy/grafana/earshot.json", "../../deploy/prometheus/rules.yml", "../../docs/operating.md"} {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, name := range word.FindAllString(string(text), -1) {
				if !slices.Contains(ours, name) && !slices.Contains(ours, name+"_count") {
					t.Errorf("%s speaks of %s, which there is not", file, name)
				}
			}
			for _, name := range ours {
				name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
				if strings.HasPrefix(name, "earshot_") && strings.HasSuffix(file, ".md") && !strings.Contains(string(text), name) {
					t.Errorf("%s does not speak of %s", file, name)
				}
			}
		}
	})
}
