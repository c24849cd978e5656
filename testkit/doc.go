// Package testkit is what tests of several rooms share: a network in memory, which works inside testing/synctest bubbles
// and never touches a port. Nothing but tests imports it.
package testkit
