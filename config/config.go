package config

import (
	_ "embed"
	"log/slog"
	"time"
)

// Manual is a configuration file with every key, its default and what it means.
//
//go:embed earshot.yaml
var Manual string

// Config is the configuration of a server. Get one from [Default] or [Load]: the zero value has every listener off. The
// fields are explained where operators read about them, in earshot.yaml; here stands what code must know besides.
type Config struct {
	Listen string // host:port of plain HTTP; empty: off
	TLS    TLS
	Data   string // as set; empty: the place is yet to be found
	Store  string // URL, which may hold a password; empty: SQLite in the data folder

	MasterKeyFile string // as set; empty: in the data folder
	AdminListen   string // host:port of plain HTTP for administrators; empty: off
	AllowPlain    bool
	PublicHosts   []string // host or host:port, as written; nil: the Host as received
	Log           Log
	Grace         time.Duration // 0 or more
	Engine        string        // a name that can stand in Engines
	// Engines holds options by engine name and option name, as text and unchecked; nil when there are none. Lists of
	// records are what stt.FormatRecords writes.
	Engines      map[string]map[string]string
	Limits       Limits
	Transcribe   Transcribe
	Speechall    Speechall
	FFmpeg       FFmpeg
	Vocabularies Vocabularies
	Features     Features
}

// TLS is where HTTPS is spoken, and as whom.
type TLS struct {
	Listen string // host:port; empty: off
	Cert   string // path of PEM certificates, leaf first; set exactly when Key is
	Key    string // path of the PEM key
}

// Log says what is logged and how.
type Log struct {
	Level  slog.Level
	Format LogFormat
}

// LogFormat is the form of log lines.
type LogFormat string

// The log formats.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Limits bounds what one stream and all of them may take.
type Limits struct {
	Idle    time.Duration // without audio; 0: off
	Stream  time.Duration // length of a stream; 0: off
	Lag     time.Duration // behind the audio received; above 0
	Finish  time.Duration // for finals after the end of audio; above 0
	Streams int           // concurrent; 0: any number
	Hold    time.Duration // of the stream of a client that may come back; 0: not at all
	Refused int           // refused sockets open at a time; 0 or more
	Message Size          // largest message of a client, 1 KiB to 1 GiB

	Connections    int // open at a time on all listeners; 0: any number
	AccountStreams int // concurrent, of one access key; 0: any number
}

// Transcribe is what only the Amazon Transcribe protocol has.
type Transcribe struct {
	Oversize     Oversize
	VerifyChunks bool          // look at the signatures of messages
	ChunkAge     time.Duration // of the date of a signed message; 0: any
}

// Oversize says what becomes of audio events of more than one second.
type Oversize string

// The ways to treat oversized audio events.
const (
	OversizeSplit  Oversize = "split"  // taken, in pieces
	OversizeRefuse Oversize = "refuse" // the stream fails, as at Amazon
)

// Speechall is what only Speechall's protocol and OpenAI's have.
type Speechall struct {
	Aliases  []string // NAME=MODEL; nil: none
	Compat   bool
	MaxFile  Size          // 1 KiB to 1 TiB
	MaxAudio time.Duration // above 0
	Idle     time.Duration // without audio; 0: off
	Origins  []string      // of web pages, or "*"; nil: none
	SpoolDir string        // empty: the system's for temporary files
	MaxSpool Size          // 1 MiB to 1 TiB

	FetchAllow []string      // networks as netip.Prefix writes them, without bits beyond their length; nil: none
	FetchTime  time.Duration // above 0
}

// FFmpeg is how the program of that name decodes what we do not.
type FFmpeg struct {
	Program   string        // name or path; empty: none
	Memory    Size          // of a process; 32 MiB to 1 TiB
	Time      time.Duration // of a processor, for a process; 1 s or more
	Processes int           // at a time; above 0
}

// Vocabularies says where vocabularies and filters may be read from besides the request.
type Vocabularies struct {
	ImportDir      string   // empty: no files
	Buckets        []string // prefixes s3://bucket/…; nil: none
	BucketEndpoint string   // URL; empty: Amazon's
}

// Features switches the rewrites of this server on and off.
type Features struct {
	Punctuate bool
}

// Default returns the configuration without file, environment and flags.
func Default() *Config {
	c := &Config{}
	for i := range table {
		k := &table[i]
		if !k.set(c, k.Default) {
			panic("config: the default of " + k.Path + " is not what it should be: " + k.Want) // kept true by a test
		}
	}
	return c
}
