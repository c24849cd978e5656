// Package feature says what a feature is: one rewrite of the events of a stream, done here for models that cannot do it
// themselves. Each feature is a folder of its own; it sees no audio. A feature that a model has natively is not done
// twice: [Select] has the model do what it can and picks rewriters for the rest; [Gives] says what those cover, so that a
// session can refuse what nobody does.
//
// # What rewriters keep
//
// A stream that keeps the contract of package stt keeps it after a rewriter too. For that a rewriter
//
//   - passes on every event, in order, with channel, times, ID, revision number and Final untouched;
//   - decides on a stable word from what cannot change any more: the words up to it, not those that follow. A stable
//     prefix then keeps its length and order from revision to revision (rule 3);
//   - changes the text of a word through [Retext], which keeps its normal form (rule 3);
//   - leaves the spans of words alone, and gives a word of its own a span between those of its neighbours (rule 1), or
//     none when they have none;
//   - marks a word of its own stable only when the word before it is, so that the stable ones stay a prefix;
//   - leaves Text equal to stt.JoinWords of the words where there are any, and rewrites the text alone where Words is
//     nil; it never makes up words;
//   - keeps First and End of entities on their words when it adds words before them;
//   - treats all alternatives alike, and does not count on each having an array of words of its own.
//
// A mark at the end of a final is the easiest such rewrite. Words that a rewriter takes out of a segment must be taken
// out of each of its revisions.
package feature
