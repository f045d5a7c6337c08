# postern: this project, as a peer of the side-by-side benchmark (bench.py --peer-dir bench/peers).
# One terminator and one enforcer (workers: 1), plus keeper, ledger, console, the admin listener's terminator and the supervisor; all of
# them are pinned to the proxy's core and counted. Each rule is an operation; GET is class read, the rest class write. Each exchange is two
# events in Postern's own log (journal and index), not lines in $LOG.
PEER_NOTE="two doors, every exchange judged twice and recorded as two events in a durable log (in its own format)"
PEER_H2=1
PEER_LOG=0
postern_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
postern_prefix=${POSTERN_PREFIX:-/usr/local}
postern_bin=$postern_prefix/bin/postern
peer_available() { [ -x "$postern_bin" ]; }
peer_version() { "$postern_bin" --version; }
peer_write_config() {
    chmod go+rx "$W"
    "$postern_bin" init --dir "$W/gateway" --name bench.test --listen "127.0.0.1:$PORT" --admin-listen "127.0.0.1:$((PORT + 1))" \
        --component "component=http://127.0.0.1:$COMPONENT_PORT" >"$W/init.txt" || return 1
    cp "$CERT" "$W/gateway/certs/bench.crt" && cp "$KEY" "$W/gateway/keys/bench.key" || return 1
    chmod 600 "$W/gateway/keys/bench.key"
    chown --reference="$W/gateway/keys" "$W/gateway/keys/bench.key" "$W/gateway/certs/bench.crt"
    awk -F'\t' '
        function emit(class, title, want) {
            printf "  bench.%s:\n    title: %s\n    class: %s\n    operations:\n", class, title, class
            for (i = 1; i <= n; i++) if (want == (method[i] == "GET")) printf "      - %s %s\n", method[i], path[i]
        }
        { n++; method[n] = $1; path[n] = $2 }
        END { print "version: 1\ncapabilities:"; emit("read", "Read", 1); emit("write", "Write", 0) }' "$RULES" >"$W/gateway/policy.yaml"
    sed -i -e "s|certs/support.pem|certs/bench.crt|; s|keys/support.key|keys/bench.key|" \
        -e 's|^      path: .*|&\n      strip: { request: [x-internal-token], response: [x-powered-by] }|' "$W/gateway/postern.yaml"
    cat >>"$W/gateway/postern.yaml" <<CONF
workers: 1
limits: { connections: 16000, connections_per_address: 16000, exchanges_per_connection: 1000000, exchanges_per_address: 5000,
          exchanges_per_engineer: 5000, exchanges_per_session: 5000 }
timeouts: { keep_alive: 300s }
CONF
}
postern() { "$postern_bin" --config "$W/gateway/postern.yaml" "$@"; }
peer_start() {
    launch "$postern_bin" --config "$W/gateway/postern.yaml" serve
    for _ in $(seq 100); do postern status >/dev/null 2>&1 && break; sleep 0.1; done
    postern remote-access set all >/dev/null && postern capability set bench.read on >/dev/null && postern capability set bench.write on >/dev/null &&
        postern engineer add bench >/dev/null && postern engineer approve bench >/dev/null
}
# Every request carries the session's cookie.
peer_request_headers() {
    local pass
    pass=$(postern --json pass issue --engineer bench | sed -n 's/.*"pass": *"\([^"]*\)".*/\1/p')
    curl -sk -D - -o /dev/null -H 'Content-Type: application/json' -d "{\"pass\":\"$pass\"}" "https://127.0.0.1:$PORT/.postern/sign-in" |
        sed -n 's/^[Ss]et-[Cc]ookie: \(__Host-postern=[^;]*\).*/Cookie: \1/p'
}
