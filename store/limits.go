package store

import "time"

// Limits are what a key or an account may use. Zero means: no limit of its own.
type Limits struct {
	Streams    int           `json:"streams,omitempty"`     // at the same time
	Rate       float64       `json:"rate,omitempty"`        // requests a second, on average
	Burst      int           `json:"burst,omitempty"`       // requests at once
	DayAudio   time.Duration `json:"day_audio,omitempty"`   // audio in one day, UTC
	MonthAudio time.Duration `json:"month_audio,omitempty"` // audio in one calendar month, UTC
	WarnOnly   bool          `json:"warn_only,omitempty"`   // what goes beyond the audio is told and not refused
}

// check says which limit makes no sense.
func (l Limits) check() error {
	const most = 1_000_000_000
	switch {
	case l.Streams < 0 || l.Streams > most:
		return invalidNumber("limits.streams", int64(l.Streams), "0 to 1000000000")
	case !(l.Rate >= 0 && l.Rate <= most): // NaN too
		return invalid("limits.rate", "expected a number of requests a second from 0 to 1000000000")
	case l.Burst < 0 || l.Burst > most:
		return invalidNumber("limits.burst", int64(l.Burst), "0 to 1000000000")
	case l.DayAudio < 0:
		return invalid("limits.day_audio", "expected a length of time, 0 or more")
	case l.MonthAudio < 0:
		return invalid("limits.month_audio", "expected a length of time, 0 or more")
	}
	return nil
}
