// Command earshot is a speech-to-text server and its tools: serve answers applications written for Amazon Transcribe
// streaming, transcribe turns recordings into text, presign prints an address to stream to, explain-url says why a
// signature is refused, doctor says what is wrong with an installation; accounts, users, keys, api-keys, admin-tokens, policy, usage and store manage what a
// server keeps, beside it. Each subcommand is a file.
package main
