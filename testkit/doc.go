// Package testkit is what tests of several rooms share. Network is a network in memory, which works inside testing/synctest
// bubbles and never touches a port. Proxy stands between a client and a server, both real, and does to their connections what
// networks do: late and sliced bytes, stalls, resets, ends of one direction, silence, each at a byte that follows from a
// seed. Nothing but tests imports it.
package testkit
