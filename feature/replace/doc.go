// Package replace applies replacement rules to what was said: texts that become others (exact), patterns (regex), and groups of
// patterns (regex_group). Rules run one after the other, each on what the one before has left.
//
// # What is rewritten
//
// The rules see the text of a segment as it is read. Where a segment has words, they are made to say the same: a word that a
// replacement touches is merged with what else it touches into the words of the replacement, whose times share the span of those that
// they stand for. So segments, words and subtitles agree, whatever the number of words that a rule makes of another. Words that no rule
// touches keep all they have. A segment that rules leave nothing of has no text and no words.
//
// A match does not reach beyond a segment: in a stream, what was said in the next one is not known yet.
//
// # Patterns
//
// Patterns are those of Go's regexp package (RE2), and match what they match there: no look-around and no references back, so that one
// search takes time proportional to the text and the pattern. Flags: i ignores case, m has ^ and $ at lines, s has a dot match line breaks,
// x passes over white space and comments in the pattern, u changes nothing, because texts are Unicode always. In a replacement $1 is a
// group, $0 all that matches and $$ a dollar; $10 is the first group and a zero where the pattern has no tenth.
//
// # What rules may cost
//
// Rules are anybody's, and run in a server for many. [Compile] refuses what is too large, by the bytes of all texts and by what the
// patterns stand for once they are written out. What is left may still be dear: to find all matches in a text takes the square of its length for
// some patterns, and a thousand rules may change every word one after the other. So all that is done for one event is counted in steps, and
// ends with them: rules that no steps are left for are passed over. Steps are not time: the same words always become the same. Nobody whose
// rules are meant for people will ever see that bound.
//
// A rule that would make the text of a segment longer than 2 KiB, and than twice what it was, is passed over as well.
//
// # In streams
//
// Partials are rewritten as finals are, so that what is shown does not jump back. No word of a partial is marked stable, though: what
// is still to be said may complete a match that begins with it.
package replace
