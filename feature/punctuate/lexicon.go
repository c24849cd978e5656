package punctuate

import "strings"

// The words of English that the rules for questions know. Nothing changes these tables.

// subject is a set of kinds of words that begin a subject.
type subject uint8

const (
	firstPerson  subject = 1 << iota // i, we
	secondPerson                     // you
	thirdPerson                      // he, she, they
	neuter                           // it, there
	pointer                          // this, those
	somebody                         // anyone
	something                        // everything
	determiner                       // the, your
)

const (
	personal = firstPerson | secondPerson | thirdPerson | neuter
	anyone   = personal | pointer | somebody
)

var subjects = byWord(map[subject]string{
	firstPerson:  "i we",
	secondPerson: "you",
	thirdPerson:  "he she they",
	neuter:       "it there",
	pointer:      "this that these those",
	somebody:     "anyone anybody someone somebody everyone everybody people",
	something:    "anything something everything",
	determiner:   "the my your his her its our their",
})

// auxiliaries says which subjects make a question with an auxiliary in front of them. What is left out would also be an
// order ("do the dishes", "have a seat"), a wish ("may the force"), a condition ("should you need") or the rest of a
// sentence that began before the pause ("was the best", "did my homework").
var auxiliaries = byWord(map[subject]string{
	anyone | something | determiner: "is are does will would can could isn't aren't doesn't won't wouldn't can't couldn't",
	anyone | something:              "was wasn't",
	anyone:                          "were has weren't hasn't shouldn't",
	anyone &^ pointer:               "did didn't",
	firstPerson | secondPerson | thirdPerson | neuter: "had hadn't shall",
	firstPerson | secondPerson | thirdPerson:          "do have don't haven't must",
	firstPerson | thirdPerson:                         "should",
	firstPerson:                                       "am may might",
})

// byWord turns lists of words around.
func byWord(lists map[subject]string) map[string]subject {
	table := map[string]subject{}
	for kind, words := range lists {
		for _, w := range strings.Fields(words) {
			table[w] = kind
		}
	}
	return table
}

// leader says what a word in front of a question may be.
type leader uint8

const (
	notLeader          leader = iota
	beforeAnything            // "and are you", "so what"
	beforeQuestionWord        // "now what", but "now is the time"
)

var leaders = map[string]leader{
	"and": beforeAnything, "so": beforeAnything, "but": beforeAnything, "or": beforeAnything, "well": beforeAnything,
	"okay": beforeAnything, "ok": beforeAnything, "oh": beforeAnything, "um": beforeAnything, "uh": beforeAnything,
	"er": beforeAnything, "hey": beforeAnything, "hi": beforeAnything, "hello": beforeAnything, "yeah": beforeAnything,
	"please": beforeAnything,
	"now":    beforeQuestionWord, "then": beforeQuestionWord, "yes": beforeQuestionWord, "no": beforeQuestionWord,
}

// contractions are the verbs that hide behind an apostrophe after a question word.
var contractions = map[string]string{"s": "is", "re": "are", "ll": "will", "d": "did", "ve": "have"}

var (
	beForms = set("is are was were isn't aren't wasn't weren't")
	// supports are the auxiliaries that question and negation need, which no subject clause has.
	supports     = set("do does did don't doesn't didn't")
	conditionals = set("had hadn't were")
	orders       = set("dare worry forget ever") // after "don't you"
	whoVerbs     = set("cares else knows made said says told wants")
	whatVerbs    = set("brings brought happened happens made makes")
	whatNouns    = set("city color colour country date day else kind language month number part room size sort time type year")
	degrees      = set("big deep expensive far fast hard heavy high large late long many much often old small soon tall well wide")
)

func set(words string) map[string]bool {
	s := map[string]bool{}
	for _, w := range strings.Fields(words) {
		s[w] = true
	}
	return s
}
