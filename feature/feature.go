package feature

import "github.com/earshot-stt/earshot/stt"

// Rewriter rewrites the events of one stream. It is called with each of them in order, from one goroutine at a time,
// and changes them in place: they belong to the receiver, and that is the rewriter. Kinds of events that it has nothing
// to do with it leaves as they are. Nothing of the event is kept after the call but what the rewriter has copied.
type Rewriter interface {
	Rewrite(ev *stt.Event)
}

// Feature is one thing that is done to the text of a stream, natively or here. It is data and may be shared.
type Feature struct {
	// Name is for logs and pages, such as "punctuation".
	Name string
	// Native are the abilities of a model that make New unnecessary, all of them together; 0: no model has it.
	Native stt.Feature
	// Wanted reports whether a stream asks for the feature.
	Wanted func(cfg *stt.Config) bool
	// New makes the rewriter of one stream; nil: only models can do it, or it has been switched off here.
	New func(cfg *stt.Config) Rewriter
}

// Chain is the rewriters of one stream, first one first. It is a Rewriter itself, and nil does nothing.
type Chain []Rewriter

// Rewrite implements [Rewriter].
func (c Chain) Rewrite(ev *stt.Event) {
	for _, r := range c {
		r.Rewrite(ev)
	}
}

// Select decides who does what of the features a stream wants: the model where it has the abilities, else the feature's
// own rewriter. The rewriters come in the order of features; native are the abilities to ask the model for, as in
// stt.Config.Native. What is wanted and done by neither is left out: whoever opens the stream refuses it, naming the
// option, where it is not something that a stream can do without. [Gives] says what there is to go by.
func Select(features []Feature, cfg *stt.Config, has stt.Feature) (chain Chain, native stt.Feature) {
	for i := range features {
		f := &features[i]
		switch {
		case !f.Wanted(cfg):
		case f.Native != 0 && has.Has(f.Native):
			native |= f.Native
		case f.New != nil:
			chain = append(chain, f.New(cfg))
		}
	}
	return chain, native
}

// Gives returns the abilities that the rewriters of features stand in for, whatever the model.
func Gives(features []Feature) stt.Feature {
	var all stt.Feature
	for i := range features {
		if features[i].New != nil {
			all |= features[i].Native
		}
	}
	return all
}

// Retext gives a word another text that is the same word: its normal form stays what it was.
func Retext(w *stt.Word, text string) {
	if text == w.Text {
		return
	}
	w.Norm = w.NormalForm()
	w.Text = text
}
