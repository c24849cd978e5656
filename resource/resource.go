package resource

import (
	"context"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Bounds of what an account may keep (developer guide, "Guidelines and quotas").
const (
	MaxContent = 50 << 10 // bytes of one vocabulary or filter
	MaxPhrase  = 256      // characters of a phrase, and of what stands beside it in a table
	MaxName    = 200      // characters of a name
	MaxEach    = 100      // vocabularies, and filters, of an account
	MaxPending = 10       // vocabularies of an account that are being read
)

// Kind tells vocabularies from filters. It is also what stands before the name in an ARN.
type Kind string

// The kinds.
const (
	KindVocabulary Kind = "vocabulary"
	KindFilter     Kind = "vocabulary-filter"
)

// State is how far a vocabulary has come: from Pending to Ready or Failed. A filter is ready from the beginning.
type State string

// The states.
const (
	Pending State = "PENDING" // kept, but not read yet
	Ready   State = "READY"   // streams may use it
	Failed  State = "FAILED"  // there is something wrong with it, which Failure says
)

// FromPhrases is the Source of content that came in the request itself, and not from a file. Its lines are counted without the
// one that names the columns.
const FromPhrases = "phrases"

// Resource is a vocabulary or a filter as it is kept.
type Resource struct {
	Account  string
	Kind     Kind
	Name     string // see [ValidName]
	Language string // as its owner wrote it, such as "en-US"
	State    State
	Failure  string // why the state is Failed; never any of the content
	Source   string // FromPhrases, or the address of the file
	Content  []byte // as [ParseVocabulary] and [ParseFilter] read it; empty while a file is pending
	Created  time.Time
	Modified time.Time
	Tags     map[string]string
}

// Actor is who changes a resource, for the audit log.
type Actor struct {
	Name   string // such as "key:AKID…"; never a secret
	Remote string // the address, or empty
}

// Vocabulary is a vocabulary that can be used.
type Vocabulary struct {
	Name, Language string
	Phrases        []stt.Phrase
}

// Filter is a vocabulary filter that can be used.
type Filter struct {
	Name, Language string
	Words          []string
}

// Source gives what an account has under a name. What it returns is shared and must not be changed. Errors are *stt.Error:
// NotFound for a name that the account has not, Invalid for a vocabulary that is not ready, Unavailable where it cannot be found
// out; NotFound and Invalid name the option, "vocabularies" or "filters". Its methods may be called concurrently.
type Source interface {
	Vocabulary(ctx context.Context, account, name string) (*Vocabulary, error)
	Filter(ctx context.Context, account, name string) (*Filter, error)
}

// ValidName reports whether something can have the name: 1 to MaxName of the characters 0-9 a-z A-Z . _ -.
func ValidName(s string) bool {
	if s == "" || len(s) > MaxName {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
