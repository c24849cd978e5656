// Package admin is the administration over HTTP: accounts, users, keys, limits, prices, usage, live streams, the audit log
// and the state of the server, as JSON below /admin/v1/. What the command line does to the store, this does to a running
// server, and the console is made of it.
//
// # What there is
//
// The operations are rows of one table (routes.go): method, path, the role that they need, what they take and what they
// give. The handler, the list of methods in a 405 and openapi.json follow from it; a test holds the document to the table
// and to the Go types, and checks what the handler really answers against the document.
//
// # Who may come in
//
// Every request, for the document too, needs the bearer token of an administrator. There are three roles: a viewer reads,
// an operator also makes and changes accounts, keys and prices and ends streams, an administrator does everything,
// tokens of administrators included. Nobody learns from an answer whether a token exists that is expired, disabled or of a
// path that does not exist: strangers get the same 401 for everything.
//
// Requests of browsers are served to pages of this very server only: there are no CORS headers, and an Origin of another
// host, or a Host that this server does not go by, is refused before the token is looked at.
//
// # What never shows
//
// A secret is in one answer, that of the request which made it, and nowhere else: not in lists, not in the audit log, not
// in errors and not in logs. Answers may not be kept by caches.
//
// The package starts no goroutine. Errors are [*stt.Error] values until they become JSON (errors.go).
package admin
