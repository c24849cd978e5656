package earshot_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// house is a tree of Go packages and the rules between them. The checker only parses: it sees every file, whatever its
// build tags, and works on code that does not compile.
type house struct {
	module          string   // the module path, before every import of ours
	rooms           []room   // the most specific path wins: "wire/sigv4" before "wire/*"
	plain           []string // root folders without packages of this module
	anywhere        []string // rooms that every room may import
	anywhereInTests []string // the same for _test.go files
	modules         []module // third-party modules; no others may be imported
}

// room is a folder with all folders below it that are not rooms themselves.
type room struct {
	path     string   // slash-separated from the root; "*" stands for any one name
	uses     []string // rooms it may import; "{same}" stands for the name that "*" stood for
	tests    []string // what its _test.go files may import on top
	must     string   // the reason, as the end of the sentence
	std      bool     // nothing but the standard library and ours
	testOnly bool     // may be imported from _test.go files and other such rooms only
	pure     bool     // no sockets, goroutines or clocks
	cgo      bool     // may use cgo, in files with a build tag
}

// module is a third-party module or a family of them.
type module struct {
	prefix       string
	rooms, tests []string // who may import it; who may from _test.go files, on top
	must         string
}

// source is one parsed file with where it stands.
type source struct {
	name   string // path from the root
	folder string
	at     place
	test   bool
	file   *ast.File
	fset   *token.FileSet
}

// place is a room and the folder that is its root: "dialect/*" and "dialect/transcribe".
type place struct {
	room room
	name string
}

// check returns one sentence for every breach, in the order of the tree.
func (h house) check(tree fs.FS) ([]string, error) {
	sources, findings, err := h.read(tree)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		say := func(pos token.Pos, format string, args ...any) {
			where := s.fset.Position(pos)
			findings = append(findings, fmt.Sprintf("%s:%d: ", s.name, where.Line)+fmt.Sprintf(format, args...))
		}
		h.checkImports(s, say)
		checkDeclarations(s, say)
		if s.at.room.pure && !s.test {
			checkPure(s, say)
		}
	}
	return append(findings, checkComments(sources)...), nil
}

type sayFunc func(pos token.Pos, format string, args ...any)

// read parses the tree and reports the folders that no room claims.
func (h house) read(tree fs.FS) (sources []source, findings []string, err error) {
	ignored := ignoredFolders(tree)
	fset := token.NewFileSet()
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skipFolder(tree, name) || ignored[name] {
				return fs.SkipDir
			}
			if name != "." && !strings.Contains(name, "/") && !h.knowsRoot(name) {
				findings = append(findings, name+" is a folder that the table in arch_test.go does not know: "+
					"say there what it holds and what it may import, or find the room that it belongs to")
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		folder := path.Dir(name)
		at, known := h.find(folder)
		if !known {
			findings = append(findings, name+" stands in no room that the table in arch_test.go knows")
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		sources = append(sources, source{name: name, folder: folder, at: at, file: file, fset: fset,
			test: strings.HasSuffix(name, "_test.go")})
		return nil
	})
	return sources, findings, err
}

// skipFolder says what the go command passes over too: hidden folders, test data and other modules.
func skipFolder(tree fs.FS, name string) bool {
	base := path.Base(name)
	if name == "." {
		return false
	}
	if base[0] == '.' || base[0] == '_' || base == "testdata" {
		return true
	}
	_, err := fs.Stat(tree, path.Join(name, "go.mod"))
	return err == nil
}

// ignoredFolders returns the root folders that .gitignore names as "/name/": what is built or recorded is not judged.
func ignoredFolders(tree fs.FS) map[string]bool {
	folders := map[string]bool{}
	text, _ := fs.ReadFile(tree, ".gitignore") // none, none ignored
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "/") && strings.HasSuffix(line, "/") {
			folders[strings.Trim(line, "/")] = true
		}
	}
	return folders
}

func (h house) knowsRoot(folder string) bool {
	return slices.Contains(h.plain, folder) || slices.ContainsFunc(h.rooms, func(r room) bool {
		first, _, _ := strings.Cut(r.path, "/")
		return first == folder
	})
}

