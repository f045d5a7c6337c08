#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# tests/valgrind.sh BUILD_DIRECTORY: the unit tests of the loop, of what stands on it, and of TLS, under memcheck. The distribution's libuv
# and OpenSSL are not instrumented, so AddressSanitizer does not see what they touch; valgrind does.
set -euo pipefail
build=${1:?usage: tests/valgrind.sh BUILD_DIRECTORY}
for test in loop ipc tls enforcer terminator; do
  binary="$build/tests/unit/$test/${test}_test"
  [ -x "$binary" ] || { echo "missing: $binary" >&2; exit 1; }
  valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite --num-callers=20 \
    "$binary" --gtest_brief=1 >/dev/null || { echo "valgrind found faults in $test" >&2; exit 1; }
  echo "valgrind: $test clean"
done
