#!/usr/bin/env bash
# Runs every fuzz test for FUZZTIME (10s) each, one after the other, and names those that found something. What they
# found stands under testdata/fuzz of the package: it belongs in the commit that mends it.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

read -r -a packages <<<"${PKG:-./...}"
# The list has the names of a package's tests and then a line "ok PACKAGE TIME".
list=$(go test "${tags[@]}" -list '^Fuzz' "${packages[@]}")
mapfile -t targets < <(awk '
	/^Fuzz/ { names[n++] = $1 }
	$1 == "ok" { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }' <<<"$list")
[ "${#targets[@]}" -gt 0 ] || die "There are no fuzz tests in ${packages[*]}."

failed=()
for target in "${targets[@]}"; do
	read -r package name <<<"$target"
	say "== $package $name"
	go test "${tags[@]}" -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-10s}" "$package" || failed+=("$package $name")
done
if [ "${#failed[@]}" -gt 0 ]; then
	die "fuzz: these found something:" "$(printf '\n  %s' "${failed[@]}")"
fi
say "fuzz: ${#targets[@]} targets, nothing found."
