package pocketsphinx

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// checkParameters checks the numbers of the acoustic model: they must be whole and fit each other.
func checkParameters(hmm string, def *definition, feat *features) error {
	densities := 0
	for _, name := range []string{"means", "variances"} {
		path := filepath.Join(hmm, name)
		b, err := openS3(path)
		if err != nil {
			return err
		}
		n, problem := gaussians(b, def, feat)
		if problem == "" && densities != 0 && n != densities {
			problem = "has another number of densities than the means"
		}
		if problem != "" {
			return fault("hmm", path, "%s", problem)
		}
		densities = n
	}
	path := filepath.Join(hmm, "transition_matrices")
	b, err := openS3(path)
	if err != nil {
		return err
	}
	if problem := transitions(b, def); problem != "" {
		return fault("hmm", path, "%s", problem)
	}
	return checkMixtures(hmm, def, feat, densities)
}

// openS3 reads a file with the header that most files of a model have: "s3", names and values, "endhdr", a number that
// tells the byte order.
func openS3(path string) (*blob, error) {
	data, err := read("hmm", path)
	if err != nil {
		return nil, err
	}
	b := newBlob(data)
	if b.line() != "s3" {
		return nil, fault("hmm", path, "does not begin as a file of an acoustic model does; expected s3")
	}
	checksum := false
	for lines := 0; ; lines++ {
		f := strings.Fields(b.line())
		if b.short || lines > 32 {
			return nil, fault("hmm", path, "has no end to its header")
		}
		if len(f) == 1 && f[0] == "endhdr" {
			break
		}
		if len(f) != 2 || len(f[0])+len(f[1]) > 1000 {
			return nil, fault("hmm", path, "has a header line that is not a name and a value")
		}
		if f[0] == "version" && f[1] != "1.0" {
			return nil, fault("hmm", path, "has version %s; expected 1.0", f[1])
		}
		checksum = checksum || f[0] == "chksum0"
	}
	switch magic := b.uint(); magic {
	case 0x11223344:
	case 0x44332211:
		return nil, fault("hmm", path, "is in the other byte order, which is not supported here")
	default:
		return nil, fault("hmm", path, "has %#08x where its byte order should be told", magic)
	}
	if checksum {
		return b, verify(path, b)
	}
	return b, nil
}

// verify checks the sum at the end of the file and takes it off.
func verify(path string, b *blob) error {
	if b.left() < 4 || b.left()%4 != 0 {
		return fault("hmm", path, truncated)
	}
	sum := uint32(0)
	for i := b.pos; i < len(b.data)-4; i += 4 {
		sum = (sum<<20 | sum>>12) + b.order.Uint32(b.data[i:])
	}
	if want := b.order.Uint32(b.data[len(b.data)-4:]); sum != want {
		return fault("hmm", path, "is damaged or truncated: its checksum is %#08x; expected %#08x", sum, want)
	}
	b.data = b.data[:len(b.data)-4]
	return nil
}

// gaussians checks means or variances and returns the number of densities in each codebook.
func gaussians(b *blob, def *definition, feat *features) (densities int, problem string) {
	codebooks := b.int()
	streams := b.int()
	densities = b.int()
	if b.short || streams != len(feat.streams) {
		return 0, "has " + strconv.Itoa(streams) + " feature streams; feat.params says " + strconv.Itoa(len(feat.streams))
	}
	lengths := make([]int, streams)
	for i := range lengths {
		lengths[i] = b.int()
	}
	if !slices.Equal(lengths, feat.streams) {
		return 0, "has feature streams of other lengths than feat.params says"
	}
	if codebooks != 1 && codebooks != def.ciphones && codebooks != def.senones {
		return 0, "has " + strconv.Itoa(codebooks) + " codebooks; expected 1, one for each phone, or one for each senone"
	}
	if densities < 1 || densities > 4096 {
		return 0, "has " + strconv.Itoa(densities) + " densities in a codebook; expected 1 to 4096"
	}
	total := 0
	for _, n := range lengths {
		total += n
	}
	return densities, floats(b, codebooks*densities*total)
}

