package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/auth/policy"
)

const (
	streamSocket = "transcribe:StartStreamTranscriptionWebSocket"
	streamHTTP2  = "transcribe:StartStreamTranscription"
	create       = "transcribe:CreateVocabulary"
	names        = "arn:aws:transcribe:us-east-1:111122223333:vocabulary/names"

	allowed    = policy.Allowed
	denied     = policy.Denied
	notAllowed = policy.NotAllowed
)

// asPrinted is the policy of Amazon's documentation, character by character.
const asPrinted = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "my-transcribe-websocket-policy",
      "Effect": "Allow",
      "Action": "transcribe:StartStreamTranscriptionWebSocket",
      "Resource": "*"
    }
  ]
}`

// statements puts statements, separated by spaces at will, into a policy.
func statements(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }

// allow is a statement that allows everything under a condition.
func allow(condition string) string {
	return `{"Effect":"Allow","Action":"*","Resource":"*","Condition":{` + condition + `}}`
}

// deny is one that denies everything under a condition, beside one that allows everything.
func deny(condition string) string {
	return `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":{` + condition + `}}`
}

func on(action, resource string) string {
	return `{"Effect":"Allow","Action":` + action + `,"Resource":` + resource + `}`
}

// here is what an ordinary request brings with it.
func here() policy.Context {
	return policy.Context{
		policy.SourceIP: {"192.0.2.7"}, policy.CurrentTime: {"2026-03-15T12:00:00Z"}, policy.EpochTime: {"1773576000"},
		policy.SecureTransport: {"true"}, policy.UserAgent: {"aws-sdk-go-v2/1.41.7 ua/2.1"}, policy.Username: {"alice"},
		policy.UserID: {"ESHKAAAAAAAAAAAAAAAA"}, policy.PrincipalARN: {"arn:aws:iam::111122223333:user/alice"},
		policy.PrincipalAccount: {"111122223333"}, policy.PrincipalType: {"User"}, policy.RequestedRegion: {"us-east-1"},
		policy.TagKeys: {"team", "cost"}, policy.RequestTag + "team": {"blue"},
	}
}

type decideCase struct {
	name   string
	policy string // whole, or the statements of one
	action string // streamSocket unless given
	on     string // resource; "*" unless given
	with   string // "key=value" to change in the context, "key=" to take it away
	want   policy.Outcome
}

