package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/audio"
)

// tones returns a recording that is loud in the middle and quiet at both ends.
func tones(samples int) []int16 {
	pcm := make([]int16, samples)
	for i := range pcm {
		pcm[i] = int16(i % 7)
		if i > samples/3 && i < 2*samples/3 {
			pcm[i] = int16(8000 * (i%16 - 8) / 8)
		}
	}
	return pcm
}

func wavFile(t *testing.T, rate, channels int, pcm []int16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := audio.WriteWAVHeader(&b, audio.Format{Rate: rate, Channels: channels}, int64(len(pcm)/channels)); err != nil {
		t.Fatal(err)
	}
	return audio.AppendBytes(b.Bytes(), pcm)
}

// folder makes a set of files; recordings end in .wav and have the text as their content where it is not empty.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		data := []byte(text)
		if filepath.Ext(name) == ".wav" && text == "" {
			data = wavFile(t, 16000, 1, tones(16000))
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadSet(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"transcripts.tsv": "\ufeffsource\ttranscript\tfile\tmore\r\nme\tMr. A said: hello!\ta.wav\tx\r\n\r\nyou\tgood-bye\tb.wav\r\n",
		"word-times.tsv":  "file\tword\tstart_s\tend_s\na.wav\tmister\t0.1\t0.2\na.wav\ta\t0.2\t0.25\na.wav\ta\t0.25\t0.3\na.wav\tsaid\t0.3\t0.5\na.wav\thello\t0.55\t0.8\n",
		"a.wav":           "",
		"b.wav":           string(wavFile(t, 8000, 2, tones(8000))),
	})
	clips, err := readSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(clips) != 2 || strings.Join(clips[0].Words, " ") != "mister a said hello" || strings.Join(clips[1].Words, " ") != "good bye" {
		t.Fatalf("%+v", clips)
	}
	a, b := clips[0], clips[1]
	if len(a.PCM) != 16000 || len(b.PCM) != 8000 { // half a second at 8 kHz, stereo
		t.Errorf("%d and %d samples", len(a.PCM), len(b.PCM))
	}
	// The set's times have a word that the transcript has not.
	if len(a.Times) != 4 || a.Times[3] != (span{550 * time.Millisecond, 800 * time.Millisecond, true}) || a.Talk != (span{100 * time.Millisecond, 800 * time.Millisecond, true}) {
		t.Errorf("times %v, speech %v", a.Times, a.Talk)
	}
	if b.Times != nil || b.Talk.known {
		t.Errorf("times %v out of nowhere", b.Times)
	}
}

