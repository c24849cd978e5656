// Package policy reads policies in the JSON of AWS's identity and access management, decides by them whether a caller may
// do something, and says why.
//
//	p, err := policy.Parse(text)
//	...
//	d := p.Explain(policy.Request{Action: "transcribe:StartStreamTranscription", Resource: "*", Context: where})
//	if !d.Allowed() { fmt.Println(d) }
//
// A request is denied unless a statement allows it, and denied in any case if a statement denies it; the order of
// statements does not matter. The zero Policy has no statements and so denies everything, as does a policy in whose place
// there is an error: nothing here fails open.
//
// What a policy may hold stands in docs/policies.md: what is understood is what Amazon's reference describes for policies
// of identities, less what makes no sense here. What is not understood is refused by [Parse], naming the place and what was
// expected there, instead of being passed over: a condition that never holds would turn a Deny into nothing.
//
// The package is pure: it has no clock and no network, and reads the time and the caller's address out of the [Context] that
// it is given. Everything may be used from any goroutine. Errors are [*stt.Error] values with code Invalid.
package policy
