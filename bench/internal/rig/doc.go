// Package rig is what the measuring programs share: children that are ended in every case, what the system says of a
// process (processor time, memory, open files), a server of Earshot's as a child, medians, and result lines in the form
// that benchstat reads.
//
// The figures come from /proc, so measuring works on Linux only; everywhere else the functions of proc.go return
// errors.
package rig
