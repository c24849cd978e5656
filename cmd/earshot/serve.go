package main

import (
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/server"
)

// serveCmd runs the server. Its flags are made from the table of configuration keys, so that every key has one.
type serveCmd struct {
	kong.Plugins               // flags
	flags        reflect.Value `kong:"-"` // pointer to a struct with a field for each key, and File
	keys         []config.Key  `kong:"-"`
}

func newServeCmd() serveCmd {
	fields := []reflect.StructField{{Name: "File", Type: reflect.TypeFor[string](),
		Tag: `name:"config" type:"path" placeholder:"FILE" env:"EARSHOT_CONFIG" help:"Configuration file in YAML; its manual is config/earshot.yaml."`}}
	keys := config.Keys()
	for i, k := range keys {
		kind, extra := reflect.TypeFor[*string](), fmt.Sprintf(`placeholder:%q `, placeholder(k))
		if k.Default == "true" || k.Default == "false" {
			kind, extra = reflect.TypeFor[*bool](), `negatable:"" `
		}
		help := k.Help
		if k.Default != "" {
			help += " Default: " + k.Default + "."
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("Key%d", i), Type: kind,
			Tag: reflect.StructTag(fmt.Sprintf(`name:%q %shelp:%q`, config.FlagName(k.Path), extra, plain(help)))})
	}
	fields = append(fields, reflect.StructField{Name: "Set", Type: reflect.TypeFor[map[string]string](),
		Tag: `name:"set" placeholder:"KEY=VALUE" mapsep:"none" help:"Any other key, such as engines.pocketsphinx.slots=4; may be repeated."`})
	flags := reflect.New(reflect.StructOf(fields))
	return serveCmd{Plugins: kong.Plugins{flags.Interface()}, flags: flags, keys: keys}
}

// plain keeps help texts clear of the characters that struct tags and kong give a meaning to.
func plain(s string) string {
	return strings.NewReplacer("`", "'", "${", "$ {", "\n", " ").Replace(s)
}

func placeholder(k config.Key) string {
	if k.Default != "" {
		return plain(k.Default)
	}
	return strings.ToUpper(k.Path[strings.LastIndexByte(k.Path, '.')+1:])
}

// given returns the flags that were given, by key path, and the configuration file.
func (c *serveCmd) given() (file string, flags map[string]string) {
	v := c.flags.Elem()
	flags = map[string]string{}
	for i, k := range c.keys {
		switch f := v.FieldByName(fmt.Sprintf("Key%d", i)).Interface().(type) {
		case *string:
			if f != nil {
				flags[k.Path] = *f
			}
		case *bool:
			if f != nil {
				flags[k.Path] = fmt.Sprint(*f)
			}
		}
	}
	for key, value := range v.FieldByName("Set").Interface().(map[string]string) {
		flags[key] = value
	}
	return v.FieldByName("File").String(), flags
}

// Run serves until a signal comes.
func (c *serveCmd) Run(env *environment) error {
	file, flags := c.given()
	cfg, info, err := loadConfig(file, flags)
	if err != nil {
		return err
	}
	log := newLog(cfg, env.errOut)
	for _, w := range info.Warnings {
		log.Warn("configuration", slog.String("warning", w))
	}
	log.Info("starting", slog.String("version", versionText()), slog.String("engine", cfg.Engine))
	return server.Run(env.ctx, cfg, server.Options{Version: versionText(), Sources: info, Getenv: env.getenv, Out: env.out, Log: log})
}

func loadConfig(file string, flags map[string]string) (*config.Config, *config.Info, error) {
	return config.Load(config.Options{File: file, Environ: os.Environ(), Flags: flags, Secret: server.SecretOption})
}

func newLog(cfg *config.Config, w *os.File) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == config.LogJSON {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
