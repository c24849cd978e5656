package stream

import "github.com/earshot-stt/earshot/stt"

// input is the audio that waits for the worker, with the places where a flush was asked for.
type input struct {
	buf     []byte
	head    int   // buf[head:] waits
	taken   int64 // bytes read so far
	flushes []int64
}

// keepCap is the buffer kept while a stream is idle; a larger one goes back to the garbage collector when empty.
const keepCap = 8 << 10

func (q *input) len() int { return len(q.buf) - q.head }

func (q *input) append(data []byte) {
	// Move what waits to the front instead of growing, when at least half of the buffer has been read.
	if len(q.buf)+len(data) > cap(q.buf) && q.head >= cap(q.buf)/2 {
		q.buf = q.buf[:copy(q.buf, q.buf[q.head:])]
		q.head = 0
	}
	q.buf = append(q.buf, data...)
}

// maxFlushes is how many flushes may wait for the worker.
const maxFlushes = 64

// mark remembers a flush after the last byte, or returns false when there is no room.
func (q *input) mark() bool {
	if len(q.flushes) >= maxFlushes {
		return false
	}
	q.flushes = append(q.flushes, q.taken+int64(q.len()))
	return true
}

func (q *input) drop() { *q = input{taken: q.taken + int64(q.len())} }

// take implements Core.Read; ok is false when the worker has to wait.
func (q *input) take(buf []byte, atLeast int, ended bool) (n int, m Mark, ok bool) {
	avail := q.len()
	if len(q.flushes) > 0 {
		avail = int(q.flushes[0] - q.taken)
	}
	n = min(avail, len(buf))
	last := n == avail // the next mark, if any, stands right behind
	switch {
	case last && len(q.flushes) > 0:
		m = Flush
		q.flushes = q.flushes[1:]
	case last && ended:
		m = End
	case n < atLeast || n == 0:
		return 0, More, false
	}
	copy(buf, q.buf[q.head:q.head+n])
	q.head += n
	q.taken += int64(n)
	if q.len() == 0 {
		q.buf, q.head = q.buf[:0], 0
		if cap(q.buf) > keepCap {
			q.buf = nil
		}
	}
	return n, m, true
}

// output is the events that wait for the receiver.
type output struct {
	events   []stt.Event
	head     int        // events[head:] waits
	progress []stt.Time // by channel, as said so far
}

// keepEvents is the queue kept while a stream is idle; a longer one goes back to the garbage collector when empty.
const keepEvents = 4

func (q *output) len() int { return len(q.events) - q.head }

// push adds ev, whose channel has been checked, or returns false when there is no room.
func (q *output) push(ev stt.Event, limit int) bool {
	if ev.Kind == stt.EventProgress && ev.At <= q.progress[ev.Channel] {
		return true
	}
	switch n := len(q.events); {
	case q.len() > 0 && supersedes(&ev, &q.events[n-1]):
		q.events[n-1] = ev
	case q.len() >= limit:
		return false
	default:
		q.append(ev)
	}
	if ev.Kind == stt.EventProgress {
		q.progress[ev.Channel] = ev.At
	}
	return true
}

func (q *output) append(ev stt.Event) {
	if n := len(q.events); n == cap(q.events) && q.head > n/2 {
		q.events = q.events[:copy(q.events, q.events[q.head:])]
		clear(q.events[len(q.events):n])
		q.head = 0
	}
	q.events = append(q.events, ev)
}

// supersedes reports whether nobody needs to see last any more once ev is known. Only neighbours are compared, so
// nothing overtakes anything: progress stays behind the segments that it declares decided. A final leaves the last
// partial alone, so that a model with interim results shows some of each segment, however slow the receiver is.
func supersedes(ev, last *stt.Event) bool {
	if ev.Kind != last.Kind || ev.Channel != last.Channel {
		return false
	}
	switch ev.Kind {
	case stt.EventProgress:
		return true
	case stt.EventSegment:
		return !last.Segment.Final && !ev.Segment.Final && ev.Segment.ID == last.Segment.ID
	default:
		return false
	}
}

// complete says the progress that is still due at the end of the audio. It may exceed the limit by one event a channel.
func (q *output) complete(end stt.Time) {
	for ch, said := range q.progress {
		if said < end {
			q.push(stt.Event{Kind: stt.EventProgress, Channel: ch, At: end}, q.len()+1)
		}
	}
}

func (q *output) pop() (stt.Event, bool) {
	if q.len() == 0 {
		return stt.Event{}, false
	}
	ev := q.events[q.head]
	q.events[q.head] = stt.Event{} // the receiver owns it now
	q.head++
	if q.len() == 0 {
		q.events, q.head = q.events[:0], 0
		if cap(q.events) > keepEvents {
			q.events = nil
		}
	}
	return ev, true
}

func (q *output) drop() { q.events, q.head = nil, 0 }
