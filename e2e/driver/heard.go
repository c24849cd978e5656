package driver

import "context"

// Heard gathers the results of a stream. It belongs to one goroutine.
type Heard struct {
	Job    Job
	Note   Note
	events int
}

// Event is called for each event, with the number of results in it. After the first it waits as long as the job says, so that
// results queue up before an idle reader.
func (h *Heard) Event(ctx context.Context, results int) {
	if results == 0 {
		h.Note.Empty++
	}
	h.events++
	if h.events == 1 && h.Job.Slow > 0 {
		_ = Wait(ctx, h.Job.Slow) // the stream says that it is over
	}
}

// Result keeps a final result, and counts a partial one.
func (h *Heard) Result(partial bool, f Final) {
	if partial {
		h.Note.Partial++
		return
	}
	h.Note.Finals = append(h.Note.Finals, f)
	h.Job.heard.Add(1)
}

// End returns what was heard.
func (h *Heard) End(f *Failure) Note {
	h.Note.Error = f
	return h.Note
}
