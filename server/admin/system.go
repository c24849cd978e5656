package admin

import (
	"context"
	"math"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// System is what the administration tells about the server. The functions may be called from any goroutine; nil: not told.
type System struct {
	Version  string
	Engine   string
	Started  time.Time
	State    func() string // "warming", "ready", "impaired" or "draining"
	Models   func(context.Context) ([]stt.Model, error)
	Slots    stt.Slotter // how many streams the engine can serve; nil: it has no number
	Settings []Setting   // the configuration in force, in the order of its manual
}

// Setting is one key of the configuration.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value" doc:"Empty for a secret."`
	Source string `json:"source" doc:"Where it was set: default, a file with line and column, a variable or a flag."`
	Secret bool   `json:"secret" doc:"It is set and not shown."`
}

// system is the state of the server.
type system struct {
	Version  string    `json:"version"`
	Engine   string    `json:"engine"`
	State    string    `json:"state" doc:"warming, ready, impaired or draining."`
	Started  time.Time `json:"started"`
	Streams  int       `json:"streams" doc:"Open now."`
	Revision int64     `json:"revision" doc:"Of the store; it grows with every administrative change."`
	Slots    *slots    `json:"slots,omitempty" doc:"Of the engine; absent: it has no number."`
	Models   []model   `json:"models"`
}

// slots are the streams that the engine serves and can serve.
type slots struct {
	Taken int `json:"taken" doc:"Streams served now."`
	Most  int `json:"most" doc:"Streams served at most; 0: any number."`
}

// model is one model of the engine.
type model struct {
	ID        string   `json:"id"`
	Title     string   `json:"title,omitempty"`
	Languages []string `json:"languages,omitempty" doc:"BCP 47; absent: any."`
}

// settings is the configuration in force.
type settings struct {
	Settings []Setting `json:"settings"`
}

// storeReport is what a look at the whole store found.
type storeReport struct {
	Findings []string         `json:"findings" doc:"Sentences; none: all is well."`
	Rows     map[string]int64 `json:"rows" doc:"By table."`
}

func (h *Handler) getSystem(c *call) (system, error) {
	revision, err := h.store.Revision(c.ctx())
	if err != nil {
		return system{}, err
	}
	out := system{Version: h.system.Version, Engine: h.system.Engine, Started: h.system.Started.UTC(), Revision: revision, Models: []model{}}
	if h.system.State != nil {
		out.State = h.system.State()
	}
	if h.sessions != nil {
		out.Streams = len(h.sessions.Sessions())
	}
	if h.system.Slots != nil {
		taken, most := h.system.Slots.Slots()
		out.Slots = &slots{Taken: taken, Most: most}
	}
	if h.system.Models == nil {
		return out, nil
	}
	models, err := h.system.Models(c.ctx())
	for _, m := range models {
		out.Models = append(out.Models, model{ID: m.ID, Title: m.Title, Languages: m.Can.Languages})
	}
	return out, err
}

func (h *Handler) getSettings(*call) (settings, error) {
	out := settings{Settings: make([]Setting, len(h.system.Settings))}
	for i, s := range h.system.Settings {
		if s.Secret { // whatever the server put there
			s.Value = ""
		}
		out.Settings[i] = s
	}
	return out, nil
}

func (h *Handler) checkStore(c *call) (storeReport, error) {
	report, err := h.store.Check(c.ctx())
	if report.Findings == nil {
		report.Findings = []string{}
	}
	if report.Rows == nil {
		report.Rows = map[string]int64{}
	}
	return storeReport{Findings: report.Findings, Rows: report.Rows}, err
}

// seconds is a length of time as a number with at most three digits behind the point.
func seconds(d time.Duration) float64 {
	return math.Round(d.Seconds()*1000) / 1000
}