// transitions checks the transition matrices: for each state the weights of staying, going on and skipping one.
func transitions(b *blob, def *definition) string {
	matrices, from, to := b.int(), b.int(), b.int()
	if matrices != def.transitions || from != def.states || to != from+1 {
		return "does not match mdef: it has " + strconv.Itoa(matrices) + " matrices of " + strconv.Itoa(from) + " states"
	}
	start := b.pos + 4
	if problem := floats(b, matrices*from*to); problem != "" {
		return problem
	}
	for i := range matrices * from * to {
		v := math.Float32frombits(b.order.Uint32(b.data[start+4*i:]))
		row, column := i/to%from, i%to
		if v < 0 || v != 0 && (column < row || column > row+2) {
			return "has a transition that is negative, goes back, or skips more than one state"
		}
	}
	return ""
}

// floats checks that a count and as many numbers follow, and nothing else.
func floats(b *blob, want int) string {
	n := b.int()
	if b.short || n != want || b.left() != 4*want {
		return "is truncated or does not match its header: " + strconv.Itoa(b.left()/4) + " numbers; expected " + strconv.Itoa(want)
	}
	for i := 0; i < b.left(); i += 4 {
		if v := float64(math.Float32frombits(b.order.Uint32(b.data[b.pos+i:]))); math.IsNaN(v) || math.IsInf(v, 0) {
			return "has a number that is none"
		}
	}
	return ""
}

// checkMixtures checks the mixture weights, of which there are two forms. The library prefers sendump.
func checkMixtures(hmm string, def *definition, feat *features, densities int) error {
	path := filepath.Join(hmm, "sendump")
	if _, err := os.Stat(path); err == nil {
		data, err := read("hmm", path)
		if err != nil {
			return err
		}
		if problem := sendump(newBlob(data), def, len(feat.streams), densities); problem != "" {
			return fault("hmm", path, "%s", problem)
		}
		return nil
	}
	path = filepath.Join(hmm, "mixture_weights")
	b, err := openS3(path)
	if err != nil {
		return err
	}
	if s, f, d := b.int(), b.int(), b.int(); s != def.senones || f != len(feat.streams) || d != densities {
		return fault("hmm", path, "does not match mdef and means: it is for %d senones, %d streams, %d densities", s, f, d)
	}
	if problem := floats(b, def.senones*len(feat.streams)*densities); problem != "" {
		return fault("hmm", path, "%s", problem)
	}
	return nil
}

// sendump checks the compressed mixture weights: texts with their lengths, among them counts, then the weights.
func sendump(b *blob, def *definition, streams, densities int) string {
	counts := map[string]int{"feature_count": streams, "mixture_count": densities, "model_count": def.senones,
		"cluster_count": 0, "cluster_bits": 8}
	for i := 0; ; i++ {
		n := b.int()
		if i > 1 && n == 0 && !b.short {
			break
		}
		text := b.bytes(n)
		if b.short || n < 1 || n > 999 || i < 2 && text[n-1] != 0 || i > 100 {
			return "is truncated, or not a dump of senones in this machine's byte order"
		}
		name, value, _ := strings.Cut(string(text), " ") // the last may be filling, to align what follows
		if _, known := counts[name]; known {
			v, err := strconv.Atoi(strings.TrimSuffix(value, "\x00"))
			if err != nil {
				return "has " + strconv.Quote(value) + " for " + name
			}
			counts[name] = v
		}
	}
	rows, columns := densities, def.senones
	if counts["cluster_count"] == 0 {
		rows, columns = b.int(), b.int()
	}
	if counts["feature_count"] != streams || counts["mixture_count"] != densities || counts["model_count"] != def.senones ||
		rows != densities || columns < def.senones || columns > def.senones+16 {
		return "does not match mdef and means"
	}
	clusters, bits := counts["cluster_count"], counts["cluster_bits"]
	if clusters != 0 && clusters != 15 && clusters != 16 || bits != 8 && bits != 4 || clusters == 0 && bits == 4 {
		return "has clusters of a kind that is not known"
	}
	if clusters != 0 {
		b.skip(16, 1)
	}
	b.skip(streams*rows, (columns*bits+7)/8)
	if b.short {
		return truncated
	}
	return ""
}
