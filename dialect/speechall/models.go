package speechall

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/earshot-stt/earshot/stt"
	wire "github.com/earshot-stt/earshot/wire/speechall"
)

// anyModel is the alias of every identifier that is not known.
const anyModel = "*"

// openAIPrefix is what clients of OpenAI's own routes leave out: "whisper-1" is "openai.whisper-1".
const openAIPrefix = "openai."

// resolve finds the model that an identifier stands for: "local.NAME", an alias, or the name itself. The error is NotFound and says
// what there is.
func (h *Handler) resolve(ctx context.Context, id string) (stt.Model, error) {
	models, err := h.opts.Models(ctx)
	if err != nil {
		return stt.Model{}, err
	}
	find := func(name string) (stt.Model, bool) {
		name = strings.TrimPrefix(name, wire.Local+".")
		i := slices.IndexFunc(models, func(m stt.Model) bool { return m.ID == name })
		if i < 0 {
			return stt.Model{}, false
		}
		return models[i], true
	}
	for _, name := range []string{h.opts.Aliases[id], id, h.opts.Aliases[openAIPrefix+id], h.opts.Aliases[anyModel]} {
		if m, ok := find(name); ok && name != "" {
			return m, nil
		}
	}
	all, alias := h.identifiers(models), ""
	const most = 20
	list := strings.Join(all[:min(len(all), most)], ", ")
	if !strings.Contains(id, ".") {
		alias = ", as " + openAIPrefix + short(id)
	}
	return stt.Model{}, &stt.Error{Code: stt.NotFound, Op: "open", Option: "model", Want: list, Got: short(id),
		Msg: `parameter "model" is "` + short(id) + `", which is not known here; there are: ` + cmp.Or(list, "none") +
			"; the operator can say which model answers to it (speechall.aliases" + alias + ")"}
}

// identifiers are those that a request may name, sorted; models themselves first.
func (h *Handler) identifiers(models []stt.Model) []string {
	var all []string
	for i := range models {
		all = append(all, wire.Local+"."+models[i].ID)
	}
	for _, alias := range slices.Sorted(maps.Keys(h.opts.Aliases)) {
		if _, name, ok := strings.Cut(alias, "."); ok && name != "" {
			all = append(all, alias)
		}
	}
	return all
}

// foreign are encodings that every ffmpeg decodes.
var foreign = [...]string{"MP3", "AAC", "Vorbis"}

// list describes the models that there are, and the aliases that stand for one of them.
func (h *Handler) list(ctx context.Context) ([]wire.Model, error) {
	models, err := h.opts.Models(ctx)
	if err != nil {
		return nil, err
	}
	limits := wire.ModelLimits{Seconds: h.opts.Jobs.MaxAudio().Seconds(), Bytes: h.opts.MaxBody}
	all := []wire.Model{} // an array always
	for _, id := range h.identifiers(models) {
		m, err := h.resolve(ctx, id)
		if err != nil || h.opts.Compat && !wire.Known(id) {
			continue // an alias of a model that is not there now
		}
		can := m.Can
		can.Has |= h.opts.Gives
		entry := wire.ModelOf(id, &m, &can, limits)
		if h.opts.Jobs.Foreign() {
			entry.Encodings = append(entry.Encodings, foreign[:]...)
		}
		all = append(all, entry)
	}
	return all, nil
}

// short cuts what a client sent down to what an error may repeat.
func short(s string) string {
	const longest = 64
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
