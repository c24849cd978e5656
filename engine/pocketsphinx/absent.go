//go:build !pocketsphinx

package pocketsphinx

import (
	"context"

	"github.com/earshot-stt/earshot/stt"
)

// built says whether the engine is part of this program.
const built = false

func open(context.Context, options) (stt.Recognizer, error) { return nil, errAbsent() }

func libraryVersion() string { return "" }
