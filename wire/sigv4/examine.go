package sigv4

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Key is a secret that somebody who examines a request knows of.
type Key struct {
	AccessKeyID string
	Secret      string `json:"-"`
	Where       string // for texts, such as the name of a file
	Server      bool   // the server accepts it; the others are tried to find out what a client mixed up
}

// Format prints whose key it is and where it stands, for every verb.
func (k Key) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "key of %s in %s", keyName(k.AccessKeyID), k.Where)
}

// Finding is one thing that Examine has to say about a request. No finding holds a secret, a session token or a signature.
type Finding struct {
	// Fault is set for what refuses the request, and not for what is only good to know.
	Fault bool
	Field string // the parameter or header
	Text  string // what was wanted, what came, what to do
}

// Line is a line of the canonical request, with what it is.
type Line struct{ What, Text string }

// Examination is what Examine has found out.
type Examination struct {
	// Err is what Verify says; nil when the signature would be accepted.
	Err error
	// Findings say more than Err: every fault there is, the worst first, and then what is good to know.
	Findings []Finding
	// Claim is what the request says of its signature; its Form is zero where that cannot be read as a whole.
	Claim Claim
	// Genuine is set when the signature was made with one of the server's secrets, whatever the time.
	Genuine bool
	// Host is the candidate that a genuine signature was made for.
	Host string
	// Canonical is the canonical request as the server computes it, session tokens withheld, and StringToSign what follows
	// from it (of the true one, token included). Both are empty where the claim cannot be read.
	Canonical    []Line
	StringToSign string
}

