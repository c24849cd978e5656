package console

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// What anybody may do. A page asks some twenty times when it is opened, and a few times a second where it shows what goes on.
const (
	requestsAtOnce = 120
	requestRate    = 20.0 // a second
	// signedAtOnce and signEvery are for addresses and tickets: each lets a stream begin.
	signedAtOnce = 20
	signEvery    = 2 * time.Second

	freeGuesses  = 20               // wrong passwords of a name, wherever they come from
	forgiveEvery = 30 * time.Second // one more is forgiven after each
	mostCounted  = 4096             // names, addresses and sessions
)

// bucket is what somebody has used up of what may be done at once. It empties by itself.
type bucket struct {
	n  float64
	at time.Time
}

// left is what has not been forgiven at a time, at a rate a second.
func (b bucket) left(now time.Time, rate float64) float64 {
	return max(0, b.n-now.Sub(b.at).Seconds()*rate)
}

// buckets are those of many. Who is not there has used nothing. mu of whoever owns them must be held.
type buckets map[string]bucket

// add counts one more.
func (b buckets) add(who string, now time.Time, rate float64) {
	if _, known := b[who]; !known && len(b) >= mostCounted {
		b.sweep(now, rate)
	}
	b[who] = bucket{b[who].left(now, rate) + 1, now}
}

// sweep drops those that are empty, or else some one: maps have no order.
func (b buckets) sweep(now time.Time, rate float64) {
	for who, one := range b {
		if one.left(now, rate) == 0 {
			delete(b, who)
		}
	}
	for who := range b {
		if len(b) < mostCounted {
			return
		}
		delete(b, who)
	}
}

// pace keeps anybody from asking without end. Its methods may be called concurrently.
type pace struct {
	mu     sync.Mutex // guards what follows
	asked  buckets
	signed buckets
}

func newPace() *pace { return &pace{asked: buckets{}, signed: buckets{}} }

// take counts a request, or says that they come too fast.
func (p *pace) take(who string, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return take(p.asked, who, now, requestsAtOnce, requestRate)
}

// sign counts an address or a ticket, or says that they come too fast.
func (p *pace) sign(who string, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return take(p.signed, who, now, signedAtOnce, 1/signEvery.Seconds())
}

func take(b buckets, who string, now time.Time, most, rate float64) error {
	if over := b[who].left(now, rate) + 1 - most; over > 0 {
		return &stt.Error{Code: stt.Quota, Op: "console", Msg: "too many requests; wait a moment", RetryAfter: time.Duration(over / rate * float64(time.Second))}
	}
	b.add(who, now, rate)
	return nil
}

// guesses counts wrong passwords by name, since a name can be guessed at from many addresses. Where somebody has signed in not long ago
// is counted for itself, so that nobody can lock somebody out from elsewhere. Its methods may be called concurrently.
type guesses struct {
	mu    sync.Mutex // guards what follows
	wrong buckets
	homes map[string]bool // names and networks that they have signed in from
}

func newGuesses() *guesses { return &guesses{wrong: buckets{}, homes: map[string]bool{}} }

const guessRate = 1 / float64(forgiveEvery/time.Second)

// counted is what guesses at a name from a network are counted by: alice, home/alice and away/alice are one, without a look at who of them
// there is, which would tell. mu must be held.
func (g *guesses) counted(name, network string) string {
	bare := name[strings.LastIndexByte(name, '/')+1:]
	if g.homes[digest(name, network)] {
		return digest(bare, network)
	}
	return digest(bare)
}

// try counts a password as wrong before it is looked at, so that no more are tried at once than one after the other, or says that too many
// wrong ones came. What it returns is for right, should the password not be wrong.
func (g *guesses) try(name, network string, now time.Time) (counted string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	counted = g.counted(name, network)
	if over := g.wrong[counted].left(now, guessRate) + 1 - freeGuesses; over > 0 {
		return "", &stt.Error{Code: stt.Quota, Op: "sign in", Msg: "too many wrong passwords came for this name; wait and try again, or sign in by a link (earshot console)",
			RetryAfter: time.Duration(over * float64(forgiveEvery))}
	}
	g.wrong.add(counted, now, guessRate)
	return counted, nil
}

// right takes back what try has counted.
func (g *guesses) right(counted string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b, known := g.wrong[counted]; known {
		g.wrong[counted] = bucket{max(0, b.left(now, guessRate)-1), now}
	}
}

// succeeded notes where somebody has signed in.
func (g *guesses) succeeded(name, network string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.homes) >= mostCounted {
		for home := range g.homes {
			delete(g.homes, home)
			break
		}
	}
	g.homes[digest(name, network)] = true
}

// digest is short whatever the parts are.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return string(sum[:])
}
