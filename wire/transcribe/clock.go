package transcribe

import (
	"fmt"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// How the service begins what it says of dates that are too far away; the dates follow.
const (
	textExpired = "Signature expired"
	textNotYet  = "Signature not yet current"
)

// Late refuses a signed message that came further from its date than limit, which Amazon has at five minutes: *stt.Error
// Malformed in the service's words. came is when it came; of the time between, waited was not the client's doing, because
// its audio was so long not taken. Amazon counts that too, so that an upload faster than real time fails there.
func Late(date, came time.Time, waited, limit time.Duration) error {
	var msg string
	switch age := came.Sub(date); {
	case age-waited > limit:
		msg = fmt.Sprintf("%s: %s is now earlier than %s (%s - %s.)", textExpired, stamp(date), stamp(came.Add(-limit)), stamp(came), inMinutes(limit))
	case -age > limit:
		msg = fmt.Sprintf("%s: %s is still later than %s (%s + %s.)", textNotYet, stamp(date), stamp(came.Add(limit)), stamp(came), inMinutes(limit))
	default:
		return nil
	}
	return &stt.Error{Code: stt.Malformed, Op: "receive", Msg: msg}
}

// stamp writes a time as signatures do.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// inMinutes writes a duration as the service does: "5 min".
func inMinutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d sec", d/time.Second)
}
