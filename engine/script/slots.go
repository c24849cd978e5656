package script

// Slots implements stt.Slotter.
func (r *Recognizer) Slots() (taken, most int) { return int(r.open.Load()), max(r.opts.Slots, 0) }
