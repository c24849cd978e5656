package pocketsphinx

import (
	"slices"
	"strconv"
	"strings"
)

// features is what feat.params says, as far as it matters here.
type features struct {
	mean    []float32
	streams []int // lengths of the feature streams; their sum is size
	size    int

	cepstrumFirst bool // the first of them are the cepstrum itself, in order
}

// param is one option that feat.params may hold: the values it may have. A number lies between least and most.
type param struct {
	words       []string
	least, most float64
	whole       bool
	free        bool // checked elsewhere, or without effect
}

var yesOrNo = param{words: []string{"yes", "no", "1", "0", "y", "n", "true", "false", "t", "f"}}

// featureStreams are the kinds of features that models in use have: how many numbers their streams hold.
var featureStreams = map[string][]int{"1s_c_d_dd": {39}, "1s_c_d": {26}, "1s_c": {13}, "s3_1x39": {39}, "s2_4x": {12, 24, 3, 12}}

// params returns the options by name. Ranges are where the library computes something sensible at 16 kHz.
func params() map[string]param {
	whole := func(least, most float64) param { return param{least: least, most: most, whole: true} }
	number := func(least, most float64) param { return param{least: least, most: most} }
	kinds := []string{}
	for k := range featureStreams {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	return map[string]param{
		"-feat": {words: kinds}, "-agc": {words: []string{"none"}},
		"-cmn":     {words: []string{"none", "batch", "live", "current", "prior"}},
		"-varnorm": {words: []string{"no", "0", "n", "false", "f"}},
		"-ceplen":  whole(13, 13), "-ncep": whole(13, 13), "-frate": whole(100, 100), "-samprate": number(16000, 16000),
		"-lowerf": number(0, 4000), "-upperf": number(4000, 8000), "-nfilt": whole(13, 80), "-nfft": whole(512, 512),
		"-wlen": number(0.01, 0.032), "-alpha": number(0, 1), "-lifter": whole(0, 100), "-svspec": {free: true},
		"-transform": {words: []string{"dct", "legacy", "htk"}}, "-cmninit": {free: true}, "-model": {free: true},
		"-remove_noise": yesOrNo, "-remove_silence": {words: []string{"no", "0", "n", "false", "f"}}, "-remove_dc": yesOrNo,
		"-dither": {words: []string{"no", "0", "n", "false", "f"}}, "-unit_area": yesOrNo, "-round_filters": yesOrNo,
		"-doublebw": yesOrNo, "-verbose": {words: []string{"no", "0"}},
		"-input_endian": {words: []string{"little"}},
	}
}

// checkParams reads feat.params: names and values, separated by space.
func checkParams(path string) (*features, error) {
	data, err := read("hmm", path)
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(string(data), "\"'#\x00") {
		return nil, fault("hmm", path, "has quotes or comments, which are not supported here")
	}
	words := strings.Fields(string(data))
	if len(words)%2 != 0 {
		return nil, fault("hmm", path, "has an option without a value: %q", words[len(words)-1])
	}
	known := params()
	given := map[string]string{"-feat": "1s_c_d_dd"}
	for i := 0; i < len(words); i += 2 {
		name, value := words[i], words[i+1]
		p, ok := known[name]
		if !ok {
			return nil, fault("hmm", path, "has the option %q, which is not supported here", name)
		}
		if want := p.refuses(value); want != "" {
			return nil, fault("hmm", path, "has %q for option %q; expected %s", value, name, want)
		}
		given[name] = value
	}
	return featuresOf(path, given)
}

// refuses returns what was expected, or "" when the value is right.
func (p *param) refuses(value string) string {
	switch {
	case p.free:
		return ""
	case p.words != nil:
		if slices.Contains(p.words, value) {
			return ""
		}
		return "one of " + strings.Join(p.words, ", ")
	}
	v, err := strconv.ParseFloat(value, 64)
	if err == nil && p.whole {
		_, err = strconv.Atoi(value)
	}
	if err != nil || !(v >= p.least && v <= p.most) {
		kind := "a number"
		if p.whole {
			kind = "a whole number"
		}
		return kind + " from " + strconv.FormatFloat(p.least, 'g', -1, 64) + " to " + strconv.FormatFloat(p.most, 'g', -1, 64)
	}
	return ""
}

func featuresOf(path string, given map[string]string) (*features, error) {
	f := &features{streams: featureStreams[given["-feat"]], cepstrumFirst: strings.HasPrefix(given["-feat"], "1s_c")}
	for _, n := range f.streams {
		f.size += n
	}
	if list := given["-cmninit"]; list != "" {
		for _, text := range strings.Split(list, ",") {
			v, err := strconv.ParseFloat(text, 32)
			if err != nil || len(f.mean) == 13 || !(v > -1e4 && v < 1e4) {
				return nil, fault("hmm", path, "has %q for option \"-cmninit\"; expected at most 13 numbers, separated by commas", list)
			}
			f.mean = append(f.mean, float32(v))
		}
	}
	if f.mean == nil {
		f.mean = []float32{40, 3, -1} // the library's own default
	}
	if spec := given["-svspec"]; spec != "" {
		if f.streams = subvectors(spec, f.size); f.streams == nil {
			return nil, fault("hmm", path, "has %q for option \"-svspec\"; expected ranges below %d such as 0-12/13-25", spec, f.size)
		}
	}
	return f, nil
}

// subvectors returns the lengths of ranges such as 0-12/13-25/26-38, or nil when they are not that.
func subvectors(spec string, size int) []int {
	var lengths []int
	next := 0
	for _, part := range strings.Split(spec, "/") {
		from, to, ok := strings.Cut(part, "-")
		a, err1 := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if !ok || err1 != nil || err2 != nil || a != next || b < a || b >= size || len(part) > 16 {
			return nil
		}
		lengths = append(lengths, b-a+1)
		next = b + 1
	}
	return lengths
}
