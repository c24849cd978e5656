// Command server measures what the server costs, in whole processes and in the processor time that the system has counted
// for them, and prints it in the form that benchstat reads:
//
//	ServerCPU     the server with a scripted engine, beside a bare WebSocket server that reads and writes messages of the
//	              same size at the same rate
//	EngineCPU     the PocketSphinx engine behind the server, beside the engine called directly on the same audio
//	IdleMemory    what an open stream on which nobody speaks holds
//	EngineMemory  the same with the PocketSphinx engine behind it
//
// What is compared runs by turns, one round of each after the other, so that whatever else the machine does touches both.
// "server verdict FILE" reads results, those of go test included, and prints which of the limits that the project has set
// itself are kept.
//
// The servers under test, the load on them and the engine called directly are processes of their own: bin/earshot, and this
// program again in one of its modes "load", "bare" and "direct". All of them are ended with it.
package main
