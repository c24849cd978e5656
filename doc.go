// Package earshot is the root of a self-hosted, real-time speech-to-text server. It holds no code: the folders beside it
// are the rooms of the house, and each says in its own package comment what lives there.
//
// A stream of audio passes through them in this order: a dialect (they call us) authenticates the caller and reads the
// protocol with the help of wire; session decodes the audio and keeps account; an engine in this process or a provider
// elsewhere (we call them) recognises it; features rewrite what was heard; and the dialect writes it back. All of them
// speak the vocabulary of package stt, which depends on nothing.
//
// Programs that want a recognizer and no server import stt, engine/* and provider/*: those are the stable Go API. The
// binary is cmd/earshot. Who may import whom is a table in arch_test.go, and a test.
package earshot
