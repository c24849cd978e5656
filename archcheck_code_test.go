package earshot_test

import (
	"go/ast"
	"go/build/constraint"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

func checkCgo(s source, pos token.Pos, say sayFunc) {
	if !s.at.room.cgo {
		say(pos, "%s uses cgo; only engines may: the rest must build anywhere", s.at.name)
		return
	}
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			if c.Pos() < s.file.Package && constraint.IsGoBuild(c.Text) {
				return
			}
		}
	}
	say(pos, "%s uses cgo in a file without a build tag; everything must build where the library is missing", s.at.name)
}

func checkDeclarations(s source, say sayFunc) {
	if s.file.Name.Name == "main" && !strings.HasPrefix(s.folder, "cmd/") && !strings.HasPrefix(s.folder, "bench/") {
		say(s.file.Package, "%s is a package main; only cmd/* and bench/* may be: everything else is a library", s.folder)
	}
	for _, decl := range s.file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			say(f.Pos(), "%s has an init function; nothing may happen because of an import: wire it explicitly in server", s.folder)
		}
	}
}

// impure is what reaches for the network or the clock, by package.
var impure = map[string][]string{
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"net":  {"Dial", "DialTimeout", "Dialer", "Listen", "ListenConfig", "ListenPacket", "Pipe"},
	"net/http": {"Get", "Post", "PostForm", "Head", "Client", "DefaultClient", "Transport", "DefaultTransport", "Server",
		"ListenAndServe", "ListenAndServeTLS", "Serve"},
}

func checkPure(s source, say sayFunc) {
	const rule = "a wire package has no socket, goroutine or clock: take the time or the bytes as an argument"
	local := map[string]string{} // the name in this file, to the import path
	for _, spec := range s.file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		local[name] = imported
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			say(n.Pos(), "%s starts a goroutine; %s", s.at.name, rule)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && slices.Contains(impure[local[x.Name]], n.Sel.Name) {
				say(n.Pos(), "%s uses %s.%s; %s", s.at.name, x.Name, n.Sel.Name, rule)
			}
		}
		return true
	})
}

// checkComments reports the packages that nobody introduces. A package may consist of tests alone.
func checkComments(sources []source) (findings []string) {
	said := map[string]bool{}
	var folders []string
	for _, s := range sources {
		if s.test {
			continue
		}
		if _, seen := said[s.folder]; !seen {
			folders = append(folders, s.folder)
		}
		said[s.folder] = said[s.folder] || introduces(s.file)
	}
	for _, folder := range folders {
		if !said[folder] {
			findings = append(findings, folder+` has no package comment; say in doc.go what it holds, beginning with "Package"`)
		}
	}
	return findings
}

func introduces(file *ast.File) bool {
	text := file.Doc.Text()
	return strings.HasPrefix(text, "Package "+file.Name.Name+" ") || file.Name.Name == "main" && text != ""
}
