package policy_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/auth/policy"
)

// chance makes random policies and requests out of few words, so that they meet often.
type chance struct{ *rand.Rand }

func newChance(t *testing.T) chance {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return chance{rand.New(rand.NewPCG(seed, 0))}
}

func (c chance) of(words ...string) string { return words[c.IntN(len(words))] }

func (c chance) statement(effect string) string {
	action := c.of(`"Action":"*"`, `"Action":"transcribe:*"`, `"Action":["transcribe:Start*","transcribe:Get*"]`, `"Action":"transcribe:CreateVocabulary"`,
		`"NotAction":"transcribe:Start*"`, `"NotAction":["transcribe:Get*","transcribe:Create?ocabulary"]`, `"Action":"s3:*"`)
	resource := c.of(`"Resource":"*"`, `"Resource":"*"`, `"Resource":"`+names+`"`, `"NotResource":"`+names+`"`,
		`"Resource":"arn:aws:transcribe:*:*:vocabulary/${aws:username}*"`, `"NotResource":"arn:aws:transcribe:*:*:vocabulary/${aws:username}*"`)
	condition := ""
	if c.IntN(2) == 0 {
		condition = `,"Condition":{` + c.of(
			`"Bool":{"aws:SecureTransport":"true"}`, `"BoolIfExists":{"aws:SecureTransport":"false"}`,
			`"IpAddress":{"aws:SourceIp":["192.0.2.0/24","10.0.0.0/8"]}`, `"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`,
			`"StringEquals":{"aws:username":["alice","bob"]}`, `"StringNotLike":{"aws:username":"${aws:PrincipalType}*"}`,
			`"DateLessThan":{"aws:CurrentTime":"2026-06-01"}`, `"NumericGreaterThanIfExists":{"aws:EpochTime":1773576000}`,
			`"ForAnyValue:StringEquals":{"aws:TagKeys":["team","x"]}`, `"ForAllValues:StringLike":{"aws:TagKeys":["t*"]}`,
			`"Null":{"aws:TokenIssueTime":"true"},"StringEqualsIfExists":{"aws:Referer":"x"}`) + "}"
	}
	return `{"Effect":"` + effect + `",` + action + "," + resource + condition + "}"
}

func (c chance) statements() []string {
	all := make([]string, 1+c.IntN(5))
	for i := range all {
		all[i] = c.statement(c.of("Allow", "Allow", "Deny"))
	}
	return all
}

func (c chance) request() policy.Request {
	r := policy.Request{Action: c.of(streamSocket, streamHTTP2, create, "transcribe:GetVocabulary", "s3:GetObject"), Resource: c.of("*", names, names+"x", ""),
		Context: here()}
	for _, key := range []string{policy.SourceIP, policy.Username, policy.SecureTransport, policy.TagKeys, policy.EpochTime, policy.PrincipalType} {
		if c.IntN(4) == 0 {
			delete(r.Context, key)
		}
	}
	for key, value := range map[string]string{policy.SourceIP: "203.0.113.1", policy.Username: "carol", policy.SecureTransport: "false", policy.Referer: "x",
		policy.TokenIssueTime: "2026-03-15T11:00:00Z"} {
		if c.IntN(4) == 0 {
			r.Context[key] = []string{value}
		}
	}
	return r
}

// read parses what must be right.
func read(t *testing.T, all []string) policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(statements(strings.Join(all, ","))))
	if err != nil {
		t.Fatalf("%v: %s", err, all)
	}
	return p
}

