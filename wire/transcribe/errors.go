package transcribe

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/earshot-stt/earshot/stt"
	"github.com/earshot-stt/earshot/wire/sigv4"
)

// Exception is an error as the protocol says it.
type Exception struct {
	Name    string // the shape's name, such as BadRequestException
	Status  int    // HTTP status, where the protocol has room for one
	Message string
}

// Fault reports whether the caller caused the exception.
func (e Exception) Fault() bool { return e.Status < http.StatusInternalServerError }

// The names of exceptions. The first five are in the API model, the others are the common errors of all AWS services.
const (
	BadRequest         = "BadRequestException"
	LimitExceeded      = "LimitExceededException"
	InternalFailure    = "InternalFailureException"
	Conflict           = "ConflictException"
	ServiceUnavailable = "ServiceUnavailableException"

	AccessDenied        = "AccessDeniedException"
	UnrecognizedClient  = "UnrecognizedClientException"
	InvalidSignature    = "InvalidSignatureException"
	IncompleteSignature = "IncompleteSignatureException"
	MissingToken        = "MissingAuthenticationTokenException"
	ExpiredToken        = "ExpiredTokenException"
)

// Texts that clients compare with.
const (
	TextIdle              = "Your request timed out because no new audio was received for %d seconds."
	TextTooBig            = "Your stream is too big. Reduce the frame size and try your request again."
	TextUnexpectedFrame   = "Unexpected WebSocket frame received."
	TextSignatureMismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	TextUnknownKey        = "The security token included in the request is invalid."
	TextExpiredToken      = "The security token included in the request is expired."
	TextConflict          = "Another stream is in progress with the same session ID"
	TextNoEmptyFrame      = "A complete signal was sent without the preceding empty frame."                                                           // the audio ended, but nobody said so
	TextUnsigned          = "The message is not signed. Over HTTP/2 every message stands in an envelope with the headers :date and :chunk-signature." // ours
	TextSampleRate        = "The requested language doesn't support the specified sample rate. Use the correct sample rate then try again."
	TextExplain           = "Run \"earshot explain-url\" with the address, or with --request and the request, where the server runs: it says more." // ours; the end of the text for a refused signature
	TextCompleted         = "Streaming completed successfully"                                                                                      // reason of the close after a normal end
)

// codes is the one table from codes to exceptions, on either transport: what is known before a stream begins, HTTP/2 answers
// with the status; later, and over WebSocket, the name stands in a message.
var codes = map[stt.Code]Exception{
	stt.Invalid:          {Name: BadRequest, Status: 400},
	stt.Malformed:        {Name: BadRequest, Status: 400},
	stt.Unsupported:      {Name: BadRequest, Status: 400},
	stt.Unauthenticated:  {Name: UnrecognizedClient, Status: 403},
	stt.Denied:           {Name: AccessDenied, Status: 403},
	stt.Expired:          {Name: InvalidSignature, Status: 403},
	stt.NotFound:         {Name: BadRequest, Status: 400},
	stt.Conflict:         {Name: Conflict, Status: 409},
	stt.Quota:            {Name: LimitExceeded, Status: 429},
	stt.Exhausted:        {Name: ServiceUnavailable, Status: 503},
	stt.Idle:             {Name: BadRequest, Status: 400},
	stt.TooLong:          {Name: LimitExceeded, Status: 429},
	stt.Closed:           {Name: BadRequest, Status: 400},
	stt.Canceled:         {Name: InternalFailure, Status: 500},
	stt.DeadlineExceeded: {Name: InternalFailure, Status: 500},
	stt.Unavailable:      {Name: ServiceUnavailable, Status: 503},
	stt.Internal:         {Name: InternalFailure, Status: 500},
}

// ExceptionOf returns what a client is told of err. Options are named as the protocol names them, and causes stay here. Where
// it is known which operation the client called, [Operation.ExceptionOf] names no parameter of another.
func ExceptionOf(err error) Exception { return exceptionOf(parametersOf, err) }

// ExceptionOf returns what a client of the operation is told of err: parameters are those that the operation has. Of a path
// that is no operation's, the zero Operation, it says what the function of the same name does.
func (op Operation) ExceptionOf(err error) Exception {
	switch {
	case op.Medical:
		return exceptionOf(func(option string) []*parameter { return settersOf(medicalParameters, option) }, err)
	case op.Offered:
		return exceptionOf(func(option string) []*parameter { return settersOf(standardParameters, option) }, err)
	}
	return ExceptionOf(err)
}

