// Package web holds what browsers load: the console in console, and the JavaScript client that it uses in client, which is also a
// package for npm. They are served as they stand here; there is no build step. Package console of this module serves them.
package web
