// Package rigtest lets the test binary of a measuring program play the part of bin/earshot, so that tests start servers as
// children without building anything.
package rigtest
