package stt

import "context"

// Recognizer turns audio into text. All methods may be called concurrently.
//
// A Recognizer that holds resources (loaded models, connections) also implements io.Closer; one that needs time before
// its first stream implements [Readier].
type Recognizer interface {
	// Models says what this recognizer can do now, model by model. The first is the default, used when [Config].Model
	// is empty and its languages fit. The result belongs to the caller.
	Models(ctx context.Context) ([]Model, error)

	// Open starts one stream. ctx bounds the opening only; the stream lives until its Close. It fails with [Invalid]
	// or [Unsupported] naming the option, with [Exhausted] when no slot is free, with [Unavailable] when the peer
	// cannot be reached, and with [Unauthenticated] or [Denied] when the peer refuses the credentials.
	Open(ctx context.Context, cfg Config) (Stream, error)
}

// Stream is one conversation with a recognizer.
//
// Send, Flush and CloseSend form the write side, Recv the read side; one goroutine may use each side at a time. Close
// may be called from any goroutine at any time. When Send fails, the reason is read from Recv.
type Stream interface {
	// Send hands over the next chunk of audio. It blocks while the recognizer is not ready for more and does not keep
	// c.Data. When ctx is done first, nothing of the chunk has been accepted and the stream is usable as before.
	Send(ctx context.Context, c Chunk) error

	// Flush asks for finals of everything sent so far; the stream goes on. An [EventFlushed] answers it. A model
	// without [FeatureFlush] returns [Unsupported] and is otherwise undisturbed.
	Flush(ctx context.Context) error

	// CloseSend says that no more audio will come; finals are still to be received. It is idempotent.
	CloseSend() error

	// Recv returns the next event, io.EOF after the last one, or the *Error the stream failed with. When ctx is done
	// first, no event has been lost.
	Recv(ctx context.Context) (Event, error)

	// Close ends the stream, unblocks both sides and returns when everything the stream started has ended. Events not
	// yet received are dropped: to hear the last finals, CloseSend and read to io.EOF first.
	Close() error
}

// Updater is implemented by streams that can be reconfigured while running.
type Updater interface {
	// Update changes what u names and leaves the rest. It belongs to the write side of the stream.
	Update(ctx context.Context, u Update) error
}

// Readier is implemented by recognizers that need time before the first stream can be served well.
type Readier interface {
	// Ready returns nil once the recognizer is warm, or the reason why it never will be. It blocks until ctx is done.
	Ready(ctx context.Context) error
}

// Lagger is implemented by streams that know how far behind their decoder is: those of engines in this process.
type Lagger interface {
	// Lag returns how much of the audio accepted has not been decoded yet, as audio time. Any goroutine may call it.
	Lag() Time
}
