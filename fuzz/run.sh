#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# fuzz/run.sh MINUTES [TARGET...]: builds the fuzz targets (preset fuzz) and runs each of them, or those named, for MINUTES, POSTERN_JOBS
# at a time. A target begins with fuzz/corpus/TARGET and the words of every fuzz/dict/*.dict that names it, and keeps what it learns in
# build/fuzz/learnt/TARGET. A finding ends its target alone: the others go on, and at the end stands how to see each finding again, and
# what all of it cost. A finding belongs into fuzz/corpus/TARGET with its fix, where the ordinary tests replay it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
minutes=${1:-}
[[ $minutes =~ ^[0-9]+$ ]] && [ "$minutes" -gt 0 ] || { echo "usage: fuzz/run.sh MINUTES [TARGET...]" >&2; exit 2; }
shift
targets=("$@")
if [ $# -eq 0 ]; then
  for source in fuzz/*_fuzz.cc; do source=${source##*/}; targets+=("${source%_fuzz.cc}"); done
fi
jobs=${POSTERN_JOBS:-$(nproc)}

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$jobs" --target "${targets[@]/%/_fuzz}" | tail -n 1

export work=build/fuzz minutes
mkdir -p "$work/findings"

# run_one TARGET: says one line, and writes "TARGET CPU-SECONDS INPUTS" or nothing to TARGET.cost.
run_one() {
  local target=$1 learnt=$work/learnt/$1 log=$work/$1.log words=$work/$1.dict runs coverage finding
  mkdir -p "$learnt"
  { grep -lE "^# for: (.* )?$target( |\$)" fuzz/dict/*.dict || true; } | xargs -r cat >"$words"
  local TIMEFORMAT='%U %S' failed=0 dictionary=()
  [ ! -s "$words" ] || dictionary=(-dict="$words")  # not every target has words
  { time "$work/fuzz/${target}_fuzz" -max_total_time=$((minutes * 60)) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 "${dictionary[@]}" \
      -artifact_prefix="$work/findings/$target-" "$learnt" "fuzz/corpus/$target" >"$log" 2>&1; } 2>"$work/$target.time" || failed=1
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$({ grep -o 'cov: [0-9]*' "$log" || true; } | tail -n 1)
  echo "$target $(awk '{ print $1 + $2 }' "$work/$target.time") ${runs:-0}" >"$work/$target.cost"
  if [ $failed = 0 ]; then
    echo "$target: $runs inputs, $coverage, $(find "$learnt" -type f | wc -l) learnt, no finding"
  else
    finding=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "$target: A FINDING; see it again with: $work/fuzz/${target}_fuzz ${finding:-"(no input was written: see $log)"}" | tee "$work/$target.finding"
  fi
}
export -f run_one
for target in "${targets[@]}"; do rm -f "$work/$target.finding" "$work/$target.cost"; done
printf '%s\n' "${targets[@]}" | xargs -P "$jobs" -I {} bash -c 'set -euo pipefail; run_one {}' || true  # who has no .cost was not run
not_run=()
for target in "${targets[@]}"; do [ -f "$work/$target.cost" ] || not_run+=("$target"); done

for target in "${targets[@]}"; do [ ! -f "$work/$target.cost" ] || cat "$work/$target.cost"; done |
  awk '{ cpu += $2; inputs += $3 } END { printf "%d targets, %.0f inputs, %.2f CPU-hours\n", NR, inputs, cpu / 3600 }'
found=0
[ ${#not_run[@]} = 0 ] || { found=1; echo "not run, see their logs in $work: ${not_run[*]}" >&2; }
for target in "${targets[@]}"; do
  [ ! -f "$work/$target.finding" ] || { found=1; cat "$work/$target.finding" >&2; }
done
exit $found
