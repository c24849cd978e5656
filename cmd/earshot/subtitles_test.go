package main_test

import "testing"

func TestTranscribeSubtitles(t *testing.T) {
	w := newWorld(t)
	for format, want := range map[string]string{
		"srt": "1\n00:00:00,200 --> 00:00:01,500\nGood morning everybody.\n",
		"vtt": "WEBVTT\n\n00:00:00.200 --> 00:00:01.500\nGood morning everybody.\n",
	} {
		r := w.run("", "transcribe", "--format="+format, "talk.wav")
		if len(r.out) < len(want) || r.out[:len(want)] != want || r.code != 0 {
			t.Errorf("%s: exit code %d, %q, expected %q first", format, r.code, r.out, want)
		}
	}
	w.check(w.run("", "transcribe", "--format=srt", "talk.wav", "talk.wav"), 2, "", "more than one recording")
	w.check(w.run("", "transcribe", "--format=vtt", "--partials=always", "talk.wav"), 2, "", "--partials")
	w.check(w.run("", "transcribe", "--format=srt", "--raw", "-"), 0, "")
}
