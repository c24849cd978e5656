// Package driver is what the judging clients have in common: a client is a program that reads jobs from its standard input,
// a JSON object a line, runs each with its SDK as soon as it is read, and writes what it saw to its standard output, a JSON
// object a line as well. One process runs many jobs at the same time, because SDKs take longer to load than to transcribe.
//
// Clients written in Go call Main. Those in JavaScript have the same in node/driver.mjs, and a client in any other language
// needs no more than Job and Note.
package driver
