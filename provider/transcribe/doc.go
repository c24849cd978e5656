// Package transcribe is a client of Amazon Transcribe streaming, and of every server that speaks its protocol, over
// WebSocket. Credentials are found the way AWS tools find them: environment, shared files, roles.
package transcribe
