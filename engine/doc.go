// Package engine is what engines in this process share: [NewStream] turns a [Decoder], which is ordinary synchronous
// code that sees one block of samples after the other, into an stt.Stream with queues, contexts and an orderly end.
//
// Each engine is a folder of its own. An engine describes itself as an stt.Driver, implements stt.Recognizer, and hands
// its Decoder to NewStream in Open; the conformance test is ten lines on top of stt/stttest.
package engine
