package e2e_test

import (
	"github.com/earshot-stt/earshot/e2e/driver"
)

// trial is what every client goes through.
type trial struct {
	name string
	run  func(b *bench)
}

// cases returns all trials. A new one is a line here.
func cases() []trial {
	return []trial{
		{"script", script},
		{"medical", medical},
		{"channels", channels},
		{"bad-secret", refused("talk", driver.Job{Secret: "not-the-secret-that-belongs-to-this-key"},
			"InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")},
		{"unknown-key", refused("talk", driver.Job{Key: "AKIDUNKNOWN"},
			"UnrecognizedClientException", "The security token included in the request is invalid.")},
		{"signed-long-ago", refused("talk", driver.Job{Skew: -900},
			"InvalidSignatureException", "Signature expired: ")},
		{"BadRequest", refused("english", driver.Job{Language: "fr-FR"},
			"BadRequestException", "1 validation error detected: Value 'fr-FR' at 'languageCode' failed to satisfy constraint: Member must satisfy enum value set: [en-US]")},
		{"BadRequest-in-stream", refused("idle", driver.Job{Cut: 16000, Hold: 60_000},
			"BadRequestException", "Your request timed out because no new audio was received for 1 second")},
		{"LimitExceeded", refused("short", driver.Job{Pause: 100},
			"LimitExceededException", "")},
		{"ServiceUnavailable", refused("full", driver.Job{},
			"ServiceUnavailableException", "")},
		{"ServiceUnavailable-in-stream", refused("dies", driver.Job{},
			"ServiceUnavailableException", "")},
		{"InternalFailure", refused("stalls", driver.Job{},
			"InternalFailureException", "")},
		{"Conflict", conflict},
		{"cancel", cancel},
		{"slow-reader", slow},
		{"resume", resume},
		{"lost-in-a-word", lose},
		{"encodings", encoded},
		{"words", recognised}, // the last, because it waits for others
	}
}
