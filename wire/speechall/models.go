package speechall

import (
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
)

// Local is the provider of the models that this server has.
const Local = "local"

// Model is an entry of the model list: 29 fields, six of which are never null.
type Model struct {
	ID          string `json:"id"` // "provider.model"
	DisplayName string `json:"display_name"`
	Provider    string `json:"provider"`
	IsAvailable bool   `json:"is_available"`
	SRT         bool   `json:"supports_srt"`
	VTT         bool   `json:"supports_vtt"`

	Description     *string  `json:"description"`
	CostPerSecond   *float64 `json:"cost_per_second_usd"`
	Languages       []string `json:"supported_languages"` // BCP 47; null: any
	Punctuation     *bool    `json:"punctuation"`
	Diarization     *bool    `json:"diarization"`
	Streamable      *bool    `json:"streamable"`
	RealTimeFactor  *float64 `json:"real_time_factor"`
	MaxDuration     *float64 `json:"max_duration_seconds"`
	MaxFileSize     *int64   `json:"max_file_size_bytes"`
	Version         *string  `json:"version"`
	ReleaseDate     *string  `json:"release_date"`
	ModelType       *string  `json:"model_type"`
	AccuracyTier    *string  `json:"accuracy_tier"`
	Encodings       []string `json:"supported_audio_encodings"`
	SampleRates     []int    `json:"supported_sample_rates"`
	SpeakerLabels   *bool    `json:"speaker_labels"`
	WordTimestamps  *bool    `json:"word_timestamps"`
	Confidences     *bool    `json:"confidence_scores"`
	Identification  *bool    `json:"language_detection"`
	Vocabulary      *bool    `json:"custom_vocabulary_support"`
	ProfanityFilter *bool    `json:"profanity_filtering"`
	NoiseReduction  *bool    `json:"noise_reduction"`
	VoiceActivity   *bool    `json:"voice_activity_detection"`
}

// ModelLimits are the bounds of files that the list tells; 0: none.
type ModelLimits struct {
	Seconds float64 // of audio
	Bytes   int64   // of a file
}

// ModelOf describes a model under an identifier, which may be an alias. can is what the model can do, with what the server does
// in its place. What is not known is null.
func ModelOf(id string, m *stt.Model, can *stt.Capabilities, limits ModelLimits) Model {
	provider, name, _ := strings.Cut(id, ".")
	title := m.Title
	if title == "" {
		title = m.ID
	}
	display, description := title+" ("+m.ID+")", "Runs on this server."
	if id != Local+"."+m.ID {
		display, description = name, "Answered on this server by "+Local+"."+m.ID+"."
	}
	has := func(f stt.Feature) *bool { v := can.Has.Has(f); return &v }
	yes, no, kind := true, false, "general"
	if can.Has.Has(stt.FeatureMedical) {
		kind = "medical"
	}
	out := Model{ID: id, DisplayName: display, Provider: provider, IsAvailable: true, SRT: true, VTT: true,
		Description: &description, Languages: slices.Clone(can.Languages), Streamable: &yes, ModelType: &kind,
		Punctuation: has(stt.FeaturePunctuation), Diarization: has(stt.FeatureSpeakers), SpeakerLabels: has(stt.FeatureSpeakers),
		WordTimestamps: has(stt.FeatureWords), Confidences: has(stt.FeatureConfidence), Identification: has(stt.FeatureIdentify),
		Vocabulary: has(stt.FeaturePhrases), ProfanityFilter: has(stt.FeatureFilters), NoiseReduction: &no,
		VoiceActivity: has(stt.FeatureSpeechEvents),
		Encodings:     []string{"LINEAR16", "MULAW", "ALAW", "FLAC", "Opus"}, SampleRates: []int{8000, 16000, 22050, 24000, 32000, 44100, 48000}}
	if can.Has.Has(stt.FeatureIdentify) && out.Languages != nil {
		out.Languages = append(out.Languages, LanguageAuto)
	}
	if limits.Seconds > 0 {
		out.MaxDuration = &limits.Seconds
	}
	if limits.Bytes > 0 {
		out.MaxFileSize = &limits.Bytes
	}
	return out
}

// Known reports whether clients with a closed list of models and providers know an identifier. One that they do not know makes
// the whole list unreadable for them.
func Known(id string) bool {
	provider, name, ok := strings.Cut(id, ".")
	return ok && slices.Contains(strings.Fields(knownModels[provider]), name)
}

// knownModels are the identifiers of the vendor's lists from June to October 2026 whose provider is in all of them.
var knownModels = map[string]string{
	"assemblyai": "universal-2 universal-3-5-pro",
	"azure":      "standard",
	"cloudflare": "whisper whisper-large-v3-turbo whisper-tiny-en",
	"deepgram": "nova-3 nova-3-general nova-3-medical nova-2 nova-2-automotive nova-2-conversationalai nova-2-drivethru nova-2-finance " +
		"nova-2-general nova-2-medical nova-2-meeting nova-2-video nova-2-voicemail nova nova-general nova-medical nova-phonecall enhanced " +
		"enhanced-finance enhanced-general enhanced-meeting enhanced-phonecall base conversationalai finance meeting phonecall video voicemail",
	"elevenlabs":   "scribe-v1 scribe-v2",
	"gemini":       "gemini-2.5-pro gemini-2.5-flash gemini-2.5-flash-lite",
	"gladia":       "standard",
	"groq":         "whisper-large-v3 whisper-large-v3-turbo",
	"ibm":          "standard",
	"mistral":      "voxtral-mini voxtral-mini-v2",
	"openai":       "whisper-1 gpt-transcribe gpt-4o-transcribe gpt-4o-mini-transcribe gpt-4o-transcribe-diarize",
	"revai":        "machine fusion",
	"speechmatics": "enhanced standard",
}
