package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/earshot-stt/earshot/stt"
)

// version is set by the build.
var version = ""

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// cli is the command line. Commands have a method Run(*environment) error.
type cli struct {
	Serve       serveCmd       `cmd:"" help:"Run the server."`
	Transcribe  transcribeCmd  `cmd:"" help:"Turn recordings into text, here or on a server."`
	Presign     presignCmd     `cmd:"" help:"Print an address to stream to, signed with your key."`
	ExplainURL  explainCmd     `cmd:"" name:"explain-url" help:"Say why a signed address or request is refused."`
	Console     consoleCmd     `cmd:"" help:"Print a link that signs in to the web console, once."`
	Accounts    accountsCmd    `cmd:"" help:"Manage accounts, which own keys and have limits and a bill."`
	Users       usersCmd       `cmd:"" help:"Manage the people of accounts."`
	Keys        keysCmd        `cmd:"" help:"Manage access keys, for clients that sign as AWS SDKs do."`
	APIKeys     apiKeysCmd     `cmd:"" name:"api-keys" help:"Manage API keys, for clients that send the key itself."`
	AdminTokens adminTokensCmd `cmd:"" name:"admin-tokens" help:"Manage the tokens of the administration over HTTP."`
	Usage       usageCmd       `cmd:"" help:"Print what has been used and what it costs."`
	Sessions    sessionsCmd    `cmd:"" help:"List and end the open streams of a server."`
	Audit       auditCmd       `cmd:"" help:"List administrative changes: who did what."`
	Store       storeCmd       `cmd:"" help:"Back up, restore and check accounts, keys, vocabularies and usage."`
	Policy      policyCmd      `cmd:"" help:"Check policies, which say what access keys may do."`
	Doctor      doctorCmd      `cmd:"" help:"Check this installation and say how to mend what is wrong."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// environment is the world a command runs in.
type environment struct {
	ctx    context.Context
	in     io.Reader
	out    *os.File
	errOut *os.File
	getenv func(string) string
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := interruptible(os.Stderr)
	defer stop()
	if os.Getenv("EARSHOT_CONFIG") == "" {
		_ = os.Unsetenv("EARSHOT_CONFIG") // set to nothing it is as if it were not set, and no path
	}
	env := &environment{ctx: ctx, in: os.Stdin, out: os.Stdout, errOut: os.Stderr, getenv: os.Getenv}
	commands := cli{Serve: newServeCmd()}
	code := -1
	parser, err := kong.New(&commands, kong.Name("earshot"), kong.Description("Speech to text on your own machine, for applications written for Amazon Transcribe and others."),
		kong.Exit(func(c int) { code = c }), kong.Writers(env.out, env.errOut), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(env.errOut, "earshot:", err)
		return exitFailed
	}
	parsed, err := parser.Parse(usual(args))
	if code >= 0 { // help was asked for
		return code
	}
	if err != nil {
		fmt.Fprintf(env.errOut, "earshot: %v\nRun \"earshot --help\" for the commands, \"earshot COMMAND --help\" for their options.\n", err)
		return exitUsage
	}
	return report(env, parsed.Run(env))
}

// interruptible returns a context that is done with the first signal, which asks everything to end in order. A second one ends the process at once,
// also where it was started with the signal ignored, as shells start what runs in the background: then the system would not end it.
func interruptible(errOut io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // owned by the process, and ends with it
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(errOut, "earshot: ended at once, at the second signal")
		os.Exit(exitInterrupted)
	}()
	return ctx, cancel
}

// usual returns what people mean who try what other programs understand.
func usual(args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case args[0] == "--version" || args[0] == "-v":
		return append([]string{"version"}, args[1:]...)
	}
	// A negative number is the value of the flag before it, and no flag: so that whoever takes the value can say what is wrong with it.
	negative := regexp.MustCompile(`^-[0-9.]+$`)
	var joined []string
	for _, a := range args {
		if last := len(joined) - 1; negative.MatchString(a) && last >= 0 && strings.HasPrefix(joined[last], "--") && !strings.Contains(joined[last], "=") {
			joined[last] += "=" + a
			continue
		}
		joined = append(joined, a)
	}
	return joined
}

// report prints an error as its reader needs it.
func report(env *environment, err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case env.ctx.Err() != nil && (errors.Is(err, context.Canceled) || stt.CodeOf(err) == stt.Canceled):
		fmt.Fprintln(env.errOut, "earshot: interrupted")
		return exitInterrupted
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(env.errOut, "earshot:", line)
	}
	if stt.CodeOf(err) == stt.Invalid {
		return exitUsage
	}
	return exitFailed
}

// errReported ends a command that has said already what is wrong.
var errReported = errors.New("reported")

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(env *environment) error {
	fmt.Fprintln(env.out, "earshot", versionText())
	return nil
}

// versionText returns the version that was stamped in, or what the Go toolchain knows of the source.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return info.Main.Version
}
