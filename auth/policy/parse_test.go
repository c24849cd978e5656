package policy_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

type refusedCase struct{ name, policy, want string }

func refusedCases() []refusedCase {
	condition := func(c string) string { return statements(allow(c)) }
	one := func(s string) string { return statements("{" + s + "}") }
	good := `"Effect":"Allow","Action":"*","Resource":"*"`
	return []refusedCase{
		{"nothing", "", "the policy: expected a JSON object; got nothing"},
		{"white space", " \n", "the policy: expected a JSON object; got nothing"},
		{"no JSON", "{", "the policy: expected JSON; got at byte 1: unexpected end of JSON input"},
		{"something behind it", asPrinted + "{}", "expected JSON"},
		{"a comma too many", `{"Version":"2012-10-17","Statement":[],}`, "expected JSON"},
		{"a list", "[]", "the policy: expected a JSON object; got a list"},
		{"a string", `"*"`, "the policy: expected a JSON object; got a string"},
		{"null", `null`, "got null"},
		{"not UTF-8", "{\"Id\":\"\xff\"}", "the policy: expected UTF-8; got other bytes"},
		{"half a pair", `{"Id":"\ud800"}`, "Id: expected printable characters; got U+FFFD"},
		{"a control character", `{"Id":"a\u0000"}`, "Id: expected printable characters; got U+0000"},
		{"an invisible character", one(`"Effect":"Allow","Action":"*\u200b","Resource":"*"`), "Statement[0].Action: expected printable characters; got U+200B"},
		{"an invisible member", `{"Version\u202e":"2012-10-17"}`, "expected printable characters; got U+202E"},
		{"a line's end", `{"Id":"a\u2028b"}`, "Id: expected printable characters; got U+2028"},
		{"a paragraph's end", one(`"Sid":"a\u2029","Effect":"Allow","Action":"*","Resource":"*"`), "Statement[0].Sid: expected printable characters; got U+2029"},
		{"a letter that is blank", one(`"Effect":"Allow","Action":"*\u3164","Resource":"*"`), "Statement[0].Action: expected printable characters; got U+3164"},
		{"what joins letters", `{"Id":"a\u200db"}`, "Id: expected printable characters; got U+200D"},
		{"too long", statements(`{"Sid":"` + strings.Repeat("x", policy.MaxSize) + `"}`), "the policy: expected at most 20480 bytes; got "},
		{"a string too long", one(`"Effect":"Allow","Resource":"*","Action":"a:` + strings.Repeat("*", 2047) + `"`), "Statement[0].Action: expected at most 2048 bytes; got 2049"},
		{"too deep", strings.Repeat("[", 10) + strings.Repeat("]", 10), "expected at most 8 levels; got more"},
		{"too many statements", statements(strings.TrimSuffix(strings.Repeat(`{"Effect":"Deny","Action":"*","Resource":"*"},`, 129), ",")), "Statement: expected 1 to 128 statements; got 129"},
		{"too many values", one(`"Effect":"Deny","Resource":"*","Action":[` + strings.TrimSuffix(strings.Repeat(`"*",`, 513), ",") + `]`), "Statement[0].Action: expected at most 512 values; got more"},

		{"another version", `{"Version":"2012-10-18","Statement":{` + good + `}}`, `Version: expected "2012-10-17" or "2008-10-17"; got "2012-10-18"`},
		{"no string as version", `{"Version":20121017}`, `Version: expected "2012-10-17" or "2008-10-17"; got a number`},
		{"no statement", `{"Version":"2012-10-17"}`, `the policy: expected a "Statement"; got none`},
		{"no statements", `{"Version":"2012-10-17","Statement":[]}`, "Statement: expected 1 to 128 statements; got 0"},
		{"a statement that is none", statements(`"Allow"`), "Statement[0]: expected a statement, which is an object; got a string"},
		{"a member twice", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}`, `Statement: expected each member once; got "Effect" twice`},
		{"a member twice, escaped", `{"Version":"2012-10-17","Statement":{"Effect":"Deny","\u0045ffect":"Allow","Action":"*","Resource":"*"}}`, `got "Effect" twice`},
		{"the statements twice", `{"Statement":{` + good + `},"Statement":{` + good + `}}`, `the policy: expected each member once; got "Statement" twice`},
		{"a member in another case", one(`"effect":"Allow","Action":"*","Resource":"*"`), `Statement[0]: expected "Effect", in these letters; got "effect"`},
		{"a statement in another case", `{"statement":{` + good + `}}`, `the policy: expected "Statement", in these letters; got "statement"`},
		{"an unknown member", one(good + `,"Comment":"x"`), `Statement[0]: expected no members but Sid, Effect, Action, NotAction, Resource, NotResource, Condition; got "Comment"`},
		{"an unknown member above", `{"Statements":[]}`, `the policy: expected no members but Version, Id, Statement; got "Statements"`},
		{"a principal", one(good + `,"Principal":"*"`), `Statement[0]: expected no "Principal": the policy of a key is about that key; got one`},
		{"no principal", one(good + `,"NotPrincipal":{"AWS":"*"}`), `expected no "NotPrincipal"`},
		{"two of one id", statements(`{"Sid":"a",` + good + `},{"Sid":"a",` + good + `}`), `Statement[1].Sid: expected an id that no other statement has; got "a"`},
		{"an id that is none", one(`"Sid":1,` + good), "Statement[0].Sid: expected a string; got a number"},
		{"a long id", one(`"Sid":"` + strings.Repeat("x", 257) + `",` + good), "Statement[0].Sid: expected at most 256 bytes; got 257"},

		{"no effect", one(`"Action":"*","Resource":"*"`), `Statement[0]: expected "Effect": "Allow" or "Deny"; got none`},
		{"another effect", one(`"Effect":"allow","Action":"*","Resource":"*"`), `Statement[0].Effect: expected "Allow" or "Deny"; got "allow"`},
		{"an effect with a space", one(`"Effect":"Allow ","Action":"*","Resource":"*"`), `Statement[0].Effect: expected "Allow" or "Deny"; got "Allow "`},
		{"an effect that is no string", one(`"Effect":true,"Action":"*","Resource":"*"`), `Statement[0].Effect: expected "Allow" or "Deny"; got true or false`},

		{"no action", one(`"Effect":"Allow","Resource":"*"`), `Statement[0]: expected "Action" or "NotAction"; got neither`},
		{"both actions", one(good + `,"NotAction":"*"`), `Statement[0]: expected "Action" or "NotAction"; got both`},
		{"no actions", one(`"Effect":"Allow","Action":[],"Resource":"*"`), "Statement[0].Action: expected one or more strings; got an empty list"},
		{"an action that is none", one(`"Effect":"Allow","Action":["*",5],"Resource":"*"`), "Statement[0].Action[1]: expected a string; got a number"},
		{"lists in lists", one(`"Effect":"Allow","Action":[["*"]],"Resource":"*"`), "Statement[0].Action[0]: expected a string; got a list"},
		{"an action without a service", one(`"Effect":"Allow","Action":"StartStreamTranscription","Resource":"*"`), `Statement[0].Action: expected "*" or a service`},
		{"a wildcard as service", one(`"Effect":"Allow","Action":"t*:x","Resource":"*"`), `got "t*:x"`},
		{"a space in an action", one(`"Effect":"Allow","Action":"transcribe: *","Resource":"*"`), `got "transcribe: *"`},
		{"an empty action", one(`"Effect":"Allow","Action":"","Resource":"*"`), `got ""`},
		{"an action of other letters", one(`"Effect":"Allow","Action":"transcribe:Stаrt*","Resource":"*"`), "Statement[0].Action: expected"},
		{"a variable in an action", one(`"Effect":"Allow","Action":"transcribe:${aws:username}","Resource":"*"`), "Statement[0].Action: expected"},

		{"no resource", one(`"Effect":"Allow","Action":"*"`), `Statement[0]: expected "Resource" or "NotResource"; got neither`},
		{"both resources", one(good + `,"NotResource":"*"`), `Statement[0]: expected "Resource" or "NotResource"; got both`},
		{"a resource that is no ARN", one(`"Effect":"Allow","Action":"*","Resource":"vocabulary/x"`), `Statement[0].Resource: expected "*" or an ARN`},
		{"too few parts", one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:transcribe:*"`), `got "arn:aws:transcribe:*"`},
		{"no arn", one(`"Effect":"Allow","Action":"*","Resource":"*:aws:transcribe:*:*:*"`), `got "*:aws:transcribe:*:*:*"`},
		{"resource null", one(`"Effect":"Allow","Action":"*","Resource":null`), "Statement[0].Resource: expected a string; got null"},

		{"a variable that does not end", one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username"`), "expected a } behind each ${"},
		{"an unknown variable", one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/team}"`), `got "aws:PrincipalTag/team"`},
		{"a variable of several values", one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:TagKeys}"`), `got "aws:TagKeys"`},
		{"an empty variable", one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${}"`), `got ""`},
		{"a default without quotes", one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username, x}"`), "expected a default in single quotes"},
		{"a default of one quote", one(`"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username, '}"`), "expected a default in single quotes"},
		{"a variable in an old policy", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}`, `expected no variables, which need "Version": "2012-10-17"`},
		{"a variable without a version", `{"Statement":` + allow(`"StringLike":{"aws:UserAgent":"${aws:username}"}`) + `}`, `expected no variables`},

		{"conditions that are none", one(good + `,"Condition":[]`), "Statement[0].Condition: expected an object: operator, key, values; got a list"},
		{"an unknown operator", condition(`"StringContains":{"aws:username":"a"}`), `Statement[0].Condition: expected one of the operators StringEquals,`},
		{"an operator in another case", condition(`"stringEquals":{"aws:username":"a"}`), `got "stringEquals"`},
		{"an operator for bytes", condition(`"BinaryEquals":{"aws:username":"YQ=="}`), `got "BinaryEquals"`},
		{"IfExists twice", condition(`"StringEqualsIfExistsIfExists":{"aws:username":"a"}`), `got "StringEqualsIfExistsIfExists"`},
		{"NullIfExists", condition(`"NullIfExists":{"aws:username":true}`), `got "NullIfExists"`},
		{"a set for Null", condition(`"ForAnyValue:Null":{"aws:username":true}`), `got "ForAnyValue:Null"`},
		{"two sets", condition(`"ForAnyValue:ForAllValues:StringEquals":{"aws:TagKeys":"a"}`), `got "ForAnyValue:ForAllValues:StringEquals"`},
		{"ForAllValues of one", condition(`"ForAllValues:StringEquals":{"aws:username":"a"}`), `expected no ForAllValues:`},
		{"no key", condition(`"StringEquals":{}`), "Statement[0].Condition.StringEquals: expected a condition key; got none"},
		{"no keys", condition(`"StringEquals":"aws:username"`), "Statement[0].Condition.StringEquals: expected an object: key, values; got a string"},
		{"an unknown key", condition(`"StringEquals":{"aws:PrincipalTag/team":"a"}`), `expected a condition key that this server has values for, which are aws:SourceIp,`},
		{"a tag without a key", condition(`"StringEquals":{"aws:RequestTag/":"a"}`), `got "aws:RequestTag/"`},
		{"a key twice", condition(`"StringEquals":{"aws:username":"a","AWS:USERNAME":"b"}`), `Statement[0].Condition.StringEquals: expected each key once, whatever its letters' case; got "AWS:USERNAME" twice`},
		{"a key of another kind", condition(`"IpAddress":{"aws:username":"10.0.0.1"}`), `Statement[0].Condition.IpAddress: expected a key that IpAddress can compare; got "aws:username"`},
		{"dates of names", condition(`"DateLessThan":{"aws:username":"2026-01-01"}`), `got "aws:username"`},
		{"no value", condition(`"StringEquals":{"aws:username":[]}`), `Statement[0].Condition.StringEquals."aws:username": expected one or more values; got an empty list`},
		{"value null", condition(`"StringEquals":{"aws:username":null}`), `Statement[0].Condition.StringEquals."aws:username": expected a string, a number, true or false; got null`},
		{"an object as value", condition(`"StringEquals":{"aws:username":[{}]}`), `"aws:username"[0]: expected a string, a number, true or false; got an object`},
		{"no address", condition(`"IpAddress":{"aws:SourceIp":"localhost"}`), `"aws:SourceIp": expected an address or a range such as 192.0.2.0/24 or 2001:db8::/32; got "localhost"`},
		{"a mask too long", condition(`"IpAddress":{"aws:SourceIp":"10.0.0.0/33"}`), `got "10.0.0.0/33"`},
		{"a mask across both kinds", condition(`"IpAddress":{"aws:SourceIp":"::ffff:0:0/95"}`), `got "::ffff:0:0/95"`},
		{"a zone", condition(`"IpAddress":{"aws:SourceIp":"fe80::1%eth0"}`), `got "fe80::1%eth0"`},
		{"octal", condition(`"IpAddress":{"aws:SourceIp":"010.0.0.1"}`), `got "010.0.0.1"`},
		{"no number", condition(`"NumericEquals":{"aws:EpochTime":"0x10"}`), `expected a decimal number; got "0x10"`},
		{"not a number", condition(`"NumericEquals":{"aws:EpochTime":"NaN"}`), `expected a decimal number; got "NaN"`},
		{"a number out of range", condition(`"NumericEquals":{"aws:EpochTime":1e999}`), `expected a decimal number; got "1e999"`},
		{"no date", condition(`"DateEquals":{"aws:CurrentTime":"tomorrow"}`), `expected a date such as`},
		{"a date that is none", condition(`"DateEquals":{"aws:CurrentTime":"2026-02-30T00:00:00Z"}`), `got "2026-02-30T00:00:00Z"`},
		{"no boolean", condition(`"Bool":{"aws:SecureTransport":"yes"}`), `expected true or false; got "yes"`},
		{"no boolean for Null", condition(`"Null":{"aws:username":1}`), `expected true or false; got "1"`},
		{"no ARN", condition(`"ArnLike":{"aws:PrincipalArn":"alice"}`), `expected "*" or an ARN`},
		{"a number as ARN", condition(`"ArnLike":{"aws:PrincipalArn":1}`), `expected a string; got a number`},
	}
}

