// Policies to begin with, and what policies can speak of; docs/policies.md says all of it.

const statement = (sid, action) => ({ Version: "2012-10-17", Statement: [{ Sid: sid, Effect: "Allow", Action: action, Resource: "*" }] });

/** templates: name, label, hint, policy (absent: the server's default). */
export const templates = [
  { name: "stream", label: "Stream only", hint: "Starts streams by WebSocket and HTTP/2, and nothing else. Right for most applications.", policy: statement("stream", "transcribe:StartStreamTranscription*") },
  { name: "browser", label: "Stream from a browser only", hint: "By WebSocket only: the policy that Amazon’s documentation prints.", policy: statement("browser", "transcribe:StartStreamTranscriptionWebSocket") },
  { name: "default", label: "Stream and manage vocabularies", hint: "What a key may without a policy: all streams, and the vocabularies and filters of its account." },
  { name: "custom", label: "Your own policy", hint: "In the JSON of AWS’s IAM: actions, resources, conditions such as addresses and times." },
];

export const actions = [
  "transcribe:StartStreamTranscriptionWebSocket", "transcribe:StartStreamTranscription", "transcribe:StartMedicalStreamTranscriptionWebSocket", "transcribe:StartMedicalStreamTranscription",
  ...["Vocabulary", "VocabularyFilter"].flatMap((of) => ["Create", "Get", "Update", "Delete"].map((verb) => `transcribe:${verb}${of}`)),
  "transcribe:ListVocabularies", "transcribe:ListVocabularyFilters", "transcribe:TagResource", "transcribe:UntagResource", "transcribe:ListTagsForResource",
];

/** contexts are the condition keys with an example each. */
export const contexts = [
  ["aws:SourceIp", "192.0.2.7"], ["aws:SecureTransport", "true"], ["aws:CurrentTime", "2026-12-31T12:00:00Z"], ["aws:UserAgent", "recorder/1.2"], ["aws:Referer", "https://example.com/"],
  ["aws:username", "alice"], ["aws:PrincipalAccount", "111122223333"], ["aws:RequestedRegion", "us-east-1"], ["aws:TokenIssueTime", "2026-12-31T12:00:00Z"],
];

/** operations of API keys: name in the administration, and in words. */
export const operations = [
  ["stream", "Streams over WebSocket"], ["transcribe", "Files"], ["transcribe-remote", "Files fetched from an address"], ["models", "The list of models"],
  ["replacement-rulesets", "Replacement rules"], ["audio-transcriptions", "OpenAI’s transcriptions"], ["audio-translations", "OpenAI’s translations"],
];

export const pretty = (policy) => JSON.stringify(policy, null, 2);
