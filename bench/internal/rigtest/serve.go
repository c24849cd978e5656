package rigtest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server"
)

// Serve does what "earshot serve" does with its flags, each given as two arguments, until a signal comes. args are those of the
// process without the program's name. change may alter the settings, which are keys of the configuration; nil alters nothing.
func Serve(args []string, out, log io.Writer, change func(settings map[string]string)) error {
	settings, err := parse(args)
	if err != nil {
		return err
	}
	if change != nil {
		change(settings)
	}
	cfg, _, err := config.Load(config.Options{Flags: settings})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return server.Run(ctx, cfg, server.Options{Version: "v-test", Getenv: func(string) string { return "" }, Out: out,
		Log: slog.New(slog.NewTextHandler(log, nil))})
}

// parse turns flags into settings.
func parse(args []string) (map[string]string, error) {
	if len(args)%2 != 1 || args[0] != "serve" {
		return nil, fmt.Errorf("want serve and pairs of flag and value, got %q", args)
	}
	keys := map[string]string{}
	for _, k := range config.Keys() {
		keys["--"+config.FlagName(k.Path)] = k.Path
	}
	settings := map[string]string{}
	for pair := range slices.Chunk(args[1:], 2) {
		key, value := keys[pair[0]], pair[1]
		if pair[0] == "--set" {
			key, value, _ = strings.Cut(value, "=")
		}
		if key == "" {
			return nil, fmt.Errorf("%s is no flag of serve", pair[0])
		}
		settings[key] = value
	}
	return settings, nil
}