func decideCases() []decideCase {
	star := `"*"`
	return []decideCase{
		// the example
		{name: "as printed", policy: asPrinted, want: allowed},
		{name: "as printed, HTTP/2 is another action", policy: asPrinted, action: streamHTTP2, want: notAllowed},
		{name: "as printed, medical is another action", policy: asPrinted, action: "transcribe:StartMedicalStreamTranscriptionWebSocket", want: notAllowed},
		{name: "as printed, another service", policy: asPrinted, action: "polly:StartStreamTranscriptionWebSocket", want: notAllowed},
		{name: "one statement without a list", policy: `{"Version":"2012-10-17","Statement":` + on(star, star) + `}`, want: allowed},
		{name: "the older version", policy: `{"Version":"2008-10-17","Statement":` + on(star, star) + `}`, want: allowed},
		{name: "no version", policy: `{"Statement":` + on(star, star) + `}`, want: allowed},
		{name: "with an id", policy: `{"Id":"x","Version":"2012-10-17","Statement":` + on(star, star) + `}`, want: allowed},

		// actions
		{name: "everything", policy: on(star, star), want: allowed},
		{name: "a service's", policy: on(`"transcribe:*"`, star), want: allowed},
		{name: "letters' case in the policy", policy: on(`"TRANSCRIBE:startstreamtranscriptionwebsocket"`, star), want: allowed},
		{name: "letters' case in the request", policy: asPrinted, action: "TransCribe:STARTSTREAMTRANSCRIPTIONWEBSOCKET", want: allowed},
		{name: "a list", policy: on(`["transcribe:CreateVocabulary","transcribe:StartStreamTranscriptionWebSocket"]`, star), want: allowed},
		{name: "a list without it", policy: on(`["transcribe:CreateVocabulary","transcribe:GetVocabulary"]`, star), want: notAllowed},
		{name: "one character", policy: on(`"transcribe:StartStreamTranscription?ebSocket"`, star), want: allowed},
		{name: "? is not none", policy: on(`"transcribe:StartStreamTranscription?"`, star), action: streamHTTP2, want: notAllowed},
		{name: "* may be none", policy: on(`"transcribe:StartStreamTranscription*"`, star), action: streamHTTP2, want: allowed},
		{name: "the end counts", policy: on(`"transcribe:Start*Transcription"`, star), want: notAllowed},
		{name: "several *", policy: on(`"transcribe:*Stream*Socket"`, star), want: allowed},
		{name: "a part is not the whole", policy: on(`"transcribe:StartStream"`, star), want: notAllowed},
		{name: "the Kelvin sign is no k", policy: on(`"transcribe:Tok*"`, star), action: "transcribe:To\u212Aen", want: notAllowed},
		{name: "NotAction, of another", policy: `{"Effect":"Allow","NotAction":"transcribe:Create*","Resource":"*"}`, want: allowed},
		{name: "NotAction, of this", policy: `{"Effect":"Allow","NotAction":["s3:*","transcribe:Start*"],"Resource":"*"}`, want: notAllowed},
		{name: "no action asked for", policy: on(`"transcribe:*"`, star), action: " ", want: notAllowed},

		// effects
		{name: "deny wins", policy: on(star, star) + `,{"Effect":"Deny","Action":"transcribe:Start*","Resource":"*"}`, want: denied},
		{name: "deny wins, written first", policy: `{"Effect":"Deny","Action":"transcribe:Start*","Resource":"*"},` + on(star, star), want: denied},
		{name: "deny of something else", policy: on(star, star) + `,{"Effect":"Deny","Action":"transcribe:Create*","Resource":"*"}`, want: allowed},
		{name: "deny alone", policy: `{"Effect":"Deny","Action":"*","Resource":"*"}`, want: denied},
		{name: "deny alone, of something else", policy: `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`, want: notAllowed},
		{name: "deny all but", policy: on(star, star) + `,{"Effect":"Deny","NotAction":"transcribe:Get*","Resource":"*"}`, want: denied},
		{name: "one of two allows", policy: on(`"s3:*"`, star) + "," + on(`"transcribe:*"`, star), want: allowed},

		// resources
		{name: "a stream has no ARN", policy: on(star, `"arn:aws:transcribe:*:*:*"`), want: notAllowed},
		{name: "a vocabulary by name", policy: on(star, `"`+names+`"`), action: create, on: names, want: allowed},
		{name: "another vocabulary", policy: on(star, `"`+names+`"`), action: create, on: names + "2", want: notAllowed},
		{name: "letters' case counts", policy: on(star, `"`+names+`"`), action: create, on: strings.ToUpper(names), want: notAllowed},
		{name: "by the beginning of the name", policy: on(star, `"arn:aws:transcribe:*:111122223333:vocabulary/na*"`), action: create, on: names, want: allowed},
		{name: "another account's", policy: on(star, `"arn:aws:transcribe:*:999999999999:vocabulary/*"`), action: create, on: names, want: notAllowed},
		{name: "* stays in its part", policy: on(star, `"arn:aws:transcribe:*:999999999999:vocabulary/*"`), action: create,
			on: "arn:aws:transcribe:us-east-1:111122223333:vocabulary/x:999999999999:vocabulary/y", want: notAllowed},
		{name: "colons in the last part", policy: on(star, `"arn:aws:transcribe:*:*:vocabulary/*:y"`), action: create,
			on: "arn:aws:transcribe:us-east-1:111122223333:vocabulary/x:y", want: allowed},
		{name: "a filter is no vocabulary", policy: on(star, `"arn:aws:transcribe:*:*:vocabulary/*"`), action: create,
			on: "arn:aws:transcribe:us-east-1:111122223333:vocabulary-filter/names", want: notAllowed},
		{name: "a list of resources", policy: on(star, `["arn:aws:s3:::x","`+names+`"]`), action: create, on: names, want: allowed},
		{name: "NotResource, another", policy: `{"Effect":"Allow","Action":"*","NotResource":"` + names + `"}`, action: create, on: names + "2", want: allowed},
		{name: "NotResource, this", policy: `{"Effect":"Allow","Action":"*","NotResource":"` + names + `"}`, action: create, on: names, want: notAllowed},
		{name: "no ARN at all", policy: on(star, `"arn:aws:transcribe:*:*:*"`), action: create, on: "vocabulary/names", want: notAllowed},

		// variables
		{name: "a variable", policy: on(star, `"arn:aws:transcribe:*:*:vocabulary/${aws:username}-*"`), action: create,
			on: "arn:aws:transcribe:us-east-1:111122223333:vocabulary/alice-1", want: allowed},
		{name: "somebody else's", policy: on(star, `"arn:aws:transcribe:*:*:vocabulary/${aws:username}-*"`), action: create,
			on: "arn:aws:transcribe:us-east-1:111122223333:vocabulary/bob-1", want: notAllowed},
		{name: "a value is no pattern", policy: on(star, `"arn:aws:transcribe:*:*:vocabulary/${aws:username}"`), action: create, with: "aws:username=*",
			on: names, want: notAllowed},
		{name: "a colon in a value divides nothing", policy: on(star, `"arn:aws:transcribe:*:${aws:username}:vocabulary/*"`), action: create,
			with: "aws:username=111122223333:vocabulary/x", on: "arn:aws:transcribe:us-east-1:111122223333:vocabulary/x:vocabulary/y", want: notAllowed},
		{name: "no value, no match", policy: on(star, `"arn:aws:transcribe:*:*:vocabulary/${aws:username}*"`), action: create, with: "aws:username=",
			on: names, want: notAllowed},
		{name: "no value, a default", policy: on(star, `"arn:aws:transcribe:*:*:vocabulary/${aws:username, 'names'}"`), action: create, with: "aws:username=",
			on: names, want: allowed},
		{name: "no value, not even for NotResource", policy: `{"Effect":"Allow","Action":"*","NotResource":"arn:aws:transcribe:*:*:vocabulary/${aws:username}"}`,
			action: create, with: "aws:username=", on: names, want: notAllowed},
		{name: "no value, but to deny", policy: on(star, star) + `,{"Effect":"Deny","Action":"*","NotResource":"arn:aws:transcribe:*:*:vocabulary/${aws:username}"}`,
			action: create, with: "aws:username=", on: names, want: denied},
		{name: "characters themselves", policy: allow(`"StringLike":{"aws:UserAgent":"a${*}b${?}${$}*"}`), with: "aws:UserAgent=a*b?$c", want: allowed},
		{name: "and nothing else", policy: allow(`"StringLike":{"aws:UserAgent":"a${*}b${?}${$}*"}`), with: "aws:UserAgent=axb?$c", want: notAllowed},
		{name: "a variable in a condition", policy: allow(`"StringEquals":{"aws:UserAgent":"${aws:username}"}`), with: "aws:UserAgent=alice", want: allowed},

		// strings
		{name: "StringEquals", policy: allow(`"StringEquals":{"aws:username":"alice"}`), want: allowed},
		{name: "StringEquals, case", policy: allow(`"StringEquals":{"aws:username":"Alice"}`), want: notAllowed},
		{name: "StringEquals, * is a star", policy: allow(`"StringEquals":{"aws:username":"al*"}`), want: notAllowed},
		{name: "StringEquals, one of several", policy: allow(`"StringEquals":{"aws:username":["bob","alice"]}`), want: allowed},
		{name: "a key in any case", policy: allow(`"StringEquals":{"AWS:UserName":"alice"}`), want: allowed},
		{name: "StringNotEquals", policy: allow(`"StringNotEquals":{"aws:username":["bob","carol"]}`), want: allowed},
		{name: "StringNotEquals, one of several", policy: allow(`"StringNotEquals":{"aws:username":["bob","alice"]}`), want: notAllowed},
		{name: "StringNotEquals, no value", policy: allow(`"StringNotEquals":{"aws:username":"bob"}`), with: "aws:username=", want: allowed},
		{name: "StringEquals, no value", policy: allow(`"StringEquals":{"aws:username":"alice"}`), with: "aws:username=", want: notAllowed},
		{name: "StringEqualsIfExists, no value", policy: allow(`"StringEqualsIfExists":{"aws:username":"bob"}`), with: "aws:username=", want: allowed},
		{name: "StringEqualsIfExists, a value", policy: allow(`"StringEqualsIfExists":{"aws:username":"bob"}`), want: notAllowed},
		{name: "StringEqualsIgnoreCase", policy: allow(`"StringEqualsIgnoreCase":{"aws:username":"ALICE"}`), want: allowed},
		{name: "StringEqualsIgnoreCase, a sign that looks like a letter", policy: allow(`"StringEqualsIgnoreCase":{"aws:username":"KATE"}`), with: "aws:username=\u212aate", want: notAllowed},
		{name: "StringEqualsIgnoreCase, a variable", policy: allow(`"StringEqualsIgnoreCase":{"aws:username":"${aws:PrincipalType}"}`), with: "aws:username=usER", want: allowed},
		{name: "StringEqualsIgnoreCase, other letters", policy: allow(`"StringEqualsIgnoreCase":{"aws:username":"\u00c4nne"}`), with: "aws:username=\u00e4nne", want: notAllowed},
		{name: "StringNotEqualsIgnoreCase", policy: allow(`"StringNotEqualsIgnoreCase":{"aws:username":"ALICE"}`), want: notAllowed},
		{name: "StringLike", policy: allow(`"StringLike":{"aws:UserAgent":["curl/*","aws-sdk-*/1.?*"]}`), want: allowed},
		{name: "StringNotLike", policy: deny(`"StringNotLike":{"aws:UserAgent":"aws-sdk-*"}`), with: "aws:UserAgent=curl/8", want: denied},
		{name: "a value that is not UTF-8", policy: deny(`"StringNotEquals":{"aws:username":"alice"}`), with: "aws:username=\xff", want: denied},

		// numbers, dates, booleans
		{name: "NumericLessThan", policy: allow(`"NumericLessThan":{"aws:EpochTime":1773576001}`), want: allowed},
		{name: "NumericLessThan, equal", policy: allow(`"NumericLessThan":{"aws:EpochTime":"1773576000"}`), want: notAllowed},
		{name: "NumericLessThanEquals", policy: allow(`"NumericLessThanEquals":{"aws:EpochTime":1773576000}`), want: allowed},
		{name: "NumericGreaterThan", policy: allow(`"NumericGreaterThan":{"aws:EpochTime":1773576000}`), want: notAllowed},
		{name: "NumericGreaterThanEquals", policy: allow(`"NumericGreaterThanEquals":{"aws:EpochTime":1.773576e9}`), want: allowed},
		{name: "NumericEquals", policy: allow(`"NumericEquals":{"aws:EpochTime":[1,1773576000]}`), want: allowed},
		{name: "NumericNotEquals", policy: allow(`"NumericNotEquals":{"aws:EpochTime":[1,1773576000]}`), want: notAllowed},
		{name: "NumericNotEquals, no number", policy: allow(`"NumericNotEquals":{"aws:EpochTime":1}`), with: "aws:EpochTime=soon", want: notAllowed},
		{name: "NumericNotEquals, no number, to deny", policy: deny(`"NumericNotEquals":{"aws:EpochTime":1}`), with: "aws:EpochTime=soon", want: denied},
		{name: "DateLessThan", policy: allow(`"DateLessThan":{"aws:CurrentTime":"2026-04-01T00:00:00Z"}`), want: allowed},
		{name: "DateLessThan, later", policy: allow(`"DateLessThan":{"aws:CurrentTime":"2026-04-01T00:00:00Z"}`), with: "aws:CurrentTime=2026-04-01T00:00:00Z", want: notAllowed},
		{name: "DateGreaterThan, a day", policy: allow(`"DateGreaterThan":{"aws:CurrentTime":"2026-03-15"}`), want: allowed},
		{name: "DateEquals, another zone", policy: allow(`"DateEquals":{"aws:CurrentTime":"2026-03-15T13:00:00+01:00"}`), want: allowed},
		{name: "DateNotEquals", policy: allow(`"DateNotEquals":{"aws:CurrentTime":"2026-03-15T12:00Z"}`), want: notAllowed},
		{name: "DateGreaterThanEquals, in seconds", policy: allow(`"DateGreaterThanEquals":{"aws:EpochTime":"1773576000"}`), want: allowed},
		{name: "a window, both ends hold", policy: allow(`"DateGreaterThan":{"aws:CurrentTime":"2026-03-01"},"DateLessThanEquals":{"aws:CurrentTime":"2026-03-15T12:00:00Z"}`), want: allowed},
		{name: "a window, one end does not", policy: allow(`"DateGreaterThan":{"aws:CurrentTime":"2026-03-01"},"DateLessThan":{"aws:CurrentTime":"2026-03-15T12:00:00Z"}`), want: notAllowed},
		{name: "Bool", policy: allow(`"Bool":{"aws:SecureTransport":"true"}`), want: allowed},
		{name: "Bool, without quotes", policy: allow(`"Bool":{"aws:SecureTransport":true}`), with: "aws:SecureTransport=false", want: notAllowed},
		{name: "deny without TLS", policy: deny(`"Bool":{"aws:SecureTransport":"false"}`), with: "aws:SecureTransport=false", want: denied},
		{name: "deny without TLS, over TLS", policy: deny(`"Bool":{"aws:SecureTransport":"false"}`), want: allowed},
		{name: "deny without TLS, not known", policy: deny(`"BoolIfExists":{"aws:SecureTransport":"false"}`), with: "aws:SecureTransport=", want: denied},

		// addresses
		{name: "IpAddress", policy: allow(`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), want: allowed},
		{name: "IpAddress, outside", policy: allow(`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), with: "aws:SourceIp=192.0.3.7", want: notAllowed},
		{name: "IpAddress, one", policy: allow(`"IpAddress":{"aws:SourceIp":"192.0.2.7"}`), want: allowed},
		{name: "IpAddress, bits behind the mask", policy: allow(`"IpAddress":{"aws:SourceIp":"192.0.2.99/24"}`), want: allowed},
		{name: "IpAddress, IPv4 in IPv6", policy: allow(`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), with: "aws:SourceIp=::ffff:192.0.2.7", want: allowed},
		{name: "IpAddress, IPv4 in IPv6 in the policy", policy: allow(`"IpAddress":{"aws:SourceIp":"::ffff:192.0.2.0/120"}`), want: allowed},
		{name: "IpAddress, IPv6", policy: allow(`"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}`), with: "aws:SourceIp=2001:db8:1::5", want: allowed},
		{name: "IpAddress, all of IPv4 is not IPv6", policy: allow(`"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}`), with: "aws:SourceIp=2001:db8::1", want: notAllowed},
		{name: "IpAddress, a zone", policy: allow(`"IpAddress":{"aws:SourceIp":"fe80::/10"}`), with: "aws:SourceIp=fe80::1%eth0", want: allowed},
		{name: "IpAddress, no address", policy: allow(`"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}`), with: "aws:SourceIp=@", want: notAllowed},
		{name: "IpAddress, octal", policy: allow(`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`), with: "aws:SourceIp=012.0.0.1", want: notAllowed},
		{name: "NotIpAddress, inside", policy: deny(`"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","203.0.113.0/24"]}`), want: allowed},
		{name: "NotIpAddress, outside", policy: deny(`"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","203.0.113.0/24"]}`), with: "aws:SourceIp=198.51.100.1", want: denied},
		{name: "NotIpAddress, no address, to deny", policy: deny(`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), with: "aws:SourceIp=@", want: denied},
		{name: "NotIpAddress, no address, to allow", policy: allow(`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), with: "aws:SourceIp=@", want: notAllowed},
		{name: "NotIpAddress, not known, to deny", policy: deny(`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), with: "aws:SourceIp=", want: denied},

		// ARNs, absence, sets
		{name: "ArnLike", policy: allow(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/al*"}`), want: allowed},
		{name: "ArnEquals, * as well", policy: allow(`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/*"}`), want: allowed},
		{name: "ArnNotLike", policy: allow(`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/al*"}`), want: notAllowed},
		{name: "ArnNotEquals", policy: allow(`"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/bob"}`), want: allowed},
		{name: "Null, absent", policy: deny(`"Null":{"aws:TokenIssueTime":"true"}`), want: denied},
		{name: "Null, there", policy: deny(`"Null":{"aws:TokenIssueTime":"true"}`), with: "aws:TokenIssueTime=2026-03-15T11:00:00Z", want: allowed},
		{name: "Null, false", policy: allow(`"Null":{"aws:TokenIssueTime":false}`), with: "aws:TokenIssueTime=2026-03-15T11:00:00Z", want: allowed},
		{name: "several conditions, one does not hold", policy: allow(`"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:username":"bob"}`), want: notAllowed},
		{name: "several keys, one does not hold", policy: allow(`"StringEquals":{"aws:username":"alice","aws:RequestedRegion":"eu-west-1"}`), want: notAllowed},
		{name: "ForAllValues", policy: allow(`"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost","stage"]}`), want: allowed},
		{name: "ForAllValues, one too many", policy: allow(`"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}`), want: notAllowed},
		{name: "ForAllValues, no value", policy: allow(`"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}`), with: "aws:TagKeys=", want: allowed},
		{name: "ForAnyValue", policy: allow(`"ForAnyValue:StringLike":{"aws:TagKeys":["t*"]}`), want: allowed},
		{name: "ForAnyValue, none of them", policy: allow(`"ForAnyValue:StringEquals":{"aws:TagKeys":["stage"]}`), want: notAllowed},
		{name: "ForAnyValue, no value", policy: allow(`"ForAnyValue:StringNotEquals":{"aws:TagKeys":["stage"]}`), with: "aws:TagKeys=", want: notAllowed},
		{name: "several values without a set, to allow", policy: allow(`"StringEquals":{"aws:TagKeys":"team"}`), want: notAllowed},
		{name: "several values without a set, to deny", policy: deny(`"StringEquals":{"aws:TagKeys":"team"}`), want: denied},
		{name: "a tag", policy: allow(`"StringEquals":{"aws:RequestTag/Team":"blue"}`), want: allowed},
	}
}

func (c *decideCase) text() string {
	if strings.Contains(c.policy, `"Statement"`) {
		return c.policy
	}
	return statements(c.policy)
}

func (c *decideCase) request() policy.Request {
	r := policy.Request{Action: c.action, Resource: c.on, Context: here()}
	if r.Action == "" {
		r.Action = streamSocket
	}
	if key, value, ok := strings.Cut(c.with, "="); ok {
		delete(r.Context, key)
		if value != "" {
			r.Context[key] = []string{value}
		}
	}
	return r
}

func TestDecide(t *testing.T) {
	cases := decideCases()
	if len(cases) < 60 {
		t.Errorf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := policy.Parse([]byte(c.text()))
			if err != nil {
				t.Fatal(err)
			}
			r := c.request()
			if got := p.Decide(r); got != c.want {
				t.Errorf("%v; want %v\n%s", got, c.want, p.Explain(r))
			}
			if d := p.Explain(r); d.Outcome != c.want || d.Allowed() != (c.want == allowed) || len(d.Statements) != p.Len() {
				t.Errorf("explained as %v: %s", d.Outcome, d)
			}
		})
	}
}

