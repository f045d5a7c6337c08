# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by deploy/quickstart.sh --check: the tour, a line per step, against the gateway that runs. Returns 1 if a step failed.
base="https://localhost:$support_port"
jar="$work/cookies"
failed=0

step() {  # step "what" condition...: runs the condition
  local what=$1
  shift
  if "$@" >/dev/null; then printf '  ok    %s\n' "$what"; else printf '  FAIL  %s\n' "$what"; failed=1; fi
}
# HTTP/1.1: over HTTP/2, Debian 12's curl (7.88) fails with 92 where the whole answer is there before it has sent its request's body, as a
# refusal is; and says nothing of the answer.
engineer() { curl -sS --http1.1 --cacert "$work/gateway/certs/support-ca.pem" -b "$jar" -c "$jar" "$@"; }
status_of() { engineer -o "$work/answer" -D "$work/head" -w '%{http_code}' "$@"; }
code_in_answer() { node -e 'try{console.log(JSON.parse(require("fs").readFileSync(process.argv[1])).code)}catch{console.log("none")}' "$work/answer"; }
gives() { local want=$1; shift; [ "$(status_of "$@")" = "$want" ]; }
refuses() { local want=$1 code=$2; shift 2; gives "$want" "$@" && [ "$(code_in_answer)" = "$code" ]; }
event_of_answer() { sed -n 's/^postern-event: *\([0-9A-Z]*\).*/\1/ip' "$work/head" | tail -n 1; }
# The index follows the log within moments: what looks there is tried again for so long.
is_logged() { p --json events --limit 200 | grep -q -- "$1"; }
in_log() { soon 5 is_logged "$1"; }

private "$jar" "$work/head" "$work/answer"
cookie_in_jar() { awk 'NF >= 7 { print $7 }' "$jar" | tail -n 1; }

say "the tour"
step "the admin's password is for nobody else to read" nobody_else_reads "$password"
step "without a session nothing is reachable (401 no_session)" refuses 401 no_session "$base/prometheus/api/v1/query?query=up"
pass=$(p --json pass issue --engineer alice --expires 15m | node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).pass)')
step "alice signs in with a pass" gives 200 -H 'Content-Type: application/json' -d "{\"pass\":\"$pass\"}" "$base/.postern/sign-in"
step "  nobody else can read her cookie" nobody_else_reads "$(cookie_in_jar)"
step "the same pass does not work twice" refuses 403 sign_in_refused -H 'Content-Type: application/json' -d "{\"pass\":\"$pass\"}" "$base/.postern/sign-in"
step "a listed query is allowed" gives 200 "$base/prometheus/api/v1/query?query=up"
step "  and its answer names its event, which is in the log" in_log "$(event_of_answer)"
step "Prometheus' own page is served" gives 200 "$base/prometheus/classic/graph"
step "an operation that nobody listed is refused (operation_not_listed)" refuses 403 operation_not_listed "$base/prometheus/api/v1/nothing"
step "what the policy rules out is refused (never)" refuses 403 never -X POST "$base/prometheus/api/v1/admin/tsdb/snapshot"
step "  so is the configuration with its secrets" refuses 403 never "$base/prometheus/api/v1/status/config"
step "  however it is spelled" refuses 403 never "$base/prometheus/api/v1/%61dmin/tsdb/snapshot"
step "a path that could be read in two ways is refused (target_not_canonical)" refuses 400 target_not_canonical --path-as-is "$base/prometheus/static/../config"
silence() {
  local start end
  start=$(date -u +%FT%TZ)
  end=$(date -u -d '+1 hour' +%FT%TZ)
  printf '{"matchers":[{"name":"job","value":"missing","isRegex":false,"isEqual":true}],"startsAt":"%s","endsAt":"%s","createdBy":"alice","comment":"tour"}' "$start" "$end"
}
silence >"$work/silence.json"
post=(-H 'Content-Type: application/json' -d "@$work/silence.json" "$base/alertmanager/api/v2/silences")
step "a silence cannot be created while silences.write is off (capability_off)" refuses 403 capability_off "${post[@]}"
step "  the admin switches it on" p capability set silences.write on --until 1h
step "  then it can" gives 200 "${post[@]}"
silence_id=$(node -e 'console.log(JSON.parse(require("fs").readFileSync(process.argv[1])).silenceID)' "$work/answer" 2>/dev/null || echo none)
step "  and it can be expired" gives 200 -X DELETE "$base/alertmanager/api/v2/silence/$silence_id"
step "  the admin switches it off again" p capability set silences.write off
step "  then it is refused" refuses 403 capability_off "${post[@]}"

