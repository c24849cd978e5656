package rigtest

import (
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	got, err := parse([]string{"serve", "--listen", "127.0.0.1:0", "--tls-listen", "off", "--limits-idle", "0", "--set", "engines.script.script=a=b"})
	want := map[string]string{"listen": "127.0.0.1:0", "tls.listen": "off", "limits.idle": "0", "engines.script.script": "a=b"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v and %v; expected %v", got, err, want)
	}
	for _, args := range [][]string{{"serve", "--listen"}, {"listen"}, {"serve", "--nonsense", "1"}, {"serve", "--set", "=1"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

// What a configuration refuses is refused before anything starts.
func TestServeRefuses(t *testing.T) {
	changed := false
	err := Serve([]string{"serve", "--limits-idle", "soon"}, nil, nil, func(map[string]string) { changed = true })
	if err == nil || !strings.Contains(err.Error(), "limits.idle") || !changed {
		t.Errorf("%v, changed %v", err, changed)
	}
}
