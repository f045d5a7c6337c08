#!/usr/bin/env bash
# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# deploy/quickstart.sh [--check] [--with-mission-control]
#
# Sets everything up, builds Postern, and runs it in front of a real component: Prometheus and Alertmanager from Debian. Prints a link for
# an engineer and one for an admin, and runs until Ctrl-C. With --check it walks the tour by itself instead, prints a line per step, and
# exits 0 if every step came out as it should, 1 if not. Leaves nothing running.
# With --with-mission-control the vendor's side runs too, on the same machine: the gateway enrols at it, and engineers come through its
# relay. With --check as well, the tour is that of both sides.
# POSTERN_BUILD names a build folder that is used as it is; without it, build/release is built.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../tools/setup.sh"

check=0
mission=0
for argument in "$@"; do
  case "$argument" in
    --check) check=1 ;;
    --with-mission-control) mission=1 ;;
    -h|--help) sed -n '5,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "usage: deploy/quickstart.sh [--check] [--with-mission-control]" >&2; exit 2 ;;
  esac
done

work=$(mktemp -d /tmp/postern-quickstart.XXXXXX)
chmod 755 "$work"
pids=()
stop() {
  local p
  for p in "${pids[@]}"; do kill -TERM "$p" 2>/dev/null || true; done
  for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
  if mountpoint -q "$work/disk" 2>/dev/null; then as_root umount --lazy "$work/disk" || true; fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# shellcheck disable=SC2086
need $BUILD_PACKAGES $QUICKSTART_PACKAGES
make_user
if [ -z "${POSTERN_BUILD:-}" ]; then build release; fi
built=$(realpath "${POSTERN_BUILD:-$POSTERN_ROOT/build/release}")
say "installing into $work"
cmake --install "$built" --prefix "$work/install" >/dev/null
chmod -R go+rX "$work/install"
postern="$work/install/bin/postern"
cfg="$work/gateway/postern.yaml"
p() { "$postern" --config "$cfg" "$@"; }
# private FILE...: empty, and nobody else's to read, whatever is written into them.
private() { (umask 077; for file; do : >"$file"; done); }
# nobody_else_reads TEXT: whatever the gateway and we wrote, it stands in no file that is others' to read.
nobody_else_reads() { [ -n "$1" ] && [ -z "$(find "$work" -path "$work/install" -prune -o -type f -perm /044 -exec grep -lF -- "$1" {} +)" ]; }
# soon SECONDS CONDITION...: until the condition holds; fails if it does not within that time.
soon() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.3; done
}

# run_as COMMAND...: in the place of the shell that calls it, so that its process id is the one to end.
run_as() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid postern --regid postern --clear-groups -- "$@"; else exec "$@"; fi; }

say "starting Prometheus and Alertmanager"
prometheus_port=$(free_port)
alertmanager_port=$(free_port)
support_port=${POSTERN_PORT:-8443}
admin_port=${POSTERN_ADMIN_PORT:-9443}
in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
if [ $check = 1 ] || in_use "$support_port"; then support_port=$(free_port); fi
if [ $check = 1 ] || in_use "$admin_port"; then admin_port=$(free_port); fi
mkdir "$work/component"
cat >"$work/component/prometheus.yml" <<CONF
global: { scrape_interval: 1s, evaluation_interval: 1s }
alerting:
  alertmanagers: [{ path_prefix: /alertmanager, static_configs: [{ targets: ["127.0.0.1:$alertmanager_port"] }] }]
rule_files: [rules.yml]
scrape_configs:
  - { job_name: prometheus, metrics_path: /prometheus/metrics, static_configs: [{ targets: ["127.0.0.1:$prometheus_port"] }] }
  - { job_name: alertmanager, metrics_path: /alertmanager/metrics, static_configs: [{ targets: ["127.0.0.1:$alertmanager_port"] }] }
  - { job_name: missing, static_configs: [{ targets: ["127.0.0.1:1"] }] }