func TestProperties(t *testing.T) {
	c := newChance(t)
	seen := map[policy.Outcome]int{}
	for range 600 {
		all, r := c.statements(), c.request()
		got := read(t, all).Decide(r)
		seen[got]++
		fail := func(what string, changed []string) {
			t.Helper()
			t.Fatalf("%s: %v before\n%s\n%s\n%+v", what, got, strings.Join(all, "\n"), read(t, changed).Explain(r), r)
		}

		// One more Deny never allows more; it denies, or changes nothing.
		more := append(slices.Clone(all), c.statement("Deny"))
		if after := read(t, more).Decide(r); after != got && after != denied {
			fail("one more Deny", more)
		}
		// One more Allow takes nothing away, and lifts no Deny.
		more = append(slices.Clone(all), c.statement("Allow"))
		if after := read(t, more).Decide(r); after != got && (got != notAllowed || after != allowed) {
			fail("one more Allow", more)
		}
		// The order does not matter, nor does saying it twice.
		other := slices.Clone(all)
		c.Shuffle(len(other), func(i, j int) { other[i], other[j] = other[j], other[i] })
		if after := read(t, append(other, all...)).Decide(r); after != got {
			fail("shuffled", other)
		}
		// Two policies allow what both allow, and neither denies more than it does alone.
		second := c.statements()
		want := got
		if alone := read(t, second).Decide(r); got == denied || alone == denied {
			want = denied
		} else if alone != allowed {
			want = notAllowed
		}
		if together := policy.DecideAll([]policy.Policy{read(t, all), read(t, second)}, r); together != want {
			t.Fatalf("%v together, want %v:\n%s\n%s", together, want, all, second)
		}
		// The explanation agrees with the decision.
		d := read(t, all).Explain(r)
		allows := slices.ContainsFunc(d.Statements, func(f policy.Finding) bool { return f.Applies && f.Effect == policy.Allow })
		denies := slices.ContainsFunc(d.Statements, func(f policy.Finding) bool { return f.Applies && f.Effect == policy.Deny })
		if d.Outcome != got || denies != (got == denied) || !denies && allows != (got == allowed) {
			fail("explained", all)
		}
	}
	for _, o := range []policy.Outcome{allowed, denied, notAllowed} {
		if seen[o] < 20 {
			t.Errorf("%v only %d times", o, seen[o])
		}
	}
}

// likes asks the product whether a pattern describes a value.
func likes(t *testing.T, pattern, value string) bool {
	t.Helper()
	p, err := policy.Parse([]byte(statements(allow(fmt.Sprintf(`"StringLike":{"aws:UserAgent":%q}`, pattern)))))
	if err != nil {
		t.Fatal(err)
	}
	return p.Decide(policy.Request{Action: "a:b", Context: policy.Context{policy.UserAgent: {value}}}) == allowed
}

// Regular expressions are the reference for wildcards.
func TestWildcards(t *testing.T) {
	c := newChance(t)
	matched := 0
	for range 2500 {
		var pattern, value strings.Builder
		for range c.IntN(9) {
			pattern.WriteString(c.of("a", "b", "é", "*", "?", "**", "*?"))
		}
		for range c.IntN(9) {
			value.WriteString(c.of("a", "b", "é", "\n"))
		}
		reference := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern.String()))
		want := regexp.MustCompile(`(?s)^` + reference + `$`).MatchString(value.String())
		if got := likes(t, pattern.String(), value.String()); got != want {
			t.Fatalf("%q, %q: %v, want %v", pattern.String(), value.String(), got, want)
		}
		if want {
			matched++
		}
	}
	if matched < 100 {
		t.Errorf("only %d matches", matched)
	}
}

// What is exponential in a naive matcher is not here: the test would not end.
func TestManyWildcards(t *testing.T) {
	if likes(t, strings.Repeat("*a", 500)+"b", strings.Repeat("a", 20000)) {
		t.Error("it matches")
	}
	if !likes(t, strings.Repeat("*a", 500)+"*", strings.Repeat("a", 20000)) {
		t.Error("it does not match")
	}
}

// A decision is a part of every admission.
func BenchmarkDecide(b *testing.B) {
	p, err := policy.Parse([]byte(statements(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.0/24"]},
		"DateGreaterThan":{"aws:CurrentTime":"2027-01-01"}}},` + on(`["transcribe:Get*","transcribe:StartStreamTranscription*"]`, `"*"`))))
	if err != nil {
		b.Fatal(err)
	}
	r := policy.Request{Action: streamSocket, Context: here()}
	b.ReportAllocs()
	for b.Loop() {
		if p.Decide(r) != allowed {
			b.Fatal("not allowed")
		}
	}
}
