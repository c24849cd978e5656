package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/wire/sigv4"
)

// print writes the explanation for people.
func (a *subject) print(out io.Writer) {
	e := a.found
	if e.Err == nil {
		fmt.Fprintf(out, "accepted: the signature is good\n\n")
	} else {
		fmt.Fprintf(out, "refused: %s\n\n", sigv4.ReasonOf(e.Err))
	}
	a.printFindings(out, "what is wrong", true)
	a.printFindings(out, "good to know", false)
	fmt.Fprintln(out, "the request")
	for _, row := range a.facts() {
		fmt.Fprintf(out, "  %-12s %s\n", row[0], row[1])
	}
	if len(e.Canonical) == 0 {
		return
	}
	fmt.Fprintln(out, "\ncanonical request, as the server computes it")
	for i, line := range e.Canonical {
		fmt.Fprintf(out, "  %2d  %-20s %s\n", i+1, line.What, shownLine(line))
	}
	fmt.Fprintln(out, "\nstring to sign")
	for line := range strings.SplitSeq(e.StringToSign, "\n") {
		fmt.Fprintf(out, "  %s\n", visible(line))
	}
}

// shownLine returns a line of the canonical request without what may be secret under a name that is written wrongly.
func shownLine(line sigv4.Line) string {
	if strings.HasPrefix(line.What, "query") {
		return secretParameter.ReplaceAllString(line.Text, "$1(withheld)")
	}
	return visible(line.Text)
}

// printFindings writes one kind of findings under a title.
func (a *subject) printFindings(out io.Writer, title string, fault bool) {
	all := slices.Clone(a.found.Findings)
	if !fault {
		for _, text := range a.mended {
			all = append(all, sigv4.Finding{Field: "address", Text: text})
		}
	}
	all = slices.DeleteFunc(all, func(f sigv4.Finding) bool { return f.Fault != fault })
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(out, title)
	for _, f := range all {
		fmt.Fprintf(out, "  %s: %s\n", visible(f.Field), visible(f.Text))
	}
	fmt.Fprintln(out)
}

// facts is what the request says of itself.
func (a *subject) facts() [][2]string {
	e := a.found
	facts := [][2]string{{"what", visible(a.shown)}}
	if len(a.request.Hosts) > 0 {
		text := a.request.Hosts[0]
		if more := a.request.Hosts[1:]; len(more) > 0 {
			text += "; a signature is also taken for " + strings.Join(more, ", ")
		}
		facts = append(facts, [2]string{"host", visible(text)})
	}
	c := e.Claim
	if c.Form == 0 {
		return facts
	}
	where := "not known here"
	for _, k := range a.keys {
		if k.Server && k.AccessKeyID == c.AccessKeyID {
			where = "in " + k.Where
			break
		}
	}
	id := c.AccessKeyID
	if len(id) > 32 { // it may be a secret in the wrong place
		id = fmt.Sprintf("%s... (%d characters)", id[:4], len(id))
	}
	genuine := "was not made with a secret of the server for this request"
	if e.Genuine {
		genuine = "was made with the server's secret for this request, for the host " + e.Host
	}
	return append(facts, [2]string{"signature", fmt.Sprintf("%s in a%s; it %s", c.Algorithm, article(c.Form), genuine)},
		[2]string{"key", id + ", " + where}, [2]string{"scope", c.Scope.String()}, [2]string{"time", a.clock()},
		[2]string{"signs", strings.Join(c.SignedHeaders, ";")})
}

func article(f sigv4.Form) string {
	if f == sigv4.Header {
		return "n " + f.String()
	}
	return " " + f.String()
}

// clock says how the signing time lies to now.
func (a *subject) clock() string {
	c := a.found.Claim
	age := a.now.UTC().Sub(c.Time).Truncate(time.Second)
	text := fmt.Sprintf("%s, %v before now (%s)", c.Time.Format(sigv4.TimeFormat), age, a.now.UTC().Format(sigv4.TimeFormat))
	if age < 0 {
		text = fmt.Sprintf("%s, %v after now (%s)", c.Time.Format(sigv4.TimeFormat), -age, a.now.UTC().Format(sigv4.TimeFormat))
	}
	if c.Form != sigv4.Presigned {
		return text
	}
	if left := c.Expires - age; left >= 0 {
		return fmt.Sprintf("%s; good for %v, of which %v are left", text, c.Expires, min(left, c.Expires))
	}
	return fmt.Sprintf("%s; good for %v, which is over", text, c.Expires)
}

// visible writes control characters so that a terminal does not obey them.
func visible(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || 0x80 <= r && r < 0xa0 || r == 0xfffd }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// printJSON writes the explanation for programs.
func (a *subject) printJSON(out io.Writer) error {
	e := a.found
	type finding struct {
		Field string `json:"field"`
		Text  string `json:"text"`
	}
	result := struct {
		Accepted     bool              `json:"accepted"`
		Reason       string            `json:"reason,omitempty"`
		Faults       []finding         `json:"faults"`
		Notes        []finding         `json:"notes"`
		Request      map[string]string `json:"request"`
		Canonical    []string          `json:"canonical_request,omitempty"`
		StringToSign string            `json:"string_to_sign,omitempty"`
	}{Accepted: e.Err == nil, Faults: []finding{}, Notes: []finding{}, Request: map[string]string{}, StringToSign: e.StringToSign}
	if e.Err != nil {
		result.Reason = sigv4.ReasonOf(e.Err).String()
	}
	for _, f := range e.Findings {
		if f.Fault {
			result.Faults = append(result.Faults, finding{f.Field, f.Text})
		} else {
			result.Notes = append(result.Notes, finding{f.Field, f.Text})
		}
	}
	for _, text := range a.mended {
		result.Notes = append(result.Notes, finding{"address", text})
	}
	for _, row := range a.facts() {
		result.Request[row[0]] = row[1]
	}
	for _, line := range e.Canonical {
		result.Canonical = append(result.Canonical, shownLine(line))
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}
