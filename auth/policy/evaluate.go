package policy

// Request is what somebody wants to do.
type Request struct {
	Action   string  // such as transcribe:StartStreamTranscription, in any case
	Resource string  // an ARN; "" and "*" are what actions have that are about no resource
	Context  Context // the values of condition keys
}

// Outcome is what a policy says about a request. The zero value is a refusal.
type Outcome uint8

// The outcomes.
const (
	NotAllowed Outcome = iota // no statement allows it
	Denied                    // a statement denies it, whatever others allow
	Allowed
)

// String returns "not allowed", "denied" or "allowed".
func (o Outcome) String() string {
	switch o {
	case Allowed:
		return "allowed"
	case Denied:
		return "denied"
	default:
		return "not allowed"
	}
}

// Decide returns what the policy says about a request. [Policy.Explain] says why.
func (p Policy) Decide(r Request) Outcome {
	outcome := NotAllowed
	for i := range p.statements {
		s := &p.statements[i]
		if s.obstacle(&r).none() {
			if s.effect != Allow {
				return Denied
			}
			outcome = Allowed
		}
	}
	return outcome
}

// DecideAll returns what several policies that all must allow a request say about it: Denied if one denies it, else
// NotAllowed if one does not allow it. Without any policy it is NotAllowed.
func DecideAll(policies []Policy, r Request) Outcome {
	outcome := NotAllowed
	for i, p := range policies {
		switch d := p.Decide(r); {
		case d == Denied:
			return Denied
		case i == 0 || d == NotAllowed:
			outcome = d
		}
	}
	return outcome
}

// obstacle is why a statement does not apply to a request: the first of its elements that does not. The zero value is none.
type obstacle struct {
	patterns  *patterns
	condition *condition
	value     string // what the patterns were compared with
}

func (o obstacle) none() bool { return o.patterns == nil && o.condition == nil }

// obstacle returns what keeps a statement from applying to a request.
func (s *statement) obstacle(r *Request) obstacle {
	if !s.actions.apply(r.Action, s.effect, r.Context) {
		return obstacle{patterns: &s.actions, value: r.Action}
	}
	resource := r.resource()
	if !s.resources.apply(resource, s.effect, r.Context) {
		return obstacle{patterns: &s.resources, value: resource}
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(s.effect, r.Context) {
			return obstacle{condition: &s.conditions[i]}
		}
	}
	return obstacle{}
}

func (r *Request) resource() string {
	if r.Resource == "" {
		return "*"
	}
	return r.Resource
}

// apply reports whether a value is one that the element is about. A pattern whose variable has no value matches nothing; and
// where nothing but such a pattern stands between a caller and a permission, that is none either.
func (p *patterns) apply(value string, effect Effect, ctx Context) bool {
	sure := true
	for i := range p.list {
		ok, known := p.list[i].match(value, ctx)
		if ok {
			return !p.not
		}
		sure = sure && known
	}
	return p.not && (sure || effect == Deny)
}