// find returns the most specific room that holds folder: the longest path, and among equals the one that names it.
func (h house) find(folder string) (found place, ok bool) {
	best := -1
	for _, r := range h.rooms {
		depth := strings.Count(r.path, "/") + 1
		parts := strings.Split(folder, "/")
		if depth > len(parts) {
			continue
		}
		name := strings.Join(parts[:depth], "/")
		if match, _ := path.Match(r.path, name); !match {
			continue
		}
		score := 2 * depth
		if !strings.Contains(r.path, "*") {
			score++
		}
		if score > best {
			best, found = score, place{r, name}
		}
	}
	return found, best >= 0
}

// allowed returns the patterns of the rooms that code at a place may import, sorted.
func (h house) allowed(at place, test bool) []string {
	list := slices.Concat(h.anywhere, at.room.uses)
	if test {
		list = slices.Concat(list, h.anywhereInTests, at.room.tests)
	}
	for i, p := range list {
		list[i] = strings.ReplaceAll(p, "{same}", path.Base(at.name))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (h house) checkImports(s source, say sayFunc) {
	for _, spec := range s.file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
		ours, isOurs := strings.CutPrefix(imported, h.module+"/")
		switch {
		case imported == "C":
			checkCgo(s, spec.Pos(), say)
		case isOurs:
			h.checkOurs(s, spec.Pos(), ours, say)
		case strings.Contains(strings.Split(imported, "/")[0], "."):
			h.checkModule(s, spec.Pos(), imported, say)
		}
	}
}

func (h house) checkOurs(s source, pos token.Pos, folder string, say sayFunc) {
	to, known := h.find(folder)
	if !known {
		say(pos, "%s imports %s, which stands in no room that the table in arch_test.go knows", s.at.name, folder)
		return
	}
	if to.name == s.at.name {
		return // its own house, or a test of it
	}
	if to.room.testOnly && !s.test && !s.at.room.testOnly {
		say(pos, "%s imports %s; only _test.go files may: it is no part of the product", s.at.name, to.name)
		return
	}
	allowed := h.allowed(s.at, s.test)
	if slices.ContainsFunc(allowed, func(pattern string) bool {
		if pattern == everything {
			return !strings.HasPrefix(to.name, "cmd/")
		}
		match, _ := path.Match(pattern, to.name)
		return match
	}) {
		return
	}
	who := s.at.name
	if s.test {
		who = "a test of " + who
	}
	sentence := fmt.Sprintf("%s imports %s; %s may import only %s: %s", who, to.name, who, strings.Join(allowed, ", "), s.at.room.must)
	if match, _ := path.Match(s.at.room.path, to.name); match { // two dialects, two engines
		sentence += "; siblings never import each other"
		if shared, ok := h.find(path.Dir(s.at.name)); ok {
			sentence += ": what they share stands in " + shared.name
		}
	}
	say(pos, "%s", sentence)
}

func (h house) checkModule(s source, pos token.Pos, imported string, say sayFunc) {
	if s.at.room.std {
		say(pos, "%s imports %s; %s may import only the standard library: %s", s.at.name, imported, s.at.name, s.at.room.must)
		return
	}
	i := slices.IndexFunc(h.modules, func(m module) bool { return strings.HasPrefix(imported+"/", m.prefix+"/") })
	if i < 0 {
		say(pos, "%s imports %s, which is new: a dependency needs a line in docs/dependencies.md and in arch_test.go", s.at.name, imported)
		return
	}
	m := h.modules[i]
	allowed := m.rooms
	if s.test {
		allowed = slices.Concat(m.rooms, m.tests)
	}
	for _, pattern := range allowed {
		if match, _ := path.Match(pattern, s.at.name); match {
			return
		}
	}
	also := ""
	if len(m.tests) > 0 {
		also = ", and tests of " + strings.Join(m.tests, ", ")
	}
	say(pos, "%s imports %s; only %s may%s: %s", s.at.name, imported, strings.Join(m.rooms, ", "), also, m.must)
}
