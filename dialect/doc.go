// Package dialect is what servers for foreign protocols share: a WebSocket upgrade that known clients get through, reading
// with a bound that can be answered, a Close that can wait for the last results, and a bounded number of refusals.
//
// Each protocol is a folder of its own: its package reads requests, checks credentials through package auth, opens a
// session, and speaks the messages of the wire package of the same name. Dialects never import each other.
package dialect
