package transcribe

import (
	"fmt"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// PathManage is where the operations are posted that manage resources, and PathManageToo the path that the developer guide
// prints for them.
const (
	PathManage    = "/"
	PathManageToo = "/transcribe"
)

// ContentTypeManage is the media type of their requests and answers (AWS JSON 1.1).
const ContentTypeManage = "application/x-amz-json-1.1"

// The kinds of resources, as they stand in an ARN.
const (
	KindVocabulary = "vocabulary"
	KindFilter     = "vocabulary-filter"
)

// ManageOperation is one of the operations of the service that are no streams (API model, service Transcribe). What of its
// messages is not listed is passed over, as the service does.
type ManageOperation struct {
	Name string // as in the API model, such as CreateVocabulary
	Kind string // of the resource that it is about, KindVocabulary or KindFilter; empty: it goes by an ARN
	List bool   // it is about all resources of the kind

	members []member // nil: not offered
}

// Offered reports whether Earshot serves the operation.
func (op ManageOperation) Offered() bool { return op.members != nil }

// ManageOperations returns the operations that are offered.
func ManageOperations() []ManageOperation {
	return []ManageOperation{
		{Name: "CreateVocabulary", Kind: KindVocabulary, members: []member{vocabularyName, languageCode, phrases, vocabularyFile, accessRole, tags}},
		{Name: "GetVocabulary", Kind: KindVocabulary, members: []member{vocabularyName}},
		{Name: "ListVocabularies", Kind: KindVocabulary, List: true, members: []member{nextToken, maxResults, stateEquals, nameContains}},
		{Name: "UpdateVocabulary", Kind: KindVocabulary, members: []member{vocabularyName, languageCode, phrases, vocabularyFile, accessRole}},
		{Name: "DeleteVocabulary", Kind: KindVocabulary, members: []member{vocabularyName}},
		{Name: "CreateVocabularyFilter", Kind: KindFilter, members: []member{filterName, languageCode, filterWords, filterFile, accessRole, tags}},
		{Name: "GetVocabularyFilter", Kind: KindFilter, members: []member{filterName}},
		{Name: "ListVocabularyFilters", Kind: KindFilter, List: true, members: []member{nextToken, maxResults, nameContains}},
		{Name: "UpdateVocabularyFilter", Kind: KindFilter, members: []member{filterName, filterWords, filterFile, accessRole}},
		{Name: "DeleteVocabularyFilter", Kind: KindFilter, members: []member{filterName}},
		{Name: "TagResource", members: []member{resourceARN, required(tags)}},
		{Name: "UntagResource", members: []member{resourceARN, tagKeys}},
		{Name: "ListTagsForResource", members: []member{resourceARN}},
	}
}

// manageOthers are the operations of the API model of 2017-10-26 that are not offered.
const manageOthers = "CreateCallAnalyticsCategory CreateLanguageModel CreateMedicalVocabulary DeleteCallAnalyticsCategory DeleteCallAnalyticsJob " +
	"DeleteLanguageModel DeleteMedicalScribeJob DeleteMedicalTranscriptionJob DeleteMedicalVocabulary DeleteTranscriptionJob DescribeLanguageModel " +
	"GetCallAnalyticsCategory GetCallAnalyticsJob GetMedicalScribeJob GetMedicalTranscriptionJob GetMedicalVocabulary GetTranscriptionJob " +
	"ListCallAnalyticsCategories ListCallAnalyticsJobs ListLanguageModels ListMedicalScribeJobs ListMedicalTranscriptionJobs ListMedicalVocabularies " +
	"ListTranscriptionJobs StartCallAnalyticsJob StartMedicalScribeJob StartMedicalTranscriptionJob StartTranscriptionJob " +
	"UpdateCallAnalyticsCategory UpdateMedicalVocabulary"

// ManageOperationOf returns the operation that the header X-Amz-Target names: what stands behind its last dot counts. ok is
// false for one that the service has not. Of those that are not offered only the name is set.
func ManageOperationOf(target string) (op ManageOperation, ok bool) {
	name := target[strings.LastIndexByte(target, '.')+1:]
	for _, op := range ManageOperations() {
		if op.Name == name {
			return op, true
		}
	}
	for other := range strings.FieldsSeq(manageOthers) {
		if other == name {
			return ManageOperation{Name: name}, true
		}
	}
	return ManageOperation{}, false
}

// ManageNotOffered returns the refusal of an operation that the service has and Earshot has not, *stt.Error Unsupported.
func ManageNotOffered(op ManageOperation) error {
	return &stt.Error{Code: stt.Unsupported, Op: "manage", Msg: "The operation " + op.Name + " is not offered by this server, which has the operations on vocabularies, on vocabulary filters and on their tags."}
}

// ManageRequest is what an operation is asked. Which of the fields count depends on the operation; a zero value means that the
// member was not given.
type ManageRequest struct {
	Name              string   // VocabularyName or VocabularyFilterName
	LanguageCode      string   // as Amazon writes them, such as en-US
	Entries           []string // Phrases or Words; not nil where they were given
	FileURI           string   // VocabularyFileUri or VocabularyFilterFileUri
	DataAccessRoleARN string   // taken and not used: the server has its own rights
	Tags              []Tag
	TagKeys           []string
	ResourceARN       string
	NextToken         string
	MaxResults        int // 0: not given
	StateEquals       string
	NameContains      string
}

// Tag is a label on a resource.
type Tag struct {
	Key, Value string
}

// DefaultMaxResults is how many entries a list has where MaxResults is not given.
const DefaultMaxResults = 5

// ARN returns the name of a resource in policies and tags (service authorization reference).
func ARN(region, account, kind, name string) string {
	return "arn:aws:transcribe:" + region + ":" + account + ":" + kind + "/" + name
}

// ParseARN reads the name of a vocabulary or a filter. The error is Invalid.
func ParseARN(arn string) (account, kind, name string, err error) {
	parts := strings.SplitN(arn, ":", 6)
	bad := func() (string, string, string, error) {
		return "", "", "", &stt.Error{Code: stt.Invalid, Op: "manage",
			Msg: fmt.Sprintf("The ARN %q is none of a vocabulary or a vocabulary filter: arn:aws:transcribe:REGION:ACCOUNT:vocabulary/NAME.", short(arn))}
	}
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "transcribe" {
		return bad()
	}
	kind, name, ok := strings.Cut(parts[5], "/")
	if !ok || kind != KindVocabulary && kind != KindFilter || isName(name) != "" {
		return bad()
	}
	return parts[4], kind, name, nil
}
