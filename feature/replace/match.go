package replace

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// program is a compiled pattern. It is immutable once its rule has been made.
//
// Patterns mean what they mean in package regexp, whose parser and compiler they pass; they are run here because nothing can stop that
// package, and to find all matches in a text it may take a time that grows with the square of its length.
type program struct {
	code   []syntax.Inst
	start  uint32
	begin  bool       // it matches nowhere but at the beginning of the text
	first  *[128]bool // the ASCII characters that a match may begin with; nil: it may be empty
	groups int
	slots  int // two for the match itself and each group that is of interest
}

// newProgram compiles a pattern.
func newProgram(tree *syntax.Regexp) (*program, error) {
	groups := tree.MaxCap()
	code, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	p := &program{code: code.Inst, start: uint32(code.Start), groups: groups, slots: 2 * (groups + 1)}
	p.begin = code.StartCond()&syntax.EmptyBeginText != 0
	first := new([128]bool)
	if p.begins(first, p.start, make([]bool, len(p.code))) {
		p.first = first
	}
	return p, nil
}

// begins collects the characters that a match may begin with from an instruction on. It is false where a match may have none.
func (p *program) begins(first *[128]bool, at uint32, seen []bool) bool {
	for !seen[at] {
		seen[at] = true
		inst := &p.code[at]
		switch inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			if !p.begins(first, inst.Out, seen) {
				return false
			}
			at = inst.Arg
		case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
			at = inst.Out
		case syntax.InstMatch:
			return false
		case syntax.InstFail:
			return true
		default:
			for c := range first {
				first[c] = first[c] || takes(inst, rune(c))
			}
			return true
		}
	}
	return true
}

// takes reports whether an instruction takes a character.
func takes(inst *syntax.Inst, r rune) bool {
	switch inst.Op {
	case syntax.InstRuneAny:
		return true
	case syntax.InstRuneAnyNotNL:
		return r != '\n'
	case syntax.InstRune1:
		return r == inst.Rune[0]
	case syntax.InstRune:
		return inst.MatchRune(r)
	}
	return false
}

// work is what may still be done for one event, in steps of some 20 ns, and the room that it is done in. It is counted, not timed, so that the
// same words always become the same. Not for concurrent use.
type work struct {
	left int // steps
	room int // how long the text may become, in bytes

	now, next threads
	slots     []int // of the thread that is being added
	match     []int // places of the last match
}

// stepsOfEdit is what a replacement costs beside the finding.
const stepsOfEdit = 24

// threads are the places in a program that a text has led to, those first whose match is preferred.
type threads struct {
	at    []uint32
	slots []int    // of each
	seen  []uint32 // by place: the round in which it was last added
	round uint32
}

func (t *threads) clear(code int) {
	t.at, t.slots = t.at[:0], t.slots[:0]
	if len(t.seen) < code {
		t.seen = make([]uint32, 2*code)
	}
	t.round++
}

// each calls with the places of all matches, the first ones first, as long as it is told true and steps are left. They are those of package
// regexp: an empty match next to the one before is none.
func (w *work) each(p *program, text string, match func(at []int) bool) {
	for at, last := 0, -1; at <= len(text) && w.find(p, text, at); {
		from, to := w.match[0], w.match[1]
		taken := to > at || from != last
		if at = to; from == to {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += max(size, 1)
		}
		last = to
		if taken && !match(w.match) {
			return
		}
	}
}

// find looks for the first match from a place on; which of several that begin there is the pattern's preference.
func (w *work) find(p *program, text string, at int) bool {
	w.slots = resized(w.slots, p.slots)
	w.match = resized(w.match, p.slots)
	w.now.clear(len(p.code))
	found := false
	before := rune(-1)
	if at > 0 {
		before, _ = utf8.DecodeLastRuneInString(text[:at])
	}
	for w.left >= 0 {
		if len(w.now.at) == 0 {
			if found || p.begin && at > 0 {
				break
			}
			if n := p.skip(text[at:]); n > 0 {
				w.left -= n / 8
				at += n
				before = rune(text[at-1])
			}
			if p.first != nil && at == len(text) {
				break
			}
		}
		r, size := decode(text[at:])
		if !found {
			for i := range w.slots {
				w.slots[i] = -1
			}
			w.slots[0] = at
			w.add(&w.now, p, p.start, at, syntax.EmptyOpContext(before, r))
		}
		beyond, _ := decode(text[at+size:])
		found = w.step(p, r, at, at+size, syntax.EmptyOpContext(r, beyond)) || found
		w.now, w.next = w.next, w.now
		if size == 0 {
			break
		}
		before, at = r, at+size
	}
	return found && w.left >= 0
}

// step takes all threads over a character, or sees which of them are at their end: a match, which those after it are not preferred to.
func (w *work) step(p *program, r rune, at, then int, there syntax.EmptyOp) (found bool) {
	w.next.clear(len(p.code))
	w.left -= len(w.now.at)
	for i, pc := range w.now.at {
		inst, slots := &p.code[pc], w.now.slots[i*p.slots:(i+1)*p.slots]
		if inst.Op == syntax.InstMatch {
			copy(w.match, slots)
			w.match[1] = at
			return true
		}
		if then > at && takes(inst, r) {
			copy(w.slots, slots)
			w.add(&w.next, p, inst.Out, then, there)
		}
	}
	return false
}

// add adds a thread, or all that come from it without a character, to those at a place in the text.
func (w *work) add(t *threads, p *program, pc uint32, at int, here syntax.EmptyOp) {
	for t.seen[pc] != t.round {
		t.seen[pc] = t.round
		w.left--
		inst := &p.code[pc]
		switch inst.Op {
		case syntax.InstFail:
			return
		case syntax.InstAlt, syntax.InstAltMatch:
			w.add(t, p, inst.Out, at, here)
			pc = inst.Arg
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(inst.Arg)&^here != 0 {
				return
			}
			pc = inst.Out
		case syntax.InstNop:
			pc = inst.Out
		case syntax.InstCapture:
			if int(inst.Arg) >= len(w.slots) {
				pc = inst.Out
				continue
			}
			old := w.slots[inst.Arg]
			w.slots[inst.Arg] = at
			w.add(t, p, inst.Out, at, here)
			w.slots[inst.Arg] = old
			return
		default:
			w.left -= len(w.slots) / 8
			t.at = append(t.at, pc)
			t.slots = append(t.slots, w.slots...)
			return
		}
	}
}

// skip is how many bytes at the beginning of a text no match begins with.
func (p *program) skip(text string) int {
	if p.first == nil {
		return 0
	}
	n := 0
	for n < len(text) && text[n] < utf8.RuneSelf && !p.first[text[n]] {
		n++
	}
	return n
}

// decode is the character that a text begins with; at the end -1, as package syntax has it.
func decode(text string) (rune, int) {
	if text == "" {
		return -1, 0
	}
	return utf8.DecodeRuneInString(text)
}

func resized(s []int, n int) []int { return slices.Grow(s[:0], n)[:n] }
