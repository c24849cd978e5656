package subtitle

import (
	"strings"
	"unicode/utf8"
)

// take returns how many tokens make the next cue: of all ways to fill one, the one that ends best.
func (o Options) take(tokens []token) int {
	best, most := 1, -1.0
	room := float64(o.Width * o.Lines)
	filled := 0
	for n := 1; n <= len(tokens); n++ {
		last := &tokens[n-1]
		filled += last.width
		if n > 1 && !last.glue {
			filled++
		}
		if n > 1 && (filled > o.Width*o.Lines || last.end-tokens[0].start > o.Most || o.count(tokens[:n]) > o.Lines) {
			return best
		}
		if n == len(tokens) {
			return n
		}
		next := &tokens[n]
		pause := next.start - last.end
		if pause >= o.Pause || next.speaker != last.speaker {
			return n
		}
		worth := float64(filled)/room + min(pause.Seconds(), 1)
		switch {
		case ends(last.text):
			worth += 1.2
		case clause(last.text):
			worth += 0.5
		}
		if rest := o.rest(tokens[n:]); rest < 20 && !ends(last.text) {
			worth -= 0.4 // a cue of a word or two
		}
		if worth >= most {
			best, most = n, worth
		}
	}
	return best
}

// rest is how wide the tokens are, up to what is long enough not to matter.
func (o Options) rest(tokens []token) int {
	n := 0
	for i := 0; i < len(tokens) && n < o.Width; i++ {
		n += tokens[i].width + 1
	}
	return n
}

// count returns how many lines tokens take when each line is filled.
func (o Options) count(tokens []token) int {
	lines, used := 1, 0
	for i := range tokens {
		need := tokens[i].width
		if used > 0 && !tokens[i].glue {
			need++
		}
		if used > 0 && used+need > o.Width {
			lines, used, need = lines+1, 0, tokens[i].width
		}
		used += need
	}
	return lines
}

// lines breaks the tokens of a cue into as few lines as they take, of about the same length; rather at a mark than elsewhere.
func (o Options) lines(tokens []token) []string {
	var lines []string
	for left := o.count(tokens); left > 1; left-- {
		best, least := 1, 1<<30
		total := o.widthOf(tokens)
		for n := 1; n < len(tokens); n++ {
			w := o.widthOf(tokens[:n])
			if w > o.Width {
				break
			}
			if o.count(tokens[n:]) > left-1 {
				continue
			}
			cost := (w - total/left) * 2
			if cost < 0 {
				cost = -cost
			}
			if clause(tokens[n-1].text) || ends(tokens[n-1].text) {
				cost -= o.Width / 2
			}
			if cost <= least {
				best, least = n, cost
			}
		}
		lines = append(lines, join(tokens[:best]))
		tokens = tokens[best:]
	}
	return append(lines, join(tokens))
}

func (o Options) widthOf(tokens []token) int {
	n := 0
	for i := range tokens {
		n += tokens[i].width
		if i > 0 && !tokens[i].glue {
			n++
		}
	}
	return n
}

func join(tokens []token) string {
	var b strings.Builder
	for i := range tokens {
		if i > 0 && !tokens[i].glue {
			b.WriteByte(' ')
		}
		b.WriteString(tokens[i].text)
	}
	return b.String()
}

// closing are what may stand behind the mark that ends a sentence.
const closing = "\"'”’»)]」』）"

// ends reports whether a sentence ends with the text.
func ends(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text, closing))
	return strings.ContainsRune(".?!…。？！।", r)
}

// clause reports whether a part of a sentence ends with the text.
func clause(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text, closing))
	return strings.ContainsRune(",;:、，；：–—", r)
}
