package pocketsphinx

import (
	"fmt"

	"github.com/earshot-stt/earshot/stt"
)

// errAbsent says how to get the engine into the program.
func errAbsent() *stt.Error {
	return &stt.Error{Code: stt.Unsupported, Option: "pocketsphinx", Want: "a program built with -tags " + buildTag,
		Msg: "this program was built without the pocketsphinx engine; install the Debian packages " + libraryPackage +
			" and " + modelPackage + " and build it with -tags " + buildTag}
}

// Finding is one thing that an operator may want to know about the engine on this machine.
type Finding struct {
	What   string // "engine", "library", "model" ...
	OK     bool
	Detail string // what was found, or what is wrong and what to do about it
}

// Check looks at everything the engine needs, without starting it: whether it was built in, the version of the library,
// and every file of the model. values are as for Driver().New.
func Check(values map[string]string) []Finding {
	engine := Finding{What: "engine", OK: built, Detail: "built in"}
	if !built {
		engine.Detail = errAbsent().Msg
	}
	found := []Finding{engine}
	if built {
		found = append(found, Finding{What: "library", OK: true, Detail: "PocketSphinx " + libraryVersion()})
	}
	opts, err := parseOptions(values)
	if err != nil {
		return append(found, Finding{What: "options", Detail: err.Error()})
	}
	for i, m := range opts.models {
		model := Finding{What: "model", OK: true, Detail: fmt.Sprintf("%s (%s), %s", m.name, m.language, m.files.hmm)}
		if _, err := checkModel(m.files); err != nil {
			model.OK, model.Detail = false, stt.AsError(located(err, i)).Msg
		}
		found = append(found, model)
	}
	return found
}
