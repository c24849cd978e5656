package punctuate

import (
	"slices"
	"strings"
)

// asks reports whether English words, in normal form, begin as a question does. The package comment says which way it
// errs.
func asks(words []string) bool {
	w := contracted(words)
	skipped := 0
	for skipped < len(w)-1 && leaders[w[skipped]] != notLeader {
		skipped++
	}
	before, w := w[:skipped], w[skipped:]
	if len(w) == 0 {
		return false
	}
	if rule := questionWords[w[0]]; rule != nil {
		return rule(w[1:])
	}
	if slices.ContainsFunc(before, func(s string) bool { return leaders[s] == beforeQuestionWord }) {
		return false // "now is the time"
	}
	if skipped > 0 && before[skipped-1] == "so" && len(w) <= 2 {
		return false // "so do i"
	}
	return inverted(w)
}

// contracted returns words with question words and the verbs contracted with them taken apart ("what's"). Only the
// beginning matters for that.
func contracted(words []string) []string {
	out := make([]string, 0, len(words)+1)
	for _, w := range words {
		w = straight(w)
		head, tail, cut := strings.Cut(w, "'")
		if verb := contractions[tail]; cut && verb != "" && questionWords[head] != nil {
			out = append(out, head, verb)
			continue
		}
		out = append(out, w)
	}
	return out
}

// inverted reports whether w starts with an auxiliary and a subject that makes it a question.
func inverted(w []string) bool {
	if len(w) < 2 || auxiliaries[w[0]]&subjects[w[1]] == 0 {
		return false
	}
	rest := w[2:]
	switch {
	case subjects[w[1]] == determiner:
		return len(rest) >= 2 // "is the door" is a piece of something
	case w[0] == "don't" && w[1] == "you" && len(rest) > 0:
		return !orders[rest[0]] // "don't you dare"
	case conditionals[w[0]]:
		return !slices.ContainsFunc(rest, isConclusion) // "had i known i would have come"
	default:
		return true
	}
}

// isConclusion reports whether a word belongs to the second half of a condition.
func isConclusion(w string) bool {
	switch strings.TrimSuffix(strings.TrimSuffix(w, "'ve"), "n't") {
	case "would", "could", "might", "should":
		return true
	default:
		return strings.HasSuffix(w, "'d") || strings.HasSuffix(w, "'d've")
	}
}

// verbFirst reports whether what follows a question word is an auxiliary that makes a question of it. A later form of
// "be" shows that the question word led a subject clause instead: "what is important is …".
func verbFirst(rest []string) bool {
	if len(rest) == 0 || auxiliaries[rest[0]] == 0 {
		return false
	}
	if len(rest) == 1 || auxiliaries[rest[0]]&subjects[rest[1]] != 0 || supports[rest[0]] {
		return true
	}
	return !slices.ContainsFunc(rest[1:], func(s string) bool { return beForms[s] })
}

// within reports whether an auxiliary follows the words of a noun phrase ("time", "many people", "kind of music") that
// is not the subject of a clause; strict asks for a subject behind the auxiliary too.
func within(rest []string, strict bool) bool {
	const longest = 4
	for i := range min(len(rest), longest+1) {
		switch {
		case i > 0 && auxiliaries[rest[i]] != 0:
			if strict {
				return i+1 < len(rest) && auxiliaries[rest[i]]&subjects[rest[i+1]] != 0
			}
			return verbFirst(rest[i:])
		case subjects[rest[i]] != 0 && rest[i] != "people": // "how many people are …", but "how much everybody is …"
			return false
		}
	}
	return false
}

// questionWords holds the rule for what follows each of them.
var questionWords = map[string]func(rest []string) bool{
	"who": func(rest []string) bool {
		return len(rest) == 0 || verbFirst(rest) || whoVerbs[rest[0]]
	},
	"what": func(rest []string) bool {
		switch {
		case len(rest) == 0, rest[0] == "about", rest[0] == "if":
			return true
		case len(rest) == 1:
			return rest[0] == "for" || whatNouns[rest[0]] || whatVerbs[rest[0]] || verbFirst(rest)
		case beForms[rest[0]] && rest[1] == "more":
			return false // "what's more"
		case whatNouns[rest[0]]:
			return within(rest, false)
		case whatVerbs[rest[0]]:
			return !slices.ContainsFunc(rest, func(s string) bool { return beForms[s] })
		default:
			return verbFirst(rest)
		}
	},
	"when":  adverb,
	"where": adverb,
	"why": func(rest []string) bool {
		return len(rest) == 0 || rest[0] == "not" || len(rest) == 1 && (rest[0] == "me" || rest[0] == "so") || verbFirst(rest)
	},
	"how": func(rest []string) bool {
		switch {
		case len(rest) == 0, rest[0] == "come", rest[0] == "about":
			return true
		case degrees[rest[0]]:
			return len(rest) == 1 || within(rest, false)
		default:
			return len(rest) == 1 && rest[0] == "so" || verbFirst(rest)
		}
	},
	"which": func(rest []string) bool {
		switch {
		case len(rest) == 0:
			return true
		case rest[0] == "one" || rest[0] == "ones" || rest[0] == "way":
			return len(rest) == 1 || within(rest, false)
		case rest[0] == "of":
			return len(rest) > 1 && rest[1] != "course" && within(append([]string{"of"}, skipDeterminer(rest[1:])...), false)
		case len(rest) > 1 && auxiliaries[rest[0]] != 0: // but "which is the reason", "which is that we lost"
			return auxiliaries[rest[0]]&subjects[rest[1]]&^(determiner|pointer) != 0
		default:
			return within(rest, true)
		}
	},
	"whose": func(rest []string) bool { return len(rest) == 0 || within(rest, true) },
	"whom":  func(rest []string) bool { return len(rest) == 0 || verbFirst(rest) },
}

func adverb(rest []string) bool {
	return len(rest) == 0 || rest[0] == "else" || len(rest) == 1 && rest[0] == "to" || verbFirst(rest)
}

// skipDeterminer drops the "these" of "which of these".
func skipDeterminer(rest []string) []string {
	if subjects[rest[0]] != 0 {
		return rest[1:]
	}
	return rest
}
