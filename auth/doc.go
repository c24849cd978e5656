// Package auth says who is calling, and what they may do. It keeps three kinds of credentials, each in a file of the data
// folder with mode 0600, and gives a [Principal] for whoever proves to hold one:
//
//   - access keys, for protocols whose clients sign requests with a secret that does not travel. The file has the format
//     of AWS shared credentials, so that a client and the server can read the same one ([OpenFile]);
//   - the API key, one bearer token for all other protocols ([OpenAPIKey]);
//   - the administrator's token, of which only a hash is kept ([OpenAdminToken]).
//
// [FirstStart] makes those that are missing. Every file is read again when it has changed; one that cannot be used any
// more leaves in force what was read before, and the caller is told.
//
// # Signed requests
//
// The package does not verify signatures, it provides the secrets for it. A server calls [Authenticate] with a function
// that checks the signature:
//
//	who, err := auth.Authenticate(ctx, keys, claim.AccessKeyID, claim.SecurityToken, func(secrets []string) error {
//		return sigv4.Verify(claim, request, secrets, now, limits)
//	})
//
// For an access key id that nobody has, the function is run all the same, with a secret made up for the occasion, and
// its verdict is thrown away: the answer takes about as long as one for a wrong secret.
//
// # What callers may do
//
// [Authorize] asks the policies of a caller, which package auth/policy reads and decides by. Keys without a policy have that
// of [DefaultPolicyText]; a principal without any may do nothing. Something that lasts asks again with [Renew].
//
// # What never shows
//
// Secrets and tokens do not appear in errors, and values that hold them print, log and marshal without them. Errors about
// a credentials file name the line and never what stands there: people paste secrets in the wrong place.
//
// All errors are [*stt.Error] values. The package starts no goroutine; everything here may be used from any goroutine.
// File modes are those of Unix.
package auth
