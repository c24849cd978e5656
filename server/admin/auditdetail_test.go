package admin

import (
	"strings"
	"testing"
)

func TestAuditDetail(t *testing.T) {
	for detail, want := range map[string]string{
		``:                      ``,
		`{`:                     ``,
		`"a text"`:              `"a text"`,
		`[1]`:                   `[1]`,
		`{"role":"member"}`:     `{"role":"operator"}`,
		`{"role":"admin"}`:      `{"role":"administrator"}`,
		`{"role":"viewer"}`:     `{"role":"viewer"}`,
		`{"disabled":true}`:     `{"disabled":true}`,
		`{"day_audio":"odd"}`:   `{"day_audio":"odd"}`,
		`{"tags":{"role":"x"}}`: `{"tags":{"role":"x"}}`,
		`{"limits":{"day_audio":3600000000000,"month_audio":1500000000,"streams":12345678901234567}}`: `{"limits":{"day_seconds":3600,"month_seconds":1.5,"streams":12345678901234567}}`,
	} {
		if got := string(told(detail)); got != want {
			t.Errorf("%s is told as %s, want %s", detail, got, want)
		}
	}
}

// The audit log speaks as the rest of the administration does.
func TestAuditSpeaksAsTheRest(t *testing.T) {
	h := newHouse(t)
	id := h.account("a")
	h.do(200, "PATCH", "/accounts/"+id, `{"limits":{"day_seconds":3600}}`)
	h.do(201, "POST", "/users", `{"account":"`+id+`","name":"bob","role":"operator"}`)
	log := h.do(200, "GET", "/audit", "").Body.String()
	if !strings.Contains(log, `"role":"operator"`) || strings.Contains(log, `"member"`) || !strings.Contains(log, `"day_seconds":3600`) || strings.Contains(log, "day_audio") {
		t.Errorf("got %s", log)
	}
}
