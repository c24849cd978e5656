package transcribe_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
	"github.com/earshot-stt/earshot/wire/transcribe"
)

// manageRequests are bodies as clients write them: each is decoded, encoded again, and a seed of the fuzzer.
var manageRequests = []struct {
	op, body string
	want     transcribe.ManageRequest
}{
	{"CreateVocabulary", `{"VocabularyName":"v-1","LanguageCode":"en-US","Phrases":["Los-Angeles","été"],"Tags":[{"Key":"team","Value":"red"}]}`,
		transcribe.ManageRequest{Name: "v-1", LanguageCode: "en-US", Entries: []string{"Los-Angeles", "été"}, Tags: []transcribe.Tag{{Key: "team", Value: "red"}}}},
	{"CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"de-DE","VocabularyFileUri":"s3://bucket/key.txt","DataAccessRoleArn":"arn:aws:iam::111122223333:role/Reader"}`,
		transcribe.ManageRequest{Name: "v", LanguageCode: "de-DE", FileURI: "s3://bucket/key.txt", DataAccessRoleARN: "arn:aws:iam::111122223333:role/Reader"}},
	{"UpdateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":[]}`, transcribe.ManageRequest{Name: "v", LanguageCode: "en-US", Entries: []string{}}},
	{"GetVocabulary", `{"VocabularyName":"v"}`, transcribe.ManageRequest{Name: "v"}},
	{"ListVocabularies", `{"NextToken":"abc","MaxResults":7,"StateEquals":"READY","NameContains":"x"}`,
		transcribe.ManageRequest{NextToken: "abc", MaxResults: 7, StateEquals: "READY", NameContains: "x"}},
	{"ListVocabularies", `{}`, transcribe.ManageRequest{}},
	{"DeleteVocabulary", `{"VocabularyName":"v"}`, transcribe.ManageRequest{Name: "v"}},
	{"CreateVocabularyFilter", `{"VocabularyFilterName":"f","LanguageCode":"en-US","Words":["damn"]}`,
		transcribe.ManageRequest{Name: "f", LanguageCode: "en-US", Entries: []string{"damn"}}},
	{"GetVocabularyFilter", `{"VocabularyFilterName":"f"}`, transcribe.ManageRequest{Name: "f"}},
	{"ListVocabularyFilters", `{"MaxResults":100}`, transcribe.ManageRequest{MaxResults: 100}},
	{"UpdateVocabularyFilter", `{"VocabularyFilterName":"f","VocabularyFilterFileUri":"file:words.txt"}`, transcribe.ManageRequest{Name: "f", FileURI: "file:words.txt"}},
	{"DeleteVocabularyFilter", `{"VocabularyFilterName":"f"}`, transcribe.ManageRequest{Name: "f"}},
	{"TagResource", `{"ResourceArn":"arn:aws:transcribe:us-east-1:111122223333:vocabulary/v","Tags":[{"Key":"a","Value":""},{"Key":"b","Value":"c"}]}`,
		transcribe.ManageRequest{ResourceARN: "arn:aws:transcribe:us-east-1:111122223333:vocabulary/v", Tags: []transcribe.Tag{{Key: "a"}, {Key: "b", Value: "c"}}}},
	{"UntagResource", `{"ResourceArn":"arn:x","TagKeys":["a","b"]}`, transcribe.ManageRequest{ResourceARN: "arn:x", TagKeys: []string{"a", "b"}}},
	{"ListTagsForResource", `{"ResourceArn":"arn:x"}`, transcribe.ManageRequest{ResourceARN: "arn:x"}},
}

func manageOperation(t *testing.T, name string) transcribe.ManageOperation {
	t.Helper()
	op, ok := transcribe.ManageOperationOf(name)
	if !ok || !op.Offered() {
		t.Fatalf("operation %s is not offered", name)
	}
	return op
}

func TestManageRequests(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range manageRequests {
		op := manageOperation(t, c.op)
		seen[c.op] = true
		got, err := transcribe.DecodeManage(op, []byte(c.body))
		if err != nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s %s: %+v, %v", c.op, c.body, got, err)
			continue
		}
		body, err := transcribe.EncodeManage(op, got)
		if err != nil || string(body) != c.body {
			t.Errorf("%s: %s, %v\nwant %s", c.op, body, err, c.body)
		}
	}
	for _, op := range transcribe.ManageOperations() {
		if !seen[op.Name] {
			t.Errorf("no case is of %s", op.Name)
		}
	}
}

func TestManageLenience(t *testing.T) {
	for name, body := range map[string]string{
		"empty body": ``, "space": " \n", "null is nothing": `{"NextToken":null,"MaxResults":null}`, "unknown members": `{"Colour":{"a":[1]},"nexttoken":"x","maxresults":"x"}`,
	} {
		got, err := transcribe.DecodeManage(manageOperation(t, "ListVocabularies"), []byte(body))
		if err != nil || !reflect.DeepEqual(*got, transcribe.ManageRequest{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestManageFaults(t *testing.T) {
	const secret = "squirrel"
	long := strings.Repeat("x", 257)
	for _, c := range []struct {
		op, body string
		code     stt.Code
		want     string // of the text
	}{
		{"GetVocabulary", `{}`, stt.Invalid, "1 validation error detected: Value null at 'vocabularyName' failed to satisfy constraint: Member must not be null"},
		{"GetVocabulary", `{"vocabularyName":"v"}`, stt.Invalid, "1 validation error detected: Value null at 'vocabularyName'"},
		{"GetVocabulary", `{"VocabularyName":"a b"}`, stt.Invalid, "1 validation error detected: Value 'a b' at 'vocabularyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-zA-Z._-]{1,200}"},
		{"GetVocabulary", `{"VocabularyName":""}`, stt.Invalid, "1 validation error detected: Value '' at 'vocabularyName'"},
		{"GetVocabularyFilter", `{"VocabularyFilterName":"../x"}`, stt.Invalid, "1 validation error detected: Value '../x' at 'vocabularyFilterName'"},
		{"CreateVocabulary", `{"LanguageCode":"english","Phrases":["a"]}`, stt.Invalid, "2 validation errors detected: Value null at 'vocabularyName'"},
		{"CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US"}`, stt.Invalid, "The request must have either Phrases or VocabularyFileUri; it has neither."},
		{"CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["squirrel"],"VocabularyFileUri":"s3://a/b"}`, stt.Invalid, "The request must have either Phrases or VocabularyFileUri; it has both."},
		{"CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["squirrel` + long + `"]}`, stt.Invalid, "1 validation error detected: Value at 'phrases' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 256"},
		{"CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","VocabularyFileUri":"/etc/passwd"}`, stt.Invalid, "1 validation error detected: Value '/etc/passwd' at 'vocabularyFileUri'"},
		{"CreateVocabularyFilter", `{"VocabularyFilterName":"v","LanguageCode":"en-US","Words":[]}`, stt.Invalid, "1 validation error detected: Value at 'words' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"CreateVocabularyFilter", `{"VocabularyFilterName":"v","LanguageCode":"en-US","Words":["squirrel",""]}`, stt.Invalid, "1 validation error detected: Value at 'words'"},
		{"UpdateVocabularyFilter", `{"VocabularyFilterName":"v"}`, stt.Invalid, "The request must have either Words or VocabularyFilterFileUri; it has neither."},
		{"ListVocabularies", `{"MaxResults":0}`, stt.Invalid, "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"ListVocabularies", `{"MaxResults":101}`, stt.Invalid, "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{"ListVocabularies", `{"StateEquals":"ready"}`, stt.Invalid, "1 validation error detected: Value 'ready' at 'stateEquals' failed to satisfy constraint: Member must satisfy enum value set: [PENDING, READY, FAILED]"},
		{"TagResource", `{"ResourceArn":"arn:x"}`, stt.Invalid, "1 validation error detected: Value null at 'tags'"},
		{"TagResource", `{"ResourceArn":"arn:x","Tags":[]}`, stt.Invalid, "1 validation error detected: Value at 'tags'"},
		{"TagResource", `{"ResourceArn":"arn:x","Tags":[{"Key":"a","Value":"1"},{"Key":"a","Value":"2"}]}`, stt.Invalid, "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not have a key twice"},
		{"TagResource", `{"ResourceArn":"arn:x","Tags":[{"Key":"AWS:a","Value":"1"}]}`, stt.Invalid, "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not begin with aws:"},
		{"TagResource", `{"ResourceArn":"arn:x","Tags":[{"Key":"a\nb","Value":"1"}]}`, stt.Invalid, "1 validation error detected: Value at 'tags'"},
		{"UntagResource", `{"ResourceArn":"arn:x","TagKeys":[""]}`, stt.Invalid, "1 validation error detected: Value at 'tagKeys'"},

		{"GetVocabulary", `[]`, stt.Malformed, "The body is not a JSON object"},
		{"GetVocabulary", `{"VocabularyName":"v"`, stt.Malformed, "The body is not a JSON object: it does not end"},
		{"GetVocabulary", `{"VocabularyName":"v"} {}`, stt.Malformed, "The body is not a JSON object: there is something behind it"},
		{"GetVocabulary", `{"VocabularyName":"v","VocabularyName":"w"}`, stt.Malformed, `The body is not a JSON object: the member "VocabularyName" is there twice`},
		{"GetVocabulary", `{"VocabularyName":"v","\u0056ocabularyName":"w"}`, stt.Malformed, `The body is not a JSON object: the member "VocabularyName" is there twice`},
		{"GetVocabulary", "{\"VocabularyName\":\"v\xff\"}", stt.Malformed, "The body is not a JSON object: it is not UTF-8"},
		{"GetVocabulary", `{"VocabularyName":7}`, stt.Malformed, "The member VocabularyName is not what it should be: expected a string."},
		{"ListVocabularies", `{"MaxResults":"5"}`, stt.Malformed, "The member MaxResults is not what it should be: expected a whole number."},
		{"ListVocabularies", `{"MaxResults":1e99}`, stt.Malformed, "The member MaxResults is not what it should be: expected a whole number."},
		{"CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":"squirrel"}`, stt.Malformed, "The member Phrases is not what it should be: expected a list of strings."},
		{"CreateVocabulary", `{"VocabularyName":"v","LanguageCode":"en-US","Phrases":["squirrel",null]}`, stt.Malformed, "The member Phrases is not what it should be: expected a list of strings"},
		{"TagResource", `{"ResourceArn":"arn:x","Tags":[{"Key":"a"}]}`, stt.Malformed, "The member Tags is not what it should be: expected tags with a Key and a Value."},
		{"TagResource", `{"ResourceArn":"arn:x","Tags":[{"Key":"a","Value":"b","Key":"c"}]}`, stt.Malformed, "The member Tags is not what it should be"},
	} {
		got, err := transcribe.DecodeManage(manageOperation(t, c.op), []byte(c.body))
		if stt.CodeOf(err) != c.code || !strings.HasPrefix(stt.AsError(err).Msg, c.want) {
			t.Errorf("%s %s: %+v, %v\nwant %s", c.op, c.body, got, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows content: %v", err)
		}
	}
}

func TestManageOperationOf(t *testing.T) {
	for target, want := range map[string]struct{ known, offered bool }{
		"Transcribe.CreateVocabulary": {true, true}, "com.amazonaws.transcribe.Transcribe.ListVocabularies": {true, true}, "DeleteVocabularyFilter": {true, true},
		"Transcribe.StartTranscriptionJob": {true, false}, "Transcribe.ListMedicalVocabularies": {true, false}, "Transcribe.CreateLanguageModel": {true, false},
		"Transcribe.createvocabulary": {}, "": {}, "Transcribe.": {}, "Transcribe.CreateVocabulary ": {}, "Transcribe.CreateVocabulary.": {}, "StartStreamTranscription": {},
	} {
		op, ok := transcribe.ManageOperationOf(target)
		if ok != want.known || op.Offered() != want.offered {
			t.Errorf("%q: %q, known: %v, offered: %v", target, op.Name, ok, op.Offered())
		}
		if ok && !op.Offered() {
			if x := transcribe.ManageExceptionOf("", transcribe.ManageNotOffered(op)); x.Name != transcribe.BadRequest || !strings.Contains(x.Message, op.Name+" is not offered") {
				t.Errorf("%+v", x)
			}
		}
	}
}

func TestManageAnswers(t *testing.T) {
	at := transcribe.Epoch(time.UnixMilli(1650390013203))
	for _, c := range []struct {
		answer any
		want   string
	}{
		{transcribe.VocabularyAnswer{VocabularyName: "v", LanguageCode: "en-US", VocabularyState: "PENDING", LastModifiedTime: at},
			`{"LanguageCode":"en-US","LastModifiedTime":1650390013.203,"VocabularyName":"v","VocabularyState":"PENDING"}`},
		{transcribe.VocabularyAnswer{VocabularyName: "v", VocabularyState: "FAILED", FailureReason: "line 2 <\"a\">", DownloadURI: "https://h/x?a=b&c=d", LastModifiedTime: at},
			`{"DownloadUri":"https://h/x?a=b&c=d","FailureReason":"line 2 <\"a\">","LanguageCode":"","LastModifiedTime":1650390013.203,"VocabularyName":"v","VocabularyState":"FAILED"}`},
		{transcribe.VocabulariesAnswer{Status: "READY"}, `{"Status":"READY","Vocabularies":[]}`},
		{transcribe.FiltersAnswer{NextToken: "t", VocabularyFilters: []transcribe.FilterAnswer{{VocabularyFilterName: "f", LanguageCode: "en-US", LastModifiedTime: at}}},
			`{"NextToken":"t","VocabularyFilters":[{"LanguageCode":"en-US","LastModifiedTime":1650390013.203,"VocabularyFilterName":"f"}]}`},
		{transcribe.TagsAnswer{ResourceARN: "arn:x"}, `{"ResourceArn":"arn:x","Tags":[]}`},
		{transcribe.NoAnswer{}, `{}`},
		{transcribe.Exception{Name: "NotFoundException", Status: 400, Message: "no"}, `{"__type":"NotFoundException","Message":"no"}`},
	} {
		got, err := transcribe.AppendAnswer(nil, c.answer)
		if err != nil || string(got) != c.want {
			t.Errorf("%s, %v\nwant %s", got, err, c.want)
		}
	}
}

func TestEpoch(t *testing.T) {
	for text, want := range map[string]string{"1650390013.203": "1650390013.203", "1.650390013203E9": "1650390013.203", "0": "0.0", "1650390013": "1650390013.0"} {
		var e transcribe.Epoch
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Error(err)
		}
		if got, err := json.Marshal(e); err != nil || string(got) != want {
			t.Errorf("%s becomes %s, %v", text, got, err)
		}
	}
	for _, text := range []string{`"1"`, `-1`, `1e300`, `{}`} {
		var e transcribe.Epoch
		if err := json.Unmarshal([]byte(text), &e); err == nil {
			t.Errorf("%s is taken as %v", text, time.Time(e))
		}
	}
}

