// Package kills holds the kill drill: the real server, busy with streams of real WebSocket clients, is killed (SIGKILL) at random
// moments, over and over, on SQLite and on PostgreSQL, and started again on the same store. There is nothing in it but its tests;
// "make kills KILLS=200" has the program killed so often, and go test three times.
//
// What must hold after each kill, by what the clients have counted themselves:
//
//   - nothing counts twice: the ledger has no more audio than the clients have sent, and no more streams than they opened;
//   - what is lost is what came last: the ledger has all audio that the clients knew to be recognised a second before the
//     kill. The second is made longer by how late the machine was then, which is measured: by how much later than asked for
//     this process was woken, and how long a file of a few bytes took to get to the disk.
//
// The engine is the scripted one, which says a word every tenth of a second; so each client knows to a tenth how much of its
// audio has been taken.
package kills
