package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// Options says where a configuration comes from. The zero value gives the defaults.
type Options struct {
	File    string            // path of the file; empty: none is read
	Environ []string          // as os.Environ gives it; a variable set to nothing counts as not set
	Flags   map[string]string // the flags that were given, by key path
	// Secret says which options of engines are never shown; nil: all of them, since nobody knows better. Of an option
	// that is a list of records it is asked for the whole, which is secret when anything in it is, and then for each
	// field, as option.field.
	Secret func(engine, option string) bool
	// ReadFile stands in for reading from disk.
	ReadFile func(name string) ([]byte, error)
}

// Info is what is known about a configuration besides its values.
type Info struct {
	// Sources says where each key was set, by its path. A key that is not there has its default.
	Sources map[string]Source
	// Warnings are sentences on what was passed over and looks like a mistake.
	Warnings []string

	secret func(engine, option string) bool
}

// Source is the place where a value was set. The zero value stands for the default.
type Source struct {
	Kind         SourceKind
	Name         string // of the file, the variable or the flag (with its dashes)
	Line, Column int    // in a file, from 1
}

// SourceKind is a kind of [Source].
type SourceKind uint8

// The kinds of sources; later ones win.
const (
	FromDefault SourceKind = iota
	FromFile
	FromEnv
	FromFlag
)

// String returns the place as it reads in messages: "default", "earshot.yaml:12:9", "EARSHOT_LISTEN" or "--listen".
func (s Source) String() string {
	switch s.Kind {
	case FromDefault:
		return "default"
	case FromFile:
		return fmt.Sprintf("%s:%d:%d", s.Name, s.Line, s.Column)
	default:
		return s.Name
	}
}

// Load reads the file, the environment and the flags, and checks the whole. The error joins an *stt.Error with code
// Invalid for every mistake there is, in the order file, environment, flags, and what does not fit together; Option is
// the path of the key. Without an error the configuration is complete.
func Load(opts Options) (*Config, *Info, error) {
	l := &loader{secret: opts.Secret, cfg: Default(), bad: map[string]bool{},
		info: &Info{Sources: map[string]Source{}, secret: opts.Secret}}
	if opts.File != "" {
		l.file(opts.File, opts.ReadFile)
	}
	l.environment(opts.Environ)
	l.flags(opts.Flags)
	l.check()
	if l.errs != nil {
		return nil, nil, errors.Join(l.errs...)
	}
	return l.cfg, l.info, nil
}

// loader is one Load under way.
type loader struct {
	secret func(engine, option string) bool
	cfg    *Config
	info   *Info
	bad    map[string]bool // keys with a mistake
	errs   []error
}

// maxErrors is how many mistakes are told; a file with more is not a configuration.
const maxErrors = 50

func (l *loader) fail(src Source, e *stt.Error) {
	l.bad[e.Option] = true
	switch n := len(l.errs); {
	case n == maxErrors:
		l.errs = append(l.errs, stt.Errorf(stt.Invalid, "more mistakes are not listed"))
	case n < maxErrors:
		if src.Kind != FromDefault {
			e.Msg = src.String() + ": " + e.Msg
		}
		l.errs = append(l.errs, e)
	}
}

// set gives a key its value from one source.
func (l *loader) set(k *key, value string, src Source) {
	if !k.set(l.cfg, value) {
		l.fail(src, refuse(k, value))
		return
	}
	l.info.Sources[k.Path] = src
}

func refuse(k *key, got string) *stt.Error {
	if k.Secret {
		got = "(secret)"
	}
	return stt.InvalidOption(k.Path, shorten(got), k.Want)
}

// shorten keeps error texts readable.
func shorten(s string) string {
	const limit = 80
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

func (l *loader) environment(environ []string) {
	names := map[string]string{} // path by variable
	for i := range table {
		names[EnvName(table[i].Path)] = table[i].Path
	}
	// In a fixed order, whatever order the system has. Where a name is there twice, the last one counts.
	set := map[string]string{}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, envPrefix) && value != "" {
			set[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		path, ok := names[name]
		if !ok {
			path = enginePath(name)
		}
		k, ok := find(path, l.secret)
		if !ok {
			l.strange(name, slices.Collect(maps.Keys(names)))
			continue
		}
		l.set(&k, set[name], Source{Kind: FromEnv, Name: name})
	}
}

// ours are variables that the program reads which are no settings: a secret has no flag and no line in a file.
var ours = map[string]bool{"EARSHOT_MASTER_KEY": true, "EARSHOT_CONFIG": true}

// strange warns of a variable that is no setting but looks like one. Others are passed over silently: container systems
// make variables such as EARSHOT_PORT for a service of that name, and they are no reason not to start.
func (l *loader) strange(name string, known []string) {
	if strings.HasPrefix(name, EnvName(enginePrefix)) {
		l.info.Warnings = append(l.info.Warnings, "the environment variable "+name+" is not a setting; expected "+
			EnvName(enginePrefix)+"<NAME>_<OPTION>")
		return
	}
	slices.Sort(known)
	// Compared without what all have in common, or any short name would be near to every other.
	for i := range known {
		known[i] = strings.TrimPrefix(known[i], envPrefix)
	}
	if near := nearest(strings.TrimPrefix(name, envPrefix), known); near != "" && !ours[name] {
		l.info.Warnings = append(l.info.Warnings, "the environment variable "+name+" is not a setting; did you mean "+envPrefix+near+"?")
	}
}

// enginePath returns the path of a variable such as EARSHOT_ENGINES_SCRIPT_FAULT_AT: names of engines have no
// underscore, so the first one ends the name. It returns an empty path for what is not of that form.
func enginePath(variable string) string {
	rest, ok := strings.CutPrefix(variable, EnvName(enginePrefix))
	engine, option, cut := strings.Cut(rest, "_")
	if !ok || !cut || rest != strings.ToUpper(rest) {
		return ""
	}
	return enginePrefix + strings.ToLower(engine) + "." + strings.ToLower(option)
}

func (l *loader) flags(flags map[string]string) {
	for _, path := range slices.Sorted(maps.Keys(flags)) {
		src := Source{Kind: FromFlag, Name: "--" + FlagName(path)}
		k, ok := find(path, l.secret)
		if !ok {
			l.fail(src, unknown(path))
			continue
		}
		l.set(&k, flags[path], src)
	}
}

// maxFile is the longest file that is read: many times what any configuration needs.
const maxFile = 1 << 20

// readFile reads from disk, and no more than it takes to see that a file is too long.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}
