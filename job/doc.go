// Package job transcribes whole files: a file is a session like any other, fed as fast as the recognizer takes it. The container is
// told by its bytes, whatever the sender calls it; what comes is decoded piece by piece and never kept, so that a job's memory does
// not grow with its file, only with what was said in it.
//
// [Service.Run] is a file from its first byte to its last word. [Decode] is the first half of that for whoever has a session already,
// such as a stream whose first bytes turn out to be those of a file.
package job
