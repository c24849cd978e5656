package transcribe

import (
	"fmt"
	"net/http"
	"strings"
)

// UnknownOperation is the exception for a path at which there is no operation, one of the errors that AWS services have in common.
const UnknownOperation = "UnknownOperationException"

// pathDetails is where GetMedicalScribeStream asks for the state of a session: its id follows.
const pathDetails = PathMedicalScribeHTTP2 + "/"

// Stray says what is told to a client whose path is no operation's: that the operation is not offered, where the API has one there, and
// else which paths there are, beginning with the one that is nearest to what was asked for. ok is false for a path that has nothing
// to do with the protocol.
func Stray(method, path string) (x Exception, ok bool) {
	if id, found := strings.CutPrefix(path, pathDetails); found && id != "" && !strings.Contains(id, "/") && (method == http.MethodGet || method == http.MethodHead) {
		return ExceptionOf(operationNotOffered(Operation{Name: "GetMedicalScribeStream"})), true
	}
	x = Exception{Name: UnknownOperation, Status: http.StatusNotFound}
	op, far := nearest(path)
	if far > mostSlips {
		x.Message = "There is no operation at " + short(path) + "." + offers()
		return x, false
	}
	x.Message = fmt.Sprintf("There is no operation at %s. %s is a POST over HTTP/2 to %s, and by WebSocket at %s; the path is signed too.",
		short(path), op.Name, op.HTTP2, op.WebSocket)
	return x, true
}

// offers lists where the operations are that are offered.
func offers() string {
	text := ""
	for _, op := range Operations() {
		if op.Offered {
			text += fmt.Sprintf(" %s is at %s (POST over HTTP/2) and %s (WebSocket).", op.Name, op.HTTP2, op.WebSocket)
		}
	}
	return text
}

// mostSlips is how many characters of a path may be wrong for it to be still a slip of the pen, what stands before the last
// segment and marks between words aside.
const mostSlips = 3

// longestStray bounds the work on what strangers send, in bytes.
const longestStray = 128

// nearest returns the operation whose path is most like the given one, and how many characters are different.
func nearest(path string) (best Operation, far int) {
	far = longestStray
	path = strings.TrimRight(path, "/ ")
	last := words(path[strings.LastIndex(path, "/")+1:])
	if len(last) > longestStray {
		return best, far
	}
	for _, op := range Operations() {
		for _, p := range []string{op.HTTP2, op.WebSocket, "/" + op.Name, "/" + op.Name + "WebSocket"} {
			if n := distance(last, words(p[1:])); n < far {
				best, far = op, n
			}
		}
	}
	return best, far
}

// words leaves of a path's segment what does not differ by taste.
func words(segment string) string {
	return strings.NewReplacer("-", "", "_", "", "%20", "", " ", "").Replace(strings.ToLower(segment))
}

// distance counts the bytes that must be put in, left out or changed to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0] // of the row above, one to the left
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
