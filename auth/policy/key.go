package policy

// The condition keys that a request here may have a value for. Keys are compared without regard to case.
const (
	SourceIP         = "aws:SourceIp"         // the caller's address
	CurrentTime      = "aws:CurrentTime"      // when the request came, such as 2026-01-31T12:00:00Z
	EpochTime        = "aws:EpochTime"        // the same, in seconds since 1970
	SecureTransport  = "aws:SecureTransport"  // "true" over TLS
	UserAgent        = "aws:UserAgent"        // what the caller says it is
	Referer          = "aws:Referer"          // where the caller says it comes from
	Username         = "aws:username"         // the name of the caller's user or key
	UserID           = "aws:userid"           // the id of the caller's key
	PrincipalARN     = "aws:PrincipalArn"     // arn:aws:iam::ACCOUNT:user/NAME
	PrincipalAccount = "aws:PrincipalAccount" // the caller's account
	PrincipalType    = "aws:PrincipalType"    // "User"
	RequestedRegion  = "aws:RequestedRegion"  // the region that the request was signed for
	TokenIssueTime   = "aws:TokenIssueTime"   // when temporary credentials were made; others have none
	TagKeys          = "aws:TagKeys"          // the keys of the tags in a request
	RequestTag       = "aws:RequestTag/"      // and a tag's key behind it: the value of that tag in a request
)

// domain is what values of a key are made of, as operators see them. Everything can be compared as a string.
type domain uint8

const (
	texts domain = 1 << iota
	numbers
	dates
	booleans
	addresses
	arns
)

// key is a condition key.
type key struct {
	name    string
	written string // as it stands in the policy
	of      domain
	multi   bool // it may have several values
	prefix  bool // anything may stand behind the name
}

// keys is the table of all of them.
func keys() []key {
	return []key{
		{name: SourceIP, of: addresses},
		{name: CurrentTime, of: dates},
		{name: EpochTime, of: dates | numbers},
		{name: SecureTransport, of: booleans},
		{name: UserAgent, of: texts},
		{name: Referer, of: texts},
		{name: Username, of: texts},
		{name: UserID, of: texts},
		{name: PrincipalARN, of: arns},
		{name: PrincipalAccount, of: texts},
		{name: PrincipalType, of: texts},
		{name: RequestedRegion, of: texts},
		{name: TokenIssueTime, of: dates},
		{name: TagKeys, of: texts, multi: true},
		{name: RequestTag, of: texts, prefix: true},
	}
}

// keyNamed returns the key that a name in a policy stands for.
func keyNamed(name string) (key, bool) {
	for _, k := range keys() {
		tail := len(name) - len(k.name)
		if sameFold(name, k.name) && !k.prefix || k.prefix && tail > 0 && sameFold(name[:len(k.name)], k.name) {
			k.written = name
			return k, true
		}
	}
	return key{}, false
}

// Keys returns the names of all condition keys; for those that go on with the key of a tag it says so.
func Keys() []string { return keyNames(true) }

// keyNames lists the keys. Those of several values are no variables.
func keyNames(multi bool) []string {
	var all []string
	for _, k := range keys() {
		switch {
		case k.prefix:
			all = append(all, k.name+"KEY")
		case multi || !k.multi:
			all = append(all, k.name)
		}
	}
	return all
}

// KnownKey reports whether a policy may name a condition key.
func KnownKey(name string) bool {
	_, ok := keyNamed(name)
	return ok
}

// Context are the values of condition keys in a request; a key without any is absent. Keys are compared without regard to
// the case of ASCII letters, and the values of keys that differ in nothing else count together. Dates are RFC 3339, numbers
// decimal, booleans "true" and "false", as strings all of them. Whoever fills a Context bounds the length of what strangers
// send: a value is compared with each pattern of a policy.
type Context map[string][]string

// values returns the values of a key.
func (c Context) values(name string) []string {
	var all []string
	for k, values := range c {
		if sameFold(k, name) {
			if all == nil {
				all = values
			} else {
				all = append(all[:len(all):len(all)], values...)
			}
		}
	}
	return all
}
