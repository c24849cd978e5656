package ledger_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/server/ledger"
	"github.com/earshot-stt/earshot/store"
	"github.com/earshot-stt/earshot/stt"
)

// accounts is a book with fixed rows, which are grouped by model when that is asked for.
type accounts struct {
	rows   []store.UsageRow
	prices []store.Price
	err    error
	asked  store.UsageQuery
	named  [2][]string // accounts and keys whose names were asked for
}

func (b *accounts) Prices(context.Context) ([]store.Price, error) { return b.prices, b.err }

func (b *accounts) UsageRows(_ context.Context, q store.UsageQuery) ([]store.UsageRow, error) {
	b.asked = q
	return slices.Clone(b.rows), b.err
}

// Names calls only some what they are called.
func (b *accounts) Names(_ context.Context, accounts, keys []string) (ofAccounts, ofKeys map[string]string, err error) {
	b.named = [2][]string{accounts, keys}
	return map[string]string{"000000000001": "radio"}, map[string]string{"named": "studio", "": "nobody"}, b.err
}

func price(model string, perMinute int64, currency string) store.Price {
	return store.Price{Model: model, PerMinute: perMinute, Currency: currency}
}

func used(key, model string, audio time.Duration) store.UsageRow {
	return store.UsageRow{Key: key, Model: model, Audio: audio, Streams: 1, Requests: 2, Errors: 1}
}

func TestBill(t *testing.T) {
	byKey := []store.Dimension{store.DimKey}
	byModel := []store.Dimension{store.DimKey, store.DimModel}
	for _, c := range []struct {
		name   string
		group  []store.Dimension
		prices []store.Price
		rows   []store.UsageRow
		csv    string // without the header and the columns that are empty
	}{
		{"no prices", byKey, nil, []store.UsageRow{used("k", "", 90*time.Second)}, "k,90,1,2,1"},
		{"a price", byModel, []store.Price{price("m", 24000, "USD")}, []store.UsageRow{used("k", "m", 90*time.Second)}, "k,m,90,1,2,1,0.036,USD"},
		{"a model without a price", byModel, []store.Price{price("m", 24000, "USD")}, []store.UsageRow{used("k", "m", time.Minute), used("k", "n", time.Minute)},
			"k,m,60,1,2,1,0.024,USD|k,n,60,1,2,1"},
		{"a price for all others", byModel, []store.Price{price("m", 24000, "USD"), price("*", 1000000, "USD")}, []store.UsageRow{used("k", "m", time.Minute), used("k", "n", time.Minute)},
			"k,m,60,1,2,1,0.024,USD|k,n,60,1,2,1,1,USD"},
		{"added up", byKey, []store.Price{price("m", 24000, "USD"), price("n", 1000000, "USD")},
			[]store.UsageRow{used("k", "m", time.Minute), used("k", "n", time.Minute), used("l", "n", 500*time.Millisecond)},
			"k,120,2,4,2,1.024,USD|l,0.5,1,2,1,0.008333,USD"},
		{"added up with one that has no price", byKey, []store.Price{price("m", 24000, "USD")}, []store.UsageRow{used("k", "m", time.Minute), used("k", "n", time.Minute), used("k", "o", 0)}, "k,120,3,6,3"},
		{"nothing used costs nothing", byKey, []store.Price{price("m", 24000, "USD")}, []store.UsageRow{used("k", "", 0), used("k", "m", time.Minute)}, "k,60,2,4,2,0.024,USD"},
		{"nothing used at all", byKey, []store.Price{price("m", 24000, "USD")}, []store.UsageRow{used("k", "", 0)}, "k,0,1,2,1,0"},
		{"two currencies side by side", byModel, []store.Price{price("m", 1, "USD"), price("n", 1, "EUR")}, []store.UsageRow{used("k", "m", time.Minute), used("k", "n", time.Minute)},
			"k,m,60,1,2,1,0.000001,USD|k,n,60,1,2,1,0.000001,EUR"},
		{"of currencies that nothing was used of", byKey, []store.Price{price("m", 1, "USD"), price("n", 1, "EUR")}, []store.UsageRow{used("k", "m", time.Minute), used("k", "n", 0)},
			"k,60,2,4,2,0.000001,USD"},
		{"in order", byKey, []store.Price{price("*", 60, "USD")}, []store.UsageRow{used("l", "m", time.Second), used("k", "n", time.Second), used("l", "n", time.Second)},
			"k,1,1,2,1,0.000001,USD|l,2,2,4,2,0.000002,USD"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &accounts{rows: c.rows, prices: c.prices}
			lines, err := ledger.Bill(t.Context(), b, store.UsageQuery{Group: c.group, Account: "a"})
			if err != nil {
				t.Fatal(err)
			}
			if b.asked.Account != "a" || (len(c.prices) > 0) != slices.Contains(b.asked.Group, store.DimModel) {
				t.Errorf("asked for %+v", b.asked)
			}
			var text bytes.Buffer
			if err := ledger.WriteCSV(&text, lines); err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.SplitSeq(strings.TrimSuffix(text.String(), "\r\n"), "\r\n") {
				fields := slices.DeleteFunc(strings.Split(line, ","), func(s string) bool { return s == "" })
				got = append(got, strings.Join(fields, ","))
			}
			if got[0] != "start,account,key,model,protocol,language,audio_seconds,streams,requests,errors,cost,currency,account_name,key_name" || strings.Join(got[1:], "|") != c.csv {
				t.Errorf("got %q, expected %q", got[1:], c.csv)
			}
		})
	}
}

