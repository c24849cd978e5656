package stt

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Error is the error of everything in Earshot that a caller may see.
type Error struct {
	Code   Code
	Op     string // what was being done, such as "open" or "send"
	Option string // the option at fault, in the vocabulary of whoever set it; empty: none
	Want   string // what would have been right
	Got    string // what came instead, where it may be repeated: never a secret
	// Msg is a sentence for the caller: lower case, without a secret, saying what to do where something can be done.
	Msg string
	// Peer is who said it ("amazon"), or empty when we did.
	Peer string
	// PeerCode is the peer's own code ("LimitExceededException").
	PeerCode string
	// RetryAfter is how long to wait before trying again; 0: unknown.
	RetryAfter time.Duration
	// Err is the cause. It is for logs: it is not sent to callers.
	Err error
}

// Error returns the operation, the message, who said it and the cause.
func (e *Error) Error() string {
	s := e.Msg
	if s == "" {
		s = e.Code.String()
	}
	if e.Peer != "" {
		code := e.PeerCode
		if code != "" {
			code = " " + code
		}
		s = e.Peer + code + ": " + s
	}
	if e.Op != "" {
		s = e.Op + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an error with a code and a message for the caller.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// InvalidOption returns an [Invalid] error for a value that an option does not take.
func InvalidOption(option, got, want string) *Error {
	return &Error{Code: Invalid, Option: option, Want: want, Got: got,
		Msg: "option " + quote(option) + " is " + quote(got) + "; expected " + want}
}

// AsError returns err as an *Error: itself or the one it wraps, else one whose code is taken from the context errors, else
// one with code [Internal] and err as its cause. It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		if e == nil { // a bug of the caller's, and no reason to report success or to panic in its text
			return &Error{Code: Internal, Msg: "internal error", Err: errors.New("a nil *stt.Error was returned as an error")}
		}
		return e
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: DeadlineExceeded, Msg: "the time allowed is over", Err: err}
	case errors.Is(err, context.Canceled):
		return &Error{Code: Canceled, Msg: "canceled", Err: err}
	default:
		return &Error{Code: Internal, Msg: "internal error", Err: err}
	}
}

// CodeOf returns the code of err; see [AsError]. It returns 0 for nil.
func CodeOf(err error) Code {
	if e := AsError(err); e != nil {
		return e.Code
	}
	return 0
}

// Code says what kind of thing went wrong. Every protocol maps codes to its own words in one table.
type Code uint8

// The codes. There is no code 0.
const (
	Invalid          Code = iota + 1 // the request is wrong; Option and Want say how
	Malformed                        // bytes that are not what they should be: a frame, audio
	Unsupported                      // understood, but not offered here
	Unauthenticated                  // no credentials, or wrong ones
	Denied                           // known, but not allowed
	Expired                          // a signature or address that was valid once
	NotFound                         // a name that is not known
	Conflict                         // another stream has the same session
	Quota                            // the account has used up what it may
	Exhausted                        // no capacity free now
	Idle                             // no audio for too long
	TooLong                          // the stream has lasted too long
	Closed                           // used after its end
	Canceled                         // the caller went away or gave up
	DeadlineExceeded                 // the other side did not end in time
	Unavailable                      // the other side died and nothing could take over
	Internal                         // a bug
)

var codeNames = [...]string{"ok", "invalid", "malformed", "unsupported", "unauthenticated", "denied", "expired", "not-found",
	"conflict", "quota", "exhausted", "idle", "too-long", "closed", "canceled", "deadline-exceeded", "unavailable", "internal"}

// String returns the name of the code, such as "not-found".
func (c Code) String() string { return nameOf(codeNames[:], uint8(c)) }

// Codes returns all codes, in order. Tables that must have an entry for each are tested with it.
func Codes() []Code {
	all := make([]Code, 0, len(codeNames)-1)
	for c := Invalid; c <= Internal; c++ {
		all = append(all, c)
	}
	return all
}

func quote(s string) string { return strconv.Quote(s) }
