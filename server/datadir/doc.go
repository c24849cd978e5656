// Package datadir finds the folder that a server keeps its files in, makes it, and holds it for one process.
//
// The folder holds keys: it has mode 0700, and one that others may look into is refused rather than mended, because
// nobody knows who has looked already. The process that has opened it holds a lock, a BSD lock (flock) on the file "lock"
// in it, which the kernel releases when the process ends, however it ends; the file stays, and says which process wrote
// it last. A second process is refused with the number of the first.
//
// The package runs where flock and file modes mean something, which is on Unix.
package datadir
