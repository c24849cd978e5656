package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"github.com/earshot-stt/earshot/server/admin"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// stateFlags say which store a command works on. It is the one that "serve" with the same flags, file and environment uses, and a
// server may be running on it.
type stateFlags struct {
	Config string `type:"path" placeholder:"FILE" env:"EARSHOT_CONFIG" help:"Configuration file of the server."`
	Data   string `type:"path" placeholder:"DIR" help:"Data folder of the server. Default: what EARSHOT_DATA says, else ~/.local/share/earshot."`
	Store  string `placeholder:"URL" help:"Database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. Default: earshot.db in the data folder."`
	Master string `name:"master-key-file" type:"path" placeholder:"FILE" help:"File with the master key. Default: master-key in the data folder."`
}

// flags returns those that were given, by key of the configuration.
func (f *stateFlags) flags() map[string]string {
	flags := map[string]string{}
	for key, value := range map[string]string{"data": f.Data, "store": f.Store, "master_key_file": f.Master} {
		if value != "" {
			flags[key] = value
		}
	}
	return flags
}

// commandLine is who stands in the audit log: whoever may write to the data folder may call himself as he likes, so that this is a
// hint and no proof.
func commandLine() store.Actor {
	name := "cli"
	if u, err := user.Current(); err == nil && u.Username != "" && len(u.Username) <= 64 && strconv.Quote(u.Username) == `"`+u.Username+`"` {
		name += ":" + u.Username
	}
	return store.Actor{Name: name}
}

// formatFlag is how results are printed.
type formatFlag struct {
	Format string `enum:"text,json" default:"text" help:"For people (text) or programs (json, as the administration over HTTP answers). Default: ${default}."`
}

// print writes one thing: as JSON, or what text writes.
func (f formatFlag) print(env *environment, v any, text func(io.Writer)) error {
	if f.Format == "json" {
		return printJSON(env.out, v)
	}
	out := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	text(out)
	return out.Flush()
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// all collects the pages of a list.
func all[T any](page func(store.Page) ([]T, string, error)) ([]T, error) {
	const most = 1_000_000 // entries; nobody reads more
	var list []T
	for after := ""; len(list) < most; {
		part, next, err := page(store.Page{After: after, Max: 1000})
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
		if next == "" {
			return list, nil
		}
		after = next
	}
	return nil, stt.Errorf(stt.Invalid, "there are more than %d entries; ask for fewer", most)
}

// printList writes a list: as JSON, or as a table with a head. An empty table says that it is empty, aside.
func printList[T any](env *environment, f formatFlag, list []T, what string, head []string, row func(T) []string) error {
	if f.Format == "json" {
		shaped := make([]any, len(list))
		for i := range list {
			shaped[i] = admin.Shape(list[i])
		}
		return printJSON(env.out, map[string]any{"items": shaped})
	}
	if len(list) == 0 {
		fmt.Fprintf(env.errOut, "there are no %s\n", what)
		return nil
	}
	out := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, strings.Join(head, "\t"))
	for _, one := range list {
		fmt.Fprintln(out, strings.Join(row(one), "\t"))
	}
	return out.Flush()
}

// confirmed asks before something is removed for good.
func confirmed(env *environment, yes bool, what string) error {
	if yes {
		return nil
	}
	in, isFile := env.in.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return &stt.Error{Code: stt.Invalid, Option: "--yes", Msg: "this deletes " + what + " for good, and nobody is there to be asked: say --yes"}
	}
	fmt.Fprintf(env.errOut, "Delete %s for good? [y/N] ", what)
	line, err := heard(env, func() (string, error) { return bufio.NewReader(in).ReadString('\n') })
	if env.ctx.Err() != nil {
		fmt.Fprintln(env.errOut)
		return env.ctx.Err()
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); err == nil && (answer == "y" || answer == "yes") {
		return nil
	}
	return stt.Errorf(stt.Canceled, "nothing was deleted")
}

