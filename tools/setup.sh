# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by deploy/quickstart.sh, tests/run.sh and bench scripts: installs the Debian packages that a task needs, says what it is
# doing, and knows where things are. Needs nothing but bash and apt.
POSTERN_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
POSTERN_JOBS=${POSTERN_JOBS:-$(nproc)}

BUILD_PACKAGES="g++ cmake ninja-build pkg-config libuv1-dev libssl-dev libsodium-dev libsqlite3-dev libyaml-cpp-dev
  nlohmann-json3-dev libcli11-dev libre2-dev zlib1g-dev libnghttp2-dev libseccomp-dev libp11-kit-dev libpq-dev libhowardhinnant-date-dev tzdata"
TEST_PACKAGES="clang clang-format clang-tidy libclang-rt-14-dev valgrind libgtest-dev libgmock-dev libhttp-parser-dev python3 openssl curl git
  procps systemd prometheus prometheus-alertmanager pebble chromium golang-go golang-golang-x-mod-dev
  openjdk-17-jdk-headless python3-h2 python3-httpx nghttp2-server softhsm2 opensc squid postgresql"
QUICKSTART_PACKAGES="prometheus prometheus-alertmanager curl openssl"

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi; }

# need PACKAGE...: installs those that are missing. Services that a package would start by itself stay stopped.
need() {
  local missing=() p
  for p in "$@"; do dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$p"); done
  # A Node.js of the machine's own is as good as Debian's.
  if ! command -v npm >/dev/null || ! command -v node >/dev/null; then missing+=(nodejs npm); fi
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# make_user: the unprivileged user that the roles run as when root starts them.
make_user() {
  [ "$(id -u)" = 0 ] || return 0
  id postern >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin postern
}

# free_port: a TCP port of the loopback that nobody uses now.
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }

# build PRESET [TARGET...]: with ninja's own progress on a terminal; elsewhere silent, unless it fails.
build() {
  local preset=$1 log failed=0
  shift
  say "building ($preset)"
  log=$(mktemp)
  (cd "$POSTERN_ROOT" && cmake --preset "$preset") >"$log" 2>&1 || failed=1
  local command=(cmake --build "$POSTERN_ROOT/build/$preset" -j "$POSTERN_JOBS" ${1:+--target "$@"})
  if [ $failed = 0 ] && [ -t 1 ]; then
    "${command[@]}" || failed=1
  elif [ $failed = 0 ]; then
    "${command[@]}" >"$log" 2>&1 || failed=1
  fi
  if [ $failed = 1 ]; then tail -n 60 "$log" >&2; fi
  rm -f "$log"
  return $failed
}