func TestRefused(t *testing.T) {
	for _, c := range refusedCases() {
		t.Run(c.name, func(t *testing.T) {
			p, err := policy.Parse([]byte(c.policy))
			switch {
			case err == nil:
				t.Fatalf("taken: %s", c.policy)
			case stt.CodeOf(err) != stt.Invalid || !strings.Contains(err.Error(), c.want):
				t.Errorf("%v\nwant %s", err, c.want)
			case p.Len() != 0 || p.Decide(policy.Request{Action: streamSocket, Context: here()}) != notAllowed:
				t.Error("it allows something all the same")
			case len(err.Error()) > 1500:
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			var decoded policy.Policy
			if json.Unmarshal([]byte(c.policy), &decoded) == nil {
				t.Error("encoding/json takes it")
			}
		})
	}
}

// What is read is written so that it is read as the same.
func TestMarshal(t *testing.T) {
	p, err := policy.Parse([]byte(statements(`{"Sid":"s","Effect":"Allow","Action":"transcribe:*","NotResource":["*","` + names + `"],
		"Condition":{"Bool":{"aws:SecureTransport":true},"NumericEquals":{"aws:EpochTime":[1.5,"2"]},"StringLike":{"aws:username":"<${aws:userid}>","aws:UserAgent":"*"}}}`)))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Action":["transcribe:*"],"NotResource":["*","` + names + `"],` +
		`"Condition":{"Bool":{"aws:SecureTransport":["true"]},"NumericEquals":{"aws:EpochTime":["1.5","2"]},"StringLike":{"aws:username":["<${aws:userid}>"],"aws:UserAgent":["*"]}}}]}`
	got, err := p.MarshalJSON()
	if err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	if _, err := json.Marshal(map[string]any{"policy": p}); err != nil {
		t.Error(err)
	}
	for _, c := range decideCases() {
		roundTrip(t, []byte(c.text()))
	}
}

// roundTrip checks that a policy, written and read again, is the same, and returns it.
func roundTrip(t *testing.T, data []byte) policy.Policy {
	t.Helper()
	p, err := policy.Parse(data)
	if err != nil {
		return p
	}
	once, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := policy.Parse(once)
	if len(once) > policy.MaxSize { // lists are written where there were none
		return p
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, once)
	}
	if again.Len() != p.Len() {
		t.Fatalf("%d statements became %d: %s", p.Len(), again.Len(), once)
	}
	twice, err := again.MarshalJSON()
	if err != nil || string(twice) != string(once) {
		t.Fatalf("%s, %v\nwant %s", twice, err, once)
	}
	return again
}

func TestIdle(t *testing.T) {
	p, err := policy.Parse([]byte(statements(on(`["transcribe:startstream*","transcribe:StartStreamTranscriptions","*"]`, `"*"`) + `,{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}`)))
	if err != nil {
		t.Fatal(err)
	}
	got := p.Idle([]string{streamSocket, streamHTTP2})
	if want := []string{`Statement[0].Action: "transcribe:StartStreamTranscriptions"`, `Statement[1].NotAction: "s3:*"`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