// expiry reads --expires: a length of time from now, or a time. Nothing and "never" are no end.
func expiry(text string, now time.Time) (time.Time, error) {
	const want = "a length of time such as 12h or 30d, a time such as 2027-01-31T12:00:00Z or 2027-01-31, or never"
	switch text {
	case "", "never":
		return time.Time{}, nil
	}
	if d, ok := span(text); ok && d > 0 {
		return now.Add(d), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		t, err := time.Parse(layout, text)
		switch {
		case err == nil && t.After(now):
			return t.UTC(), nil
		case err == nil:
			return time.Time{}, stt.InvalidOption("--expires", text, "a time to come; this one is in the past")
		}
	}
	return time.Time{}, stt.InvalidOption("--expires", text, want+", to come")
}

// span reads a length of time with days and weeks.
func span(text string) (time.Duration, bool) {
	const most = 100 * 366 * 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.ParseInt(number, 10, 32)
			return time.Duration(n) * unit, err == nil && n >= 0 && time.Duration(n) <= most/unit
		}
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0 && d <= most
}

// limitFlags set limits; those that are not given stay.
type limitFlags struct {
	Streams      *int     `placeholder:"N" help:"Streams at the same time; 0: no limit of its own."`
	Rate         *float64 `placeholder:"N" help:"Requests a second, on average; 0: no limit of its own."`
	Burst        *int     `placeholder:"N" help:"Requests at once, before the rate counts."`
	DayMinutes   *int64   `placeholder:"N" help:"Minutes of audio in a day (UTC); 0: no limit of its own."`
	MonthMinutes *int64   `placeholder:"N" help:"Minutes of audio in a calendar month (UTC); 0: no limit of its own."`
	WarnOnly     *bool    `negatable:"" help:"Only log what goes beyond the minutes."`
}

func (f *limitFlags) given() bool { return *f != limitFlags{} }

func (f *limitFlags) to(l *store.Limits) error {
	for _, minutes := range []struct {
		flag  string
		given *int64
		to    *time.Duration
	}{{"--day-minutes", f.DayMinutes, &l.DayAudio}, {"--month-minutes", f.MonthMinutes, &l.MonthAudio}} {
		const most = 10_000_000
		switch {
		case minutes.given == nil:
		case *minutes.given < 0 || *minutes.given > most:
			return stt.InvalidOption(minutes.flag, strconv.FormatInt(*minutes.given, 10), fmt.Sprintf("0 to %d minutes", most))
		default:
			*minutes.to = time.Duration(*minutes.given) * time.Minute
		}
	}
	if f.Streams != nil {
		l.Streams = *f.Streams
	}
	if f.Rate != nil {
		l.Rate = *f.Rate
	}
	if f.Burst != nil {
		l.Burst = *f.Burst
	}
	if f.WarnOnly != nil {
		l.WarnOnly = *f.WarnOnly
	}
	return nil
}

// limitText says limits in a cell of a table.
func limitText(l store.Limits) string {
	var all []string
	if l.Streams > 0 {
		all = append(all, fmt.Sprintf("%d streams", l.Streams))
	}
	if l.Rate > 0 {
		all = append(all, strconv.FormatFloat(l.Rate, 'g', -1, 64)+"/s")
	}
	if l.Burst > 0 {
		all = append(all, fmt.Sprintf("burst %d", l.Burst))
	}
	if l.DayAudio > 0 {
		all = append(all, fmt.Sprintf("%g min/day", l.DayAudio.Minutes()))
	}
	if l.MonthAudio > 0 {
		all = append(all, fmt.Sprintf("%g min/month", l.MonthAudio.Minutes()))
	}
	if l.WarnOnly {
		all = append(all, "warn only")
	}
	if all == nil {
		return "-"
	}
	return strings.Join(all, ", ")
}

// timeText says a time in a cell of a table.
func timeText(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// stateText says whether something can be used.
func stateText(disabled bool, expires time.Time) string {
	switch {
	case disabled:
		return "disabled"
	case !expires.IsZero() && !expires.After(time.Now()):
		return "expired"
	}
	return "enabled"
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
