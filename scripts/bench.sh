#!/usr/bin/env bash
# Runs the benchmarks COUNT (6) times, keeps the figures in a file that benchstat reads, and says which of the limits that
# the project has set itself are kept. First come those of go test, then whole processes (bench/server); docs/performance.md
# says what each of them means. All of it takes some eight minutes on two cores that have nothing else to do.
#
#   COUNT=10            more rounds
#   BENCH=ServerCPU     only benchmarks that match
#   BENCHTIME=1s        how long a benchmark of go test runs each time (200ms)
#   PKG=./wire/...      only the benchmarks of go test in these packages
#   ARGS='-streams 50'  options for bench/server; ARGS=-help lists them
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
need_go
find_engine

count=${COUNT:-6}
name=$(git describe --tags --always --dirty 2>/dev/null || echo unversioned)
out=bin/bench/$name.txt
mkdir -p bin/bench
: >"$out"

# The tests are built once and then run by turns, so that whatever else the machine does touches all rounds of all of them.
read -r -a packages <<<"${PKG:-./...}"
tests=$(mktemp -d)
trap 'rm -rf "$tests"' EXIT
benchmarked=()
while read -r folder package; do
	! grep -qs '^func Benchmark' "$folder"/*_test.go || benchmarked+=("$package $folder")
done < <(go list "${tags[@]}" -f '{{.Dir}} {{.ImportPath}}' "${packages[@]}")
for i in "${!benchmarked[@]}"; do
	go test "${tags[@]}" -c -o "$tests/$i" "${benchmarked[i]% *}"
done
failed=() # packages, once for each round in which a benchmark of theirs failed; the others are measured all the same
for ((round = 0; round < count; round++)); do
	for i in "${!benchmarked[@]}"; do
		(cd "${benchmarked[i]#* }" && "$tests/$i" -test.run '^$' -test.bench "${BENCH:-.}" -test.benchmem -test.benchtime "${BENCHTIME:-200ms}" -test.timeout 10m) |
			sed -u -e '/^PASS$/d' | tee -a "$out" || failed+=("${benchmarked[i]% *}")
	done
done

go build "${tags[@]}" -o bin/bench/server ./bench/server
if [ -z "${PKG:-}" ]; then
	skip=()
	if [ "${#engine_missing[@]}" -gt 0 ]; then
		report_engine ""
		skip=(-skip "^Engine")
	fi
	scripts/build.sh >&2
	read -r -a more <<<"${ARGS:-}"
	bin/bench/server -count "$count" -bench "${BENCH:-.}" "${skip[@]}" "${more[@]}" | tee -a "$out" || failed+=(bench/server)
fi

say "" "The figures stand in $out. To compare with those of another commit:"
say "  go run golang.org/x/perf/cmd/benchstat@latest bin/bench/BEFORE.txt $out" ""
bin/bench/server verdict "$out" || failed+=("the limits above")
[ "${#failed[@]}" -eq 0 ] || die "" "Failed:" "$(printf '%s\n' "${failed[@]}" | sort | uniq -c)"