func TestReadSetErrors(t *testing.T) {
	t.Parallel()
	const good = "file\ttranscript\na.wav\tone two three\n"
	const times = "file\tword\tstart_s\tend_s\n"
	for name, x := range map[string]struct {
		files map[string]string
		texts []string
	}{
		"no list":              {nil, []string{"transcripts.tsv", "no such file"}},
		"empty list":           {map[string]string{"transcripts.tsv": ""}, []string{"transcripts.tsv", "file, transcript", "empty"}},
		"blank list":           {map[string]string{"transcripts.tsv": "\n\n \n"}, []string{"transcripts.tsv", "empty"}},
		"header alone":         {map[string]string{"transcripts.tsv": "file\ttranscript\n"}, []string{"no recording"}},
		"other columns":        {map[string]string{"transcripts.tsv": "name\ttext\na.wav\tone\n"}, []string{"transcripts.tsv:1", "file, transcript", `"name" "text"`}},
		"commas":               {map[string]string{"transcripts.tsv": "file,transcript\na.wav,one\n"}, []string{"transcripts.tsv:1", "separated by tabs"}},
		"no transcript":        {map[string]string{"transcripts.tsv": "file\ttranscript\na.wav\n"}, []string{"transcripts.tsv:2", `"transcript"`, "2 columns"}},
		"nothing said":         {map[string]string{"transcripts.tsv": "file\ttranscript\na.wav\t...\n"}, []string{"transcripts.tsv:2", "no words"}},
		"twice":                {map[string]string{"transcripts.tsv": good + "a.wav\tone\n"}, []string{"transcripts.tsv:3", "before"}},
		"no recording":         {map[string]string{"transcripts.tsv": good + "b.wav\tone\n", "a.wav": ""}, []string{"transcripts.tsv", `"b.wav"`, "no such file"}},
		"outside":              {map[string]string{"transcripts.tsv": "file\ttranscript\n../a.wav\tone\n"}, []string{"transcripts.tsv:2", "in the folder"}},
		"absolute":             {map[string]string{"transcripts.tsv": "file\ttranscript\n/etc/passwd\tone\n"}, []string{"transcripts.tsv:2", "in the folder"}},
		"no name":              {map[string]string{"transcripts.tsv": "file\ttranscript\n\tone\n"}, []string{"transcripts.tsv:2", "in the folder"}},
		"a folder":             {map[string]string{"transcripts.tsv": "file\ttranscript\n.\tone\n"}, []string{`"."`, "directory"}},
		"not text":             {map[string]string{"transcripts.tsv": "file\ttranscript\na.wav\t\xff\xfe\n"}, []string{"transcripts.tsv:2", "UTF-8"}},
		"a null":               {map[string]string{"transcripts.tsv": "file\ttranscript\na.wav\ta\x00b\n"}, []string{"transcripts.tsv:2", "UTF-8"}},
		"a long line":          {map[string]string{"transcripts.tsv": good + strings.Repeat("x", maxRow+1)}, []string{"transcripts.tsv:3", "too long"}},
		"not audio":            {map[string]string{"transcripts.tsv": good, "a.wav": "this is a text"}, []string{`"a.wav"`}},
		"no samples":           {map[string]string{"transcripts.tsv": good, "a.wav": string(wavFile(t, 16000, 1, nil))}, []string{`"a.wav"`, "no audio"}},
		"a strange rate":       {map[string]string{"transcripts.tsv": good, "a.wav": string(wavFile(t, 1000, 1, tones(100)))}, []string{`"a.wav"`, "1000"}},
		"times of nothing":     {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "b.wav\tone\t0\t1\n"}, []string{"word-times.tsv:2", `"b.wav"`}},
		"other words":          {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "a.wav\tfour\t0\t0.5\n"}, []string{"word-times.tsv", `"one two three"`, `"four"`}},
		"words that are two":   {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "a.wav\tone-two\t0\t0.5\n"}, []string{"word-times.tsv:2", "one word"}},
		"a time that is none":  {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "a.wav\tone\tsoon\t0.5\n"}, []string{"word-times.tsv:2", "seconds", `"soon"`}},
		"an end that is none":  {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "a.wav\tone\t0\tNaN\n"}, []string{"word-times.tsv:2", `"NaN"`}},
		"backwards":            {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "a.wav\tone\t0.5\t0.4\n"}, []string{"word-times.tsv:2", "behind"}},
		"out of order":         {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "a.wav\tone\t0.5\t0.6\na.wav\ttwo\t0.4\t0.7\n"}, []string{"word-times.tsv:3", "before"}},
		"beyond the recording": {map[string]string{"transcripts.tsv": good, "a.wav": "", "word-times.tsv": times + "a.wav\tone\t0.5\t1.2\n"}, []string{"word-times.tsv:2", "1s"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readSet(folder(t, x.files))
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, text := range x.texts {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q does not say %q", err, text)
				}
			}
		})
	}
}

// Whatever a table holds, it is read or refused, and what is read has the columns asked for.
func FuzzReadTable(f *testing.F) {
	for _, s := range []string{"", "file\ttranscript\na\tb\n", "\ufefftranscript\tfile\r\n\r\nx\ty\r\n", "a\nb", "file\ttranscript\n\t\n", "\x00", "file\ttranscript\na"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "table.tsv")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		err := readTable(path, []string{"file", "transcript"}, func(row []string) error {
			if len(row) != 2 || strings.ContainsAny(row[0]+row[1], "\t\n\x00") {
				t.Fatalf("the row %q", row)
			}
			return nil
		})
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Fatalf("%q does not name the file", err)
		}
	})
}
