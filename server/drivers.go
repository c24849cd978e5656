package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/engine/pocketsphinx"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/provider/transcribe"
	"github.com/earshot-stt/earshot/route/channels"
	"github.com/earshot-stt/earshot/stt"
)

// Drivers returns all kinds of recognizers there are: engines in this process, then remote services. A new one is a line
// here.
func Drivers() []stt.Driver {
	return []stt.Driver{pocketsphinx.Driver(), script.Driver(), transcribe.Driver()}
}

// OpenRecognizer makes the recognizer that a configuration names, which transcribes two channels separately where that is
// asked for. It fails with Invalid naming the key.
func OpenRecognizer(ctx context.Context, cfg *config.Config, getenv func(string) string) (stt.Recognizer, error) {
	drivers := Drivers()
	names := make([]string, len(drivers))
	for i := range drivers {
		names[i] = drivers[i].Name
	}
	for name := range cfg.Engines {
		if !slices.Contains(names, name) {
			return nil, stt.InvalidOption("engines", name, "names of engines: "+strings.Join(names, ", "))
		}
	}
	i := slices.Index(names, cfg.Engine)
	if i < 0 {
		return nil, stt.InvalidOption("engine", cfg.Engine, "one of "+strings.Join(names, ", "))
	}
	r, err := drivers[i].Open(ctx, cfg.Engines[cfg.Engine], getenv)
	if err != nil {
		return nil, explain(cfg.Engine, err)
	}
	return channels.New(r, channels.Options{}), nil
}

// explain adds to an error about an option of an engine how an operator sets it.
func explain(engine string, err error) error {
	var e *stt.Error
	option := ""
	if errors.As(err, &e) && e.Code == stt.Invalid {
		option, _ = strings.CutPrefix(e.Option, engine+".")
	}
	if option == "" || option == e.Option {
		return err
	}
	shown := *e
	if list, _, in := strings.Cut(option, "["); in { // a field of a record, which has no name on the command line
		shown.Msg += fmt.Sprintf("; it is part of engines.%s.%s in the configuration file, counted from 0", engine, list)
		return &shown
	}
	shown.Msg += fmt.Sprintf("; set it as engines.%s.%s in the configuration file, or by --set engines.%s.%s=VALUE", engine, option, engine, option)
	return &shown
}

// SecretOption reports whether an option of an engine is never to be shown. A list of records is secret as a whole when a
// field of it is; option.field asks for one field.
func SecretOption(engine, option string) bool {
	for _, d := range Drivers() {
		if d.Name == engine {
			return secretIn(d.Options, option)
		}
	}
	return true // nobody knows what it is
}

func secretIn(options []stt.Option, name string) bool {
	name, field, of := strings.Cut(name, ".")
	i := slices.IndexFunc(options, func(o stt.Option) bool { return o.Name == name })
	switch {
	case i < 0 || options[i].Secret:
		return true
	case of:
		return secretIn(options[i].Fields, field)
	default:
		return slices.ContainsFunc(options[i].Fields, func(o stt.Option) bool { return o.Secret })
	}
}
