// Package store keeps what must outlive the server: accounts, users, keys and their limits, vocabularies, the usage ledger,
// prices, and the audit log of every administrative change.
//
// There is one concrete type, [Store], over SQL that SQLite and PostgreSQL both understand; the address given to [Open]
// chooses between them, and package store/storetest holds both to the same tests. Nobody else in the house knows SQL.
//
// Three rules hold for everything in here. A change, its line in the audit log and the new [Store.Revision] are one
// transaction. Every string and list is bounded and checked on the way in, so that whatever is read may be logged or shown.
// And no secret shows, however a value is printed, logged or marshalled: secrets of access keys are in the database only
// sealed with the [Master] key, which is never in the database; tokens and API keys only as hashes.
//
// # Durability
//
// What a method has returned from without an error survives the end of the process by any signal and, as far as the disk keeps
// its promises, the loss of power: SQLite writes through to the disk at every commit (WAL, synchronous=FULL), which costs a
// few milliseconds per batch and not per stream. PostgreSQL does the same unless its synchronous_commit is switched off.
//
// # Times
//
// Times are kept in microseconds since 1970, in UTC; what is finer is cut off. The zero time.Time means never.
//
// # Errors
//
// All errors are *stt.Error: Invalid (a bound; the field is named), NotFound, Conflict (a name that is taken, a thing that is
// still in use), Unavailable (the database, or the master key, is not there), or those of the context.
package store
