// Package e2e lets foreign clients judge a running server: Amazon's own SDKs, in their own processes, against bin/earshot in
// processes of its own, over every transport that an SDK knows. It is a module of its own, so that the product never inherits
// what its judges depend on, and imports nothing of the product.
//
// A client is a program that package driver describes; the table of them is in clients_test.go. A case is what each of them has to
// go through; the table of them is in cases_test.go. Beside them stand the HTTP/2 cases of h2spec, and WebSocket conversations that no
// well-behaved client has. README.md says how to run all this, and how to add to it.
package e2e
