// Package server puts Earshot together: it turns a configuration into engine, sessions, dialects and listeners, starts
// them in order and ends them in order. The lists of drivers (drivers.go), features (features.go) and dialects
// (handlers.go) are here and nowhere else.
package server
