//go:build pocketsphinx

package pocketsphinx

// Slots implements stt.Slotter.
func (r *Recognizer) Slots() (taken, most int) {
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	return r.gate.taken, r.gate.slots
}
