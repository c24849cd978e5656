package session

import "log/slog"

// damage is what was broken in the middle of a container and has been given as silence. It belongs to the write side; nil: there is
// no container.
type damage struct {
	faults int
	last   error
	told   int // how many faults the log knows of
}

// note takes up one fault.
func (d *damage) note(err error) { d.faults, d.last = d.faults+1, err }

// tell warns in the log, each time that there are twice as many: the caller chooses how many there are.
func (d *damage) tell(log *slog.Logger) {
	if d == nil || d.faults < max(2*d.told, 1) {
		return
	}
	d.told = d.faults
	log.Warn("the audio is damaged; what is lost counts as silence", slog.Int("faults", d.faults), slog.String("last", d.last.Error()))
}
