package punctuate

import (
	"strings"
	"testing"
)

// questions and statements are what the rule gets right.
const questions = `
what
what is your name
what's that
what are you doing
what did you say your name was
what would happen
what can go wrong
what time is it
what kind of music do you like
what else do you need
what else
what happened next
what about tomorrow
what if it rains
what for
who are you
who's there
who wants coffee
who said that
when did you arrive
when is lunch
when can we start
where is john
where were we
where'd you go
where to
why
why not
why don't we leave
why is the sky blue
how are you
how’s it going
how do i get there
how come
how about six o'clock
how many people are coming
how much is it
how much did it cost
how long have you been waiting
how many
which one is yours
which of these is better
which train should i take
which do you prefer
whose turn is it
whom did you see
are you coming
is it raining
is there any milk left
is the meeting at nine
is everything okay
is that so
was it good
were you there
am i late
do you know the way
did they win
does anyone know
does the train stop here
has it started
have you eaten
had you met before
can you hear me
could i have some water
would you mind waiting
will your brother be there
shall we dance
should i call him
may i come in
must you do that
isn't it lovely
don't you think so
can't we stay
and what about you
and are you sure
so what
so are you coming
but why is it here
well did you
or is it tomorrow
okay so where were we
hello how are you
now what
no how could i
please can you help me
`

const statements = `
when i was young i lived in paris
when in rome do as the romans do
when we are done we leave
where i live it rains
where there is smoke there is fire
what a day
what an idea
what i mean is this
what you see is what you get
what matters is the result
what is important is that we win
what's done is done
what's more it is cheap
what happened was an accident
what happened then is unclear
who dares wins
who is responsible is unclear
how nice of you
how to cook rice
how i met your mother
how much i love you
how big the house is
how many people are coming is unclear
why i left is a long story
which is why i left
which is the reason
which reminds me
which i think is good
which of course is wrong
which the doctor said is fine
which people are often afraid of
whose mother was ill
whom i met
whatever you say
do it now
do the dishes
do your homework
do that again
don't you dare
don't worry
don't you worry
have a nice day
have the report ready
had i known i would have come
were i you i'd go
should you need help call me
may the force be with you
might as well
will smith called
can do
could be worse
would have been nice
did nothing wrong
did my homework
was born in rome
was the best day of my life
is what i said
is the reason
is a good idea
does not matter
so do i
so did he
so that's it
and so do we
now is the time to act
no is the answer
then was the wedding
hello
and
the weather is nice
i wonder what it is
you know what i mean
that's why
tell me when it is done
`

// missed are questions that the rule takes for statements, and taken are statements that it takes for questions: the
// price of a simple rule. A line that turns out right belongs in the lists above.
const (
	missed = `
you are coming
it is cold isn't it
is john here
did mary call
did the train arrive
was the movie any good
has the rain stopped
should you be doing that
how many people came
why bother
which team is winning
bob where are you
`
	taken = `
what will be will be
did it again
why is unclear
so is the other one
`
)

func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }

func TestQuestions(t *testing.T) {
	for _, list := range []struct {
		name, text string
		want       bool
	}{{"questions", questions, true}, {"statements", statements, false}, {"missed", missed, false}, {"taken", taken, true}} {
		for _, line := range lines(list.text) {
			if got := asks(strings.Fields(line)); got != list.want {
				t.Errorf("%s: %q: %v", list.name, line, got)
			}
		}
	}
	t.Logf("%d questions, %d statements, %d questions missed, %d statements taken for questions",
		len(lines(questions)), len(lines(statements)), len(lines(missed)), len(lines(taken)))
}

// TestShort: whatever the words, the rule looks no further than they go.
func TestShort(t *testing.T) {
	if asks(nil) {
		t.Error("nothing asks something")
	}
	var all []string
	for w := range questionWords {
		all = append(all, w)
	}
	for w := range auxiliaries {
		all = append(all, w)
	}
	for w := range subjects {
		all = append(all, w)
	}
	for w := range leaders {
		all = append(all, w)
	}
	all = append(all, "of", "one", "many", "time", "happened", "course", "else", "'", "what's", "who'", "")
	for _, a := range all {
		asks([]string{a})
		for _, b := range all {
			asks([]string{a, b})
			for _, c := range []string{"the", "you", "is", "do", "people", "dare"} {
				asks([]string{a, b, c})
			}
		}
	}
}
