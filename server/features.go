package server

import (
	"github.com/earshot-stt/earshot/config"
	"github.com/earshot-stt/earshot/feature"
	"github.com/earshot-stt/earshot/feature/punctuate"
)

// Features returns the rewrites that a configuration switches on, in the order in which they work.
func Features(cfg *config.Config) []feature.Feature {
	var all []feature.Feature
	if cfg.Features.Punctuate {
		all = append(all, punctuate.Features()...)
	}
	return all
}