func TestManageExceptions(t *testing.T) {
	for _, code := range stt.Codes() {
		x := transcribe.ManageExceptionOf("", &stt.Error{Code: code, Msg: "so it is", Err: errors.New("the cause")})
		if x.Name == "" || x.Message == "" || strings.Contains(x.Message, "the cause") || x.Status != 400 && x.Status < 500 {
			t.Errorf("%v: %+v", code, x)
		}
		if retry := code == stt.Exhausted || code == stt.Unavailable; retry != (x.Status == 503) {
			t.Errorf("%v: %+v", code, x)
		}
	}
	for _, c := range []struct {
		kind       string
		err        error
		name, text string
	}{
		{transcribe.KindVocabulary, &stt.Error{Code: stt.NotFound}, "NotFoundException", transcribe.TextNoVocabulary},
		{transcribe.KindFilter, &stt.Error{Code: stt.NotFound}, "NotFoundException", transcribe.TextNoFilter},
		{transcribe.KindVocabulary, &stt.Error{Code: stt.Conflict}, "ConflictException", transcribe.TextVocabularyName},
		{transcribe.KindFilter, &stt.Error{Code: stt.Conflict}, "ConflictException", transcribe.TextFilterName},
		{"", &stt.Error{Code: stt.Quota, Msg: "enough"}, "LimitExceededException", "enough"},
		{"", &stt.Error{Code: stt.Malformed, Msg: "no"}, "SerializationException", "no"},
		{"", &sigv4.Error{Reason: sigv4.Missing, Detail: "wanted one"}, "MissingAuthenticationTokenException", "wanted one"},
		{"", errors.New("secret"), "InternalFailureException", "An internal error has occurred; the server's log says more."},
		{"", nil, "InternalFailureException", "An internal error has occurred; the server's log says more."},
	} {
		if x := transcribe.ManageExceptionOf(c.kind, c.err); x.Name != c.name || !strings.HasPrefix(x.Message, c.text) {
			t.Errorf("%v: %+v", c.err, x)
		}
	}
	// A stream that names a resource which is not there is told so in the same words.
	for option, text := range map[string]string{"vocabularies": transcribe.TextNoVocabulary, "filters": transcribe.TextNoFilter} {
		if x := transcribe.ExceptionOf(&stt.Error{Code: stt.NotFound, Option: option, Got: "v", Msg: "no"}); x.Name != transcribe.BadRequest || x.Message != text {
			t.Errorf("%s: %+v", option, x)
		}
	}
}

