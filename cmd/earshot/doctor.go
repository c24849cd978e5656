package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/engine/pocketsphinx"
	"github.com/earshot-stt/earshot/server"
	"github.com/earshot-stt/earshot/server/datadir"
	"github.com/earshot-stt/earshot/server/localca"
)

type doctorCmd struct {
	stateFlags
	Set map[string]string `placeholder:"KEY=VALUE" mapsep:"none" help:"A key of the configuration; may be repeated."`
}

// finding is one thing that was looked at.
type finding struct {
	what   string
	ok     bool
	detail string // what was found, or what is wrong and what to do
}

// Run prints what it finds and fails when something has to be mended.
func (c *doctorCmd) Run(env *environment) error {
	flags := map[string]string{}
	maps.Copy(flags, c.Set)
	maps.Copy(flags, c.stateFlags.flags())
	all := []finding{{"version", true, fmt.Sprintf("%s, %s %s/%s", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)}}
	cfg, info, err := loadConfig(c.Config, flags)
	if err != nil {
		all = append(all, finding{"configuration", false, err.Error()})
		cfg = config.Default()
	} else {
		all = append(all, finding{"configuration", true, "engine " + cfg.Engine})
	}
	all = append(append(all, engineFindings(env, cfg)...), ffmpegFinding(cfg))
	all = append(all, folderFindings(env, cfg, info)...)
	folder, _ := datadir.Resolve(cfg.Data, env.getenv)
	all = append(all, storeFindings(env, cfg, folder)...)
	all = append(all, portFinding(env, "plain port", "listen", cfg.Listen, folder), portFinding(env, "TLS port", "tls.listen", cfg.TLS.Listen, folder))
	all = append(append(all, certificateFindings(cfg)...), consoleFinding(cfg, folder), clockFinding())
	bad := 0
	for _, f := range all {
		mark := "ok  "
		if !f.ok {
			mark = "FAIL"
			bad++
		}
		fmt.Fprintf(env.out, "%s  %-14s %s\n", mark, f.what, strings.ReplaceAll(f.detail, "\n", "\n                      "))
	}
	if bad > 0 {
		fmt.Fprintf(env.out, "\n%d of %d to mend.\n", bad, len(all))
		return errReported
	}
	fmt.Fprintln(env.out, "\nAll is well.")
	return nil
}

// engineFindings looks at the engine that would answer.
func engineFindings(env *environment, cfg *config.Config) []finding {
	if cfg.Engine != "pocketsphinx" {
		r, err := server.OpenRecognizer(env.ctx, cfg, env.getenv)
		if err != nil {
			return []finding{{"engine", false, err.Error()}}
		}
		if c, ok := r.(io.Closer); ok {
			c.Close()
		}
		return []finding{{"engine", true, cfg.Engine}}
	}
	driver := pocketsphinx.Driver()
	values, err := driver.Resolve(cfg.Engines["pocketsphinx"], env.getenv)
	if err != nil {
		return []finding{{"engine", false, err.Error()}}
	}
	var all []finding
	for _, f := range pocketsphinx.Check(values) {
		all = append(all, finding{f.What, f.OK, f.Detail})
	}
	return all
}

// ffmpegFinding says which files can be read. A server without ffmpeg is well, but whoever sends it an MP3 wants to know why not.
func ffmpegFinding(cfg *config.Config) finding {
	if cfg.FFmpeg.Program == "" {
		return finding{"files", true, "WAV, FLAC and Opus only: ffmpeg.program is off"}
	}
	program, err := server.FFmpeg(cfg)
	if err == nil {
		return finding{"files", true, "WAV, FLAC and Opus; MP3, MP4, WebM and others through " + program.Path()}
	}
	return finding{"files", true, "WAV, FLAC and Opus only; for MP3, MP4, WebM and others " + strings.TrimPrefix(err.Error(), "ffmpeg: ")}
}

