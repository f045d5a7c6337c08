#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh [--quick]
#
# Sets everything up, builds, and runs all tests: layers, names, documents, format, clang-tidy; the loop and what stands on it under valgrind;
# the whole, end to end, with a real component and a real browser; unit and process tests and the fuzz corpora under AddressSanitizer
# and UndefinedBehaviorSanitizer. --quick leaves out clang-tidy and valgrind and runs the tests without sanitizers.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/setup.sh"
cd "$POSTERN_ROOT"

quick=0
case "${1:-}" in
  "") ;;
  --quick) quick=1 ;;
  -h|--help) sed -n '5,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "usage: tests/run.sh [--quick]" >&2; exit 2 ;;
esac

# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES
make_user

# What fails is said again at the end, and stops nothing: one run tells all there is to mend.
failed=()
try() { "$@" || failed+=("$*"); }

say "layers, names, documents, format"
for check in tools/check_layers tools/check_names; do try $check --self-test; try $check; done
try tools/check_docs
try tools/format

if [ $quick = 1 ]; then
  unit=dev whole=dev
  build dev
else
  unit=asan whole=e2e
  say "clang-tidy"
  try tools/tidy build/e2e
  build e2e installed tests_for_valgrind ledger_on_bad_disk
  build asan
  say "the loop and what stands on it, under valgrind"
  try tests/valgrind.sh build/e2e
fi

say "unit and process tests, fuzz corpora ($unit)"
try ctest --preset $unit -j "$POSTERN_JOBS"

say "end to end"
node --version >&2
(cd tests/e2e && npm ci --silent --no-audit --no-fund)
export POSTERN_BUILD="$POSTERN_ROOT/build/$whole"
said=$POSTERN_BUILD/stories.tap
stories() { node --test --test-concurrency="$POSTERN_JOBS" tests/e2e/*_test.mjs | tee "$said"; }
try stories
[ ${#failed[@]} != 0 ] || exit 0

# Far above stands all that was said; here is why, and the two summaries once more.
say "what failed"
grep -aE -A 8 'Failure$|ERROR: [A-Z][A-Za-z]+Sanitizer|runtime error:' "build/$unit/Testing/Temporary/LastTest.log" | head -n 200 || true
awk '/^ *not ok/ { on = 1 } on; /^ *\.\.\.$/ { on = 0 }' "$said" | cut -c 1-400 | head -n 400
grep -aE '^# (tests|pass|fail|cancelled|skipped) ' "$said" || true
die "failed, see above: $(printf '%s; ' "${failed[@]}")"
