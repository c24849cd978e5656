// Package punctuate dresses plain words as sentences, for models that know neither case nor punctuation: [Case] gives
// the start of a segment and the pronoun I their capitals, [Marks] ends finals with a full stop or a question mark.
// Clients of Amazon Transcribe expect both. A segment is taken for a sentence, because its pauses are all that is known.
//
// Partials get capitals and no mark, so that a final only appends to what was shown before. The mark is a word of its
// own: of kind Punctuation, glued to the word before it, at the instant where that word ends, without confidence. Words
// that change keep their normal form, so stable words stay the same words.
//
// What has been written with care stays as it is: words with a capital anywhere, a digit or a sign inside (iPhone, mp3,
// main.go, user@example), texts that end in a mark, text in scripts without case. Doing it twice therefore changes
// nothing. The start of a segment that is a mask (***) or a redaction ([NAME]) gets no capital either.
//
// # Languages
//
// The pronoun and questions are English matters: they are left alone unless the language is English or nobody has said
// what it is. Turkish and Azerbaijani have their own capital of i. The mark is "。" in Chinese and Japanese, "।" in
// Hindi, and a full stop elsewhere.
//
// # Questions
//
// A final asks when its first words do: a question word with a verb in front of its subject ("what is", "when did",
// "how many … are"), or an auxiliary with a subject that can stand behind it ("are you", "can the"), also after "and",
// "so", "well" and their like. The rule leans to the full stop: a missed question mark reads as a flat voice, a wrong
// one as a mistake. So "when I was young", "what a day" and "do it now" end in full stops, and these do as well, though
// they ask: questions in the order of statements ("you are coming"), tags ("isn't it" at the end), names as subjects
// without a question word ("is John here"), "did the train arrive", "should you be here".
package punctuate
