package transcribe

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
)

// Epoch is a time, on the wire a JSON number of seconds since 1970 with milliseconds.
type Epoch time.Time

// MarshalJSON implements json.Marshaler: 1650390013.203. There is no time before 1970.
func (e Epoch) MarshalJSON() ([]byte, error) {
	return appendDecimal(nil, max(time.Time(e).UnixMilli(), 0), 3), nil
}

// UnmarshalJSON implements json.Unmarshaler. It takes exponents, as the service writes them, and refuses what is no time before
// the year 10000; null leaves e as it is.
func (e *Epoch) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 253402300799 {
		return fmt.Errorf("%q is not a time in seconds", short(string(b)))
	}
	*e = Epoch(time.UnixMilli(int64(math.Round(f * 1000))).UTC())
	return nil
}

// VocabularyAnswer answers the operations on one vocabulary. DownloadURI and FailureReason stand where they are not empty.
type VocabularyAnswer struct {
	DownloadURI      string `json:"DownloadUri,omitempty"`
	FailureReason    string `json:",omitempty"`
	LanguageCode     string
	LastModifiedTime Epoch
	VocabularyName   string
	VocabularyState  string
}

// VocabulariesAnswer answers ListVocabularies. Status is the state that was asked for.
type VocabulariesAnswer struct {
	NextToken    string `json:",omitempty"`
	Status       string `json:",omitempty"`
	Vocabularies []VocabularyAnswer
}

// FilterAnswer answers the operations on one vocabulary filter.
type FilterAnswer struct {
	DownloadURI          string `json:"DownloadUri,omitempty"`
	LanguageCode         string
	LastModifiedTime     Epoch
	VocabularyFilterName string
}

// FiltersAnswer answers ListVocabularyFilters.
type FiltersAnswer struct {
	NextToken         string `json:",omitempty"`
	VocabularyFilters []FilterAnswer
}

// TagsAnswer answers ListTagsForResource.
type TagsAnswer struct {
	ResourceARN string `json:"ResourceArn"`
	Tags        []Tag
}

// NoAnswer answers operations that have nothing to say: {}.
type NoAnswer struct{}

// AppendAnswer appends one of the answers, or what [ManageExceptionOf] returned.
func AppendAnswer(dst []byte, answer any) ([]byte, error) {
	switch a := answer.(type) {
	case VocabulariesAnswer:
		if a.Vocabularies == nil {
			a.Vocabularies = []VocabularyAnswer{}
		}
		answer = a
	case FiltersAnswer:
		if a.VocabularyFilters == nil {
			a.VocabularyFilters = []FilterAnswer{}
		}
		answer = a
	case TagsAnswer:
		if a.Tags == nil {
			a.Tags = []Tag{}
		}
		answer = a
	case Exception:
		answer = struct {
			Type    string `json:"__type"`
			Message string
		}{a.Name, a.Message}
	}
	return appendJSON(dst, answer)
}

// The names of exceptions that only operations on resources have.
const (
	NotFound      = "NotFoundException"
	Serialization = "SerializationException"
)

// Texts about resources that clients compare with.
const (
	TextNoVocabulary   = "The requested vocabulary couldn't be found. Check the vocabulary name and try your request again."
	TextNoFilter       = "The requested vocabulary filter couldn't be found. Check the vocabulary filter name and try your request again."
	TextVocabularyName = "The requested vocabulary name already exists. Use a different vocabulary name."
	TextFilterName     = "The requested vocabulary filter name already exists. Use a different vocabulary filter name."
)

// ManageExceptionOf returns what a client is told of err by an operation on resources of the kind. As with all services that
// speak AWS JSON the status is 400 for every fault of the caller's, and clients go by the name.
func ManageExceptionOf(kind string, err error) Exception {
	e := stt.AsError(err)
	x := exceptionOf(func(string) []*parameter { return nil }, err)
	code := stt.Internal
	if e != nil {
		code = e.Code
	}
	switch {
	case x.Name == InternalFailure && code == stt.Internal:
		x.Message = "An internal error has occurred; the server's log says more."
	case code == stt.NotFound:
		x.Name, x.Message = NotFound, missingText(kind)
	case code == stt.Conflict && kind == KindFilter:
		x.Message = TextFilterName
	case code == stt.Conflict:
		x.Message = TextVocabularyName
	case code == stt.Malformed && x.Name == BadRequest:
		x.Name = Serialization
	}
	if x.Fault() {
		x.Status = http.StatusBadRequest
	}
	return x
}

// missingText says that there is no resource of the kind.
func missingText(kind string) string {
	if kind == KindFilter {
		return TextNoFilter
	}
	return TextNoVocabulary
}

// unknownResource is missingText for the option that names what a stream shall use; empty: the option names something else.
func unknownResource(option string) string {
	switch option {
	case "vocabularies", "phrases":
		return TextNoVocabulary
	case "filters":
		return TextNoFilter
	}
	return ""
}

// ManageUnknown is the exception for a target that is no operation of the service.
func ManageUnknown() Exception {
	return Exception{Name: UnknownOperation, Status: http.StatusBadRequest, Message: "The header X-Amz-Target names no operation of Amazon Transcribe."}
}

// tokenSum is the length of the sum that a page token begins with, in bytes.
const tokenSum = 12

// PageToken returns a token for going on with a list behind a position. It is good for the same query only: whose list it is and how
// it was asked for. There is no secret in it: it leads nowhere that its owner could not have asked for.
func PageToken(query, position string) string {
	return base64.RawURLEncoding.EncodeToString(append(pageSum(query, position), position...))
}

// ReadPageToken returns the position of a token. A token that is not one for the query is Invalid.
func ReadPageToken(query, token string) (position string, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err == nil && !strings.ContainsAny(token, "\r\n") && // which the decoder passes over
		len(raw) >= tokenSum && subtle.ConstantTimeCompare(pageSum(query, string(raw[tokenSum:])), raw[:tokenSum]) == 1 {
		return string(raw[tokenSum:]), nil
	}
	return "", &stt.Error{Code: stt.Invalid, Op: "manage", Err: errors.New("page token"),
		Msg: "The NextToken is not one for this list. Use the token of the answer before with the same filters, or leave it out."}
}

func pageSum(query, position string) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "page\x00%d\x00%s%s", len(query), query, position))
	return sum[:tokenSum]
}
