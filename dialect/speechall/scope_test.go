package speechall

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/earshot-stt/earshot/auth"
	"github.com/earshot-stt/earshot/engine/script"
	"github.com/earshot-stt/earshot/session"
	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// boundTo is the scope of a key that is good for some models.
func boundTo(models ...string) func(operation, model, origin string) error {
	return func(_, model, _ string) error {
		if model != "" && !slices.Contains(models, model) {
			return stt.Errorf(stt.Denied, "not good for the model %q", model)
		}
		return nil
	}
}

// Keys are bound to models, whatever name of theirs an operator or a client writes.
func TestKeysOfModels(t *testing.T) {
	for _, c := range []struct {
		bound, asked string
		code         stt.Code
	}{
		{"script", "script", 0},
		{"script", "local.script", 0},
		{"local.script", "script", 0},
		{"local.script", "local.script", 0},
		{"script", "openai.whisper-1", 0},
		{"script", "whisper-1", 0},
		{"openai.whisper-1", "local.script", 0},
		{"whisper-1", "script", 0},
		{"deepgram.nova-2", "deepgram.nova-2", 0},
		{"other", "script", stt.Denied},
		{"other", "whisper-1", stt.Denied},
		{"other", "nonsense", stt.Denied}, // and not what else there is
		{"nonsense", "nonsense", stt.NotFound},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := serve(t, script.Options{}, session.Options{}, Options{Aliases: map[string]string{"openai.whisper-1": "script", "deepgram.nova-2": "local.script"}})
			r := httptest.NewRequest("POST", "/v1/transcribe", nil)
			model, err := h.handler.choose(t.Context(), Caller{Permits: boundTo(c.bound)}, opTranscribe, c.asked, r)
			if stt.CodeOf(err) != c.code || err == nil && model.ID != "script" || c.code == stt.Denied && strings.Contains(err.Error(), "script,") {
				t.Errorf("bound to %s, asks for %s: %v, %v", c.bound, c.asked, model.ID, err)
			}
		})
	}
}

// No way in tells a key of one model which others there are, and none tells one that is not good for an operation anything at all.
func TestNothingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serve(t, script.Options{}, session.Options{}, Options{Aliases: map[string]string{"openai.secret-project": "script"}})
		keys := h.handler.opts.Keys
		for name, scope := range map[string]func(operation, model, origin string) error{
			"another model": boundTo("local.other"),
			"another operation": func(operation, _, _ string) error {
				if operation == opModels {
					return nil
				}
				return stt.Errorf(stt.Denied, "not good for %s", operation)
			},
		} {
			h.handler.opts.Keys = permitting(keys, scope)
			file := wav(16000, 1, time.Second)
			for _, path := range []string{"transcriptions", "translations"} {
				got := h.form("/v1/openai-compatible/audio/"+path, file, "file", "a", "model", "nosuch")
				if got.fails(t, 401, "not good for"); strings.Contains(got.body, "secret") {
					t.Errorf("%s, %s: %s", name, path, got.body)
				}
			}
			got := h.do(h.request("POST", "/v1/transcribe?model=nosuch", bytes.NewReader(file)))
			if got.fails(t, 401, "not good for"); strings.Contains(got.body, "secret") {
				t.Errorf("%s: %s", name, got.body)
			}
		}
	})
}

// Who may use some models sees those, and may do what has nothing to do with models.
func TestListsOfBoundKeys(t *testing.T) {
	for bound, want := range map[string][]string{"local.script": {"local.script", "openai.whisper-1"}, "other": {}} {
		synctest.Test(t, func(t *testing.T) {
			h := serve(t, script.Options{}, session.Options{}, Options{Aliases: map[string]string{"openai.whisper-1": "script"}})
			h.handler.opts.Keys = permitting(h.handler.opts.Keys, boundTo(bound))
			got := h.do(h.request("GET", "/v1/speech-to-text-models", nil))
			var list []wire.Model
			err := json.Unmarshal([]byte(got.body), &list)
			ids := []string{}
			for i := range list {
				ids = append(ids, list[i].ID)
			}
			if got.status != 200 || err != nil || list == nil || !slices.Equal(ids, want) {
				t.Errorf("bound to %s: %d %q, %v", bound, got.status, ids, err)
			}
		})
	}
}

// What keys can be bound to are the operations that there are.
func TestOperationsOfKeys(t *testing.T) {
	own := []string{opStream, opTranscribe, opRemote, opModels, opRulesets, opOpenAI, opTranslate}
	if known := auth.APIOperations(); !slices.Equal(known, own) {
		t.Errorf("keys can be bound to %q, and the operations are %q", known, own)
	}
}