func TestPageToken(t *testing.T) {
	token := transcribe.PageToken("mine", "17/name")
	if got, err := transcribe.ReadPageToken("mine", token); err != nil || got != "17/name" {
		t.Errorf("%q, %v", got, err)
	}
	if strings.Contains(token, "name") {
		t.Errorf("the token %q is not opaque", token)
	}
	bad := []string{"", "abc", token + "A", token[:len(token)-1], token + "\n", transcribe.PageToken("min", "e17/name"), transcribe.PageToken("theirs", "17/name")}
	for i := range token { // any other character in any place
		c := byte('A')
		if token[i] == c {
			c = 'B'
		}
		bad = append(bad, token[:i]+string(c)+token[i+1:])
	}
	for _, b := range bad {
		if got, err := transcribe.ReadPageToken("mine", b); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%q is read as %q, %v", b, got, err)
		}
	}
}

func TestARN(t *testing.T) {
	arn := transcribe.ARN("us-east-1", "111122223333", transcribe.KindFilter, "f-1")
	if arn != "arn:aws:transcribe:us-east-1:111122223333:vocabulary-filter/f-1" {
		t.Error(arn)
	}
	if account, kind, name, err := transcribe.ParseARN(arn); err != nil || account != "111122223333" || kind != transcribe.KindFilter || name != "f-1" {
		t.Error(account, kind, name, err)
	}
	for _, bad := range []string{"", "arn", "arn:aws:s3:::bucket", "arn:aws:transcribe:us-east-1:1:transcription-job/x", "arn:aws:transcribe:us-east-1:1:vocabulary/",
		"arn:aws:transcribe:us-east-1:1:vocabulary/a/b", "arn:aws:transcribe:us-east-1:1:vocabulary/*", "arn:aws:transcribe:us-east-1:1:vocabulary", "x:aws:transcribe:us-east-1:1:vocabulary/a"} {
		if _, _, _, err := transcribe.ParseARN(bad); stt.CodeOf(err) != stt.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Whatever is taken can be written, and is read as the same again; whatever is refused is refused with a code.
func FuzzDecodeManage(f *testing.F) {
	for _, c := range manageRequests {
		f.Add(c.op, []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		op, ok := transcribe.ManageOperationOf(name)
		if !ok || !op.Offered() {
			return
		}
		r, err := transcribe.DecodeManage(op, body)
		if err != nil {
			if code := stt.CodeOf(err); code != stt.Invalid && code != stt.Malformed {
				t.Fatal(err)
			}
			return
		}
		again, err := transcribe.EncodeManage(op, r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := transcribe.DecodeManage(op, again); err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("%+v is written as %s and read as %+v, %v", r, again, got, err)
		}
	})
}
