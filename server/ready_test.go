package server

import (
	"net/http/httptest"
	"testing"

	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
)

// A server whose usage cannot be written serves on, and says so to who asks how it is.
func TestReadyWithoutWriting(t *testing.T) {
	kept := false
	s := &server{sessions: session.NewService(session.Options{Recognizer: script.New(script.Options{})}), unwritten: func() bool { return kept }}
	s.warm.Store(true)
	for _, want := range []string{"ready\n", "ready\nusage cannot be written for now, and is kept: the log says why\n"} {
		rec := httptest.NewRecorder()
		if s.readyz(rec, nil); rec.Code != 200 || rec.Body.String() != want {
			t.Errorf("%d %q, expected %q", rec.Code, rec.Body, want)
		}
		kept = true
	}
}