// exceptionOf is ExceptionOf with what says which parameters set an option.
func exceptionOf(parameters func(option string) []*parameter, err error) Exception {
	e := stt.AsError(err)
	if e == nil {
		e = &stt.Error{Code: stt.Internal}
	}
	// A chunk's signature is a matter of the stream; any other is one of the request.
	if s, ok := errors.AsType[*sigv4.Error](e); ok && s.Reason != sigv4.None && e.Code != stt.Malformed {
		return signatureException(s)
	}
	code := e.Code
	if _, ok := codes[code]; !ok {
		code = stt.Internal
	}
	if e.Peer != "" && (code == stt.Unauthenticated || code == stt.Denied || code == stt.Expired) {
		code = stt.Internal // it is our own credentials that an upstream refuses, and nothing that the client could mend
	}
	x := codes[code]
	x.Message = e.Msg
	switch d := parameters(e.Option); {
	case code == stt.Internal:
		x.Message = "An internal error ended the stream; the server's log says more."
	case len(d) > 0:
		x.Message = explain(d, e)
	case e.Msg == "":
		x.Message = "The request failed: " + code.String() + "."
	}
	switch wait, err := time.ParseDuration(e.Got); {
	case code == stt.Idle && err == nil:
		x.Message = fmt.Sprintf(TextIdle, int(wait.Seconds()))
		if wait.Truncate(time.Second) == time.Second { // never so at Amazon, and its clients look for the beginning
			x.Message = strings.Replace(x.Message, "1 seconds", "1 second", 1)
		}
	case code == stt.Conflict:
		x.Message = TextConflict // clients look for it
	case code == stt.NotFound && e.Got != "" && unknownResource(e.Option) != "":
		x.Message = unknownResource(e.Option)
	case code == stt.Expired && e.Option == "token": // the credentials, and not what was signed with them
		x.Name, x.Message = ExpiredToken, TextExpiredToken
	}
	return x
}

// signatures says which exception each reason for refusing a signature is. The others are InvalidSignature, 403.
var signatures = map[sigv4.Reason]Exception{
	sigv4.Missing:           {Name: MissingToken, Status: 403},
	sigv4.Malformed:         {Name: IncompleteSignature, Status: 400},
	sigv4.UnknownKey:        {Name: UnrecognizedClient, Status: 403},
	sigv4.ExpiresOutOfRange: {Name: BadRequest, Status: 400},
}

func signatureException(e *sigv4.Error) Exception {
	x, ok := signatures[e.Reason]
	if !ok {
		x = Exception{Name: InvalidSignature, Status: 403}
	}
	x.Message = e.ServiceMessage()
	switch e.Reason {
	case sigv4.UnknownKey:
		x.Message = TextUnknownKey
	case sigv4.Malformed, sigv4.WrongService, sigv4.ScopeDateMismatch, sigv4.HostNotSigned, sigv4.HeaderMissing, sigv4.PayloadMismatch, sigv4.SignatureMismatch:
		x.Message = strings.TrimRight(x.Message, "\n") + "\n\n" + TextExplain
	}
	return x
}

// peerCodes says what a server's exception means to us.
var peerCodes = map[string]stt.Code{
	BadRequest:          stt.Invalid,
	LimitExceeded:       stt.Quota,
	InternalFailure:     stt.Unavailable,
	Conflict:            stt.Conflict,
	ServiceUnavailable:  stt.Unavailable,
	AccessDenied:        stt.Denied,
	"AccessDenied":      stt.Denied,
	UnrecognizedClient:  stt.Unauthenticated,
	InvalidSignature:    stt.Unauthenticated,
	IncompleteSignature: stt.Unauthenticated,
	MissingToken:        stt.Unauthenticated,
	ExpiredToken:        stt.Expired,

	"ResourceNotFoundException": stt.NotFound,
	"SerializationException":    stt.Malformed,
	"ThrottlingException":       stt.Quota,
}

// peer is how errors name the server.
const peer = "amazon"

// ErrorOf returns what a server's exception means to a caller of ours. begun says whether the server had given any event
// before: a service that is unavailable from the start has no capacity, one that becomes so has died.
func ErrorOf(x Exception, begun bool) *stt.Error {
	code, ok := peerCodes[x.Name]
	switch {
	case !ok:
		code = stt.Unavailable
	case strings.HasPrefix(x.Message, "Your request timed out because no new audio"):
		code = stt.Idle
	case strings.HasPrefix(x.Message, textExpired):
		code = stt.Expired
	case strings.HasPrefix(x.Message, textNotYet), // of a message in the middle of the stream, as the next
		strings.HasPrefix(x.Message, "The request signature we calculated"):
		code = stt.Unauthenticated
	case x.Name == ServiceUnavailable && !begun:
		code = stt.Exhausted
	}
	msg := publicText(x.Message)
	if msg == "" {
		msg = "the server ended the stream with " + cut(x.Name, 100)
	}
	e := &stt.Error{Code: code, Op: "receive", Peer: peer, PeerCode: cut(x.Name, 100), Msg: msg}
	if code == stt.Quota {
		e.RetryAfter = moreIn(x.Message)
	}
	return e
}

// moreIn reads from the text of a budget that is used up when there is more; 0: it does not say. Of our own servers it does, as package server/quota writes
// it, since an exception has no other place for it.
func moreIn(msg string) time.Duration {
	_, after, _ := strings.Cut(msg, "; there is more in ")
	text, _, _ := strings.Cut(after, ",")
	if wait, err := time.ParseDuration(text); err == nil && wait > 0 {
		return wait
	}
	return 0
}

// publicText returns what may be shown of a server's message. To a wrong signature the service answers with the canonical
// request, which holds the session token: of that only what stands before and after is kept.
func publicText(msg string) string {
	before, after, found := strings.Cut(msg, "The Canonical String")
	if !found {
		return cut(msg, 1000)
	}
	_, after, _ = strings.Cut(after, "The String-to-Sign")
	hint := ""
	if end := strings.LastIndex(after, "'\n"); end >= 0 {
		hint = after[end+2:]
	}
	return cut(strings.TrimSpace(strings.TrimSpace(before)+" "+strings.TrimSpace(hint)), 1000)
}
