package stt

// Slotter is implemented by recognizers that serve a number of streams at a time and no more.
type Slotter interface {
	// Slots returns how many streams are served now, and how many can be at most; 0: any number. Any goroutine may call it.
	Slots() (taken, most int)
}
