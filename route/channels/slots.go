package channels

import "github.com/earshot-stt/earshot/stt"

// Slots implements stt.Slotter: a stream of two channels takes two of the inner recognizer's. Where that does not tell, nobody knows of any.
func (r *Recognizer) Slots() (taken, most int) {
	if s, ok := r.inner.(stt.Slotter); ok {
		return s.Slots()
	}
	return 0, 0
}
