package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, written as 65536, 64KiB or 1MiB.
type Size int64

// The units of sizes.
const (
	KiB Size = 1 << 10
	MiB Size = 1 << 20
	GiB Size = 1 << 30
)

// Below the least, no opening message of any protocol would pass; above the largest, one client could take the memory
// of a machine.
const (
	minMessage = KiB
	maxMessage = GiB
	maxUpload  = 1 << 40
)

var sizeUnits = [...]struct {
	name string
	unit Size
}{{"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}}

// ParseSize reads what String writes. Only whole numbers of 0 or more are sizes; there is no space before the unit.
func ParseSize(s string) (Size, error) {
	digits, unit := s, Size(1)
	for _, u := range sizeUnits {
		if head, ok := strings.CutSuffix(s, u.name); ok {
			digits, unit = head, u.unit
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || n > uint64(math.MaxInt64/int64(unit)) {
		return 0, fmt.Errorf("%q is not a size such as 65536, 64KiB or 1MiB", s)
	}
	return Size(n) * unit, nil
}

// String returns the size in the largest unit that makes it a whole number.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s >= u.unit && s%u.unit == 0 {
			return strconv.FormatInt(int64(s/u.unit), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// size returns the kind of sizes from least to most.
func size(least, most Size) kind[Size] {
	parse := func(s string) (Size, bool) {
		v, err := ParseSize(s)
		return v, err == nil && v >= least && v <= most
	}
	return kind[Size]{fmt.Sprintf("a size such as 64KiB or 1MiB, from %v to %v", least, most), parse, Size.String}
}
