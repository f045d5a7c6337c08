// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What each role is told: its part of the configuration as JSON, and nothing beyond it. No part but the
// ledger's, the console's and the link to the log directory carries a path; no part carries a private key or a credential: those travel as
// descriptors, to the keeper and to the enforcers. A test
// lists what must not appear in each.
//
// Durations are integers ending in _us (microseconds), sizes are bytes.
//
//   terminator  {"listener":"support"|"admin"|"intake", "certificates":[{"chain":PEM, and if there is one "staple":base64,
//                "staple_until"}], "client_roots":PEM or "",
//                "names":["host"|"host:port"],
//                "limits":{"connections","connections_per_address","exchanges_per_connection","fields","head",
//                          "target","request_body"},
//                "timeouts":{"handshake_us","head_us","body_idle_us","keep_alive_us","drain_us","hand_over_us"}}
//                fds: "listener"
//   enforcer    {"services":[{"name","path","host":"" or what to send,
//                  "strip_request":[field names, lower case], "strip_response":[..],
//                  "credentials":[{"role":"viewer"|"user"|"admin" or "", "kind":"bearer"|"basic"|"header",
//                                  "user","field","fd"}
//                                 or {"role", "kind":"client_certificate", "certificate":PEM}],
//                  "nodes":[{"id","service","url","https","http2":"auto"|"off"|"prior-knowledge","name":for TLS,
//                            "host":what to send,"roots":PEM or "",
//                            "health":null or {"path","interval_us","timeout_us","status_from","status_to"}}]}],
//                "redaction_key":hex, of the supervisor, the same for all while it runs,
//                "requests":{as ledger},
//                "readings":null but for index 0: {"every_us","timeout_us","services":{name:[{"path","json":or metrics,
//                  "values":[[name, selector or path]]}]}},
//                "updates":{service:{"update"|"roll-back":[{"step","method","path","body","type","role","status_from","status_to","limit_us"}]}},
//                "checks_health":true for index 0, "names":[..], "support_authority":PEM or "",
//                "engineer_certificates":{"crls":PEM or "", "asks":whether answers are asked for, "revocation":"hard"|"soft", "identities":[..], "purposes":[..],
//                "longest_life_us"},
//                "openid":whether engineers may sign in by an identity provider,
//                "answers":{SHA-256 of a certificate: an OCSP response in base64}, "answers_wait_us",
//                "limits":{as above},
//                "timeouts":{"body_idle_us","component_connect_us","component_head_us","component_idle_us",
//                            "drain_us"}}
//                fds: what "fd" of each credential names; of a certificate none: its key is the keeper's
//   ledger      {"version", "state_directory", "admins":the text of admins.json,
//                "sessions":{"idle_us","absolute_us","most","most_per_engineer"},
//                "requests":{"expire_us","default_grant_us","longest_grant_us","reasons":[..],
//                            "ticket":{"pattern","required","hint"}},
//                "holds":{"wait_us","most","most_per_session"},
//                "retention":{"events_us", missing: for ever},
//                "witnesses":[{"name","url","verifier_key"}], of our log,
//                "witnessed_logs":[verifier keys], whose witness we are,
//                "notifications":[{"name","kind":"webhook"|"email","where","events":[..],"severity":or "none",
//                                  "from","to":[..], of mail}],
//                "openid":null or {"issuer","name_claim","groups":[..],"provision","roles":{role:[..]}},
//                "admin_openid":null or {"issuer","name_claim","roles":{"admin":[..],"auditor":[..]},
//                "line":null or {"registration":{"version","services":[names],"nodes"}, "tunnel",
//                          "updates":{"root":the text of 1.root.json,"keep":bytes}, if the vendor's updates may be taken},
//                          if this installation is enrolled,
//                "monitoring":{"every_us","nodes":[{"service","node"}],"usage":[names], and thresholds (gateway/ledger/health.h)},
//                "updates":how services are updated (gateway/ledger/rolling_plan.h),
//                "calendar":null or {"windows":(gateway/ledger/maintenance.h),"notice_us"}}
//   keeper      {"tls_keys":[{"fd":"key.support","listener":"support","certificate":PEM,"path"}],
//                "client_keys":[{"fd":"credential.NAME.viewer","certificate":PEM,"path"}],
//                "pass_key":{"fd","path"}, "log_key":{"fd","path"},
//                "next_log_key":{"fd","path"}, while the log's key is being changed,
//                "witness_key":{"fd","path","logs":[verifier keys]}, if there is one}
//                "client_assertions":[{"fd":"key.openid","path","face":"support"|"admin","client_id","issuer"}], if there are any
//                "webhook_secrets":[{"fd":"notification.NAME","target":NAME,"path"}], if there are any}
//                "line_key":{"fd":"key.line","certificate":PEM,"path"}, if this installation is enrolled at Mission Control,
//                "pkcs11":{"module","environment":["NAME=VALUE"],"paths":[..],"pin":{"fd","path"},
//                "pin_refused":true, if a keeper before was told so by the token}, if keys may lie in a
//                token; of those that do, "fd" is missing and "path" is their URI}
//                fds: "pkcs11.pin", "key.support", "key.admin", "key.pass", "key.log", "key.log.next", "key.witness", and what
//                "client_keys" names
//   console     {"state_directory", "public_url":of the support listener, "second_factor_required",
//                "names":of the admin listener,
//                "openid":null or {"issuer","local_accounts":[..],"demanding":whether acr or amr are asked for},
//                "listeners":[{"name","address","certificate":{"subject","not_after","sha256"},
//                              "certificates":[{the same,"names","key","flaws","staple":{"responder","until"}}]}],
//                "component":{as component_json},
//                "sessions":{as ledger}, "requests":{as ledger}, "timeouts":{"drain_us"}}
//                fds: "control"
//   intake      {"names":of its listener, "events_per_minute"}
//   link        {"places":[{"id","name","https","tls_name","host":what to send,"target","roots":PEM or ""}
//                          or that with "carriage":"webhook"
//                          or {"carriage":"mail","id","name","https","tls_name","host","roots","from","to":[..],"user",
//                              "starttls","fd":of the user's password}],
//                "openid":null or {"issuer","client_id","redirect_uri","home_uri","scopes":[..],"groups_claim","groups":[..],
//                                  "acr":[..],"amr":[..],"max_age_us","skew_us",
//                                  "hosts":[{"id","authority","host":what to send,"tls_name"}],"roots":PEM,
//                                  "fd":"openid.secret", if the client has one, "by_key":whether the keeper has its key},
//                "line":null or {"id","host","tls_name","roots","revocation":"hard"|"soft","proxy":null or {"user","fd"*},
//                  "certificate":PEM or "","from","until","enrol":null or {"asked","code","request"},"check","life","version"},
//                "fetches":[{"id","name","https","tls_name","host","target","roots", "request":in base64, to be posted,
//                            "limit","every_us","held_from","held_until","fetched","asked"}]}
//                fds: those that "fd" names
//   link of the admins' provider, a process of its own: the same, with no places, and in "openid" what admin_openid says
//
// Every part also has "log_level": "debug"|"info"|"warning"|"error".
#pragma once