func TestBillRefuses(t *testing.T) {
	query := store.UsageQuery{Group: []store.Dimension{store.DimKey}}
	for _, c := range []struct {
		name string
		book accounts
		text string
	}{
		{"two currencies in a line", accounts{prices: []store.Price{price("m", 1, "USD"), price("n", 1, "EUR")},
			rows: []store.UsageRow{used("k", "m", time.Minute), used("k", "n", time.Minute)}}, "prices are in USD and in EUR"},
		{"more than a number holds", accounts{prices: []store.Price{price("m", 1e15, "USD")}, rows: []store.UsageRow{used("k", "m", math.MaxInt64)}}, "ask for a shorter time"},
		{"a sum that is more than a number holds", accounts{prices: []store.Price{price("*", 1e15, "USD")},
			rows: []store.UsageRow{used("k", "m", 9000*time.Minute), used("k", "n", 9000*time.Minute)}}, "ask for a shorter time"},
		{"a book that cannot be read", accounts{err: errors.New("no such book")}, "no such book"},
	} {
		if _, err := ledger.Bill(t.Context(), &c.book, query); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, expected %q", c.name, err, c.text)
		} else if c.book.err == nil && stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%s: %v has another code than Invalid", c.name, err)
		}
	}
}

// Money is exact: the same as with numbers of any length, rounded to the nearest.
func TestCost(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	check := func(audio time.Duration, perMinute int64) {
		t.Helper()
		exact := new(big.Int).Mul(big.NewInt(int64(audio)), big.NewInt(perMinute))
		exact.Add(exact, big.NewInt(int64(30*time.Second)))
		exact.Div(exact, big.NewInt(int64(time.Minute)))
		got, ok := ledger.Cost(audio, perMinute)
		if ok != exact.IsInt64() || ok && got != exact.Int64() {
			t.Errorf("%v at %d is %d (%v), expected %v (seed %d)", audio, perMinute, got, ok, exact, seed)
		}
	}
	for _, audio := range []time.Duration{0, 1, 30*time.Second - 1, 30 * time.Second, time.Minute, math.MaxInt64} {
		for _, perMinute := range []int64{0, 1, 2, 24000, 1e15, math.MaxInt64} {
			check(audio, perMinute)
		}
	}
	for range 10000 {
		check(time.Duration(r.Int64()>>r.IntN(63)), r.Int64()>>r.IntN(63))
	}
	if _, ok := ledger.Cost(-1, 1); ok {
		t.Error("audio that is less than none has a cost")
	}
	if _, ok := ledger.Cost(1, -1); ok {
		t.Error("a price below nothing has a cost")
	}
}

