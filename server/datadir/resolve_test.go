package datadir

import "testing"

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name, flag string
		env        map[string]string
		path, why  string
	}{
		{"flag first", "/f", map[string]string{"EARSHOT_DATA": "/e", "XDG_DATA_HOME": "/x", "HOME": "/h"}, "/f", "--data"},
		{"then the variable", "", map[string]string{"EARSHOT_DATA": "/e", "XDG_DATA_HOME": "/x", "HOME": "/h"}, "/e", "$EARSHOT_DATA"},
		{"then the desktop's", "", map[string]string{"XDG_DATA_HOME": "/x/", "HOME": "/h"}, "/x/earshot", "$XDG_DATA_HOME"},
		{"then home", "", map[string]string{"HOME": "/h"}, "/h/.local/share/earshot", "$HOME"},
		{"a relative desktop's does not count", "", map[string]string{"XDG_DATA_HOME": "x", "HOME": "/h"}, "/h/.local/share/earshot", "$HOME"},
		{"nothing", "", nil, "", "nothing"},
		{"relative flag", "f", map[string]string{"HOME": "/h"}, "f", "--data"},
		{"tilde in flag", "~/f", map[string]string{"HOME": "/h"}, "/h/f", "--data"},
		{"tilde in variable", "", map[string]string{"EARSHOT_DATA": "~/e", "HOME": "/h"}, "/h/e", "$EARSHOT_DATA"},
		{"tilde alone", "~", map[string]string{"HOME": "/h"}, "/h", "--data"},
		{"tilde without a home", "~/f", nil, "~/f", "--data"},
		{"tilde of another", "~bob/f", map[string]string{"HOME": "/h"}, "~bob/f", "--data"},
		{"tilde inside", "a/~/f", map[string]string{"HOME": "/h"}, "a/~/f", "--data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path, why := Resolve(c.flag, func(name string) string { return c.env[name] })
			if path != c.path || why != c.why {
				t.Errorf("got %q because of %s; want %q because of %s", path, why, c.path, c.why)
			}
		})
	}
}
