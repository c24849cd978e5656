// Package drill holds the fault drill: many streams between real clients and a real server in a process of its own, over
// connections to which testkit.Proxy does what networks do, by a plan that follows from a seed and the number of the stream.
// There is nothing in it but its tests; "make drill SEED=n" runs ten thousand streams, and go test runs 150.
//
// Faults, one kind a stream, each at a random byte of a random direction, handshakes and goodbyes included: none but slices
// and delays (all streams have those), a stall, silence of which nobody is told, a reset, a hang-up, and a direction that
// ends while the other goes on. One half of the streams connects again when the connection is lost, and up to three of its
// connections are struck; the other half does not.
//
// What must hold of each stream:
//
//   - one that reached its end has the finals of a run without faults, words, times and confidence;
//   - one that did not has a prefix of them, and an error of a kind that the fault can lead to, in a text without secrets;
//   - it takes no longer than its time-outs allow, and where nothing but delays happened, or it may connect again often
//     enough, it reaches its end.
//
// What must hold of the server when all is over: it has let go of the connections over which nothing came any more, it has as
// many goroutines and open files as before, all slots of its engine can be taken at once, every stream that it opened it has
// closed, and its log has no warning that a broken connection does not explain, no error, no panic and no data race.
//
// A stream that fails is repeated alone by its number: SEED=n ARGS='-only 17' make drill. The plan is the same then; how
// two processes lie to each other in time is not.
package drill