// The zero policy is what stands where a policy could not be read.
func TestNothingIsAllowedByNothing(t *testing.T) {
	everything := policy.Request{Action: "*", Resource: "*", Context: here()}
	if got := (policy.Policy{}).Decide(everything); got != notAllowed {
		t.Errorf("the zero policy: %v", got)
	}
	broken, err := policy.Parse([]byte(statements(on(`"*"`, `"*"`) + ",")))
	if err == nil || broken.Decide(everything) != notAllowed || broken.Len() != 0 {
		t.Errorf("a policy with an error: %v, %v", broken, err)
	}
	if got := policy.DecideAll(nil, everything); got != notAllowed {
		t.Errorf("no policies: %v", got)
	}
}

func TestDecideAll(t *testing.T) {
	all := map[string]policy.Policy{}
	for name, text := range map[string]string{"a": on(`"*"`, `"*"`), "d": `{"Effect":"Deny","Action":"*","Resource":"*"}`, "n": on(`"s3:*"`, `"*"`)} {
		p, err := policy.Parse([]byte(statements(text)))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = p
	}
	for names, want := range map[string]policy.Outcome{"a": allowed, "aa": allowed, "an": notAllowed, "na": notAllowed, "nn": notAllowed,
		"ad": denied, "da": denied, "nd": denied, "dn": denied, "aan": notAllowed, "ana": notAllowed, "aaa": allowed} {
		var some []policy.Policy
		for _, name := range names {
			some = append(some, all[string(name)])
		}
		if got := policy.DecideAll(some, policy.Request{Action: streamSocket}); got != want {
			t.Errorf("%s: %v; want %v", names, got, want)
		}
	}
}

