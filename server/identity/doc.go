// Package identity answers from memory who holds a key, and asks the store about those that it does not know or that may
// have changed.
//
// [Keys] is an [auth.AccessKeys], checks API keys, and knows everybody's limits. What was read from the store counts until
// anything administrative has changed there, by whatever process: the store's revision is looked at once a second, and then
// every key is read again when it is next used. A key that has been disabled is so refused within a second and the time of
// a query. Where the store cannot be reached, who was known when it last could be goes on for [Options.Stale], five minutes
// unless told otherwise, and everybody else gets [stt.Unavailable]. That somebody is unknown is remembered for two seconds
// only, and of a bounded number.
//
// [Throttle] slows down whoever guesses; [Import] takes over the keys of files that were there before the store.
//
// Everything may be used from any goroutine, and nothing here shows a secret when it is printed.
package identity
