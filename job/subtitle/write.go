package subtitle

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// AppendSRT appends cues as SubRip, numbered from first on; a file begins with 1.
func AppendSRT(dst []byte, cues []Cue, first int) []byte {
	for i := range cues {
		if i > 0 || first > 1 {
			dst = append(dst, '\n')
		}
		dst = strconv.AppendInt(dst, int64(first+i), 10)
		dst = append(dst, '\n')
		dst = appendTimes(dst, &cues[i], ',')
		for _, line := range cues[i].Lines {
			dst = append(append(dst, line...), '\n')
		}
	}
	return dst
}

// HeaderVTT is what a file of WebVTT begins with.
const HeaderVTT = "WEBVTT\n"

// AppendVTT appends cues as WebVTT, which a file begins with [HeaderVTT].
func AppendVTT(dst []byte, cues []Cue) []byte {
	for i := range cues {
		dst = append(dst, '\n')
		dst = appendTimes(dst, &cues[i], '.')
		for _, line := range cues[i].Lines {
			dst = append(append(dst, escape.Replace(line)...), '\n')
		}
	}
	return dst
}

// escape and unescape are for characters that mean something in WebVTT.
var (
	escape   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	unescape = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")
)

func appendTimes(dst []byte, c *Cue, point byte) []byte {
	dst = appendTime(dst, c.Start, point)
	dst = append(dst, " --> "...)
	return append(appendTime(dst, c.End, point), '\n')
}

func appendTime(dst []byte, t time.Duration, point byte) []byte {
	ms := max(t, 0).Milliseconds()
	return fmt.Appendf(dst, "%02d:%02d:%02d%c%03d", ms/3600000, ms/60000%60, ms/1000%60, point, ms%1000)
}
