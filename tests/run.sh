#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh [--thorough]
#
# Sets everything up, builds, and runs all tests: layers, documents, format; unit and process tests and the fuzz corpora; and the whole, end
# to end, with a real component and a real browser. --thorough adds the unit and process tests and the corpora under AddressSanitizer and
# UndefinedBehaviorSanitizer, the tests of the loop and what stands on it under valgrind, and clang-tidy: about an hour on two cores.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/setup.sh"
cd "$POSTERN_ROOT"

thorough=0
case "${1:-}" in
  "") ;;
  --thorough) thorough=1 ;;
  -h|--help) sed -n '5,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "usage: tests/run.sh [--thorough]" >&2; exit 2 ;;
esac

# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES
make_user

say "layers, documents, format"
tools/check_layers
tools/check_docs
tools/format

build dev
if [ $thorough = 1 ]; then
  build asan
  say "unit and process tests, AddressSanitizer and UndefinedBehaviorSanitizer"
  ctest --preset asan -j "$POSTERN_JOBS" --progress | tail -n 30
  say "the loop and what stands on it, under valgrind"
  tests/valgrind.sh build/dev
  say "clang-tidy"
  tools/tidy build/dev
fi

say "end to end"
node --version >&2
(cd tests/e2e && npm ci --silent --no-audit --no-fund)
e2e=0
POSTERN_BUILD="$POSTERN_ROOT/build/dev" node --test --test-concurrency=1 tests/e2e/*_test.mjs || e2e=$?

say "unit and process tests, fuzz corpora"
ctest --preset dev -j "$POSTERN_JOBS"
exit $e2e
