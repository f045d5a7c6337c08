#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# fuzz/run.sh MINUTES [TARGET...]: builds the fuzz targets (preset fuzz) and runs each of them, or those named, for MINUTES.
# It begins with fuzz/corpus/TARGET and keeps what it learns in build/fuzz/learnt/TARGET. It stops at the first finding and says how
# to see it again; a finding belongs into fuzz/corpus/TARGET with its fix, where the ordinary tests replay it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
minutes=${1:-}
[[ $minutes =~ ^[0-9]+$ ]] && [ "$minutes" -gt 0 ] || { echo "usage: fuzz/run.sh MINUTES [TARGET...]" >&2; exit 2; }
shift
targets=("$@")
if [ $# -eq 0 ]; then
  for source in fuzz/*_fuzz.cc; do source=${source##*/}; targets+=("${source%_fuzz.cc}"); done
fi

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "${POSTERN_JOBS:-$(nproc)}" --target "${targets[@]/%/_fuzz}" | tail -n 1

work=build/fuzz
for target in "${targets[@]}"; do
  learnt=$work/learnt/$target
  log=$work/$target.log
  mkdir -p "$learnt" "$work/findings"
  if ! "$work/fuzz/${target}_fuzz" -max_total_time=$((minutes * 60)) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$work/findings/$target-" "$learnt" "fuzz/corpus/$target" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    finding=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    echo "$target: a finding; see it again with: $work/fuzz/${target}_fuzz ${finding:-"(no input was written: see $log)"}" >&2
    exit 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
  echo "$target: $runs inputs, $coverage, $(find "$learnt" -type f | wc -l) learnt, no finding"
done
