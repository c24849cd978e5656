package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
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
	// Behind all that was there before, as in the CSV.
	AccountName string `json:"account_name,omitempty" doc:"What the account is called now; absent where it is deleted."`
	KeyName     string `json:"key_name,omitempty" doc:"What the key is called now; absent where it is deleted."`
}

// dimensions are what usage can be grouped by.
var dimensions = []string{string(store.DimAccount), string(store.DimKey), string(store.DimModel), string(store.DimProtocol), string(store.DimLanguage)}

var periods = map[string]store.Period{"": store.Total, "total": store.Total, "hour": store.ByHour, "day": store.ByDay, "month": store.ByMonth}

func usageParams(more ...param) []param {
	return append(more, text("model", "Only this model."), text("protocol", "Only this protocol."), text("language", "Only this language."),
		param{name: "by", kind: "string", enum: []string{"total", "hour", "day", "month"}, about: "A row for each; absent: total."},
		param{name: "group", kind: "string", enum: dimensions, list: true, about: "And for each value of these, separated by commas."},
		param{name: "top", kind: "integer", about: "Of group, only so many (1 to 1000): those with the most audio over all of the time. Absent: all."},
		param{name: "format", kind: "string", enum: []string{"json", "csv"}, about: "Absent: json."})
}

// getUsage answers with a usage, or with the same as CSV.
func (h *Handler) getUsage(c *call) (any, error) {
	q, err := h.usageQuery(c)
	if err != nil {
		return nil, err
	}
	lines, err := ledger.Bill(c.ctx(), h.store, q)
	if e := stt.AsError(err); e != nil && e.Option == "by" { // here it has another name
		return nil, invalid("group", "%s", e.Msg)
	}
	if e := stt.AsError(err); e != nil && e.Option == "max" { // here there is none
		return nil, invalid("by", "there are more than %d rows: ask for less time, longer periods, fewer groups, or only the top of them", q.Max)
	}
	if err != nil {
		return nil, err
	}
	if c.ask("format") == "csv" {
		return raw{media: csvMedia, name: "usage.csv", write: func(w io.Writer) error { return ledger.WriteCSV(w, lines) }}, nil
	}
	head, err := json.Marshal(usage{From: q.From, To: q.To})
	if err != nil {
		return nil, err
	}
	return raw{media: jsonMedia, write: func(w io.Writer) error {
		// The ledger alone knows how amounts are written; there may be many.
		before, after, _ := bytes.Cut(head, []byte(`"items":null`))
		_, err1 := io.WriteString(w, string(before)+`"items":`)
		err2 := ledger.WriteJSON(w, lines)
		_, err3 := w.Write(after)
		return errors.Join(err1, err2, err3)
	}}, nil
}

// mostUsage is how many rows are answered with.
const mostUsage = 200_000

func (h *Handler) usageQuery(c *call) (q store.UsageQuery, err error) {
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
	q.Max = mostUsage
	if top := c.ask("top"); top != "" {
		if q.Top, err = strconv.Atoi(top); err != nil || q.Top < 1 || q.Top > 1000 {
			return q, invalid("top", "the parameter \"top\": expected 1 to 1000; got %q", clip(top))
		}
	}
	q.Model, q.Protocol, q.Language = c.ask("model"), c.ask("protocol"), c.ask("language")
	q.Account, err = h.accountParam(c, func(id string) (bool, error) { return h.usedAtAll(c.ctx(), store.UsageQuery{Account: id}) })
	if err != nil {
		return q, err
	}
	q.Key, err = h.keyParam(c, func(id string) (bool, error) { return h.usedAtAll(c.ctx(), store.UsageQuery{Key: id}) })
	return q, err
}