// portFinding says whether a server could listen, or that the one of the data folder does.
func portFinding(env *environment, what, key, address, folder string) finding {
	if address == "" {
		return finding{what, true, "off"}
	}
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
		return finding{what, true, address + " is free"}
	}
	scheme := "http"
	if key == "tls.listen" {
		scheme = "https"
	}
	switch earshot := answers(env.ctx, scheme+"://"+address); {
	case earshot && !inUse(folder):
		return finding{what, false, fmt.Sprintf("%s: an earshot server is running there, but not with the data folder %s: give --data DIR to look at its own, or set --%s to another address", address, folder, config.FlagName(key))}
	case earshot:
		return finding{what, true, address + ": an earshot server is running there and is well"}
	}
	var cause *os.SyscallError
	if errors.As(err, &cause) {
		err = cause.Err // the address stands before it already
	}
	return finding{what, false, fmt.Sprintf("%s cannot be listened on (%v): end the program that has it, or set --%s to another address", address, err, config.FlagName(key))}
}

// answers reports whether an earshot server answers at an address.
func answers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/", nil)
	if err != nil {
		return false
	}
	// Nothing is sent that has to be kept from others, and the certificate may be of an authority that nobody knows.
	insecure := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: insecure}}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	greeting, err := io.ReadAll(io.LimitReader(resp.Body, 256))
	return err == nil && resp.StatusCode == http.StatusOK && strings.HasPrefix(string(greeting), "Earshot ")
}

// certificateFindings looks at the operator's certificate, if there is one.
func certificateFindings(cfg *config.Config) []finding {
	if cfg.TLS.Cert == "" || cfg.TLS.Listen == "" {
		return nil
	}
	files, err := localca.OpenFiles(cfg.TLS.Cert, cfg.TLS.Key, localca.FilesOptions{})
	if err != nil {
		return []finding{{"certificate", false, err.Error()}}
	}
	until := files.Leaf().NotAfter.UTC().Format("2006-01-02 15:04 UTC")
	if time.Now().After(files.Leaf().NotAfter) {
		return []finding{{"certificate", false, cfg.TLS.Cert + " expired on " + until + ": get a new one; it is taken up while the server runs"}}
	}
	return []finding{{"certificate", true, cfg.TLS.Cert + ", good until " + until}}
}

// consoleFinding says where the web console is, and what browsers ask for before they hand out the microphone: HTTPS, or the machine itself.
func consoleFinding(cfg *config.Config, folder string) finding {
	const what = "console"
	at, running := server.ConsoleAddress(cfg, folder)
	switch {
	case at == "":
		return finding{what, true, "off, for nothing is listened on"}
	case !running || !inUse(folder):
		at += " when the server runs"
	}
	text := at + "; \"earshot console\" prints a link that signs in"
	switch u, err := url.Parse(at); {
	case err != nil || u.Scheme == "https":
	case u.Hostname() == "localhost" && cfg.AllowPlain && cfg.TLS.Listen == "":
		text += "\nBrowsers on other machines get no microphone and no sign-in over plain HTTP: set --tls-listen, or list the names of the proxy that speaks TLS in --public-hosts"
	case u.Hostname() == "localhost":
		text += "\nBrowsers on other machines need https:// for the microphone and for signing in"
	default:
		return finding{what, false, text + "\nBrowsers give the microphone, and keep anybody signed in, over https:// or at localhost only: set --tls-listen, or list the names of the proxy that speaks TLS in --public-hosts"}
	}
	return finding{what, true, text}
}

// clockFinding looks at the clock, because signatures are good for minutes only.
func clockFinding() finding {
	now := time.Now().UTC()
	text := now.Format("2006-01-02 15:04:05 UTC")
	if now.Year() < 2026 {
		return finding{"clock", false, text + " is in the past: set the clock, for signatures are refused when clocks differ by 5 minutes"}
	}
	var tx syscall.Timex
	const unsynchronised = 5 // TIME_ERROR, adjtimex(2)
	if state, err := syscall.Adjtimex(&tx); err == nil && state == unsynchronised {
		return finding{"clock", true, text + "; not synchronised by NTP: signatures are refused when the clocks of client and server differ by more than 5 minutes"}
	}
	return finding{"clock", true, text}
}
