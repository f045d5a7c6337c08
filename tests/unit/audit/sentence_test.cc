// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/sentence.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/audit/sample.h"

namespace postern::audit {
namespace {

struct Case {
  EventType type;
  std::string detail;
  std::string sentence;
  std::string actor = "admin:root";
};

using enum EventType;

// Each type at least once.
const Case kCases[] = {
    {SessionOpened, R"({"engineer":"alice","method":"pass","client":"192.0.2.7"})",
     "Engineer alice opened a session with a pass from 192.0.2.7."},
    {SessionEnded,
     R"({"engineer":"alice","reason":"idle","duration_us":125000000,"exchanges":1,"refused":2})",
     "The session of engineer alice ended (idle) after 2m5s: 1 exchange, 2 refused."},
    {SessionEnded, R"({"engineer":"alice","reason":"idle","exchanges":0,"refused":0})",
     "The session of engineer alice ended (idle)."},
    {SessionEnded,
     R"({"engineer":"alice","reason":"certificate_revoked","why":"the certificate of CN=Alice was revoked","duration_us":1000000})",
     "The session of engineer alice ended (certificate_revoked) after 1s: the certificate of CN=Alice was "
     "revoked."},
    {SessionBudgetWarned, R"({"engineer":"alice","response_bytes":200,"threshold":100})",
     "The session of engineer alice has received 200 bytes; the configuration warns at 100."},
    {SessionBudgetHeld, R"({"engineer":"alice","response_bytes":200,"threshold":100})",
     "The session of engineer alice has received 200 bytes: each further call waits for an admin."},
    {SessionBudgetCut, R"({"engineer":"alice","response_bytes":1,"threshold":1})",
     "The session of engineer alice has received 1 byte: it was cut, and all further calls are refused."},
    {LimitReached,
     R"({"limit":"exchanges_per_session","count":7,"window_us":10000000,"client":"192.0.2.7","engineer":"alice","first":"E1"})",
     "7 refusals because of the limit exchanges_per_session of engineer alice from 192.0.2.7 within 10s, "
     "counted here; "
     "the first is E1."},
    {LimitReached, R"({"limit":"connections","count":1,"window_us":10000000})",
     "1 refusal because of the limit connections within 10s, counted here."},
    {HoldPassed,
     R"({"engineer":"alice","operation":"GET /x","because":"budget","for_session":true,"waited_us":2000000})",
     "Admin root let the session of engineer alice go on, although it has received so much: GET /x, after "
     "2s."},
    {SessionRefused, R"({"client":"192.0.2.7","why":"the pass was used before"})",
     "A sign-in from 192.0.2.7 was refused: the pass was used before."},
    {ExchangeForwarded,
     R"({"method":"GET","target":"/api/v1/query?query=up","capability":"metrics.read","service":"prometheus"})",
     "GET \"/api/v1/query?query=up\" was allowed by metrics.read and sent to prometheus."},
    {ExchangeCompleted, R"({"status":200,"response_bytes":1,"duration_us":4200,"outcome":"completed"})",
     "The component answered with 200, 1 byte in 4 ms."},
    {ExchangeCompleted, R"({"outcome":"cut","cut_reason":"capability_off","cut_us":900,"bytes_after_cut":0})",
     "The exchange was cut because of capability_off after 900 us."},
    {ExchangeOpened, R"({"forwarded":"x","target":"/live","subprotocol":"v1"})",
     "The WebSocket \"/live\" was opened, speaking v1."},
    {ExchangeCompleted,
     R"({"status":101,"outcome":"completed","closed_by":"client","messages_in":1,"messages_out":2,"duration_us":2000000})",
     "The WebSocket was closed by the client after 2s, 1 message from the engineer, 2 messages from the "
     "component."},
    {ExchangeCompleted, R"({"outcome":"client_gone"})", "The client left before the answer was complete."},
    {ExchangeCompleted, R"({"outcome":"component_failed","status":502})",
     "The component failed to answer (status 502)."},
    {ExchangeCompleted, R"({"outcome":"component_failed","status":502,"code":"component_closed"})",
     "The component failed to answer (status 502): component_closed."},
    {ExchangeCompleted, R"({"outcome":"not_forwarded","status":503,"code":"log_unavailable"})",
     "The request was not forwarded (log_unavailable)."},
    {ExchangeCompleted, R"({"outcome":"refused","status":400,"code":"malformed"})",
     "What followed the request's head was refused (malformed)."},
    {ExchangeRefused, R"({"method":"GET","target":"/debug/pprof","status":403,"code":"never"})",
     "GET \"/debug/pprof\" was refused with 403 (never)."},
    {PermissionChanged,
     R"({"what":"capability","name":"silences.write","old":"off","new":"on","cut_exchanges":0})",
     "Admin root changed capability silences.write from off to on."},
    {PermissionChanged, R"({"what":"remote_access","old":"all","new":"off","cut_exchanges":3})",
     "The gateway changed remote access from all to off, cutting 3 exchanges.", "gateway"},
    {PermissionApplied, R"({"enforcers":2,"slowest_us":1500,"cut_exchanges":1})",
     "What was taken away is cut in 2 enforcers, the slowest after 1 ms, cutting 1 exchange."},
    {EngineerAdded, R"({"engineer":"bob"})", "Admin root added engineer bob."},
    {EngineerApproved, R"({"engineer":"bob"})", "Admin root approved engineer bob in advance."},
    {EngineerRemoved, R"({"engineer":"bob","ended_sessions":1})",
     "Admin root removed engineer bob, ending 1 session."},
    {PassIssued, R"({"engineer":"bob"})", "Admin root issued a pass for engineer bob."},
    {PassUsed, R"({"engineer":"bob","client":"::1"})", "Engineer bob used a pass from ::1."},
    {RequestCreated, R"({"engineer":"bob","role":"viewer","duration_us":28800000000,"reason":"ticket 7"})",
     "Engineer bob asked for access as viewer for 8h: \"ticket 7\"."},
    {RequestApproved, R"({"engineer":"bob","approvals":1,"approvals_needed":2})",
     "Admin root approved the access request of engineer bob (1 of 2 approvals)."},
    {RequestRefused, R"({"engineer":"bob","note":"not now"})",
     "Admin root refused the access request of engineer bob: \"not now\"."},
    {RequestQuestioned, R"({"engineer":"bob","text":"which cluster?"})",
     "Admin root asked engineer bob about the access request: \"which cluster?\"."},
    {RequestAnswered, R"({"engineer":"bob","text":"Linz"})",
     "Engineer bob answered about the access request: \"Linz\"."},
    {RequestCreated, R"({"engineer":"bob","role":"viewer","asked_by":"admin"})",
     "Admin root asked for access for engineer bob as viewer."},
    {RequestWithdrawn, R"({"engineer":"bob"})", "Engineer bob withdrew an access request."},
    {RequestNotTaken, R"({"engineer":"bob","why":"nobody has switched that on","unrecorded":4})",
     "Admin root asked for access for engineer bob, which was not taken in: nobody has switched that on; 4 "
     "more before it were not recorded one by one."},
    {ProposalReceived,
     R"({"method":"PUT","target":"/level","reason":"too low","waits":"an admin approves it"})",
     "Admin root proposes PUT \"/level\": \"too low\"; an admin approves it."},
    {ProposalNotTaken,
     R"({"method":"PUT","target":"/level","why":"nobody has switched that on","unrecorded":4})",
     "Admin root proposed a change: PUT \"/level\", which was not taken in: nobody has switched that on; 4 "
     "more "
     "before it were not recorded one by one."},
    {ProposalCompared, R"({"capability":"level.write","read":"/level","changes":1})",
     "What a proposal would change was read: /level, 1 difference."},
    {ProposalApproved, R"({"capability":"level.write","note":"go on"})",
     "Admin root approved what Mission Control proposed (level.write): \"go on\"."},
    {ProposalRefused, R"({"capability":"level.write","note":"not now"})",
     "Admin root refused what Mission Control proposed (level.write): \"not now\"."},
    {ProposalWithdrawn, R"({"capability":"level.write"})",
     "Admin root withdrew what was proposed (level.write)."},
    {ProposalExpired, R"({"capability":"level.write"})",
     "What Mission Control proposed expired without an answer (level.write)."},
    {ProposalStarted, R"({"what":"undo","method":"PUT","target":"/level","why":"a node is down"})",
     "The undo of a proposal is sent: PUT \"/level\", because a node is down."},
    {ProposalApplied, R"({"capability":"level.write","status":200})",
     "What Mission Control proposed was applied (level.write): the component answered 200."},
    {ProposalFailed, R"({"capability":"level.write","why":"the component answered 400"})",
     "What Mission Control proposed was not applied (level.write): the component answered 400."},
    {ProposalUnknown, R"({"capability":"level.write","why":"the ledger ended"})",
     "Whether the component took what Mission Control proposed is not known (level.write): the ledger "
     "ended."},
    {ProposalUndoAsked, R"({"capability":"level.write"})",
     "Admin root wants a proposal undone (level.write)."},
    {ProposalUndone, R"({"capability":"level.write","status":200})",
     "A proposal was undone (level.write): the component answered 200."},
    {ProposalRolledBack, R"({"capability":"level.write","why":"a node is down"})",
     "A proposal was rolled back (level.write), because a node is down."},
    {ProposalUndoFailed, R"({"capability":"level.write","why":"remote access is off"})",
     "A proposal could not be undone (level.write): remote access is off."},
    {ProposalWatchEnded, R"({"capability":"level.write"})",
     "Health did not get worse after a proposal was applied (level.write)."},
    {RequestExpired, R"({"engineer":"bob"})",
     "The access request of engineer bob expired without an answer."},
    {GrantStarted, R"({"engineer":"bob","role":"user"})", "Engineer bob was given access as user."},
    {GrantEnded, R"({"engineer":"bob","reason":"revoked","cut_exchanges":2})",
     "Access of engineer bob ended (revoked), cutting 2 exchanges."},
    {GrantRefused, R"({"engineer":"bob","why":"it ended yesterday"})",
     "A signed grant for engineer bob was refused: it ended yesterday."},
    {PolicyChanged, R"({"capabilities":3,"operations":40,"newly_allowed":2})",
     "Admin root put a policy in force: 3 capabilities with 40 operations, 2 newly allowed."},
    {PolicyAccepted, R"({"new":"sha256:b","reason":"admin","client":"192.0.2.1"})",
     "Admin root accepted the policy in force from 192.0.2.1: what it newly allows is open."},
    {TokenCreated, R"({"name":"deploy","admin":"root","rank":"admin","scopes":["read","policy"]})",
     "Admin root made the API token deploy with the rank of an admin, for read, policy."},
    {TokenUsed, R"({"name":"deploy","admin":"root","client":"192.0.2.1"})",
     "The API token deploy of admin root was used from 192.0.2.1."},
    {TokenRevoked, R"({"name":"deploy","admin":"root"})",
     "Admin root revoked the API token deploy of admin root."},
    {TokenExpired, R"({"name":"deploy","admin":"root"})", "The API token deploy of admin root has expired."},
    {CertificateExpiring, R"({"name":"admin","expires":"2026-01-01T00:00:00.000000Z","days":7})",
     "The certificate of admin is valid until 2026-01-01T00:00:00.000000Z: 7 days are left."},
    {CertificateFlawed, R"({"name":"the support listener","why":"its chain was put in order"})",
     "The certificate of the support listener is used, but its chain was put in order."},
    {CertificateIssued, R"({"authority":"acme.example","names":["a.example","b.example"]})",
     "acme.example issued a certificate for a.example, b.example."},
    {CertificateRenewed,
     R"({"authority":"acme.example","names":["a.example"],"expires":"2026-01-01T00:00:00.000000Z"})",
     "acme.example renewed the certificate for a.example, which is valid until 2026-01-01T00:00:00.000000Z "
     "now."},
    {CertificateFailed, R"({"authority":"acme.example","names":["a.example"],"why":"too many orders"})",
     "acme.example issued no certificate for a.example: too many orders."},
    {CertificateStapled, R"({"name":"the support listener"})",
     "A fresh OCSP response is shown with the certificate of the support listener."},
    {CertificateStapleFailed,
     R"({"name":"the support listener","responder":"ocsp.example","why":"it is silent"})",
     "There is no OCSP response for the certificate of the support listener from ocsp.example: it is "
     "silent."},
    {CertificateCrlExpiring,
     R"({"name":"engineers","issuer":"CN=Support","expires":"2026-01-01T00:00:00.000000Z","revocation":"hard"})",
     "The list of revoked certificates by CN=Support for engineers is good until 2026-01-01T00:00:00.000000Z "
     "(hard)."},
    {CertificateRevocationFetched,
     R"({"name":"engineers","url":"http://pki.example/a.crl","expires":"2026-01-01T00:00:00.000000Z"})",
     "What http://pki.example/a.crl says of revoked certificates (engineers) was fetched, and is good until "
     "2026-01-01T00:00:00.000000Z."},
    {CertificateRevocationFailed,
     R"({"name":"engineers","url":"http://pki.example/a.crl","why":"it answered 503"})",
     "What http://pki.example/a.crl says of revoked certificates (engineers) could not be had: it answered "
     "503."},
    {PolicyRejected, R"({"faults":2,"first_fault":"policy.yaml:3:1: what"})",
     "A policy was rejected with 2 faults: policy.yaml:3:1: what."},
    {ConfigChanged, R"({"changed":["limits","listeners"]})",
     "Admin root put a configuration in force; changed: limits, listeners."},
    {ConfigRejected, R"({"faults":1})", "A configuration was rejected with 1 fault."},
    {AdminSignedIn, R"({"admin":"root","method":"password"})", "Admin root signed in by password."},
    {AdminSignedIn,
     R"({"admin":"a@c.example","method":"openid","issuer":"https://c.example","subject":"a-1"})",
     "Admin a@c.example signed in by openid, as a-1 of https://c.example."},
    {AdminSignedOut, R"({"admin":"root"})", "The sign-in of admin root ended."},
    {AdminRefused, R"({"admin":"root","why":"wrong password"})", "Admin root was refused: wrong password."},
    {AdminProved, R"({"admin":"root","method":"passkey"})",
     "Admin root proved again who they are by passkey."},
    {AdminSlowed, R"({"client":"192.0.2.7:5","failures":3,"wait_us":1000000})",
     "Attempts to sign in from 192.0.2.7:5 are slowed after 3 failures; the next may come after 1s."},
    {AdminAdded, R"({"admin":"eve","role":"auditor"})", "Admin root added auditor eve."},
    {AdminRemoved, R"({"admin":"eve","role":"auditor"})", "Admin root removed auditor eve."},
    {AdminRoleChanged, R"({"admin":"eve","old":"auditor","new":"admin"})",
     "Admin root made eve admin instead of auditor."},
    {AdminLocked, R"({"admin":"eve"})", "Admin root locked the account of eve."},
    {AdminUnlocked, R"({"admin":"eve"})", "Admin root unlocked the account of eve."},
    {AdminPasswordChanged, R"({"admin":"eve","reset":true})", "Admin root changed the password of eve."},
    {AdminPasskeyAdded, R"({"admin":"eve","passkey":"Laptop"})",
     "Admin root added the passkey \"Laptop\" of eve."},
    {AdminPasskeyRemoved, R"({"admin":"eve","passkey":"Laptop"})",
     "Admin root removed the passkey \"Laptop\" of eve."},
    {AdminTotpEnabled, R"({"admin":"eve"})", "Admin root switched on codes after the password of eve."},
    {AdminTotpDisabled, R"({"admin":"eve"})", "Admin root switched off codes after the password of eve."},
    {AdminCodesMade, R"({"admin":"eve","codes":10})",
     "Admin root made 10 recovery codes of eve; those before are void."},
    {AdminCodeUsed, R"({"admin":"eve","left":9})", "A recovery code of eve was used; 9 are left."},
    {AdminFactorReset, R"({"admin":"eve","passkeys":1})", "Admin root removed the second factors of eve."},
    {AdminInvited, R"({"admin":"eve","role":"auditor"})", "Admin root invited eve as auditor."},
    {AdminInvitationRevoked, R"({"admin":"eve"})", "Admin root took back the invitation of eve."},
    {GatewayStarted, R"({"version":"0.1.0","events":12})",
     "The gateway started, version 0.1.0, with 12 earlier events."},
    {GatewayHandedOver, R"({"version":"0.2.0","from_version":"0.1.0","closed_us":250000,"cut_exchanges":1})",
     "The gateway was handed over from version 0.1.0 to version 0.2.0; nobody accepted for 250 ms; cut: 1 "
     "exchange."},
    {GatewayHandOverFailed, R"({"version":"0.2.0","why":"ledger ended"})",
     "A hand-over to version 0.2.0 failed, and the gateway goes on: ledger ended."},
    {GatewayStopped, R"({"reason":"SIGTERM"})", "The gateway stopped (SIGTERM)."},
    {RoleStarted, R"({"role":"enforcer.1","restarts":0})", "The process enforcer.1 started."},
    {RoleEnded, R"({"role":"enforcer.1","signal":9})", "The process enforcer.1 ended unasked, signal 9."},
    {ExchangeChanged, R"({"method":"PUT","target":"/a","read":"/a","changes":2})",
     "PUT \"/a\" changed 2 values of /a."},
    {HoldCreated, R"({"engineer":"alice","method":"POST","target":"/a"})",
     "POST \"/a\" of engineer alice waits for an admin to let it pass."},
    {HoldCompared, R"({"engineer":"alice","read":"/a","changes":2})",
     "What a call of engineer alice would change was read: /a, 2 differences."},
    {HoldPassed, R"({"engineer":"alice","operation":"POST /a","waited_us":2000000})",
     "Admin root let a call of engineer alice pass: POST /a, after 2s."},
    {HoldRefused, R"({"engineer":"alice","operation":"POST /a","note":"not now"})",
     "Admin root refused a call of engineer alice: POST /a: \"not now\"."},
    {HoldExpired, R"({"engineer":"alice","operation":"POST /a"})",
     "No admin answered a call of engineer alice in time: POST /a."},
    {HoldWithdrawn, R"({"engineer":"alice","operation":"POST /a","why":"the client left"})",
     "A call of engineer alice stopped waiting: POST /a: the client left."},
    {SandboxAttested, R"({"role":"enforcer.1","attempts":43,"refused":43,"landlock":7,"missing":[]})",
     "The process enforcer.1 proved its confinement: 43 of 43 attempts were refused, Landlock ABI 7."},
    {SandboxViolated, R"({"role":"enforcer.1","call":"openat"})",
     "The process enforcer.1 tried openat, which its profile does not list, and was killed."},
    {NodeUp, R"({"service":"prometheus","node":"127.0.0.1:9090"})",
     "Node 127.0.0.1:9090 of prometheus answers."},
    {NodeDown, R"({"service":"prometheus","node":"127.0.0.1:9090","reason":"connection refused"})",
     "Node 127.0.0.1:9090 of prometheus does not answer: connection refused."},
    {NodeCredentialRefused, R"({"service":"prometheus","node":"127.0.0.1:9090","credential":"viewer"})",
     "Node 127.0.0.1:9090 of prometheus refused the credential (viewer) that Postern holds for it."},
    {NodeCredentialAccepted, R"({"service":"prometheus","node":"127.0.0.1:9090","credential":"viewer"})",
     "Node 127.0.0.1:9090 of prometheus accepts the credential (viewer) again."},
    {NotificationTested, R"({"target":"pager"})", "Admin root sent a test notification to pager."},
    {NotificationDelivered, R"({"target":"pager","kind":"webhook"})", "pager takes notifications."},
    {NotificationFailed, R"({"target":"pager","why":"it answered 500","waiting":3})",
     "pager takes no notifications: it answered 500; 3 wait."},
    {NotificationGivenUp, R"({"target":"pager","count":2,"why":"they waited for a day"})",
     "2 notifications for pager will not be sent any more: they waited for a day."},
    {LogUnavailable, R"({"why":"no space left on device"})",
     "The log could not be written: no space left on device; the door was closed."},
    {LogRecovered, R"({"duration_us":2000000})", "The log can be written again after 2s."},
    {LogRead, R"({"what":"events","events":20})", "Admin root read the log: events, 20 events."},
    {NodeAdded, R"({"service":"prometheus","node":"http://127.0.0.1:9090"})",
     "Node http://127.0.0.1:9090 of prometheus was added to the configuration."},
    {NodeRemoved, R"({"service":"prometheus","node":"http://127.0.0.1:9090"})",
     "Node http://127.0.0.1:9090 of prometheus was taken out of the configuration."},
    {NodeWarning,
     R"({"service":"prometheus","node":"http://127.0.0.1:9090","resource":"storage","value":86,"unit":"%","warns_at":85,"clears_at":80})",
     "Node http://127.0.0.1:9090 of prometheus: storage is at 86 %; a warning begins at 85."},
    {NodeCleared,
     R"({"service":"prometheus","node":"http://127.0.0.1:9090","resource":"storage","value":79,"unit":"%","warns_at":85,"clears_at":80,"duration_us":60000000})",
     "Node http://127.0.0.1:9090 of prometheus: the warning about storage is over, at 79 %, after 1m."},
    {HostWarning,
     R"({"resource":"disk","file":"/var/lib/postern","value":86,"unit":"%","warns_at":85,"clears_at":80})",
     "The gateway's host: disk (/var/lib/postern) is at 86 %; a warning begins at 85."},
    {HostCleared,
     R"({"resource":"memory","value":70,"unit":"%","warns_at":90,"clears_at":85,"duration_us":60000000})",
     "The gateway's host: the warning about memory is over, at 70 %, after 1m."},
    {ComponentServerStarted, R"({"service":"tsdb","node":"n1"})",
     "Admin root says that the server n1 of tsdb started."},
    {ComponentServerStopped, R"({"service":"tsdb","node":"n1"})",
     "Admin root says that the server n1 of tsdb stopped."},
    {ComponentServerUp, R"({"service":"tsdb","node":"n1"})",
     "Admin root says that the server n1 of tsdb is up."},
    {ComponentServerDown, R"({"node":"n1"})", "Admin root says that the server n1 is down."},
    {ComponentNodeAdded, R"({"service":"tsdb","node":"n1"})",
     "Admin root says that node n1 was added to tsdb."},
    {ComponentNodeRemoved, R"({"service":"tsdb","node":"n1"})",
     "Admin root says that node n1 was taken out of tsdb."},
    {ComponentNodeJoined, R"({"service":"tsdb","node":"n1"})", "Admin root says that node n1 joined tsdb."},
    {ComponentNodeLeft, R"({"service":"tsdb","node":"n1"})", "Admin root says that node n1 left tsdb."},
    {RemoteGatewayRegistered, R"({"service":"tsdb","gateway":"berlin"})",
     "The remote gateway berlin of tsdb registered, says Admin root."},
    {RemoteGatewayUnregistered, R"({"service":"tsdb","gateway":"berlin"})",
     "The remote gateway berlin of tsdb unregistered, says Admin root."},
    {RemoteGatewayLost, R"({"gateway":"berlin","silent_us":180000000})",
     "The remote gateway berlin is lost: it has not been heard from for 3m."},
    {RemoteGatewayReturned, R"({"gateway":"berlin","lost_us":60000000})",
     "The remote gateway berlin is heard from again after 1m."},
    {IntakeTokenCreated, R"({"name":"nodes","service":"tsdb"})",
     "Admin root made the intake token nodes for tsdb."},
    {IntakeTokenRevoked, R"({"name":"nodes"})", "Admin root revoked the intake token nodes."},
    {IntakeTokenExpired, R"({"name":"nodes"})", "The time of the intake token nodes was over."},
    {IntakeLimited, R"({"name":"nodes","count":12,"window_us":60000000})",
     "12 events of the intake token nodes came above its limit and were refused, within 1m."},
    {IntakeRefused, R"({"count":3})", "3 requests to the intake had no token that counts."},
    {LinkEnrolled, R"({"url":"https://mission.example","customer":"Example AG"})",
     "Admin root enrolled this installation at Mission Control (https://mission.example) for Example AG."},
    {LinkEnrolmentFailed, R"({"url":"https://mission.example","why":"the code was used"})",
     "This installation could not enrol at Mission Control (https://mission.example): the code was used."},
    {LinkUp, R"({"url":"https://mission.example","duration_us":2000000})",
     "The line to Mission Control (https://mission.example) is up again after 2s."},
    {LinkDown, R"({"url":"https://mission.example","why":"connection refused"})",
     "The line to Mission Control (https://mission.example) is down: connection refused."},
    {LinkCertificateRenewed, R"({"url":"https://mission.example"})",
     "Mission Control renewed the certificate of this installation."},
    {LinkConflict, R"({"url":"https://mission.example","client":"192.0.2.7:1"})",
     "Somebody else at 192.0.2.7:1 came to Mission Control (https://mission.example) with the certificate of "
     "this installation: one of the two is a copy."},
    {LinkReportsGivenUp, R"({"count":2,"why":"connection refused"})",
     "2 events will not be reported to Mission Control any more: too many waited; connection refused."},
    {TunnelOpened, R"({})", "The tunnel is there: engineers can come through Mission Control."},
    {TunnelClosed, R"({"why":"remote access is off"})",
     "The tunnel is not there any more: remote access is off; what came through it is cut."},
    {TunnelRelayed, R"({"relay":"mission.example","client":"192.0.2.7:1","name":"a.reach.example"})",
     "Mission Control (mission.example) relayed a connection of 192.0.2.7:1 for a.reach.example."},
    {TunnelRefused, R"({"relay":"mission.example","client":"192.0.2.7:1","why":"too many at once"})",
     "A connection of 192.0.2.7:1 that Mission Control (mission.example) relayed was not let in: too many at "
     "once."},
    {UpdateStarted, R"({"service":"prometheus","version":"3.2","before":"3.1"})",
     "Admin root began the update of prometheus to 3.2 from 3.1."},
    {UpdateRefused, R"({"service":"prometheus","version":"3.2","why":"a node is not healthy"})",
     "The update of prometheus to 3.2 was not begun: a node is not healthy."},
    {UpdateDryRun, R"({"service":"prometheus","version":"3.2"})",
     "Admin root looked what the update of prometheus to 3.2 would do."},
    {UpdateNodeDraining, R"({"service":"prometheus","node":"http://a:1"})",
     "The node http://a:1 of prometheus gets no new exchanges, to be updated or rolled back."},
    {UpdateNodeDrained, R"({"node":"http://a:1","cut":2,"duration_us":2000000})",
     "Nothing is under way on http://a:1 any more after 2s; 2 exchanges stayed too long and were cut."},
    {UpdateStepBegun, R"({"node":"http://a:1","step":2,"does":"/opt/acme/update"})",
     "Step 2 on http://a:1 is about to be done: /opt/acme/update."},
    {UpdateStepRun,
     R"({"node":"http://a:1","step":2,"outcome":"failed","why":"status 3","duration_us":2000000})",
     "Step 2 on http://a:1 ended: failed (status 3) after 2s."},
    {UpdateNodeHealthy, R"({"node":"http://a:1","version":"3.2"})",
     "The node http://a:1 is healthy and of version 3.2."},
    {UpdateNodeUpdated, R"({"service":"prometheus","node":"http://a:1","version":"3.2"})",
     "The node http://a:1 of prometheus is updated to 3.2 and gets exchanges again."},
    {UpdateNodeFailed, R"({"service":"prometheus","node":"http://a:1","why":"it answered 500"})",
     "The node http://a:1 of prometheus failed: it answered 500."},
    {UpdateNodeRolledBack, R"({"service":"prometheus","node":"http://a:1","version":"3.1"})",
     "The node http://a:1 of prometheus was rolled back to 3.1 and gets exchanges again."},
    {UpdateStopAsked, R"({"service":"prometheus"})",
     "Admin root stopped the update of prometheus: it ends after the node that it is at."},
    {UpdateRollingBack, R"({"service":"prometheus","why":"http://a:1 failed"})",
     "The update of prometheus is being rolled back: http://a:1 failed."},
    {UpdateResumed, R"({"service":"prometheus","node":"http://a:1"})",
     "The update of prometheus goes on after a restart at http://a:1."},
    {UpdateDone, R"({"service":"prometheus","version":"3.2","duration_us":2000000})",
     "The update of prometheus to 3.2 is done on all nodes after 2s."},
    {UpdateRolledBack, R"({"service":"prometheus","version":"3.2","why":"http://a:1 failed"})",
     "The update of prometheus to 3.2 was rolled back: http://a:1 failed."},
    {UpdateStopped, R"({"service":"prometheus","version":"3.2","why":"an admin stopped it"})",
     "The update of prometheus to 3.2 ended with its nodes as they are: an admin stopped it."},
    {UpdateAnnounced,
     R"({"target":"p-2","service":"prometheus","version":"2","severity":"important","start":"2026-11-30T01:00:00Z"})",
     "The vendor announced the update p-2 of prometheus to 2 (important); it starts at "
     "2026-11-30T01:00:00Z."},
    {UpdateScheduled,
     R"({"target":"p-2","service":"prometheus","version":"2","start":"2026-11-30T01:00:00Z","why":"the maintenance window is another one"})",
     "The update p-2 of prometheus was planned anew for 2026-11-30T01:00:00Z: the maintenance window is "
     "another one."},
    {UpdatePostponed,
     R"({"target":"p-2","service":"prometheus","version":"2","start":"2026-11-30T01:00:00Z"})",
     "Admin root put the update p-2 of prometheus off until 2026-11-30T01:00:00Z."},
    {UpdateRunNowAsked, R"({"target":"p-2","service":"prometheus","version":"2"})",
     "Admin root wants the update p-2 of prometheus to run now."},
    {UpdateCancelled, R"({"target":"p-2","service":"prometheus","version":"2"})",
     "Admin root cancelled the update p-2 of prometheus."},
    {UpdateSuspended, R"({"target":"p-2","service":"prometheus","version":"2","why":"it fails"})",
     "The vendor suspended the update p-2 of prometheus: it fails."},
    {UpdateSuspensionEnded, R"({"target":"p-2","service":"prometheus","version":"2"})",
     "The vendor does not suspend the update p-2 of prometheus any more."},
    {UpdateWithdrawn,
     R"({"target":"p-2","service":"prometheus","version":"2","why":"the vendor does not offer it any more"})",
     "The update p-2 of prometheus is none any more: the vendor does not offer it any more."},
    {UpdateMissed, R"({"target":"p-2","service":"prometheus","version":"2","why":"the gateway did not run"})",
     "The update p-2 of prometheus did not start in its window: the gateway did not run."},
    {UpdateBegun, R"({"target":"p-2","service":"prometheus","version":"2"})",
     "The update p-2 of prometheus to 2 runs."},
    {UpdateEnded,
     R"({"target":"p-2","service":"prometheus","version":"2","outcome":"rolled_back","why":"b failed"})",
     "The update p-2 of prometheus to 2 has ended: rolled_back (b failed)."},
    {UpdateMetadataRefused,
     R"({"document":"timestamp.json","reason":"version","why":"it is older","unrecorded":3})",
     "Of the vendor's updates timestamp.json was not taken (version): it is older; 3 more before it were not "
     "recorded one by one."},
    {UpdateMetadataTaken, R"({"root_version":1,"targets_version":2})",
     "The vendor's documents were taken: root 1, targets 2."},
    {UpdateMetadataEnding, R"({"document":"timestamp","expires":"2026-03-01T00:00:00Z"})",
     "The vendor's timestamp ends on 2026-03-01T00:00:00Z, and no newer one has come."},
    {UpdateDownloading, R"({"version":"2.54.0","bytes":300,"have":200})",
     "The artefact of the update to 2.54.0 is being fetched: 300 bytes, of which 200 are here."},
    {UpdateDownloaded, R"({"version":"2.54.0","bytes":300})",
     "The artefact of the update to 2.54.0 is here: 300 bytes, as signed."},
    {UpdateArtefactRefused, R"({"version":"2.54.0","reason":"mismatch","why":"its hash is another"})",
     "The artefact of the update to 2.54.0 was not taken (mismatch): its hash is another."},
    {WitnessCosigned, R"({"log":"postern/b","size":7})",
     "Seen as a witness: the log postern/b has 7 events."},
    {WitnessConflict, R"({"log":"postern/b","why":"it signed two roots for one size"})",
     "The log postern/b showed another history than before: it signed two roots for one size; it was not "
     "cosigned."},
    {LogWitnessed, R"({"witness":"north","size":7})", "The witness north cosigned the log of 7 events."},
    {LogWitnessFailed, R"({"witness":"north","why":"it answered 500"})",
     "The witness north has not cosigned the log: it answered 500."},
    {LogWitnessRefused, R"({"witness":"north","why":"it was rolled back"})",
     "The witness north has seen another history of the log: it was rolled back."},
    {LogTruncatedTail, R"({"bytes":31})",
     "A torn write of 31 bytes at the end of the journal was stepped over."},
    {LogKeyChanged, R"({"old":"log+1+A","new":"log+2+B","size":7})",
     "Admin root had the log go on under the key log+2+B, behind 7 events."},
    {LogRetention, R"({"first_kept":512,"removed":256,"oldest":"2026-01-01T00:00:00.000000Z"})",
     "Retention removes 256 events from 2026-01-01T00:00:00.000000Z; the first that is kept is 512."},
};

TEST(Describe, SaysEachTypeInASentence) {
  std::map<EventType, int> covered;
  for (const Case& c : kCases) {
    ++covered[c.type];
    const auto sentence = describe(sample(c.type, 1, {}, c.detail, c.actor));
    ASSERT_TRUE(sentence.ok()) << c.detail;
    EXPECT_EQ(*sentence, c.sentence);
  }
  for (const EventText& text : all_events())
    EXPECT_EQ(covered.count(text.type), 1U) << text.name << " has no case here";
}

TEST(Describe, UsesOnlyFieldsOfTheCatalogue) {
  for (const Case& c : kCases) {
    const auto detail = base::parse_json(c.detail);
    ASSERT_TRUE(detail.ok());
    const std::string fields = " " + std::string(text_of(c.type).fields) + " ";
    for (const auto& [name, value] : detail->items()) {
      EXPECT_NE(fields.find(" " + name + " "), std::string::npos) << text_of(c.type).name << ": " << name;
    }
  }
}

TEST(Describe, NeverFailsForWantOfFields) {
  for (const EventText& text : all_events()) {
    const auto sentence = describe(sample(text.type, 1));
    ASSERT_TRUE(sentence.ok()) << text.name;
    EXPECT_EQ(sentence->back(), '.') << *sentence;
    EXPECT_EQ(sentence->find_first_of("{}[]"), std::string::npos) << *sentence;
  }
}

TEST(Describe, MakesHostileTextHarmless) {
  std::string detail = R"({"method":"GET","target":"/\u001b[31m{actor}[x]","code":"never","status":403})";
  const auto sentence = describe(sample(ExchangeRefused, 1, {}, detail));
  ASSERT_TRUE(sentence.ok());
  EXPECT_EQ(*sentence, "GET \"/\\x1b[31m{actor}[x]\" was refused with 403 (never).");
  detail = R"({"target":")" + std::string(5000, 'a') + "\"}";
  EXPECT_LT(describe(sample(ExchangeRefused, 1, {}, detail))->size(), 400U);
}

TEST(Describe, ToleratesFieldsOfAnotherKind) {
  const auto sentence =
      describe(sample(SessionEnded, 1, {}, R"({"engineer":{"a":1},"duration_us":"x","exchanges":[1,2]})"));
  EXPECT_TRUE(sentence.ok());
  EXPECT_FALSE(describe("no event").ok());
}

}  // namespace
}  // namespace postern::audit
