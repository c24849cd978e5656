// Package resources keeps vocabularies and vocabulary filters in the store: [Keeper] is what the dialects manage them through and
// what sessions read them from, and [Files] reads those that come from files and buckets.
//
// A vocabulary is PENDING when it has been put, and its owner is told so at once. The keeper's one goroutine then reads it, and
// makes it READY or FAILED. It goes by what the store says is PENDING, so that one that was left behind when a server was killed is
// finished at the next start, and by any other server that has the same store. A filter has no states: it is read
// before its owner gets an answer, and refused where it cannot be.
//
// What sessions read is cached for as long as the store's revision stays what it was, which is looked at once a second; a change
// made through the keeper itself counts at once. While the store cannot be reached, what is in the cache is good.
package resources
