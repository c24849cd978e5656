package server

import (
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/displayas"
	"github.com/earshot-stt/earshot/feature/punctuate"
	"github.com/earshot-stt/earshot/feature/vocabfilter"
)

// Features returns the rewrites that a configuration switches on, in the order in which they work.
func Features(cfg *config.Config) []feature.Feature {
	all := []feature.Feature{displayas.Feature(), vocabfilter.Feature()} // they do nothing until a stream names a list
	if cfg.Features.Punctuate {
		all = append(all, punctuate.Features()...)
	}
	return all
}