func TestExplain(t *testing.T) {
	p, err := policy.Parse([]byte(statements(`{"Sid":"office","Effect":"Allow","Action":"transcribe:Start*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}},
		{"Effect":"Allow","Action":"transcribe:Get*","Resource":"*"},
		{"Effect":"Allow","Action":"*","Resource":"arn:aws:transcribe:*:*:vocabulary/*"},
		{"Sid":"evening","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:Referer":"x"}}}`)))
	if err != nil {
		t.Fatal(err)
	}
	want := `denied: no statement allows it
  Statement[0] "office", Allow: does not apply: Condition.IpAddress."aws:SourceIp" does not hold: the value is "192.0.2.7"
  Statement[1], Allow: does not apply: Action does not have "transcribe:StartStreamTranscriptionWebSocket"
  Statement[2], Allow: does not apply: Resource does not have "*"
  Statement[3] "evening", Deny: does not apply: Condition.StringEquals."aws:Referer" does not hold: the request has no value for it`
	r := policy.Request{Action: streamSocket, Context: here()}
	if got := p.Explain(r).String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	r.Context[policy.SourceIP] = []string{"10.1.2.3"}
	if got := p.Explain(r).String(); !strings.HasPrefix(got, "allowed: ") || !strings.Contains(got, `"office", Allow: applies`) {
		t.Error(got)
	}
	r.Context[policy.Referer] = []string{"x"}
	if got := p.Explain(r).String(); !strings.HasPrefix(got, "denied: a statement denies it") || !strings.Contains(got, `"evening", Deny: applies`) {
		t.Error(got)
	}
	if got := fmt.Sprint(p); got != "policy of 4 statements" {
		t.Error(got)
	}
}
