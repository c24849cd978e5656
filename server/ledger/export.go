package ledger

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// columns are those of the CSV form, in order, and the names in the JSON form.
var columns = [...]string{"start", "account", "key", "model", "protocol", "language", "audio_seconds", "streams", "requests", "errors", "cost", "currency",
	"account_name", "key_name"}

// WriteCSV writes lines as RFC 4180 has it, with a header. Audio is in seconds and cost in the currency, as exact decimal numbers; cost is
// empty where there is no price.
func WriteCSV(w io.Writer, lines []Line) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(columns[:]); err != nil {
		return err
	}
	for i := range lines {
		l := &lines[i]
		cost, currency := l.money()
		if err := out.Write([]string{l.start(), tame(l.Account), tame(l.Key), tame(l.Model), tame(l.Protocol), tame(l.Language), decimal(int64(l.Audio), 9),
			strconv.FormatInt(l.Streams, 10), strconv.FormatInt(l.Requests, 10), strconv.FormatInt(l.Errors, 10), cost, currency,
			tame(l.AccountName), tame(l.KeyName)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// tame keeps a spreadsheet from taking a name for a formula, with the mark that spreadsheets know for "this is text": names of keys and models are other people's.
func tame(name string) string {
	if name != "" && strings.ContainsRune("=+-@\t\r", rune(name[0])) {
		return "'" + name
	}
	return name
}

// jsonLine is a line in JSON. Numbers with a fraction are exact as they stand, which readers with floating point should heed.
type jsonLine struct {
	Start    string      `json:"start,omitempty"`
	Account  string      `json:"account,omitempty"`
	Key      string      `json:"key,omitempty"`
	Model    string      `json:"model,omitempty"`
	Protocol string      `json:"protocol,omitempty"`
	Language string      `json:"language,omitempty"`
	Audio    json.Number `json:"audio_seconds"`
	Streams  int64       `json:"streams"`
	Requests int64       `json:"requests"`
	Errors   int64       `json:"errors"`
	Cost     string      `json:"cost,omitempty"` // a text, so that nobody rounds it
	Currency string      `json:"currency,omitempty"`
	// What they are called now, where they are there.
	AccountName string `json:"account_name,omitempty"`
	KeyName     string `json:"key_name,omitempty"`
}

// WriteJSON writes lines as a list of objects with the names of the CSV's columns; what is empty is left out, and cost is a text.
func WriteJSON(w io.Writer, lines []Line) error {
	all := make([]jsonLine, len(lines))
	for i := range lines {
		l := &lines[i]
		cost, currency := l.money()
		all[i] = jsonLine{l.start(), l.Account, l.Key, l.Model, l.Protocol, l.Language, json.Number(decimal(int64(l.Audio), 9)),
			l.Streams, l.Requests, l.Errors, cost, currency, l.AccountName, l.KeyName}
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(all)
}

func (l *Line) start() string {
	if l.Start.IsZero() {
		return ""
	}
	return l.Start.UTC().Format(time.RFC3339)
}

// money returns the cost and its currency; empty: there is no price.
func (l *Line) money() (cost, currency string) {
	switch l.Currency {
	case "":
		return "", ""
	case free:
		return "0", ""
	}
	return decimal(l.Cost, 6), l.Currency
}

// decimal writes n divided by ten to the power of places, n at least 0, with no more digits than it takes.
func decimal(n int64, places int) string {
	digits := strconv.FormatInt(n, 10)
	if short := places + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	whole, fraction := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
