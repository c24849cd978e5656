// Package stttest holds every stt.Recognizer — engine, provider or composition — to the contract that package stt
// states in eleven rules.
//
// An implementation's test is a [Harness] and a call of [Run]:
//
//	func TestConformance(t *testing.T) {
//		stttest.Run(t, stttest.Harness{
//			New:    func(t *testing.T, d stttest.Defect) stt.Recognizer { return newRecognizer(t, d) },
//			Config: stt.Config{Audio: stt.Format{Rate: 16000, Channels: 1}},
//			Audio:  speech, // some seconds of it, 16-bit PCM in Config's format
//		})
//	}
//
// What a model does not claim in its capabilities is not asked of it, and the suite logs what it left out; a claim that
// is not kept fails. Randomness is seeded, and a failure prints the seed; STTTEST_SEED=n repeats it.
//
// [Checker] is the part that judges a sequence of events; tests of servers and load drivers use it on its own.
package stttest