#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

base::Json terminator_part(const Config& config, const Material& material, std::string_view listener);
base::Json enforcer_part(const Config& config, const Material& material, std::uint32_t index);
// Of the enforcers' and the link's parts what changes most often, told alone: {"only":"answers", "answers", "revoked":whether
// of a certificate that was good until now}, {"only":"fetches", "fetches"}.
base::Json answers_part(const Config& config, const Material& material, bool revoked);
base::Json fetches_part(const Config& config, const Material& material);
base::Json ledger_part(const Config& config, const Material& material);
base::Json keeper_part(const Config& config, const Material& material);
base::Json link_part(const Config& config, const Material& material);
base::Json admin_link_part(const Config& config, const Material& material);
base::Json console_part(const Config& config, const Material& material);
base::Json intake_part(const Config& config);

base::Json limits_json(const Limits& limits);  // each as the configuration says it; of sizes bytes
// What stands in status for the listeners: name, address, certificate.
base::Json listeners_json(const Config& config, const Material& material);
// {"services":[{"name","path","credentials":[{"role":"viewer".., or "" for all others,"kind",
//               "certificate":{"subject","not_after","sha256"} of a client_certificate}]}],
//  "nodes":[{"service","url","checked"}]}. Nothing secret.
// Of status: {"asked_for", "revocation", "crls": [as crls_json], "identities", "purposes", "longest_life"*}
base::Json engineer_certificates_json(const Config& config, const Material& material, base::Micros now);
base::Json component_json(const Config& config, const Material& material);

}  // namespace postern::supervisor
