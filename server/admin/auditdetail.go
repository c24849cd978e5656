package admin

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/earshot-stt/earshot/store"
)

// told returns the detail of an entry in the words of the administration: roles by the names that they have here, and audio in seconds, where the
// store has names of its own and parts of seconds. What is not known stays as it is; what cannot be read is nothing.
func told(detail string) json.RawMessage {
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader([]byte(detail)))
	d.UseNumber()
	if !json.Valid([]byte(detail)) {
		return nil
	}
	if err := d.Decode(&fields); err != nil { // not an object
		return json.RawMessage(detail)
	}
	retell(fields)
	out, err := json.Marshal(fields)
	if err != nil {
		return json.RawMessage(detail)
	}
	return out
}

// audioNames are the names that lengths of audio have in the store, and here.
var audioNames = map[string]string{"day_audio": "day_seconds", "month_audio": "month_seconds"}

// retell changes the fields of an object, and of those within it.
func retell(fields map[string]any) {
	for _, name := range slices.Collect(maps.Keys(fields)) { // since fields are added
		switch v := fields[name].(type) {
		case map[string]any:
			if name != "tags" { // which are people's own words
				retell(v)
			}
		case string:
			if name == "role" {
				fields[name] = RoleOf(store.Role(v))
			}
		case json.Number:
			here, is := audioNames[name]
			if n, err := v.Int64(); is && err == nil {
				delete(fields, name)
				fields[here] = time.Duration(n).Seconds()
			}
		}
	}
}