# A response of tens of megabytes, read slowly: it is under way for long. Every series of Prometheus, several times over; a Prometheus that
# was just started has none until it has scraped itself.
for _ in $(seq 150); do
  engineer -G --data-urlencode 'query=count({job="prometheus"}) > 100' "$base/prometheus/api/v1/query" 2>/dev/null | grep -q '"value"' && break
  sleep 0.1
done
query='{__name__=~".+"}'
for i in 1 2 3 4 5 6; do query+=" or label_replace({__name__=~\".+\"},\"copy\",\"$i\",\"\",\"\")"; done
engineer -o "$work/stream" -G --limit-rate 100K --data-urlencode "query=$query" --data-urlencode "start=$(($(date +%s) - 900))" \
  --data-urlencode "end=$(($(date +%s) + 240))" --data-urlencode step=1 "$base/prometheus/api/v1/query_range" >/dev/null 2>&1 &
stream=$!
for _ in $(seq 600); do [ -s "$work/stream" ] && break; sleep 0.1; done
step "a long response is streaming" test -s "$work/stream"
p --json capability set metrics.read off >"$work/cut.json" || true
rc=0; wait $stream || rc=$?
step "  the admin switches its capability off: it is cut" test "$rc" -ne 0
step "  exactly one exchange was cut" node -e 'const c=JSON.parse(require("fs").readFileSync(process.argv[1])).cut; process.exit(c && c.exchanges===1 ? 0 : 1)' "$work/cut.json"
cut_event() { p --json events --type exchange.completed --limit 50 | node -e '
  const events = JSON.parse(require("fs").readFileSync(0)).items;
  const cut = events.find((e) => e.outcome === "cut");
  if (!cut || cut.detail.bytes_after_cut !== 0) process.exit(1);
  console.error(`        cut after ${cut.detail.cut_us} us, ${cut.detail.bytes_after_cut} bytes after it`);'; }
told_cut() { soon 5 cut_event && cut_event; }
step "  its event says how long that took, and that no byte followed" told_cut
p capability set metrics.read on >/dev/null

session=$(p --json session list | node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).items[0].id)' 2>/dev/null || echo none)
step "the admin sees the session and ends it" p session end "$session"
step "  then the cookie is worth nothing (session_ended)" refuses 401 session_ended "$base/prometheus/api/v1/query?query=up"
step "the visit can be read back: its opening and its end" in_log '"session.ended"'
export_har() { p session export "$session" --format har >"$work/visit.har"; }
step "  and exported as HAR" export_har
step "  with its exchanges" grep -q '"entries"' "$work/visit.har"
step "remote access off closes the door" p remote-access set off
pass=$(p --json pass issue --engineer alice --expires 15m | node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).pass)')
step "  nobody can sign in (remote_access_off)" refuses 403 remote_access_off -H 'Content-Type: application/json' -d "{\"pass\":\"$pass\"}" "$base/.postern/sign-in"
step "no process of the gateway runs as root" bash -c '! ps -o user= --ppid '"$serving"' | grep -q "^root" && [ "$(id -u)" != 0 -o "$(ps -o user= -p '"$serving"')" != root ]'
return $failed
