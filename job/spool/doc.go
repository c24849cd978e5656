// Package spool keeps files that cannot be used as they come, because something that stands behind them is needed first: the beginning
// in memory, and what is longer in temporary files that have no name any more, so that nothing is left of them however the process
// ends. All files together have a bound.
package spool
