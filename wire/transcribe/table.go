package transcribe

// parameter describes one parameter: its name on the wire, its member in the API model (which validation texts use), and
// the options of package stt that it sets, so that errors of the hub can be told in the client's words.
type parameter struct {
	name, member string
	alias        string // another name, taken where the first is not given
	required     bool
	options      []string
	check        func(value string) string // returns the constraint that is not met, or "" (not of booleans)
	field        func(p *Params) any       // *string, *int or *bool
}

// table returns the parameters of the operation.
func (p *Params) table() []parameter {
	if p.Medical {
		return medicalParameters
	}
	return standardParameters
}

const uuidPattern = `[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}`

// served are the encodings of the API model that are offered here, in its order.
var served = []string{"pcm", "ogg-opus", "flac", "g711-alaw", "g711-ulaw"}

// isEncoding is the constraint on an encoding. The one of the API model that is not offered passes, for Config to refuse by name.
func isEncoding(s string) string {
	if s == "g729" {
		return ""
	}
	return oneOf(served...)(s)
}

var (
	sessionIDs    = matches(uuidPattern)
	channelCounts = between(1, 2) // the service wants 2; mono is 1, and normal
)

// standardParameters are those of StartStreamTranscription.
var standardParameters = []parameter{
	{name: "language-code", member: "languageCode", options: []string{"language"}, check: isCode, field: func(p *Params) any { return &p.LanguageCode }},
	{name: "sample-rate", member: "mediaSampleRateHertz", required: true, options: []string{"audio"}, check: between(8000, 48000), field: func(p *Params) any { return &p.SampleRate }},
	{name: "media-encoding", member: "mediaEncoding", required: true, options: []string{"encoding"}, check: isEncoding, field: func(p *Params) any { return &p.MediaEncoding }},
	{name: "session-id", member: "sessionId", check: sessionIDs, field: func(p *Params) any { return &p.SessionID }},
	{name: "vocabulary-name", member: "vocabularyName", options: []string{"vocabularies", "phrases"}, check: isName, field: func(p *Params) any { return &p.VocabularyName }},
	{name: "vocabulary-names", member: "vocabularyNames", options: []string{"vocabularies", "phrases"}, check: areNames, field: func(p *Params) any { return &p.VocabularyNames }},
	{name: "vocabulary-filter-name", member: "vocabularyFilterName", options: []string{"filters"}, check: isName, field: func(p *Params) any { return &p.VocabularyFilterName }},
	{name: "vocabulary-filter-names", member: "vocabularyFilterNames", options: []string{"filters"}, check: areNames, field: func(p *Params) any { return &p.VocabularyFilterNames }},
	{name: "vocabulary-filter-method", member: "vocabularyFilterMethod", check: oneOf("mask", "remove", "tag"), field: func(p *Params) any { return &p.VocabularyFilterMethod }},
	{name: "show-speaker-label", member: "showSpeakerLabel", options: []string{"speakers"}, field: func(p *Params) any { return &p.ShowSpeakerLabel }},
	{name: "enable-channel-identification", alias: "channel-identification", member: "enableChannelIdentification", options: []string{"channels"}, field: func(p *Params) any { return &p.EnableChannelIdentification }},
	{name: "number-of-channels", member: "numberOfChannels", check: channelCounts, field: func(p *Params) any { return &p.NumberOfChannels }},
	{name: "enable-partial-results-stabilization", member: "enablePartialResultsStabilization", options: []string{"stability"}, field: func(p *Params) any { return &p.EnablePartialResultsStabilization }},
	{name: "partial-results-stability", member: "partialResultsStability", check: oneOf("high", "medium", "low"), field: func(p *Params) any { return &p.PartialResultsStability }},
	{name: "content-identification-type", member: "contentIdentificationType", options: []string{"pii"}, check: oneOf("PII"), field: func(p *Params) any { return &p.ContentIdentificationType }},
	{name: "content-redaction-type", member: "contentRedactionType", options: []string{"pii"}, check: oneOf("PII"), field: func(p *Params) any { return &p.ContentRedactionType }},
	{name: "pii-entity-types", member: "piiEntityTypes", check: matches(`[A-Z_, ]{1,300}`), field: func(p *Params) any { return &p.PIIEntityTypes }},
	{name: "language-model-name", member: "languageModelName", options: []string{"model"}, check: isName, field: func(p *Params) any { return &p.LanguageModelName }},
	{name: "identify-language", member: "identifyLanguage", options: []string{"identify"}, field: func(p *Params) any { return &p.IdentifyLanguage }},
	{name: "identify-multiple-languages", member: "identifyMultipleLanguages", options: []string{"identify"}, field: func(p *Params) any { return &p.IdentifyMultipleLanguages }},
	{name: "language-options", member: "languageOptions", check: areCodes, field: func(p *Params) any { return &p.LanguageOptions }},
	{name: "preferred-language", member: "preferredLanguage", check: isCode, field: func(p *Params) any { return &p.PreferredLanguage }},
	{name: "session-resume-window", member: "sessionResumeWindow", check: between(1, 300), field: func(p *Params) any { return &p.SessionResumeWindow }},
	{name: "transcript-format", member: "transcriptFormat", options: []string{"spoken"}, check: oneOf("written", "spoken"), field: func(p *Params) any { return &p.TranscriptFormat }},
}

// medicalParameters are those of StartMedicalStreamTranscription.
var medicalParameters = []parameter{
	{name: "language-code", member: "languageCode", required: true, options: []string{"language"}, check: oneOf(medicalLanguage), field: func(p *Params) any { return &p.LanguageCode }},
	{name: "sample-rate", member: "mediaSampleRateHertz", required: true, options: []string{"audio"}, check: between(16000, 48000), field: func(p *Params) any { return &p.SampleRate }},
	{name: "media-encoding", member: "mediaEncoding", required: true, options: []string{"encoding"}, check: isEncoding, field: func(p *Params) any { return &p.MediaEncoding }},
	{name: "vocabulary-name", member: "vocabularyName", options: []string{"vocabularies", "phrases"}, check: isName, field: func(p *Params) any { return &p.VocabularyName }},
	{name: "specialty", member: "specialty", required: true, options: []string{"medical"}, check: oneOf(specialties...), field: func(p *Params) any { return &p.Specialty }},
	{name: "type", member: "type", required: true, check: oneOf(speechTypes...), field: func(p *Params) any { return &p.Type }},
	{name: "show-speaker-label", member: "showSpeakerLabel", options: []string{"speakers"}, field: func(p *Params) any { return &p.ShowSpeakerLabel }},
	{name: "session-id", member: "sessionId", check: sessionIDs, field: func(p *Params) any { return &p.SessionID }},
	{name: "enable-channel-identification", alias: "channel-identification", member: "enableChannelIdentification", options: []string{"channels"}, field: func(p *Params) any { return &p.EnableChannelIdentification }},
	{name: "number-of-channels", member: "numberOfChannels", check: channelCounts, field: func(p *Params) any { return &p.NumberOfChannels }},
	{name: "content-identification-type", member: "contentIdentificationType", options: []string{"pii"}, check: oneOf("PHI"), field: func(p *Params) any { return &p.ContentIdentificationType }},
}

var (
	specialties = []string{"PRIMARYCARE", "CARDIOLOGY", "NEUROLOGY", "ONCOLOGY", "RADIOLOGY", "UROLOGY"}
	speechTypes = []string{"CONVERSATION", "DICTATION"}
)
