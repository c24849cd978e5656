package metrics

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
)

// Metrics counts and measures. It implements session.Observer. Its methods may be called concurrently.
type Metrics struct {
	registry *prometheus.Registry

	opened, refused, closed *prometheus.CounterVec
	first, final            *prometheus.HistogramVec
	store                   *prometheus.HistogramVec

	mu     sync.Mutex // guards all below
	from   Sources
	open   map[string]*stream // by serial
	audio  map[string]time.Duration
	models map[string]bool // those that are labels
}

// Sources are asked when somebody reads the metrics. What is nil is not shown.
type Sources struct {
	Sessions func() []session.Live
	Slots    stt.Slotter
	// Backlog is the ledger's: how much is not written yet, and for how long the oldest of it has waited.
	Backlog func() (rows int, oldest time.Duration)
	Lost    func() int64 // usage that could be neither written nor kept
}

// latencies are the bounds of the histograms of what people wait for, in seconds.
func latencies() []float64 {
	return []float64{0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30}
}

// storeTimes are the bounds of the histogram of the store, in seconds.
func storeTimes() []float64 {
	return []float64{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 15}
}

// New returns metrics with nothing counted. version is that of the program.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), open: map[string]*stream{}, audio: map[string]time.Duration{}, models: map[string]bool{}}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.opened = counter("earshot_streams_opened_total", "Streams that began.", "protocol", "model")
	m.refused = counter("earshot_streams_refused_total", "Requests for a stream that got none, by the code of the reason.", "protocol", "code")
	m.closed = counter("earshot_streams_closed_total", "Streams that ended, by the code of the reason; ok is a regular end.", "protocol", "code")
	m.first = histogram("earshot_first_words_seconds", "Time from the audio with which a segment begins until the first words of it.", latencies(), "model")
	m.final = histogram("earshot_final_seconds", "Time from the audio with which a segment ends until it is final; the silence that ends it is part of it.", latencies(), "model")
	m.store = histogram("earshot_store_seconds", "Time that the store took, by what was asked of it.", storeTimes(), "operation", "result")
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "earshot_build_info", Help: "1, with the version of the program as label.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()}})
	build.Set(1)
	m.registry.MustRegister(build, &asked{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Ask sets whom to ask. It is called once the house stands, and again when the house changes.
func (m *Metrics) Ask(from Sources) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.from = from
}

// Handler returns what answers to Prometheus. It asks for no credentials: put it where only operators are.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Refused implements session.Observer.
func (m *Metrics) Refused(_ context.Context, r *session.Request, why error) {
	m.refused.WithLabelValues(r.Protocol, codeOf(why)).Inc()
}

// Opened implements session.Observer.
func (m *Metrics) Opened(_ context.Context, l *session.Live) session.Witness {
	m.mu.Lock()
	defer m.mu.Unlock()
	model := m.label(l.Model)
	m.opened.WithLabelValues(l.Request.Protocol, model).Inc()
	s := &stream{m: m, serial: l.Serial, model: model, first: m.first.WithLabelValues(model), final: m.final.WithLabelValues(model)}
	m.open[l.Serial] = s
	return s
}

// mostModels bounds the models that are labels; the others are one together.
const mostModels = 50

// label returns the label of a model. m.mu is held.
func (m *Metrics) label(model string) string {
	if !m.models[model] {
		if len(m.models) >= mostModels {
			return "other"
		}
		m.models[model] = true
	}
	return model
}

// Store notes that the store has done something, which is named by a constant such as "usage".
func (m *Metrics) Store(operation string, took time.Duration, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.store.WithLabelValues(operation, result).Observe(took.Seconds())
}

// codeOf is the label of a reason.
func codeOf(why error) string {
	if why == nil {
		return "ok"
	}
	return stt.CodeOf(why).String()
}

// stream is one that is open. It implements session.Witness.
type stream struct {
	m            *Metrics
	serial       string
	model        string
	first, final prometheus.Observer
	counted      time.Duration // audio; guarded by the metrics' mutex
}

// FirstWords implements session.Witness.
func (s *stream) FirstWords(after time.Duration) { s.first.Observe(after.Seconds()) }

// Final implements session.Witness.
func (s *stream) Final(after time.Duration) { s.final.Observe(after.Seconds()) }

// Closed implements session.Witness.
func (s *stream) Closed(u *session.Usage) {
	s.m.closed.WithLabelValues(u.Request.Protocol, codeOf(u.Err)).Inc()
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.count(s, u.Audio)
	delete(s.m.open, s.serial)
}

// count brings the audio of a stream up to date. m.mu is held.
func (m *Metrics) count(s *stream, audio time.Duration) {
	if audio > s.counted {
		m.audio[s.model] += audio - s.counted
		s.counted = audio
	}
}
