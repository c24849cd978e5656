package main

import (
	"context"
	"io"
)

// patient is a reader whose Read can be interrupted, for input that may never come: a terminal, a pipe.
type patient struct {
	ctx  context.Context
	want chan int    // how much to read at most
	got  chan answer // what came
}

type answer struct {
	data []byte
	err  error
}

func newPatient(ctx context.Context, r io.Reader) *patient {
	p := &patient{ctx: ctx, want: make(chan int), got: make(chan answer, 1)}
	go func() { // owned by the process: a read that waits cannot be ended, and so ends with it at the latest
		for {
			select {
			case n := <-p.want:
				buf := make([]byte, n)
				n, err := r.Read(buf)
				p.got <- answer{buf[:n], err}
			case <-ctx.Done():
				return
			}
		}
	}()
	return p
}

// Read implements io.Reader. It fails with the context's error when that is done first.
func (p *patient) Read(b []byte) (int, error) {
	select {
	case p.want <- len(b):
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
	select {
	case a := <-p.got:
		return copy(b, a.data), a.err
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}
