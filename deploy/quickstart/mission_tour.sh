# Copyright the Postern authors.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by deploy/quickstart.sh --check --with-mission-control: the tour of both sides, a line per step. Returns 1 if a step failed.
# What a stop needs and is not there is said, and is no step.
relayed="https://$customer_name:$relay_port"
jar="$work/cookies"
failed=0

step() {  # step "what" condition...: runs the condition
  local what=$1
  shift
  if "$@" >/dev/null 2>"$work/step.txt"; then printf '  ok    %s\n' "$what"; else printf '  FAIL  %s\n' "$what"; sed 's/^/        /' "$work/step.txt"; failed=1; fi
}
left_out() { printf '  -     left out: %s\n' "$*"; }
engineer() { curl -sS --cacert "$work/gateway/certs/support-ca.pem" --resolve "$customer_name:$relay_port:127.0.0.1" -b "$jar" -c "$jar" "$@"; }
gives() { local want=$1; shift; [ "$(engineer -o "$work/answer" -w '%{http_code}' "$@")" = "$want" ]; }
vendor_sees() { mc --json installation show "$installation" | grep -q -- "$1"; }
vendor_hears() { mc --json events --installation "$installation" --limit 500 | grep -q -- "$1"; }
customer_has() { p --json events --limit 500 | grep -q -- "$1"; }
fails() { ! "$@"; }

private "$jar" "$work/answer"
cookie_in_jar() { awk 'NF >= 7 { print $7 }' "$jar" | tail -n 1; }

say "the tour of both sides"
step "the customer's first admin has a password that nobody else can read" nobody_else_reads "$password"
step "  the vendor's has one too" nobody_else_reads "$(field person.password <"$work/mission.json")"
step "the installation is enrolled, and its line is up" line_is_up
step "  the vendor sees it by its customer's name" vendor_sees '"Acme"'
step "nothing of its health is told before an admin says so" fails vendor_sees '"processing"'
step "  the admin shares health and events" bash -c '"$0" --config "$1" sharing set health on && "$0" --config "$1" sharing set events on' "$postern" "$cfg"
step "  the vendor sees how it is: processing, availability, versions" soon 150 vendor_sees '"processing"'
health_was_copied() { p --json link sent --limit 100 | grep -q '"health"'; }
step "  the customer has a copy of what was told" soon 30 health_was_copied

if mountpoint -q "$disk" 2>/dev/null; then
  head -c 15500000 /dev/zero >"$work/filler" && as_root cp "$work/filler" "$disk/filler"
  step "a file system fills up: the customer has a warning" soon 60 customer_has '"host.warning"'
  step "  the vendor hears of it" soon 60 vendor_hears '"host.warning"'
  as_root rm "$disk/filler"
  step "  it is empty again: the warning is over" soon 60 customer_has '"host.cleared"'
else
  left_out "a file system that fills up, because none could be mounted here: $(tail -n 1 "$work/mount.txt" 2>/dev/null)"
fi

p capability set metrics.read ask >/dev/null
ask() { asked=$(mc --json request new "$installation" --engineer alice --capability metrics.read --reason "disk alert" --ticket SUP-7 --duration 2h | field id); [ -n "$asked" ]; }
stands() { [ "$(mc --json request show "$asked" | field state)" = "$1" ]; }
step "the admin lets Mission Control ask for access" p sharing set requests on
step "  the vendor asks, for alice, with a reason" ask
step "  it waits at the customer's, who sees who asked" soon 60 stands pending
step "  the admin approves" p request approve "$asked"
step "  the vendor sees that" soon 60 stands approved

