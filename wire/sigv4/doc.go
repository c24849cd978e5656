// Package sigv4 verifies and produces AWS Signature Version 4: presigned URLs, Authorization headers, and the chain of
// signatures over the chunks of an event stream. It is pure: it opens no socket, starts no goroutine and reads no
// clock; whoever calls says what time it is.
//
// A server goes three steps:
//
//	claim, err := sigv4.Parse(r.URL.RawQuery, r.Header)           // what the caller claims: who, when, which scope
//	secrets := lookup(claim.AccessKeyID)                          // the server's own business
//	err = sigv4.Verify(claim, request, secrets, now, sigv4.Limits{})
//
// and, when the body is a signed event stream, a fourth: NewChunkVerifier(claim, secrets), one call of
// ChunkVerifier.Verify for each chunk. A client fills in a Signer and calls Presign or SignHeaders, then
// NewChunkSigner with the signature those returned.
//
// # What is signed
//
// The string that both sides must agree on, byte for byte, is the canonical request:
//
//	method
//	path, percent-encoded once more
//	query: decoded, percent-encoded by RFC 3986, sorted by encoded name and then value, without X-Amz-Signature
//	signed headers, one "name:value" a line, values trimmed and runs of spaces made one
//	(empty line)
//	names of the signed headers, joined by ";"
//	payload hash
//
// Five choices in it decide whether independent implementations meet:
//
//   - Host. The client signs the host it believes it talks to, and clients differ: most sign "host:port", some sign the
//     host without its port, and a proxy may show the server another name altogether. Verify therefore takes a list of
//     candidates (see HostCandidates) and accepts a signature made for any of them.
//   - Path. Services other than S3 encode the path twice: the wire path "/a%20b" is signed as "/a%2520b". Most SDKs
//     also remove dot segments and empty segments first, Go's does not; Verify accepts both readings.
//   - Plus. A "+" in a query is read as a space and signed as "%20", exactly as net/url reads it, so that the value
//     that was signed is the value that the server will act upon. Services of AWS are not of one mind here. A client
//     that means a plus must write "%2B"; one that signed the other reading is refused with a hint that says so.
//   - Payload hash. The x-amz-content-sha256 header stands literally when it is present; otherwise it is the hash of the
//     body, which for streams and presigned URLs is the hash of nothing.
//   - Pseudo header. Over HTTP/2 some clients sign ":authority" in place of "host"; it is allowed and means the same.
//
// # When a signature is wrong
//
// Every failure is an *Error with a Reason, the field it lies in, and a sentence that says what was wanted and what
// came. A signature mismatch also carries the canonical request and the string to sign as the server computed them, and
// a Hint: the package recomputes the signature as the usual mistakes would have made it (host with or without its port,
// a query signed without encoding it, a session token added after signing, white space around the secret, ...) and
// names the one that fits. No error text holds a secret, a session token, or the signature that would have been right.
//
// Examine is for a person who asks: it finds every fault and not only the first, and tries far more mistakes, two at a time
// too. ParseRequest reads what it examines out of the output of tools.
//
// The source is the public description "Create a signed AWS API request" in the AWS IAM user guide, and for chunks the
// event stream section of the Amazon Transcribe guide as implemented by the SDKs: their algorithm line ends in
// "-PAYLOAD", whatever the guide prints.
package sigv4
