package admin

import (
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/stt"
)

// Half a character is refused, because decoders put another in its place.
func TestLoneSurrogates(t *testing.T) {
	for text, at := range map[string]int{
		`"\ud83d\ude00"`: -1, `"\u00e9"`: -1, `"\\ud800"`: -1, `"\\\\ud800"`: -1, `"\n\t\"\/"`: -1, `"ud800"`: -1, `""`: -1,
		`"\ud800"`: 1, `"\uDFFF"`: 1, `"a\ud83dx"`: 2, `"\ud83d\u0041"`: 1, `"\ude00\ud83d"`: 1, `"\\\ud800"`: 3, `"\ud83d\ude00\ud83d"`: 13, `"\ud83d\ud83d\ude00"`: 1,
		`"\ud83d\\ude00"`: 1, `"\ud800`: 1, `"\u12`: -1, `\`: -1,
	} {
		if got := loneSurrogate([]byte(text)); got != at {
			t.Errorf("%s: %d, want %d", text, got, at)
		}
	}
	var in newAPIKey
	if err := decodeStrict([]byte(`{"name":"a\ud800"}`), &in); stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), "half") {
		t.Errorf("%q, %v", in.Name, err)
	}
}
