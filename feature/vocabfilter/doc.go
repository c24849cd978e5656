// Package vocabfilter keeps the words of vocabulary filters out of transcripts, for models that cannot do so themselves. What
// becomes of such a word its filter says: it is masked (***), left out, or tagged ([stt.Word.Match]).
//
// A word is one of a filter's when it is the same as a whole, whatever the case; marks around it do not count, so that "Damn," is
// "damn" while "damned" is another word. Words are compared in their normal form, which later revisions of a segment keep: what was
// masked or left out in a partial is so in the final. Filters are of lists of words; a phrase in one never matches.
//
// Where a word that is left out was the first, or stood behind a mark, the mark behind it goes with it. Entities keep to
// their words, and their contents say what the text says. Where a model gives no words, but text alone, the words between spaces are taken; there
// is nothing to tag then.
//
// A filter with a language is for the segments in that language; segments that do not say theirs are in any.
package vocabfilter
