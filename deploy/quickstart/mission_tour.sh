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
# knows PROGRAM WORD...: whether the command line has that command; of one that it has not, it shows the help of what is above it.
knows() { "$@" --help 2>/dev/null | grep -q -- "^Usage: .* ${*:2} "; }
fails() { ! "$@"; }

say "the tour of both sides"
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
if knows mc request new; then
  ask() { asked=$(mc --json request new "$installation" --engineer alice --capability metrics.read --reason "disk alert" --ticket SUP-7 --duration 2h | field id); [ -n "$asked" ]; }
  stands() { [ "$(mc --json request show "$asked" | field state)" = "$1" ]; }
  step "the admin lets Mission Control ask for access" p sharing set requests on
  step "  the vendor asks, for alice, with a reason" ask
  step "  it waits at the customer's, who sees who asked" soon 60 stands pending
  step "  the admin approves" p request approve "$asked"
  step "  the vendor sees that" soon 60 stands approved
else
  left_out "asking for access from Mission Control, which this build does not have"
  p capability set metrics.read on >/dev/null
fi

step "nobody comes through the relay while its tunnel is closed" fails gives 200 "$relayed/.postern/"
step "  the admin opens it" p sharing set tunnel on
tunnel_waits() { [ "$(p --json link show | field tunnel.waiting)" -ge 4 ]; }
step "  the customer's side keeps connections waiting at the relay" soon 90 tunnel_waits
pass=$(p --json pass issue --engineer alice --expires 15m | field pass)
step "  alice signs in through the relay, with TLS that ends at the customer" gives 200 -H 'Content-Type: application/json' -d "{\"pass\":\"$pass\"}" "$relayed/.postern/sign-in"
step "  and works" gives 200 "$relayed/prometheus/api/v1/query?query=up"
step "  both logs say who came through whom: the customer's" soon 30 customer_has '"tunnel.relayed"'
step "  and the vendor's" soon 30 vendor_hears '"tunnel.relayed"'

if knows p update; then
  left_out "an update in its window, and one that is rolled back: this build has the commands, and this tour does not know them yet"
else
  left_out "an update in its window, and one that is rolled back, which this build does not have"
fi

step "remote access off: the relay lets nobody through" p remote-access set off
step "  not even who was signed in" fails gives 200 "$relayed/prometheus/api/v1/query?query=up"
return $failed