step "nobody comes through the relay while its tunnel is closed" fails gives 200 "$relayed/.postern/"
step "  the admin opens it" p sharing set tunnel on
tunnel_waits() { [ "$(p --json link show | field tunnel.waiting)" -ge 4 ]; }
step "  the customer's side keeps connections waiting at the relay" soon 90 tunnel_waits
pass=$(p --json pass issue --engineer alice --expires 15m | field pass)
step "  alice signs in through the relay, with TLS that ends at the customer" gives 200 -H 'Content-Type: application/json' -d "{\"pass\":\"$pass\"}" "$relayed/.postern/sign-in"
step "  nobody else can read her cookie" nobody_else_reads "$(cookie_in_jar)"
step "  and works" gives 200 "$relayed/prometheus/api/v1/query?query=up"
step "  both logs say who came through whom: the customer's" soon 30 customer_has '"tunnel.relayed"'
step "  and the vendor's" soon 30 vendor_hears '"tunnel.relayed"'


offered() { p update sources --look >/dev/null; p --json update show "$1" | grep -q '"whole": *true'; }
a_day_ahead() { p --json update show "$1" | node -e 'const u=JSON.parse(require("fs").readFileSync(0)); process.exit(new Date(u.start) - new Date(u.announced) >= 86400e3 ? 0 : 1)'; }
vendor_has() { mc --json update show "$1" | field installations | grep -q "\"$2\""; }
suspended() { [ -n "$(mc --json update show nodes-3.0.tar | field suspended)" ]; }
step "the admin has the vendor's updates looked for" p sharing set updates on
step "  the vendor signs one, publishes it, and offers it" release 2.0 "the second version"
step "  it is announced at the customer's, and its file is there, verified" soon 60 offered nodes-2.0.tar
step "  its start is in the window, a day ahead at least" a_day_ahead nodes-2.0.tar
step "  the admin puts it off by a window" p update postpone nodes-2.0.tar --to next-window
step "  looks what it would do, which touches nothing" p update run-now nodes-2.0.tar --dry-run
step "    all three nodes are of the version before" all_nodes_are 1.0
step "  runs it now: node by node, drained and waited for" p update run-now nodes-2.0.tar
step "    all three nodes are of the new version" all_nodes_are 2.0
step "    the vendor sees that it is done" soon 60 vendor_has nodes-2.0.tar "done"
step "  the vendor offers another one, that does not fit the second node" release 3.0 "does not fit ${node_ports[1]}"
step "    it is announced" soon 60 offered nodes-3.0.tar
step "    run now, it fails there" fails p update run-now nodes-3.0.tar
step "    and what was updated is rolled back" all_nodes_are 2.0
step "    the vendor sees that" soon 60 vendor_has nodes-3.0.tar rolled_back
step "    and it is suspended for everybody" soon 60 suspended

silence='{"matchers":[{"name":"alertname","value":"TargetDown","isRegex":false,"isEqual":true}],"startsAt":"2026-01-01T00:00:00Z","endsAt":"2099-01-01T00:00:00Z","createdBy":"vendor","comment":"known"}'
propose() { proposed=$(mc --json proposal new "$installation" --method POST --target /alertmanager/api/v2/silences --body "$silence" --undo-method DELETE --undo-target '/alertmanager/api/v2/silence/${answer.silenceID}' --watch 10m --reason "TargetDown is known" | field id); [ -n "$proposed" ]; }
proposal_is() { [ "$(mc --json proposal show "$proposed" | field state)" = "$1" ]; }
silences() { [ "$(curl -sf "http://127.0.0.1:$alertmanager_port/alertmanager/api/v2/silences" | node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).filter((s) => s.status.state === "active").length)')" = "$1" ]; }
step "the admin lets Mission Control propose settings, and approves each" bash -c '"$0" --config "$1" sharing set proposals ask && "$0" --config "$1" capability set silences.write on' "$postern" "$cfg"
step "  the vendor proposes a silence" propose
step "  it waits at the customer's" soon 60 proposal_is pending
step "  the admin approves it" p proposal approve "$proposed"
step "  it is applied, and the vendor sees that" soon 60 proposal_is applied
step "    Alertmanager has it" silences 1
step "  the admin takes it back" p proposal undo "$proposed"
step "    Alertmanager has it no more" soon 30 silences 0

step "remote access off: the relay lets nobody through" p remote-access set off
step "  not even who was signed in" fails gives 200 "$relayed/prometheus/api/v1/query?query=up"
return $failed
