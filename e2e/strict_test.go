package e2e_test

import (
	"os"
	"strings"
	"testing"
)

// strict says whether what is not installed is a failure: in CI it is, or nobody would notice that a judge has stayed at home.
// E2E_STRICT=0 says otherwise there.
func strict() bool {
	switch os.Getenv("E2E_STRICT") {
	case "":
		return strings.EqualFold(os.Getenv("CI"), "true")
	case "0", "false", "no":
		return false
	}
	return true
}

// absent ends a test for which something is not installed.
func absent(t testing.TB, missing string) {
	t.Helper()
	if strict() {
		t.Fatalf("%s (E2E_STRICT, or CI=true, makes this a failure; without it the test is left out)", missing)
	}
	t.Skip(missing)
}
