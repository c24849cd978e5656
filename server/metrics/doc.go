// Package metrics shows what goes on: numbers for Prometheus, and traces for whoever collects OpenTelemetry.
//
// A [Metrics] is a session.Observer, and asks the sessions, the ledger and the engine when somebody reads it; a [Traces] is another
// one, which makes a span of each stream. [Tee] makes one observer of both.
//
// Labels are few on purpose: protocols, models, codes of errors and kinds of work. Keys, accounts, sessions and addresses are no
// labels, so that neither a number of customers nor a hostile one makes the numbers grow; usage by key is in the ledger. There is
// nothing secret in either.
package metrics