// Both forms say the same, whatever stands in the names.
func TestExports(t *testing.T) {
	at := time.Date(2026, 11, 21, 13, 0, 0, 0, time.UTC)
	lines := []ledger.Line{
		{UsageRow: store.UsageRow{Start: at, Account: "000000000001", Key: "k", Model: "m", Protocol: "p", Language: "en-US", Audio: 1234567890123 * time.Nanosecond, Streams: 3, Requests: 4, Errors: 1}, Cost: 1234567, Currency: "EUR", AccountName: "radio", KeyName: "studio"},
		{UsageRow: store.UsageRow{Model: "a \"name\", with\neverything <&> in it", Audio: 1}},
		{Cost: 5, Currency: "USD"},
	}
	var sheet, text bytes.Buffer
	if err := errors.Join(ledger.WriteCSV(&sheet, lines), ledger.WriteJSON(&text, lines)); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&sheet).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"2026-11-21T13:00:00Z", "000000000001", "k", "m", "p", "en-US", "1234.567890123", "3", "4", "1", "1.234567", "EUR", "radio", "studio"}; !slices.Equal(records[1], want) {
		t.Errorf("got %q, expected %q", records[1], want)
	}
	if records[2][6] != "0.000000001" || records[3][10] != "0.000005" {
		t.Errorf("got %q", records)
	}
	dec := json.NewDecoder(&text)
	dec.UseNumber()
	var objects []map[string]any
	if err := dec.Decode(&objects); err != nil {
		t.Fatal(err)
	}
	for i, o := range objects {
		got := make([]string, len(records[0]))
		for j, name := range records[0] {
			switch v := o[name].(type) {
			case string:
				got[j] = v
			case json.Number:
				got[j] = v.String()
			}
		}
		if !reflect.DeepEqual(got, records[i+1]) {
			t.Errorf("JSON says %q where CSV says %q", got, records[i+1])
		}
	}
}

// A disk that is full is told of.
func TestExportFails(t *testing.T) {
	if err := ledger.WriteCSV(broken{}, make([]ledger.Line, 1000)); err == nil {
		t.Error("CSV that cannot be written is no error")
	}
	if err := ledger.WriteJSON(broken{}, nil); err == nil {
		t.Error("JSON that cannot be written is no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A name that a spreadsheet would take for a formula is text in the sheet, and as it is for programs.
func TestNamesAreNoFormulas(t *testing.T) {
	for name, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "k=1": "k=1", "": ""} {
		var sheet, text bytes.Buffer
		lines := []ledger.Line{{UsageRow: store.UsageRow{Key: name, Model: name}, AccountName: name, KeyName: name}}
		if err := errors.Join(ledger.WriteCSV(&sheet, lines), ledger.WriteJSON(&text, lines)); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(&sheet).ReadAll()
		if err != nil || records[1][2] != want || records[1][3] != want || records[1][12] != want || records[1][13] != want {
			t.Errorf("%q: %q, %v", name, records, err)
		}
		if name != "" && !strings.Contains(text.String(), `"key":"`+name+`"`) && !strings.Contains(text.String(), `"key": "`+name+`"`) {
			t.Errorf("%q as JSON: %s", name, text.String())
		}
	}
}

// Lines say what accounts and keys are called now; those that are deleted have no name, and stay.
func TestBillNames(t *testing.T) {
	row := func(account, key string) store.UsageRow {
		return store.UsageRow{Account: account, Key: key, Model: "m"}
	}
	for _, prices := range [][]store.Price{nil, {price("*", 60, "USD")}} {
		b := &accounts{prices: prices, rows: []store.UsageRow{row("", ""), row("000000000001", "gone"), row("000000000001", "named"), row("000000000002", "named")}}
		lines, err := ledger.Bill(t.Context(), b, store.UsageQuery{Group: []store.Dimension{store.DimAccount, store.DimKey, store.DimModel}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range lines {
			got = append(got, l.Account+"="+l.AccountName+" "+l.Key+"="+l.KeyName)
		}
		if want := []string{"= =", "000000000001=radio gone=", "000000000001=radio named=studio", "000000000002= named=studio"}; !slices.Equal(got, want) {
			t.Errorf("got %q, expected %q", got, want)
		}
		if want := [2][]string{{"000000000001", "000000000002"}, {"gone", "named"}}; !reflect.DeepEqual(b.named, want) {
			t.Errorf("asked for the names of %q, expected %q", b.named, want)
		}
	}
}

// The top is of what was asked for, although prices need the models too.
func TestBillOfTheTop(t *testing.T) {
	for _, group := range [][]store.Dimension{{store.DimKey}, {store.DimKey, store.DimModel}} {
		b := &accounts{prices: []store.Price{price("*", 60, "USD")}, rows: []store.UsageRow{used("k", "m", time.Second), used("k", "n", time.Second)}}
		if _, err := ledger.Bill(t.Context(), b, store.UsageQuery{Group: group, Top: 1}); err != nil {
			t.Fatal(err)
		}
		of := b.asked.TopOf
		if of == nil {
			of = b.asked.Group
		}
		if b.asked.Top != 1 || !slices.Equal(of, group) {
			t.Errorf("asked for %+v, expected the top of %v", b.asked, group)
		}
	}
}
