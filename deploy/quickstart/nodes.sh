# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by deploy/quickstart.sh --with-mission-control: a service of three nodes that can be updated, and the vendor's keys and signed
# documents for updates of it. A node is a Prometheus whose page's title stands for its version.
node_ports=()
start_nodes() {
  say "starting three nodes of a service that can be updated"
  mkdir "$work/nodes" "$work/updates"
  printf 'global: { scrape_interval: 1s }\n' >"$work/nodes/prometheus.yml"
  cat >"$work/nodes/node" <<'NODE'
#!/bin/sh
# node FOLDER PORT: a Prometheus with the title that stands in FOLDER/PORT.version, started again each time that it ends.
set -eu
child=
trap 'kill $child; exit 0' TERM INT
while :; do
  prometheus --config.file="$1/prometheus.yml" --storage.tsdb.path="$1/$2.data" --web.listen-address="127.0.0.1:$2" \
    --web.external-url="http://127.0.0.1:$2/nodes/" --web.page-title="$(cat "$1/$2.version")" --log.level=warn </dev/null &
  child=$!
  echo $child >"$1/$2.pid"
  wait $child || true
done
NODE
  cat >"$work/nodes/update-node" <<'UPDATE'
#!/bin/sh
# The step of an update and of its roll-back; the artefact is the standard input. One that says so does not fit the node of that port.
set -eu
folder=$(dirname "$0")
port=${POSTERN_NODE##*:}
version=$POSTERN_VERSION
if [ "$POSTERN_DIRECTION" = roll-back ]; then version=$POSTERN_BEFORE; elif grep -q "does not fit $port"; then echo "it does not fit" >&2; exit 3; fi
echo "$version" >"$folder/$port.version"
kill "$(cat "$folder/$port.pid")"
UPDATE
  chmod 755 "$work/nodes" "$work/nodes/node" "$work/nodes/update-node"
  local port
  for _ in 1 2 3; do
    port=$(free_port)
    node_ports+=("$port")
    echo 1.0 >"$work/nodes/$port.version"
  done
  [ "$(id -u)" != 0 ] || chown -R nobody: "$work/nodes"
  for port in "${node_ports[@]}"; do (as_nobody "$work/nodes/node" "$work/nodes" "$port") >"$work/node-$port.log" 2>&1 & pids+=($!); done
}
as_nobody() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid nobody --regid nogroup --clear-groups -- "$@"; else exec "$@"; fi; }
# all_nodes_are VERSION
all_nodes_are() {
  local port
  for port in "${node_ports[@]}"; do
    curl -sf "http://127.0.0.1:$port/nodes/api/v1/status/flags" | node -e 'process.exit(JSON.parse(require("fs").readFileSync(0)).data["web.page-title"] === process.argv[1] ? 0 : 1)' "$1" || return 1
  done
}

# In postern.yaml the service stands last, with one node.
configure_nodes() {
  local list as=""
  list=$(printf ', http://127.0.0.1:%s' "${node_ports[@]}")
  [ "$(id -u)" != 0 ] || as="run_as: nobody"
  sed -i '$d' "$cfg"
  sed -i '$d' "$cfg"
  cat >>"$cfg" <<CONF
      nodes: [${list#, }]
      health: { path: /nodes/-/ready, interval: 1s, timeout: 1s }
      update:
        $as
        drain: { limit: 10s, at_least: 200ms }
        steps: [ { run: [$work/nodes/update-node], limit: 30s } ]
        wait: { limit: 60s }
        roll_back: [ { run: [$work/nodes/update-node], limit: 30s } ]
CONF
}

# The vendor's keys lie in files without a passphrase here; docs/UPDATES.md says where they belong.
make_update_keys() {
  local key
  for key in root release online; do "$mission_program" update key new "$work/updates/$key.key" --no-passphrase >/dev/null; done
  "$mission_program" update root new --dir "$work/updates/signed" --root "$work/updates/root.key.pub" --targets "$work/updates/release.key.pub" \
    --snapshot "$work/updates/online.key.pub" --timestamp "$work/updates/online.key.pub" --key "$work/updates/root.key" >/dev/null
  cp "$work/updates/signed/metadata/1.root.json" "$work/gateway/updates-root.json"
  chmod 644 "$work/gateway/updates-root.json"
}
# release VERSION TEXT: an artefact with that text, signed, published, and offered to all.
release() {
  local name="nodes-$1.tar"
  printf '%s\n' "$2" >"$work/updates/$name"
  "$mission_program" update add "$work/updates/$name" --dir "$work/updates/signed" --service nodes --version "$1" --postpone-hours 72 >/dev/null &&
    "$mission_program" update sign --dir "$work/updates/signed" --key "$work/updates/release.key" --key "$work/updates/online.key" >/dev/null &&
    mc update publish "$work/updates/signed" >/dev/null && mc update offer "$name" --ring 9 >/dev/null
}
