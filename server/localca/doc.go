// Package localca provides the certificates that a server shows to its clients, for [crypto/tls.Config.GetCertificate].
// There are two sources:
//
//   - [Open], a certificate authority of this machine's own, made when it is first needed. It signs a short-lived
//     certificate for the server and does so again in time. Clients that are told to trust its "ca.pem" reach the server
//     by TLS without anybody else's help.
//   - [OpenFiles], the operator's certificate and key, read again when the files change.
//
// # What the authority may do
//
// Its certificate carries critical name constraints (RFC 5280, section 4.2.1.10): it can sign for "localhost", the
// loopback addresses and the hosts that were configured when it was made, and for servers only. A client that trusts it
// does not thereby trust it with the rest of the world, even if its key, which stands in "ca-key.pem" with mode 0600, is
// stolen. The price is that a host outside the constraints needs a new authority, which clients have to be told to trust
// anew; [CA.Made] says when that has happened.
//
// A constraint on a name includes the names below it, as the RFC has it: one for "example.com" permits
// "stt.example.com".
//
// The package starts no goroutine: certificates are renewed, and files looked at, during handshakes.
package localca
