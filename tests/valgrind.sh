#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# tests/valgrind.sh BUILD_DIRECTORY: the unit tests of the loop, of what stands on it, and of TLS, under memcheck, as many at once as there
# are cores. The distribution's libuv and OpenSSL are not instrumented, so AddressSanitizer does not see what they touch; valgrind does.
#
# Left out is what takes minutes there and touches no memory that the others do not: tests that make RSA keys (half a minute each; the
# other handshakes use elliptic curves), and one that fills a queue to its limit.
set -euo pipefail
build=${1:?usage: tests/valgrind.sh BUILD_DIRECTORY}
slow='*EveryKeyType*:Peers.*:LedgerClients.MemoryForEventsIsBounded'

check() {
  local binary="$1/tests/unit/$3/${3}_test" out
  [ -x "$binary" ] || { echo "missing: $binary" >&2; exit 255; }
  if ! out=$(valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite --num-callers=20 \
      "$binary" --gtest_brief=1 "--gtest_filter=-$2" 2>&1); then
    # What the tests log meanwhile (it begins with the time) would bury what failed.
    grep -v '^20[0-9][0-9]-[0-9T:.-]*Z ' <<<"$out" >&2 || true
    echo "valgrind: $3 failed: a test of it, or what memcheck found" >&2
    exit 255  # no further ones
  fi
  echo "valgrind: $3 clean"
}
export -f check
printf '%s\n' terminator enforcer tls ipc loop | xargs -P "${POSTERN_JOBS:-$(nproc)}" -I{} bash -c 'check "$@"' _ "$build" "$slow" {}
