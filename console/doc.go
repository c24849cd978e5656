// Package console serves the web console: its pages, which package web embeds, and the JSON API that they use below [Prefix].
//
// # Who may come in
//
// Everybody may load the pages, and ask which models there are. All else needs a session, which is a cookie that scripts cannot read
// and a row of the store, so that a restart, and another server on the same store, know it. A session is opened with the name and the
// password of a user, with an administrator's token, or with a link that works once. It has one of three roles: a viewer looks, an operator
// also streams, an administrator does everything; what the administration allows to each, package admin says. It ends after 8 hours without
// use, after 24 hours anyway, and at once when its user or token is disabled, gone or of another role.
//
// # What keeps other pages out
//
// Every request, for the pages too, must be made for a Host that nobody else can have pointed here (guard.go). Requests that a browser sends for
// pages of other sites are refused by Origin and Sec-Fetch-Site. The cookie is SameSite=Strict and of /console only, so that no WebSocket
// and no protocol ever sees it. Whatever changes something needs a token in a header that only pages of this server can know.
//
// # What it hands out
//
// To let a page stream it signs addresses, and makes tickets, that are good for a minute. They are made with an access key that each
// session has for itself, which may only stream, derives from one key of the account called "console", and never leaves the server.
//
// The package starts no goroutine. Errors are *stt.Error values until they become JSON (errors.go).
package console
