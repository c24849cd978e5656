// Package resource is what callers keep at a server and name in their requests: vocabularies, which say what to expect and how
// to write it, and vocabulary filters, which say what shall not appear. It holds the types, the formats in which their owners
// hand them over, and [Source], through which sessions read them. Who stores them, and by which protocol they are managed, is
// for others.
//
// # Formats
//
// A vocabulary is a table or a list ([ParseVocabulary] tells which), a filter is a list ([ParseFilter]). Both are UTF-8 with LF line
// ends and at most [MaxContent] bytes, as the developer guide of Amazon Transcribe has them. A table begins with a row that
// names its columns, separated by tabs, in any order:
//
//	Phrase<TAB>SoundsLike<TAB>IPA<TAB>DisplayAs
//	Los-Angeles<TAB><TAB><TAB>Los Angeles
//	A.B.C.-s<TAB>ay-bee-sees<TAB><TAB>ABCs
//
// Only the column Phrase must be there. A list has one phrase in a line, or several with commas between them. A phrase has no
// spaces and no digits: hyphens join its words, dots follow single letters.
//
// What is wrong is a [*SyntaxError] with line and column. It never shows what the file says: a vocabulary may be confidential, and the
// text of the error is not.
package resource
