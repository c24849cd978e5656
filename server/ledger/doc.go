// Package ledger counts what is used and has it written down: audio, streams, requests and errors, by key, account, model, protocol
// and language.
//
// Twice a second it looks at the sessions that are open and hands what has come since the last look to a [Sink], which is the
// store, as one batch of differences. Each difference has the session's serial and a number that grows, and a batch that fails is
// given again as it was, so that the store can tell what it has already: nothing counts twice, whoever dies in between, and a
// process that is killed loses what came after the last look. While the sink does not answer, differences are kept and added up,
// and serving goes on: nobody who serves ever waits for it.
//
// The same look ends the streams of those who have used up their audio; package quota says who that is.
package ledger
