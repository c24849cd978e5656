package config

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/earshot-stt/earshot/stt"
)

// Options of engines that are lists of records, a sequence of mappings in a file, travel as the text that
// stt.FormatRecords writes. Whether an engine has such an option is known to its driver only, so that here any text that
// could have come from such a sequence counts as one.

const wantField = "the name of a field, of lower-case letters, digits and _"

// recordsOf returns the records that a value stands for; ok is false for all that is no list of records.
func recordsOf(value string) (records []map[string]string, ok bool) {
	if !strings.HasPrefix(strings.TrimLeft(value, " \t\r\n"), "[") {
		return nil, false
	}
	records, err := stt.Records(value)
	if err != nil {
		return nil, false
	}
	for _, r := range records {
		for name := range r {
			if !isName(name, "_") {
				return nil, false
			}
		}
	}
	return records, true
}

// records reads a sequence of mappings with single values. As everywhere in a file, these count as written: 010 and no
// are the texts "010" and "no".
func (w *walker) records(k *key, n *yaml.Node) {
	records := make([]map[string]string, len(n.Content))
	good := true
	for i, item := range n.Content {
		path := fmt.Sprintf("%s[%d]", k.Path, i)
		if item.Kind != yaml.MappingNode {
			w.wrongKind(path, item, "a record of keys and values")
			good = false
			continue
		}
		var ok bool
		records[i], ok = w.record(path, item)
		good = good && ok
	}
	if good {
		w.set(k, stt.FormatRecords(records), w.at(n))
	}
}

// record reads one record. It fails when something in it is wrong, which has been told then.
func (w *walker) record(path string, n *yaml.Node) (map[string]string, bool) {
	record := make(map[string]string, len(n.Content)/2)
	good := true
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := path
		if k.Kind == yaml.ScalarNode {
			at = join(path, k.Value)
		}
		_, twice := record[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode:
			w.wrongKind(path, k, wantField)
		case !isName(k.Value, "_"):
			w.fail(w.at(k), &stt.Error{Code: stt.Invalid, Option: at, Want: wantField,
				Msg: "option " + quote(shorten(at)) + " is not known; expected " + wantField})
		case twice:
			w.fail(w.at(k), &stt.Error{Code: stt.Invalid, Option: at, Want: "each field once",
				Msg: "option " + quote(shorten(at)) + " is set a second time in the same record"})
		case isNull(v):
			w.noValue(at, v, text.want)
		case v.Kind != yaml.ScalarNode:
			w.wrongKind(at, v, text.want)
		default:
			record[k.Value] = v.Value
			continue
		}
		good = false
	}
	return record, good
}

// printRecords writes records as a block sequence, one a line. Fields that are secret are masked, and the whole is a
// comment then, since it would not be the same configuration.
func printRecords(out *bufio.Writer, k *key, records []map[string]string, hidden func(field string) bool, from string) {
	mark := ""
	if k.Secret {
		mark = "# "
	}
	if len(records) == 0 {
		fmt.Fprintf(out, "%s%s: []  # %s\n", mark, k.Path, from)
		return
	}
	fmt.Fprintf(out, "%s%s:  # %s\n", mark, k.Path, from)
	for _, r := range records {
		fields := slices.Sorted(maps.Keys(r))
		for i, name := range fields {
			value := "(secret)"
			if !k.Secret || !hidden(name) {
				value = scalar(r[name])
			}
			fields[i] = scalar(name) + ": " + value
		}
		fmt.Fprintf(out, "%s  - {%s}\n", mark, strings.Join(fields, ", "))
	}
}

// secretRecords reports whether nothing of records may be shown, not even what they are made of.
func secretRecords(records []map[string]string, hidden func(field string) bool) bool {
	for _, r := range records {
		for name := range r {
			if !hidden(name) {
				return false
			}
		}
	}
	return true
}
