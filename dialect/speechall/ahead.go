package speechall

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// mostAhead is how much of a file is read before it is wanted, in bytes: two minutes of a telephone's samples, or of a podcast.
const mostAhead = 1 << 20

// ahead reads a body before anybody wants it, up to a bound. What a client sends waits in the connection for as long as the recognizer
// takes, and that the client has gone stands behind it: whoever has read to the end learns of it, others much later.
type ahead struct {
	done chan struct{} // closed when the body is not read any more

	mu      sync.Mutex // guards all below
	changed sync.Cond
	held    bytes.Buffer
	err     error // what the body has ended with
	closed  bool
}

// readAhead begins to read. Somebody must call close.
func readAhead(body io.Reader) *ahead {
	a := &ahead{done: make(chan struct{})}
	a.changed.L = &a.mu
	go func() { // owned by who calls close, which awaits done; ends with the body, or with the next read of it once a is closed
		defer close(a.done)
		for buf := make([]byte, 32<<10); ; {
			n, err := body.Read(buf)
			if !a.put(buf[:n], err) {
				return
			}
		}
	}()
	return a
}

// put keeps what was read, and waits until there is room for more. It reports whether any is wanted.
func (a *ahead) put(data []byte, err error) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held.Write(data)
	a.err = err
	a.changed.Broadcast()
	for a.held.Len() >= mostAhead && err == nil && !a.closed {
		a.changed.Wait()
	}
	return err == nil && !a.closed
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.held.Len() == 0 && a.err == nil && !a.closed {
		a.changed.Wait()
	}
	switch {
	case a.closed:
		return 0, errGone
	case a.held.Len() == 0:
		return 0, a.err
	}
	n, _ := a.held.Read(p) // never fails, since there is something
	a.changed.Broadcast()
	return n, nil
}

// interrupt ends a Read that waits, and all later ones.
func (a *ahead) interrupt() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.changed.Broadcast()
}

// moment is how long a read of a body may go on before it is interrupted.
const moment = 500 * time.Millisecond

// close ends the reading, and returns when the body is not read any more. interrupt ends a read of the body that waits. It is idempotent.
func (a *ahead) close(interrupt func()) {
	a.interrupt()
	// Who is sending just now is done with at the next read; a body that was interrupted may not be read on from.
	bound := time.NewTimer(moment)
	defer bound.Stop()
	select {
	case <-a.done:
	case <-bound.C:
		interrupt()
		<-a.done
	}
}
