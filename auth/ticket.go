package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	b64 "encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Ticket stands in for an API key for as long as it takes to connect: what presigned addresses are to protocols that sign. The console makes it
// with the secret of one of its own keys, which never leave the server, and it speaks for that key; one made with any other key is good for
// nothing. However it is printed, only the id of the key shows.
type Ticket struct {
	Key     string // the id of the access key
	Expires time.Time
	Origin  string // of the web page that it is good for; empty: for whoever has it

	payload string // what was signed; of a ticket that was parsed
	mac     []byte
}

// ConsoleKey is what the ids of the console's own access keys begin with: that of an account, whose id follows, and those of sessions, which
// derive from it.
const ConsoleKey = "console-"

// LongestTicket is how long a ticket may be good at most, which leaves room for clocks that differ.
const LongestTicket = 5 * time.Minute

const (
	ticketPrefix = "est_"
	ticketPlace  = "earshot ticket 1"
)

// ticketBody is the readable part.
type ticketBody struct {
	Key     string `json:"k"`
	Expires int64  `json:"e"` // Unix seconds
	Origin  string `json:"o,omitempty"`
}

// Sign returns the ticket as it is presented, in letters that a URL and a header take.
func (t Ticket) Sign(secret string) string {
	body, err := json.Marshal(ticketBody{t.Key, t.Expires.Unix(), t.Origin})
	if err != nil {
		return "" // texts and numbers can be marshalled
	}
	payload := b64.RawURLEncoding.EncodeToString(body)
	return ticketPrefix + payload + "." + b64.RawURLEncoding.EncodeToString(ticketMAC(secret, payload))
}

// ParseTicket reads a ticket; ok is false for what is none. Whether it is good says [Ticket.Signed], and Expires.
func ParseTicket(presented string) (t Ticket, ok bool) {
	rest, ok := strings.CutPrefix(presented, ticketPrefix)
	if !ok || len(presented) > maxSecretLength {
		return Ticket{}, false
	}
	payload, signature, _ := strings.Cut(rest, ".")
	text, err1 := b64.RawURLEncoding.Strict().DecodeString(payload)
	mac, err2 := b64.RawURLEncoding.Strict().DecodeString(signature)
	var body ticketBody
	if err1 != nil || err2 != nil || len(mac) != sha256.Size || json.Unmarshal(text, &body) != nil || !isAccessKeyID(body.Key) {
		return Ticket{}, false
	}
	return Ticket{Key: body.Key, Expires: time.Unix(body.Expires, 0), Origin: body.Origin, payload: payload, mac: mac}, true
}

// Signed reports whether a ticket that was parsed was made with one of the secrets, in a time that tells nothing about them.
func (t Ticket) Signed(secrets []string) bool {
	good := 0
	for _, secret := range secrets {
		good |= subtle.ConstantTimeCompare(ticketMAC(secret, t.payload), t.mac)
	}
	return good == 1 && t.payload != ""
}

// Format prints whose ticket it is, whatever the verb.
func (t Ticket) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "ticket of %q", t.Key) }

// ticketMAC signs a payload with a key that is for nothing else.
func ticketMAC(secret, payload string) []byte {
	key := hmac.New(sha256.New, []byte(secret))
	key.Write([]byte(ticketPlace))
	mac := hmac.New(sha256.New, key.Sum(nil))
	mac.Write([]byte(payload))
	return mac.Sum(nil)
}
