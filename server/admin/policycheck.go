package admin

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/auth/policy"
	"github.com/earshot-stt/earshot/stt"
)

// policyQuestion asks what policies say about a request that nobody makes.
type policyQuestion struct {
	Policy   json.RawMessage   `json:"policy" doc:"In AWS's IAM JSON; without an action it is only read."`
	Key      string            `json:"access_key" doc:"Instead of a policy: the access key whose policy is meant."`
	Action   string            `json:"action" doc:"Such as transcribe:StartStreamTranscription."`
	Resource string            `json:"resource" doc:"An ARN; absent: *."`
	Context  map[string]string `json:"context" doc:"Values of condition keys, such as aws:SourceIp. The time is now unless aws:CurrentTime says otherwise."`
}

// policyAnswer says it.
type policyAnswer struct {
	Valid      bool            `json:"valid" doc:"The policy can be stored."`
	Error      string          `json:"error,omitempty" doc:"Why it cannot."`
	Allowed    bool            `json:"allowed"`
	Reason     string          `json:"reason,omitempty" doc:"What decided, in a sentence; absent without an action."`
	Statements []policyFinding `json:"statements,omitempty"`
	Notes      []string        `json:"notes,omitempty" doc:"What can be stored and is most likely a slip: actions that this server does not have."`
}

// policyFinding is what one statement says.
type policyFinding struct {
	Policy  string `json:"policy" doc:"Whose: own, or parent for that of the key that temporary credentials derive from."`
	Number  int    `json:"number" doc:"From 0."`
	Sid     string `json:"sid,omitempty"`
	Effect  string `json:"effect"`
	Applies bool   `json:"applies"`
	Why     string `json:"why,omitempty" doc:"Why it does not apply."`
}

// named is a policy and whose it is.
type named struct{ of, text string }

func (h *Handler) checkPolicy(c *call, in *policyQuestion) (policyAnswer, error) {
	asked, err := h.policiesOf(c, in)
	if err != nil {
		return policyAnswer{}, err
	}
	if err := bounded(in); err != nil {
		return policyAnswer{}, err
	}
	answer := policyAnswer{Valid: true, Allowed: in.Action != ""}
	for _, one := range asked {
		p, err := policy.Parse([]byte(one.text))
		if err != nil {
			return policyAnswer{Error: stt.AsError(err).Msg}, nil
		}
		for _, idle := range p.Idle(auth.Actions()) {
			answer.Notes = append(answer.Notes, idle+" is none of the actions of this server")
		}
		if in.Action == "" {
			continue
		}
		d := p.Explain(policy.Request{Action: in.Action, Resource: in.Resource, Context: h.contextOf(in.Context)})
		for _, f := range d.Statements {
			answer.Statements = append(answer.Statements, policyFinding{Policy: one.of, Number: f.Number, Sid: f.Sid, Effect: string(f.Effect), Applies: f.Applies, Why: f.Why})
		}
		// The first refusal decides; where all allow, one sentence is as good as the other.
		if answer.Allowed || answer.Reason == "" {
			answer.Reason, _, _ = strings.Cut(d.String(), "\n")
		}
		answer.Allowed = answer.Allowed && d.Allowed()
	}
	return answer, nil
}

// policiesOf returns the policies that all must allow.
func (h *Handler) policiesOf(c *call, in *policyQuestion) ([]named, error) {
	given := len(in.Policy) > 0 && string(in.Policy) != "null"
	switch {
	case given == (in.Key != ""):
		return nil, invalid("policy", "expected either \"policy\" or \"access_key\"")
	case given:
		return []named{{"own", string(in.Policy)}}, nil
	}
	var all []named
	id := in.Key
	for _, of := range []string{"own", "parent"} {
		if id == "" {
			break
		}
		k, err := h.store.DescribeAccessKey(c.ctx(), id)
		if err != nil {
			return nil, err
		}
		switch {
		case k.Policy != "":
			all = append(all, named{of, k.Policy})
		case k.Parent == "": // temporary credentials without one may do what their key may
			all = append(all, named{of, auth.DefaultPolicyText})
		}
		id = k.Parent
	}
	return all, nil
}

// contextOf is what a request would bring with it.
func (h *Handler) contextOf(given map[string]string) policy.Context {
	ctx := policy.Context{}
	for k, v := range given {
		ctx[k] = []string{v}
	}
	isTime := func(k string) bool { return strings.EqualFold(k, policy.CurrentTime) }
	for k := range given {
		if isTime(k) {
			return ctx
		}
	}
	ctx[policy.CurrentTime] = []string{h.now().UTC().Format(time.RFC3339)}
	return ctx
}

// bounded refuses what would make the checking dear.
func bounded(in *policyQuestion) error {
	const longest, most = 2048, 64
	for field, text := range map[string]string{"action": in.Action, "resource": in.Resource} {
		if len(text) > longest || strings.ContainsFunc(text, isControl) {
			return invalid(field, "%q: expected at most %d characters without control characters", field, longest)
		}
	}
	if in.Action != "" {
		if err := auth.CheckAction("action", in.Action); err != nil {
			return invalid("action", "%s", stt.AsError(err).Msg)
		}
	}
	if len(in.Context) > most {
		return invalid("context", "\"context\": expected at most %d keys; got %d", most, len(in.Context))
	}
	var names []string
	for k := range in.Context {
		names = append(names, k)
	}
	slices.Sort(names) // so that the error is the same each time
	for _, k := range names {
		if v := in.Context[k]; len(v) > longest || !policy.KnownKey(k) {
			return invalid("context."+clip(k), "%q: expected a condition key, with a value of at most %d characters", clip(k), longest)
		}
	}
	return nil
}