CONF
cat >"$work/component/rules.yml" <<'CONF'
groups: [{ name: quickstart, rules: [{ alert: TargetDown, expr: 'up == 0', labels: { severity: warning } }] }]
CONF
cat >"$work/component/alertmanager.yml" <<'CONF'
route: { receiver: nobody }
receivers: [{ name: nobody }]
CONF
mkdir "$work/component/data"
[ "$(id -u)" != 0 ] || chown -R postern: "$work/component"
(cd "$work/component" && run_as prometheus --config.file=prometheus.yml --storage.tsdb.path=data/prometheus --web.listen-address="127.0.0.1:$prometheus_port" \
  --web.external-url="http://127.0.0.1:$prometheus_port/prometheus/" --log.level=warn) >"$work/prometheus.log" 2>&1 & pids+=($!)
(cd "$work/component" && run_as prometheus-alertmanager --config.file=alertmanager.yml --storage.path=data/alertmanager --web.listen-address="127.0.0.1:$alertmanager_port" \
  --web.external-url="http://127.0.0.1:$alertmanager_port/alertmanager/" --cluster.listen-address= --log.level=warn) >"$work/alertmanager.log" 2>&1 & pids+=($!)

names=()
if [ $mission = 1 ]; then
  . "$POSTERN_ROOT/deploy/quickstart/mission.sh"
  . "$POSTERN_ROOT/deploy/quickstart/nodes.sh"
  start_mission_control
  start_nodes
  names+=(--component "nodes=http://127.0.0.1:${node_ports[0]}")
fi

say "making the gateway's configuration, authorities and first admin"
private "$work/init.txt"
"$postern" init --dir "$work/gateway" --listen "127.0.0.1:$support_port" --admin-listen "127.0.0.1:$admin_port" \
  --component "prometheus=http://127.0.0.1:$prometheus_port" --component "alertmanager=http://127.0.0.1:$alertmanager_port" "${names[@]}" >"$work/init.txt"
password=$(sed -n 's/^ *Password *\([^ ]*\).*/\1/p' "$work/init.txt" | head -n 1)
cp "$POSTERN_ROOT/deploy/quickstart/policy.yaml" "$work/gateway/policy.yaml"
p policy check "$work/gateway/policy.yaml" >/dev/null

if [ $mission = 1 ]; then
  make_update_keys
  configure_nodes
  configure_line
fi
say "starting Postern"
"$postern" --config "$cfg" serve >"$work/postern.log" 2>&1 & pids+=($!)
serving=$!
ready=0
for _ in $(seq 100); do
  if p status >/dev/null 2>&1 && curl -sf --cacert "$work/gateway/certs/admin-ca.pem" "https://localhost:$admin_port/readyz" >/dev/null; then ready=1; break; fi
  kill -0 "$serving" 2>/dev/null || break
  sleep 0.2
done
[ $ready = 1 ] || { cat "$work/postern.log" >&2; die "Postern did not start"; }
for _ in $(seq 100); do curl -sf "http://127.0.0.1:$prometheus_port/prometheus/-/ready" >/dev/null && break; sleep 0.2; done

p engineer add alice --email alice@vendor.example >/dev/null
p engineer approve alice >/dev/null
p remote-access set all --until 8h >/dev/null
for c in metrics.read targets.read status.read alerts.read; do p capability set "$c" on >/dev/null; done
pass_link() { p --json pass issue --engineer alice --expires 15m | node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).link)'; }

if [ $mission = 1 ]; then join_mission_control; fi

if [ $check = 1 ]; then
  status=0
  tour=tour.sh
  if [ $mission = 1 ]; then tour=mission_tour.sh; fi
  # shellcheck source=/dev/null
  . "$POSTERN_ROOT/deploy/quickstart/$tour" || status=1
  exit $status
fi

cat <<TEXT

  Postern stands in front of Prometheus and Alertmanager.

  Engineer   $(pass_link)
             (a pass for alice, good for one sign-in within 15 minutes)
  Admin      https://localhost:$admin_port/     user admin, password $password

  The certificates are of this installation's own authorities: your browser will ask. They are
             $work/gateway/certs/support-ca.pem   (engineers)
             $work/gateway/certs/admin-ca.pem     (admins)

  In another terminal:
             $postern --config $cfg status
             $postern --config $cfg capability set silences.write on --until 1h
             $postern --config $cfg events --follow

  Ctrl-C stops everything and removes $work.
TEXT
if [ $mission = 1 ]; then tell_of_mission_control; fi
wait "$serving"