// Examine looks at everything in a request that has to do with its signature, for somebody who wants to know why it is
// refused. It agrees with Verify, but where Verify stops at the first fault, Examine goes on, and looks for the mistakes
// that explain a signature much longer than a server can afford: up to a second for requests of many KiB. keys are the
// server's and all others that are at hand. now and limits are as for Verify.
func Examine(request Request, keys []Key, now time.Time, limits Limits) *Examination {
	e := &examiner{request: request, keys: keys, now: now.UTC(), limits: limits.withDefaults()}
	e.parse()
	if e.Claim.Form != 0 {
		e.judge()
	}
	if e.Err != nil {
		e.lookAtQuery()
		e.repair()
	}
	slices.SortStableFunc(e.Findings, func(a, b Finding) int { return boolean(b.Fault) - boolean(a.Fault) })
	return &e.Examination
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// examiner is an examination under way.
type examiner struct {
	Examination

	request  Request
	keys     []Key
	now      time.Time
	limits   Limits
	repaired bool // the request is not the one that came, but one put right
}

// fault adds what an error says, once.
func (e *examiner) fault(err error) {
	x, ok := errors.AsType[*Error](err)
	if !ok {
		return
	}
	text := x.Detail
	if x.Hint != "" {
		text += "; " + x.Hint
	}
	if e.Err == nil {
		e.Err = err
	}
	if f := (Finding{true, x.Field, text}); !slices.Contains(e.Findings, f) {
		e.Findings = append(e.Findings, f)
	}
}

// note adds what is good to know.
func (e *examiner) note(field, format string, args ...any) {
	e.Findings = append(e.Findings, Finding{false, field, fmt.Sprintf(format, args...)})
}

// parse reads the claim, or finds all that keeps it from being read.
func (e *examiner) parse() {
	claim, err := Parse(e.request.RawQuery, e.request.Header)
	if err == nil {
		e.Claim = claim
		return
	}
	e.fault(err)
	if ReasonOf(err) == Missing {
		return
	}
	if pairs, err := splitQuery(e.request.RawQuery, false); err == nil {
		e.parseEach(pairs)
	}
}

// parseEach reads the parameters of a presigned URL one by one.
func (e *examiner) parseEach(pairs []pair) {
	values := make(map[string]string)
	for _, p := range pairs {
		values[p.name] = p.value
	}
	if values[queryAlgorithm] == "" && values[queryCredential] == "" && values[querySignature] == "" {
		return // not a presigned URL
	}
	for _, reading := range []struct {
		name string
		read func(value string) error
	}{
		{queryAlgorithm, func(v string) error { return parseAlgorithm(queryAlgorithm, v) }},
		{queryCredential, func(v string) error { _, _, err := parseCredential(queryCredential, v); return err }},
		{queryDate, func(v string) error { _, err := parseTime(queryDate, v); return err }},
		{queryExpires, func(v string) error { _, err := parseExpires(v); return err }},
		{querySignedHeaders, func(v string) error { _, err := parseSignedHeaders(querySignedHeaders, v); return err }},
		{querySignature, func(v string) error { return parseSignature(querySignature, v) }},
	} {
		if value, there := values[reading.name]; !there {
			e.fault(absent(reading.name, pairs))
		} else if err := reading.read(value); err != nil {
			e.fault(err)
		}
	}
}

// judge looks at a claim that can be read.
func (e *examiner) judge() {
	c := e.Claim
	var secrets []string
	for _, k := range e.keys {
		if k.Server && k.AccessKeyID == c.AccessKeyID {
			secrets = append(secrets, k.Secret)
		}
	}
	verdict := Verify(c, e.request, secrets, e.now, Limits{Service: e.limits.Service, MaxSkew: e.limits.MaxSkew, MaxAge: e.limits.MaxAge,
		MaxExpires: e.limits.MaxExpires, NoHints: true})
	for _, err := range []error{checkScope(c, e.limits), e.checkExpires(), e.checkClock()} {
		e.fault(err)
	}
	a, err := newAttempt(c, e.request)
	if a == nil {
		e.fault(err)
		e.Err = verdict
		return
	}
	e.fault(err) // the payload's
	text := a.canonical.text(a.hosts[0])
	e.StringToSign = a.stringToSign(text)
	e.Canonical = a.lines()
	e.trySecrets(a, secrets)
	e.Err = verdict
	e.lookAtHeaders()
}

func (e *examiner) checkExpires() error {
	if c := e.Claim; c.Form == Presigned {
		c.Time = e.now // that nothing but the lifetime is judged
		return checkTime(c, e.now, e.limits)
	}
	return nil
}

func (e *examiner) checkClock() error {
	limits := e.limits
	limits.MaxExpires = maxExpires
	return checkTime(e.Claim, e.now, limits)
}

// trySecrets finds out whether the signature is genuine, and if it is not, what it fits.
func (e *examiner) trySecrets(a *attempt, secrets []string) {
	a.addKeys(secrets)
	for _, path := range a.paths {
		c := a.canonical
		c.path = path
		for _, host := range a.hosts {
			if !e.Genuine && a.matches(&c, host) {
				e.Genuine, e.Host = true, host
			}
		}
	}
	if e.Genuine {
		return
	}
	if len(a.keys) == 0 {
		e.fault(&Error{Reason: UnknownKey, Field: e.Claim.Form.field(queryCredential),
			Detail: "wanted an access key that this server knows; got " + keyName(e.Claim.AccessKeyID) + e.nearKey()})
	}
	found := a.search(a.thorough(e.keys))
	mismatch := a.mismatch(nil, Limits{NoHints: true})
	switch {
	case len(found) == 1:
		mismatch.Hint = "it fits " + found[0]
	case len(found) == 2:
		mismatch.Hint = "two mistakes explain it: it fits " + found[0] + "; and, at the same time, " + found[1]
	case len(a.keys) == 0:
		return // nothing can be said about a signature of a key that nobody has
	default:
		mismatch.Hint = "no usual mistake, nor two of them, explains it: compare the secret first (most often it is another one), then the canonical request below line by line with the one that the client computed" + a.payloadAdvice()
	}
	if len(a.keys) == 0 {
		e.note(mismatch.Field, "%s", mismatch.Hint)
		return
	}
	e.fault(mismatch)
}

// nearKey looks for a known key that may have been meant.
func (e *examiner) nearKey() string {
	id := e.Claim.AccessKeyID
	known := 0
	for _, k := range e.keys {
		switch {
		case !k.Server && k.AccessKeyID == id:
			return "; it stands in " + k.Where + ", which is not where the server looks"
		case k.Server && strings.EqualFold(k.AccessKeyID, id):
			return "; there is " + keyName(k.AccessKeyID) + ", and upper and lower case differ"
		case k.Server && id != "" && (strings.HasPrefix(k.AccessKeyID, id) || strings.HasPrefix(id, k.AccessKeyID)):
			return "; there is " + keyName(k.AccessKeyID) + ", so that characters are missing or too many"
		case k.Server:
			known++
		}
	}
	if known == 0 {
		return "; no key of a server is known here at all"
	}
	return ""
}

// lines returns the canonical request line by line, session tokens withheld.
func (a *attempt) lines() []Line {
	rows := strings.Split(a.redacted(), "\n")
	what := []string{"method", "path, encoded", "query, sorted"}
	for _, h := range a.canonical.headers {
		what = append(what, "header "+h.name)
	}
	what = append(what, "(empty)", "signed headers", "payload hash")
	lines := make([]Line, len(rows))
	for i, row := range rows {
		lines[i].Text = row
		if len(rows) == len(what) { // always, unless what was sent has line feeds in it
			lines[i].What = what[i]
		}
	}
	return lines
}
