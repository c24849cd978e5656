package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// asked collects what is known only when somebody asks. It implements prometheus.Collector.
type asked struct{ m *Metrics }

// figure is one of its metrics.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string) figure {
	return figure{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue}
}

// figures are all of them.
type figures struct {
	open, lagMost, lagMean, slots, taken, rows, oldest, lost, audio figure
}

func describe() *figures {
	return &figures{
		open:    gauge("earshot_streams_open", "Streams that are open."),
		lagMost: gauge("earshot_decode_lag_max_seconds", "Audio that is not decoded yet, of the stream that is furthest behind."),
		lagMean: gauge("earshot_decode_lag_mean_seconds", "Audio that is not decoded yet, on average of the open streams."),
		slots:   gauge("earshot_engine_slots", "Streams that the engine serves at a time; 0: any number."),
		taken:   gauge("earshot_engine_slots_taken", "Streams that the engine serves now."),
		rows:    gauge("earshot_usage_backlog_rows", "Usage that is counted and not written yet."),
		oldest:  gauge("earshot_usage_backlog_seconds", "Time that the oldest usage which is not written has waited."),
		lost: figure{prometheus.NewDesc("earshot_usage_lost_total", "Usage that could be neither written nor kept; the log says which.", nil, nil),
			prometheus.CounterValue},
		audio: figure{prometheus.NewDesc("earshot_audio_seconds_total", "Audio that was taken.", []string{"model"}, nil), prometheus.CounterValue},
	}
}

// Describe implements prometheus.Collector.
func (a *asked) Describe(out chan<- *prometheus.Desc) {
	f := describe()
	for _, one := range []figure{f.open, f.lagMost, f.lagMean, f.slots, f.taken, f.rows, f.oldest, f.lost, f.audio} {
		out <- one.desc
	}
}

// Collect implements prometheus.Collector.
func (a *asked) Collect(out chan<- prometheus.Metric) {
	f := describe()
	give := func(one figure, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(one.desc, one.kind, value, labels...)
	}
	a.m.mu.Lock()
	from := a.m.from
	a.m.mu.Unlock()
	if from.Slots != nil {
		taken, slots := from.Slots.Slots()
		give(f.slots, float64(slots))
		give(f.taken, float64(taken))
	}
	if from.Backlog != nil {
		rows, oldest := from.Backlog()
		give(f.rows, float64(rows))
		give(f.oldest, oldest.Seconds())
	}
	if from.Lost != nil {
		give(f.lost, float64(from.Lost()))
	}
	if from.Sessions != nil {
		open, most, mean := a.m.look(from)
		give(f.open, float64(open))
		give(f.lagMost, most.Seconds())
		give(f.lagMean, mean.Seconds())
	}
	for model, audio := range a.m.heard() {
		give(f.audio, audio.Seconds(), model)
	}
}

// look counts what the open streams have heard, and returns how many there are and how far behind they are.
func (m *Metrics) look(from Sources) (open int, most, mean time.Duration) {
	live := from.Sessions()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range live {
		l := &live[i]
		if s := m.open[l.Serial]; s != nil { // else it has ended, and is counted
			m.count(s, l.Audio)
		}
		most = max(most, l.Lag)
		mean += l.Lag
	}
	return len(live), most, mean / time.Duration(max(len(live), 1))
}

// heard returns the audio by model.
func (m *Metrics) heard() map[string]time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string]time.Duration, len(m.audio))
	for model, audio := range m.audio {
		all[model] = audio
	}
	return all
}
