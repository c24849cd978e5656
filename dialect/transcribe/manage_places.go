package transcribe

import (
	"net/netip"
	"sync"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/stt"
)

// How many requests may be under way whose body is, or may come to be, in memory. Those whose signature is not known to be good
// are bounded by address and by key besides: a stranger who sends his bodies slowly takes no place from others, and who knows the id
// of somebody's key takes some of that key's alone.
const (
	maxManageBusy    = 64
	maxManageAddress = 8
	maxManageKey     = 16
)

// places are those of a [Management]. The zero value has all of them free.
type places struct {
	mu        sync.Mutex // guards all below
	busy      int
	addresses map[netip.Prefix]int
	keys      map[string]int
}

// place is one that is taken. One goroutine uses it.
type place struct {
	of      *places
	address netip.Prefix
	key     string
	known   bool // whose request it is; then it counts among all only
	left    bool
}

// take takes a place for a request that says that it is signed with a key. The error is Exhausted.
func (p *places) take(remote, key string) (*place, error) {
	address := network(remote)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy >= maxManageBusy || p.addresses[address] >= maxManageAddress || p.keys[key] >= maxManageKey {
		return nil, &stt.Error{Code: stt.Exhausted, Op: "manage", Msg: "the server has too many requests at the same time; try again"}
	}
	if p.addresses == nil {
		p.addresses, p.keys = map[netip.Prefix]int{}, map[string]int{}
	}
	p.busy++
	p.addresses[address]++
	p.keys[key]++
	return &place{of: p, address: address, key: key}, nil
}

// verified says that the request is the key's indeed.
func (s *place) verified() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.forget()
}

// forget takes the request from those of strangers. The lock is held.
func (s *place) forget() {
	if s.known {
		return
	}
	s.known = true
	if s.of.addresses[s.address]--; s.of.addresses[s.address] == 0 {
		delete(s.of.addresses, s.address)
	}
	if s.of.keys[s.key]--; s.of.keys[s.key] == 0 {
		delete(s.of.keys, s.key)
	}
}

// leave gives the place back, once.
func (s *place) leave() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if s.left {
		return
	}
	s.left = true
	s.forget()
	s.of.busy--
}

// network returns who an address is: one of IPv4, or the 64 bits of IPv6 that one customer has. What cannot be read is one for all.
func network(remote string) netip.Prefix {
	addr, ok := auth.Address(remote)
	if !ok {
		return netip.Prefix{}
	}
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil { // it has that many
		return netip.Prefix{}
	}
	return p
}
