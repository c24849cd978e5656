package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// usage is what was used in a time.
type usage struct {
	From  time.Time  `json:"from,omitzero"`
	To    time.Time  `json:"to,omitzero" doc:"Not included."`
	Items []usageRow `json:"items"`
}

// usageRow is one sum. The names are those of "earshot usage export", which [ledger.WriteJSON] writes.
type usageRow struct {
	Start    time.Time   `json:"start,omitzero" doc:"Of the hour, day or month, in UTC."`
	Account  string      `json:"account,omitempty"`
	Key      string      `json:"key,omitempty"`
	Model    string      `json:"model,omitempty"`
	Protocol string      `json:"protocol,omitempty"`
	Language string      `json:"language,omitempty"`
	Audio    json.Number `json:"audio_seconds"`
	Streams  int64       `json:"streams" doc:"Opened."`
	Requests int64       `json:"requests" doc:"Those refused included."`
	Errors   int64       `json:"errors"`
	Cost     string      `json:"cost,omitempty" doc:"By today's prices, as a decimal number in a text, so that nobody rounds it; absent where there is no price for all of it."`
	Currency string      `json:"currency,omitempty"`
}

// dimensions are what usage can be grouped by.
var dimensions = []string{string(store.DimAccount), string(store.DimKey), string(store.DimModel), string(store.DimProtocol), string(store.DimLanguage)}

var periods = map[string]store.Period{"": store.Total, "total": store.Total, "hour": store.ByHour, "day": store.ByDay, "month": store.ByMonth}

func usageParams(more ...param) []param {
	return append(more, text("model", "Only this model."), text("protocol", "Only this protocol."), text("language", "Only this language."),
		param{name: "by", kind: "string", enum: []string{"total", "hour", "day", "month"}, about: "A row for each; absent: total."},
		param{name: "group", kind: "string", enum: dimensions, list: true, about: "And for each value of these, separated by commas."},
		param{name: "format", kind: "string", enum: []string{"json", "csv"}, about: "Absent: json."})
}

// getUsage answers with a usage, or with the same as CSV.
func (h *Handler) getUsage(c *call) (any, error) {
	q, err := c.usageQuery()
	if err != nil {
		return nil, err
	}
	lines, err := ledger.Bill(c.ctx(), h.store, q)
	if e := stt.AsError(err); e != nil && e.Option == "by" { // here it has another name
		return nil, invalid("group", "%s", e.Msg)
	}
	if err != nil {
		return nil, err
	}
	if c.ask("format") == "csv" {
		return raw{media: csvMedia, name: "usage.csv", write: func(w io.Writer) error { return ledger.WriteCSV(w, lines) }}, nil
	}
	// The ledger alone knows how amounts are written.
	var text bytes.Buffer
	if err := ledger.WriteJSON(&text, lines); err != nil {
		return nil, err
	}
	out := usage{From: q.From, To: q.To}
	if err := json.Unmarshal(text.Bytes(), &out.Items); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *call) usageQuery() (q store.UsageQuery, err error) {
	if q.From, err = c.when("from"); err != nil {
		return q, err
	}
	if q.To, err = c.when("to"); err != nil {
		return q, err
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, invalid("to", "the parameter \"to\": expected a time after \"from\"")
	}
	q.By = periods[c.ask("by")]
	for name := range strings.SplitSeq(c.ask("group"), ",") {
		if name != "" && !slices.Contains(q.Group, store.Dimension(name)) {
			q.Group = append(q.Group, store.Dimension(name))
		}
	}
	q.Account, q.Key, q.Model, q.Protocol, q.Language = c.ask("account"), c.ask("key"), c.ask("model"), c.ask("protocol"), c.ask("language")
	return q, nil
}
