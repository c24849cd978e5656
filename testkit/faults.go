package testkit

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Fault is what goes wrong with a connection.
type Fault uint8

// The faults. Each strikes once, after a number of bytes of one direction.
const (
	NoFault   Fault = iota // pieces and delays only
	Stall                  // nothing passes in the direction for a while
	Silence                // nothing passes any more, in either direction, and nobody is told
	Reset                  // both ends are told by a reset
	HangUp                 // both ends read the end
	HalfClose              // the receiver of the direction reads the end; the other direction goes on
)

var faultNames = [...]string{"none", "stall", "silence", "reset", "hang up", "half-close"}

// String returns the name of the fault.
func (f Fault) String() string {
	if int(f) < len(faultNames) {
		return faultNames[f]
	}
	return fmt.Sprintf("fault %d", uint8(f))
}

// Faults are all faults.
func Faults() []Fault { return []Fault{NoFault, Stall, Silence, Reset, HangUp, HalfClose} }

// Course is what happens in one direction of a connection.
type Course struct {
	Slice   int           // bytes of each of the first pieces, at most; 0: whatever comes
	Latency time.Duration // wait before a piece, at most
	Fault   Fault
	At      int64         // bytes that pass before the fault
	For     time.Duration // how long a Stall lasts
}

// Plan is what happens to a connection. Up is the direction from the client to the server.
type Plan struct {
	Seed     uint64 // of the sizes of pieces, and of delays
	Up, Down Course
}

// String tells the plan in a line.
func (p Plan) String() string {
	return fmt.Sprintf("up %v; down %v", p.Up, p.Down)
}

// String tells the course in few words.
func (c Course) String() string {
	text := "whole"
	if c.Slice > 0 {
		text = fmt.Sprintf("pieces of %d", c.Slice)
	}
	if c.Latency > 0 {
		text += fmt.Sprintf(" after %v", c.Latency)
	}
	if c.Fault != NoFault {
		text += fmt.Sprintf(", %v at %d", c.Fault, c.At)
	}
	if c.Fault == Stall {
		text += fmt.Sprintf(" for %v", c.For)
	}
	return text
}

// longestStall is shorter than anybody's patience.
const longestStall = 400 * time.Millisecond

// NewPlan draws the plan of a connection: the same for the same arguments, on every machine. stream and connection number
// the streams of a run and the connections of a stream. The fault strikes somewhere in the first up bytes of the one direction or in
// the first down bytes of the other, one time in four at the very beginning, where handshakes are.
func NewPlan(seed uint64, stream, connection int, fault Fault, up, down int64) Plan {
	r := rand.New(rand.NewPCG(seed, uint64(stream)<<20|uint64(connection)))
	p := Plan{Seed: r.Uint64(), Up: newCourse(r), Down: newCourse(r)}
	hurt, size := &p.Up, up
	if r.IntN(2) == 0 {
		hurt, size = &p.Down, down
	}
	early := r.IntN(4) == 0
	at := r.Int64N(max(size, 1))
	if early {
		at %= 1000
	}
	if hurt.Fault = fault; fault != NoFault {
		hurt.At = at
	}
	if lasts := time.Duration(r.Int64N(int64(longestStall))); fault == Stall {
		hurt.For = lasts
	}
	return p
}

// newCourse draws sizes and delays. Small pieces are not delayed, for there are many.
func newCourse(r *rand.Rand) Course {
	sizes := [...]int{0, 0, 0, 7, 100, 1500, 9000}
	delays := [...]time.Duration{0, 0, 500 * time.Microsecond, 2 * time.Millisecond}
	c := Course{Slice: sizes[r.IntN(len(sizes))], Latency: delays[r.IntN(len(delays))]}
	if 0 < c.Slice && c.Slice < 1000 {
		c.Latency = 0
	}
	return c
}
