package auth

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

// DefaultPolicyText is the policy of keys that have none of their own: they may stream, ordinarily and in the medical way, by
// both transports, and manage the vocabularies of their account.
const DefaultPolicyText = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Stream",
      "Effect": "Allow",
      "Action": [
        "transcribe:StartStreamTranscription",
        "transcribe:StartStreamTranscriptionWebSocket",
        "transcribe:StartMedicalStreamTranscription",
        "transcribe:StartMedicalStreamTranscriptionWebSocket"
      ],
      "Resource": "*"
    },
    {
      "Sid": "Vocabularies",
      "Effect": "Allow",
      "Action": [
        "transcribe:CreateVocabulary",
        "transcribe:GetVocabulary",
        "transcribe:ListVocabularies",
        "transcribe:UpdateVocabulary",
        "transcribe:DeleteVocabulary",
        "transcribe:CreateVocabularyFilter",
        "transcribe:GetVocabularyFilter",
        "transcribe:ListVocabularyFilters",
        "transcribe:UpdateVocabularyFilter",
        "transcribe:DeleteVocabularyFilter",
        "transcribe:TagResource",
        "transcribe:UntagResource",
        "transcribe:ListTagsForResource"
      ],
      "Resource": "*"
    }
  ]
}
`

// Actions returns the names of all actions that somebody can be allowed here.
func Actions() []string {
	var all []string
	for _, stream := range []string{"StartStreamTranscription", "StartMedicalStreamTranscription"} {
		all = append(all, Service+stream, Service+stream+"WebSocket")
	}
	for _, one := range []string{"Vocabulary", "VocabularyFilter"} {
		for _, verb := range []string{"Create", "Get", "Update", "Delete"} {
			all = append(all, Service+verb+one)
		}
	}
	return append(all, Service+"ListVocabularies", Service+"ListVocabularyFilters", Service+"TagResource", Service+"UntagResource", Service+"ListTagsForResource")
}

// CheckAction refuses, as an option called like this, what is not the name of an action, and what would be one of this service's and is none. Letters may be
// in any case. Policies may speak of other services.
func CheckAction(option, action string) error {
	const want = "an action of this server, such as " + Service + "StartStreamTranscriptionWebSocket"
	for _, known := range Actions() {
		switch {
		case strings.EqualFold(known, action):
			return nil
		case strings.EqualFold(known, Service+action):
			return stt.InvalidOption(option, action, "it with the service before it: "+known)
		}
	}
	if service, _, named := strings.Cut(action, ":"); named && service != "" && !strings.EqualFold(service+":", Service) {
		return nil
	}
	return stt.InvalidOption(option, action, want)
}

// Service is what the names of actions begin with.
const Service = "transcribe:"

// DefaultPolicy returns the policy of [DefaultPolicyText].
func DefaultPolicy() policy.Policy { return defaultPolicy }

// defaultPolicy is never changed. A test reads the text; if it could not be read, keys without a policy could do nothing.
var defaultPolicy, _ = policy.Parse([]byte(DefaultPolicyText))

// Authorize returns nil if a caller may do something: all of its policies allow it, or it is the administrator. Otherwise the
// error has code [stt.Denied] and Amazon's text. resource is an ARN, or "*" for actions that are about no resource. It knows of
// the request what is in it; [Origin] and [Principal.Context] say what should be.
func Authorize(p Principal, action, resource string, in policy.Context) error {
	if p.Admin {
		return nil
	}
	outcome := policy.DecideAll(p.Policies, policy.Request{Action: action, Resource: resource, Context: in})
	if outcome == policy.Allowed {
		return nil
	}
	on := ""
	if resource != "" && resource != "*" {
		on = " on resource: " + shown(resource)
	}
	why := "because no identity-based policy allows the " + shown(action) + " action"
	if outcome == policy.Denied {
		why = "with an explicit deny in an identity-based policy"
	}
	return stt.Errorf(stt.Denied, "User: %s is not authorized to perform: %s%s %s", p.ARN(), shown(action), on, why)
}

// shown keeps what a caller sent from becoming more than a name in a text.
func shown(s string) string {
	const longest = 512
	s = strconv.Quote(s)
	s = s[1 : len(s)-1]
	if len(s) > longest {
		return fmt.Sprintf("%s... (%d bytes)", s[:longest], len(s))
	}
	return s
}

// Origin is what conditions of policies may ask about a request besides who makes it.
type Origin struct {
	Remote    string // the peer's address, with or without a port
	Secure    bool   // over TLS
	UserAgent string
	Referer   string
	Region    string // that the request was signed for; empty: it was not signed
}

// longestValue bounds what strangers send and policies are compared with, in bytes.
const longestValue = 1024

// Context returns the values that conditions of policies see in a request of the caller at a time. What a client says of
// itself counts up to its first 1024 bytes.
func (p Principal) Context(o Origin, now time.Time) policy.Context {
	in := policy.Context{
		policy.CurrentTime:      {now.UTC().Format(time.RFC3339)},
		policy.EpochTime:        {strconv.FormatInt(now.Unix(), 10)},
		policy.SecureTransport:  {strconv.FormatBool(o.Secure)},
		policy.Username:         {p.username()},
		policy.UserID:           {p.KeyID},
		policy.PrincipalARN:     {p.ARN()},
		policy.PrincipalAccount: {p.Account},
		policy.PrincipalType:    {"User"},
	}
	if addr, ok := Address(o.Remote); ok {
		in[policy.SourceIP] = []string{addr.String()}
	}
	if p.Temporary {
		in[policy.TokenIssueTime] = []string{p.Issued.UTC().Format(time.RFC3339)}
	}
	for key, value := range map[string]string{policy.UserAgent: o.UserAgent, policy.Referer: o.Referer, policy.RequestedRegion: o.Region} {
		if value != "" {
			in[key] = []string{value[:min(len(value), longestValue)]}
		}
	}
	return in
}

// Address returns the address in what package net/http calls a remote address: one of IPv4 as such, however it is written, and
// one of IPv6 without its zone. ok is false where there is none, as on a socket that is a file.
func Address(remote string) (addr netip.Addr, ok bool) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	addr, err = netip.ParseAddr(host)
	return addr.Unmap().WithZone(""), err == nil
}
