#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# tests/run.sh [--fast]
#
# Sets everything up, builds, and runs all tests: layers, documents, format; unit and process tests and the fuzz corpora plainly, under
# AddressSanitizer and UndefinedBehaviorSanitizer, and (the unit tests of the loop and what stands on it) under valgrind; clang-tidy; and
# the whole, end to end, with a real component and a real browser. --fast leaves out sanitizers, valgrind and tidy.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/setup.sh"
cd "$POSTERN_ROOT"

fast=0
case "${1:-}" in
  "") ;;
  --fast) fast=1 ;;
  -h|--help) sed -n '5,10s/^# \{0,1\}//p' "$0"; exit 0 ;;
  *) echo "usage: tests/run.sh [--fast]" >&2; exit 2 ;;
esac

# shellcheck disable=SC2086
need $BUILD_PACKAGES $TEST_PACKAGES
make_user

say "layers, documents, format"
tools/check_layers
tools/check_docs
tools/format

build dev
if [ $fast = 0 ]; then
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
