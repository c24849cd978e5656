// Package storetest holds package store to its promises, on any database: [Run] is the whole suite, and takes a function that
// makes an empty database and returns its address.
//
// [Cluster] is a PostgreSQL server for tests: it is started from the programs that Debian's package postgresql installs, in
// a temporary folder and with a socket of its own, when the first database is asked for. Where the programs are missing, the test skips and says so.
//
//	var cluster storetest.Cluster
//
//	func TestMain(m *testing.M) { os.Exit(cluster.Main(m)) }
//
//	func TestPostgres(t *testing.T) { storetest.Run(t, cluster.Database) }
//
// The machine that runs the tests may be slow and busy: nothing here compares times with the clock, except one test of ratios.
package storetest
