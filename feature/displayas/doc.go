// Package displayas writes the phrases of custom vocabularies as their owners want them to be seen: where the words of "Los-Angeles"
// were recognised, "Los Angeles" is written. It does not make a phrase any likelier to be recognised, which is for models that
// have [stt.FeaturePhrases].
//
// The words of a phrase are what stands between its hyphens. Dots spell: "F.B.I." is the three words f, b, i, or the one word f.b.i. Of
// several phrases that begin at a word the longest counts. Words are compared in their normal form;
// marks that are part of them do not count, and marks that are words of their own end a phrase.
//
// Where there are as many words to be seen as were said, each gets its text; else one word stands for all, over their span, with
// the least of their confidences. Words that could still become part of such a word are not marked stable, so that the stable ones
// keep their number from revision to revision.
package displayas
