package e2e_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/e2e/driver"
)

// bench is one client at work: what a case is given.
type bench struct {
	*testing.T
	client
	house *house
	proc  *process
}

// judge puts a client through all cases.
func judge(t *testing.T, c client) {
	t.Parallel() // clients wait most of the time
	h := open(t)
	folder, command, missing := c.program(h)
	if missing != "" {
		for _, k := range cases() {
			h.table.set(strings.TrimPrefix(t.Name(), "Test"), k.name, "absent")
		}
		absent(t, missing)
	}
	proc, err := launch(h.ctx, h.env, folder, command[0], command[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proc.stop(); err != nil {
			t.Errorf("the client ended with %v; it said:\n%s", err, proc.log.tail(20))
		}
	})
	for _, k := range cases() {
		t.Run(k.name, func(t *testing.T) {
			defer h.table.note(t)
			t.Parallel()
			k.run(&bench{T: t, client: c, house: h, proc: proc})
		})
	}
}

// begin begins a stream with a server; what the case leaves open is filled in.
func (b *bench) begin(s *server, job driver.Job) *running {
	b.Helper()
	r, err := b.proc.begin(b.complete(s, job))
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// caseTime is how long a stream may take, on a machine that has other things to do.
const caseTime = 4 * time.Minute

// context ends when the case has taken too long.
func (b *bench) context() context.Context {
	ctx, cancel := context.WithTimeout(b.T.Context(), caseTime)
	b.Cleanup(cancel)
	return ctx
}

// complete fills in what a job leaves open: who calls, where, and six seconds of silence, sent twice as fast as they are spoken.
func (b *bench) complete(s *server, job driver.Job) driver.Job {
	job.Endpoint, job.CA = b.over.endpoint(s), s.ca
	fill(&job.Key, s.key)
	fill(&job.Secret, s.secret)
	fill(&job.Language, "en-US")
	fill(&job.Encoding, "pcm")
	fill(&job.Session, newSession())
	fill(&job.Rate, 16000)
	fill(&job.Audio, b.house.silence)
	fill(&job.Chunk, job.Rate/10*2)
	return job
}

func fill[T comparable](field *T, value T) {
	if *field == *new(T) {
		*field = value
	}
}

// run makes a stream and returns how it ended.
func (b *bench) run(s *server, job driver.Job) driver.Note {
	b.Helper()
	return b.end(b.begin(s, job))
}

func (b *bench) end(r *running) driver.Note {
	b.Helper()
	n, err := b.proc.wait(b.context(), r)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// ended fails unless a stream ended as it should.
func (b *bench) ended(n driver.Note) {
	b.Helper()
	if n.Error != nil {
		b.Errorf("the stream has failed: %+v", *n.Error)
	}
}

// failed fails unless a stream ended with an exception whose text begins so.
func (b *bench) failed(n driver.Note, exception, text string) {
	b.Helper()
	if n.Error == nil {
		b.Errorf("the stream has ended well, expected %s", exception)
		return
	}
	message := n.Error.Message
	// What no SDK has a type for, the one for JavaScript hands over as it came.
	message = strings.TrimPrefix(message, `{"Message":"`)
	if n.Error.Name != exception || !strings.HasPrefix(message, text) || message == "" {
		b.Errorf("the stream has failed with %+v, expected %s: %s...", *n.Error, exception, text)
	}
}

// heard fails unless the finals are these.
func (b *bench) heard(n driver.Note, want []driver.Final) {
	b.Helper()
	if !slices.Equal(n.Finals, want) {
		i := 0
		for i < min(len(n.Finals), len(want)) && n.Finals[i] == want[i] {
			i++
		}
		b.Errorf("the finals are right up to number %d of %d:\n%v, expected\n%v", i, len(want), some(n.Finals, i), some(want, i))
	}
}

// some returns a few of many finals.
func some(finals []driver.Final, from int) []driver.Final {
	from = min(from, len(finals))
	return finals[from:min(len(finals), from+3)]
}

func texts(n driver.Note) []string {
	all := make([]string, 0, len(n.Finals))
	for _, f := range n.Finals {
		all = append(all, f.Text)
	}
	return all
}

// newSession returns a random UUID.
func newSession() string {
	var u [16]byte
	_, _ = rand.Read(u[:]) // it never fails
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
