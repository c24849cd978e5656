package admin

import (
	_ "embed"
	"io"
)

// Document is the description of the administration in OpenAPI 3.1. It is written by a test (go test ./server/admin -run
// TestDocument -update), which also fails when it is not what the table of operations and the types say.
//
//go:embed openapi.json
var Document []byte

// The media types of answers.
const (
	jsonMedia = "application/json"
	csvMedia  = "text/csv; charset=utf-8"
)

func (h *Handler) document(*call) (any, error) {
	return raw{media: jsonMedia, write: func(w io.Writer) error {
		_, err := w.Write(Document)
		return err
	}}, nil
}
