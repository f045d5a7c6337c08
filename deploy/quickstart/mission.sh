# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by deploy/quickstart.sh --with-mission-control: the vendor's side, and what the gateway needs to find it.
reach=reach.vendor.example   # the relay's domain: engineers reach this customer as acme.$reach
customer_name="acme.$reach"
names=(--name "$customer_name")
mission_program="$work/install/bin/mission-control"
mission_cfg="$work/mission/mission-control.yaml"
mc() { "$mission_program" --config "$mission_cfg" "$@"; }
# field PATH: of the JSON on standard input, such as code or reports.health.time; nothing where it is not there.
field() { node -e 'let v=JSON.parse(require("fs").readFileSync(0)); for (const k of process.argv[1].split(".")) v=v?.[k]; if (v!==undefined && v!==null) console.log(typeof v==="object" ? JSON.stringify(v) : v)' "$1"; }
start_mission_control() {
  say "starting Mission Control, the vendor's side"
  line_port=$(free_port)
  page_port=${POSTERN_MISSION_PORT:-9444}
  relay_port=${POSTERN_RELAY_PORT:-8444}
  if [ $check = 1 ] || in_use "$page_port"; then page_port=$(free_port); fi
  if [ $check = 1 ] || in_use "$relay_port"; then relay_port=$(free_port); fi
  private "$work/mission.json"
  "$mission_program" init --json --dir "$work/mission" --name mission.vendor.example --line-listen "127.0.0.1:$line_port" \
    --admin-listen "127.0.0.1:$page_port" >"$work/mission.json"
  sed -i "s/^listeners:\$/listeners:\\n  relay: { address: \"127.0.0.1:$relay_port\", domain: $reach }/" "$mission_cfg"
  "$mission_program" --config "$mission_cfg" serve >"$work/mission.log" 2>&1 & pids+=($!)
  soon 30 mc status || { cat "$work/mission.log" >&2; die "Mission Control did not start"; }
}

# A file system of its own for the component, of 16 MiB: it fills up in the tour. Where none may be mounted there is none.
disk="$work/disk"
configure_line() {
  local disks=""
  mkdir "$disk"
  if as_root mount -t tmpfs -o size=16m,mode=0755 tmpfs "$disk" 2>"$work/mount.txt"; then disks="  disks: [$disk]"; fi
  cp "$work/mission/certs/line-ca.pem" "$work/gateway/mission-root.pem"
  chmod 644 "$work/gateway/mission-root.pem"
  cat >>"$cfg" <<CONF

mission_control:
  url: https://localhost:$line_port
  folder: line
  tunnel: true
  tls: { roots: mission-root.pem, revocation: soft }
  updates:
    root: updates-root.json
    window: { from: "02:00", for: 3h, time_zone: UTC }
monitoring:
  every: 1s
$disks
  services:
    - service: prometheus
      metrics:
        path: /prometheus/metrics
        values:
          version: prometheus_build_info@version
          cpu: process_cpu_seconds_total
          memory: process_resident_memory_bytes
          processed: prometheus_http_requests_total
          failed: ['prometheus_http_requests_total{code="500"}', 'prometheus_http_requests_total{code="503"}']
    - service: nodes
      json: [ { path: /nodes/api/v1/status/flags, values: { version: "$.data['web.page-title']" } } ]
CONF
}

line_is_up() { [ "$(p --json link show | field state)" = up ]; }
join_mission_control() {
  say "enrolling at Mission Control"
  installation=$(p --json link enrol "$(mc --json enrolment new --customer "Acme" | field code)" | field installation)
  soon 60 line_is_up || die "the line did not come up: $(p link show)"
  mc installation name "$installation" acme >/dev/null
}

tell_of_mission_control() {
  cat <<TEXT

  Mission Control, the vendor's side: https://localhost:$page_port/
             the first administrator is in $work/mission.json
             its certificates: $work/mission/certs/admin-ca.pem

  Nothing is told to it yet, and nobody comes through it. As the customer's admin:
             $postern --config $cfg sharing set health on
             $postern --config $cfg sharing set events on
             $postern --config $cfg sharing set tunnel on
  Then an engineer comes in through the relay:
             https://$customer_name:$relay_port/   (in /etc/hosts: 127.0.0.1 $customer_name)
  As the vendor:
             $mission_program --config $mission_cfg installation show $installation
TEXT
}
