package pocketsphinx

import (
	"bytes"
	"strconv"
	"strings"
)

// definition is what mdef says: the phones, and how much there is of everything.
type definition struct {
	phones      map[string]bool
	ciphones    int
	states      int // emitting states of a phone
	senones     int
	transitions int // transition matrices
}

const silencePhone = "SIL"

// checkDefinition reads mdef in either of its forms.
func checkDefinition(path string) (*definition, error) {
	data, err := read("hmm", path)
	if err != nil {
		return nil, err
	}
	d := &definition{phones: map[string]bool{}}
	var problem string
	switch {
	case bytes.HasPrefix(data, []byte("BMDF")):
		problem = d.binary(newBlob(data))
	case bytes.HasPrefix(data, []byte("FDMB")):
		problem = "is in the other byte order, which is not supported here"
	default:
		problem = d.text(string(data))
	}
	if problem == "" && !d.phones[silencePhone] {
		problem = "has no phone " + silencePhone
	}
	if problem != "" {
		return nil, fault("hmm", path, "%s", problem)
	}
	return d, nil
}

const truncated = "is truncated"

// The sizes of the library's structures in the binary form, which it maps into memory as they are.
const (
	treeNode  = 8  // int16 context, int16 children, int32 phone or first child
	phoneNode = 12 // int32 senone sequence, int32 transition matrix, 4 bytes of context
	treeRoots = 4  // positions in a word
)

func (d *definition) binary(b *blob) string {
	b.pos = 4
	if v := b.int(); v != 1 {
		return "has version " + strconv.Itoa(v) + "; expected 1"
	}
	b.skip(b.int(), 1) // a description of the format, in words
	d.ciphones = b.int()
	phones := b.int()
	d.states = b.int()
	ciSenones := b.int()
	d.senones = b.int()
	d.transitions = b.int()
	sequences := b.int()
	b.int() // contexts
	nodes := b.int()
	b.int() // the silence phone, looked up by name
	if b.short {
		return truncated
	}
	if d.ciphones < 1 || d.ciphones > 255 || phones < d.ciphones || d.states < 1 || d.states > 5 || ciSenones < 1 ||
		ciSenones > d.senones || d.senones >= 1<<15 || d.transitions < 1 || d.transitions >= 1<<15 || sequences < 1 ||
		sequences >= 1<<16 || nodes < treeRoots {
		return "has counts in its header that cannot be"
	}
	names := b.pos
	for range d.ciphones {
		d.phones[b.cString()] = true
	}
	if b.short {
		return truncated
	}
	if len(d.phones) != d.ciphones {
		return "has a phone twice"
	}
	b.pos = names + (b.pos-names+3)&^3
	tree := b.pos
	b.skip(nodes, treeNode)
	table := b.pos
	b.skip(phones, phoneNode)
	if n := b.int(); !b.short && n != sequences*d.states {
		return "has senone sequences that do not match its header"
	}
	senones := b.bytes(2 * sequences * d.states)
	if b.short {
		return truncated
	}
	at := func(pos int) int { return int(int32(b.order.Uint32(b.data[pos:]))) }
	for i := range nodes {
		n := tree + treeNode*i
		children, to := int(int16(b.order.Uint16(b.data[n+2:]))), at(n+4)
		if children < 0 || to < -1 || children == 0 && to >= phones || children > 0 && (to < 0 || to+children > nodes) {
			return "has a tree of phones that points nowhere"
		}
	}
	for i := range phones {
		n := table + phoneNode*i
		if s, t := at(n), at(n+4); s < 0 || s >= sequences || t < 0 || t >= d.transitions || i >= d.ciphones && int(b.data[n+9]) >= d.ciphones {
			return "has a phone that points nowhere"
		}
	}
	for i := 0; i < len(senones); i += 2 {
		if int(b.order.Uint16(senones[i:])) >= d.senones {
			return "has a senone that is not there"
		}
	}
	return ""
}

// text reads the form for people: counts with names, then a line for each phone. The library knows exactly six counts.
func (d *definition) text(data string) string {
	if strings.ContainsRune(data, 0) {
		return "is neither a text nor one of the library's binary files"
	}
	if !strings.HasSuffix(data, "\n") {
		return truncated
	}
	var lines []string
	for line := range strings.Lines(data) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
		if len(line) > 1000 {
			return "has a line of more than 1000 characters"
		}
	}
	if len(lines) < 7 || !strings.HasPrefix(lines[0], "0.3") {
		return "does not begin as a model definition does; expected version 0.3"
	}
	counts := map[string]int{}
	for _, line := range lines[1:7] {
		f := strings.Fields(line)
		if len(f) != 2 {
			return "has a header line that is not a count and a name: " + strconv.Quote(strings.TrimSpace(line))
		}
		n, err := strconv.Atoi(f[0])
		if err != nil || n < 0 || n > 1<<24 {
			return "has a header line that is not a count and a name: " + strconv.Quote(strings.TrimSpace(line))
		}
		counts[f[1]] = n
	}
	d.ciphones, d.senones, d.transitions = counts["n_base"], counts["n_tied_state"], counts["n_tied_tmat"]
	phones := d.ciphones + counts["n_tri"]
	if len(counts) != 6 || d.ciphones < 1 || d.ciphones > 255 || d.senones >= 1<<15 || d.senones < counts["n_tied_ci_state"] ||
		counts["n_tied_ci_state"] < 1 || d.transitions < 1 || d.transitions >= 1<<15 || counts["n_state_map"]%phones != 0 {
		return "has counts in its header that cannot be"
	}
	if d.states = counts["n_state_map"]/phones - 1; d.states < 1 || d.states > 5 {
		return "has " + strconv.Itoa(d.states) + " states a phone; expected 1 to 5"
	}
	if len(lines) < 7+phones {
		return truncated
	}
	return d.phoneLines(lines[7 : 7+phones])
}

// phoneLines reads a line for each phone: base left right position attribute matrix senones N.
func (d *definition) phoneLines(lines []string) string {
	for i, line := range lines {
		f := strings.Fields(line)
		bad := "has a bad line for a phone: " + strconv.Quote(strings.TrimSpace(line))
		if len(f) != 7+d.states || f[len(f)-1] != "N" || f[4] != "filler" && f[4] != "n/a" {
			return bad
		}
		for j, text := range f[5 : len(f)-1] {
			limit := d.senones
			if j == 0 {
				limit = d.transitions
			}
			if n, err := strconv.Atoi(text); err != nil || n < 0 || n >= limit {
				return bad
			}
		}
		switch context := f[1] != "-" || f[2] != "-" || f[3] != "-"; {
		case i < d.ciphones && (context || d.phones[f[0]]):
			return bad
		case i < d.ciphones:
			d.phones[f[0]] = true
		case !d.phones[f[0]] || !d.phones[f[1]] || !d.phones[f[2]] || !strings.Contains("besi", f[3]) || len(f[3]) != 1:
			return bad
		}
	}
	return ""
}
