package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// A page is told why its stream was refused, which its browser does not say: what is told is what the socket was refused with.
func TestWhyAStreamIsRefused(t *testing.T) {
	cfg := configure(t, speech, map[string]string{"tls.listen": "off", "limits.streams": "1", "limits.idle": "0"})
	s := start(t, cfg)
	s.awaitLine(firstLink)
	v := s.visitor()
	v.signIn(`{"code":"` + firstLink.FindStringSubmatch(s.out.String())[2] + `"}`)
	const query = "model=local.script&language=en&output_format=json"
	attempt := func(query string) (c *websocket.Conn, status int) {
		t.Helper()
		ticket, _ := v.must(200, "POST", "/ticket", "")["api_key"].(string)
		c, status, _ = v.socket(strings.Replace(s.plain, "http", "ws", 1)+"/v1/transcribe?"+query+"&api_key="+ticket, nil)
		return c, status
	}
	why := func(query string) map[string]any {
		t.Helper()
		return v.must(200, "POST", "/why", `{"query":"`+query+`"}`)
	}
	if got := why(query); got["refused"] != false || len(got) != 1 {
		t.Errorf("a stream that may begin: %v", got)
	}
	s.awaitLog("stream closed") // it takes nobody's place
	told := func(name, query, code, text string) {
		t.Helper()
		got := why(query)
		message, _ := got["message"].(string)
		if got["refused"] != true || got["code"] != code || !strings.Contains(message, text) {
			t.Errorf("%s: %v, expected %s and %q", name, got, code, text)
		}
		if strings.Contains(query, "api_key") {
			return
		}
		if _, status := attempt(query); float64(status) != got["status"] {
			t.Errorf("%s: the socket was answered with %d, the page is told %v", name, status, got["status"])
		}
	}
	told("an unknown model", "model=local.nobody", "invalid_request_error", "local.nobody")
	told("what does not go together", "model=local.script&output_format=srt&interim_results=true", "invalid_request_error", "interim_results")
	told("nothing", "", "invalid_request_error", "model")
	told("no query", "%zz", "invalid_request_error", "query")
	open, status := attempt(query)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("the only place: %d", status)
	}
	told("the server is full", query, "service_unavailable", "all 1 streams that this server allows at a time are in use")
	told("a key in the query", query+"&api_key=another", "service_unavailable", "all 1 streams")
	if err := open.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	s.awaitLog("stream closed")
	if got := why(query); got["refused"] != false {
		t.Errorf("the place of a stream that has ended: %v", got)
	}
}
