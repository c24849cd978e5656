package store

import (
	"strings"
	"testing"
)

// Names hold what is seen, and nothing that makes two of them look alike or turns the text around them.
func TestNames(t *testing.T) {
	for _, r := range []rune{0, '\n', '\r', '\t', 0x1b, 0x7f, 0x85, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x180e, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e,
		0x2060, 0x2064, 0x2066, 0x2069, 0x206f, 0x2800, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0xe0001, 0xe0041} {
		if checkName("name", "a"+string(r)+"b", maxName) == nil {
			t.Errorf("%U is taken", r)
		}
	}
	for _, name := range []string{"می\u200cخواهم", "👩\u200d👩\u200d👧", "क\u094d\u200dष", "\u0600١٢٣", "e\u0301", "a b", "🏳️\u200d🌈", "日本語", "ﷺ"} {
		if err := checkName("name", name, maxName); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := checkName("name", "a\u200eb", maxName); err == nil || !strings.HasSuffix(err.Error(), "at byte 1 there is U+200E") {
		t.Error(err)
	}
}
