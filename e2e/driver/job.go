package driver

import "sync/atomic"

// Job is one stream that a client is asked to make.
type Job struct {
	ID       string `json:"id"`       // comes back in every note
	Endpoint string `json:"endpoint"` // as a user writes it: http://127.0.0.1:8080, https://localhost
	CA       string `json:"ca"`       // file with the authority to trust; clients that read it at their start have it from there
	Key      string `json:"key"`
	Secret   string `json:"secret"`
	Skew     int    `json:"skew"` // seconds by which the client's clock is wrong

	Language string `json:"language"`
	Encoding string `json:"encoding"`
	Rate     int    `json:"rate"`
	Channels int    `json:"channels"` // above 1: each transcribed on its own
	Session  string `json:"session"`  // UUID
	Resume   int    `json:"resume"`   // minutes of the resume window; 0: none is asked for
	Medical  bool   `json:"medical"`

	Audio  string `json:"audio"`  // file, sent byte by byte as it is
	Skip   int    `json:"skip"`   // bytes at its start that are left out
	Cut    int    `json:"cut"`    // bytes after which the audio ends; 0: all of it
	Chunk  int    `json:"chunk"`  // bytes in an event
	Pause  int    `json:"pause"`  // milliseconds after each event
	Cancel int    `json:"cancel"` // bytes after which the client goes away; 0: never
	Finals int    `json:"finals"` // how many final results must have come before it does
	Lose   bool   `json:"lose"`   // the client goes away by losing its connection, where it can
	Hold   int    `json:"hold"`   // milliseconds between the last audio and the end of it, unless the stream ends before
	Slow   int    `json:"slow"`   // milliseconds in which results are left unread, after the first

	heard *atomic.Int64 // final results so far
}

// The kinds of note.
const (
	Opened = "opened" // the SDK has handed the stream over
	Ended  = "ended"  // the stream is over; the last note of a job
)

// Note is what a client says of a job.
type Note struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Session string   `json:"session,omitempty"` // the session id in the answer, where the SDK gives it
	Request string   `json:"request,omitempty"` // the request id, likewise
	Finals  []Final  `json:"finals,omitempty"`
	Partial int      `json:"partial,omitempty"` // how many partial results came
	Empty   int      `json:"empty,omitempty"`   // how many events without a result
	Error   *Failure `json:"error,omitempty"`   // nil: the stream ended as it should
}

// Final is a final result.
type Final struct {
	Text    string  `json:"text"`
	Start   float64 `json:"start"` // seconds
	End     float64 `json:"end"`
	Channel string  `json:"channel,omitempty"`
}

// Failure is an error as an SDK presents it.
type Failure struct {
	Name    string `json:"name"` // the exception; what the SDK calls it where it is none of the service's
	Message string `json:"message"`
	Status  int    `json:"status,omitempty"` // of HTTP, where the SDK tells
}
