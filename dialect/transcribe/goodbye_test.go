package transcribe_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dialect "github.com/earshot-stt/earshot/dialect/transcribe"
	"github.com/earshot-stt/earshot/session"
)

// A client that never answered the Close at the end may not have got its last results: when it comes back within the window, it is told
// them again. One that has answered is not.
func TestLastResultsThatMayBeLost(t *testing.T) {
	const window = usual + "&session-resume-window=5"
	for name, answer := range map[string][]byte{"no answer": nil, "an answer": closing(1000, ""), "an answer without a code": {}, "another code": closing(1001, "bye")} {
		synctest.Test(t, func(t *testing.T) {
			h := scripted(t, conversation, session.Limits{}, dialect.Options{})
			c := h.connectTo(t, window)
			c.audio(1200 * time.Millisecond)
			c.send(fin|opBinary, nil)
			pass(0)
			if said := strings.Join(c.heard(), "\n"); strings.Count(said, `"IsPartial":false`) != 1 || !strings.Contains(said, "close 1000") {
				t.Errorf("%s: the first stream was told\n%s", name, said)
			}
			if answer != nil {
				c.send(fin|opClose, answer)
			}
			pass(3 * time.Second) // as long as an answer is waited for
			c.conn.Close()
			pass(time.Second)
			again := h.connectTo(t, window)
			again.send(fin|opBinary, nil)
			pass(0)
			want := 0
			if answer == nil {
				want = 1
			}
			if said := strings.Join(again.heard(), "\n"); strings.Count(said, `"IsPartial":false`) != want || !strings.Contains(said, "close 1000") {
				t.Errorf("%s: the second stream was told\n%s", name, said)
			}
			again.conn.Close()
			pass(3 * time.Second)
		})
	}
}
