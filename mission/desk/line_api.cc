// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/line_api.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/log.h"
#include "certs/certificate.h"
#include "certs/request.h"
#include "line/updates.h"
#include "line/witness.h"
#include "mission/desk/asks.h"
#include "mission/desk/updates.h"

namespace postern::mission {
namespace {

using answer::Call;
using answer::Reply;
using answer::Response;

constexpr std::size_t kTypeLimit = 64;  // bytes of an event's type

// Ten wrong codes at once from one network, then one in ten seconds.
constexpr KeyedPace::Settings kWrongCodes{{10, 10 * base::kSecond}, 20'000};
// Far more than a link sends.
constexpr KeyedPace::Settings kRequests{{60, 200 * base::kMillisecond}, 2 * kMostInstallations};

// Of the tunnel: each engineer's connection takes one, and a browser opens several.
constexpr KeyedPace::Settings kTunnelRequests{{200, 50 * base::kMillisecond}, 2 * kMostInstallations};

// Of updates: each piece of an artefact is one; 9.4 MiB a second.
constexpr KeyedPace::Settings kUpdateRequests{{100, 20 * base::kMillisecond}, 2 * kMostInstallations};

// Of certificates: as often again as an answer may be lost, and then one an hour.
constexpr KeyedPace::Settings kRenewals{{10, 3600 * base::kSecond}, 2 * kMostInstallations};
// Of its health, that are events: one that swings, or lies, does not push out what else was noticed about it.
constexpr KeyedPace::Settings kTurns{{20, 300 * base::kSecond}, 100'000};
// Of where what it was asked stands, likewise: each of line::kMostAsks may be news when its line comes back.
constexpr KeyedPace::Settings kStandings{{100, 300 * base::kSecond}, 2 * kMostInstallations};

// Of signs that somebody has a copy of its certificate.
constexpr KeyedPace::Settings kCopies{{3, 3600 * base::kSecond}, 2 * kMostInstallations};

Response ok(std::string document) {
  Response out;
  out.content_type = "application/json";
  out.body = std::move(document);
  out.fields.emplace_back("cache-control", "no-store");
  return out;
}

Response malformed(std::string_view why) {
  return refusal(400, line::kMalformed, "The request is not one of the line", why);
}

Response unknown_installation(std::string_view why) {
  return refusal(403, line::kUnknownInstallation, "The installation is not known", why);
}

Response wait(base::Nanos how_long, std::string_view what) {
  Response out = refusal(429, line::kTooMany, "Too many requests", what);
  out.fields.emplace_back("retry-after", std::to_string(how_long / base::kSecond + 1));
  return out;
}

bool asks_for_updates(std::string_view path) {
  return path == line::kUpdateOffersPath || path == line::kUpdateFilePath;
}

Response other_method(std::string_view allowed) {
  Response out =
      refusal(405, line::kMalformed, "The method is not answered here", "use " + std::string(allowed));
  out.fields.emplace_back("allow", allowed);
  return out;
}

std::string type_of(const base::Json& body) {
  return base::printable(base::json_text_or(body, "type", "event"), kTypeLimit);
}

}  // namespace

LineApi::LineApi(Parts& parts, Lives& lives, Tunnels& tunnels)
    : parts_(parts),
      lives_(lives),
      tunnels_(tunnels),
      witness_(parts),
      offences_(parts),
      codes_(kWrongCodes),
      requests_(kRequests),
      tunnel_requests_(kTunnelRequests),
      update_requests_(kUpdateRequests),
      renewals_(kRenewals),
      turns_(parts, kTurns),
      standings_(parts, kStandings),
      copies_(parts, kCopies) {}

bool LineApi::converses(const Call& call) const {
  return call.method == http::Method::Post && call.target.path() == line::kTunnelPath;
}

void LineApi::answer(const std::shared_ptr<Call>& call, const Reply& reply) {
  const std::string_view path = call->target.path();
  const bool posts = path == line::kEnrolPath || path == line::kRenewPath || path == line::kReportsPath ||
                     path == line::kCheckpointsPath || path == line::kTunnelPath || asks_for_updates(path);
  if (!posts && path != line::kOrdersPath)
    return reply(refusal(404, "not_found", "There is nothing here", "this is the line of installations"));
  if (call->method != (posts ? http::Method::Post : http::Method::Get))
    return reply(other_method(posts ? "POST" : "GET"));
  if (call->body.size() > line::kDocumentLimit)
    return reply(malformed("the document has more than " + std::to_string(line::kDocumentLimit) + " bytes"));
  if (path == line::kEnrolPath) return enrol(*call, reply);
  const auto asker = identify(*call, reply);
  if (!asker) return;
  note_use(*asker, *call);
  answer_known(call, watched(asker->installation.id, reply), *asker);
}

void LineApi::answer_known(const std::shared_ptr<Call>& call, const Reply& reply, const Asker& asker) {
  const std::string_view path = call->target.path();
  if (path == line::kRenewPath) return renew(*call, reply, asker);
  if (path == line::kReportsPath) return reports(*call, reply, asker);
  if (path == line::kCheckpointsPath) return witness_.answer(*call, reply, asker.installation.id);
  if (path == line::kTunnelPath) return reply(tunnels_.wait(asker.installation.id));
  if (path == line::kUpdateOffersPath) return answer_update_offers(parts_, reply, asker.installation.id);
  if (path == line::kUpdateFilePath) return answer_update_file(parts_, *call, reply, asker.installation.id);
  orders(*call, reply, asker);
}

Reply LineApi::watched(const std::string& installation, const Reply& reply) {
  return [this, installation, reply](Response response) {
    if (response.status == 400) {
      const auto document = base::parse_json(response.body);
      offences_.malformed(installation, document.ok() ? base::json_text_or(*document, "detail", "") : "");
    }
    reply(std::move(response));
  };
}

std::optional<LineApi::Asker> LineApi::identify(const Call& call, const Reply& reply) {
  if (call.certificates->empty()) {
    reply(unknown_installation("no certificate was shown: enrol first"));
    return std::nullopt;
  }
  Asker asker;
  if (const auto before = shown_.find(*call.certificates, parts_.clock.wall()); before) {
    asker.installation.id = before->installation;
    asker.certificate.serial = before->serial;
    asker.replaced = before->replaced;
  } else if (!judge(call, reply, asker)) {
    return std::nullopt;
  }
  // However many certificates it has, by renewing again and again, its pace is one. Those that were replaced have one of their own,
  // together: whoever has such a one does not slow the installation.
  const std::string key = asker.installation.id + (asker.replaced ? " replaced" : "");
  KeyedPace& pace = converses(call)                        ? tunnel_requests_
                    : asks_for_updates(call.target.path()) ? update_requests_
                                                           : requests_;
  if (const base::Nanos later = pace.take(key, parts_.clock.monotonic()); later > 0) {
    offences_.too_often(asker.installation.id);
    reply(wait(later, "this installation asks too often"));
    return std::nullopt;
  }
  const bool known = is_known(asker, call, reply);
  if (!asker.certificate.replaced_by.empty() && !asker.replaced) shown_.replaced(*call.certificates);
  return known ? std::optional(std::move(asker)) : std::nullopt;
}

bool LineApi::judge(const Call& call, const Reply& reply, Asker& asker) {
  // The terminator judged the chain already; it is the process that strangers reach first.
  const auto judged = parts_.verifier.judge(*call.certificates, parts_.clock.wall());
  if (!judged.identity) {
    reply(unknown_installation(judged.failure ? judged.failure->sentence : "the certificate is not ours"));
    return false;
  }
  if (judged.identity->uris.size() == 1) {
    const auto name = line::parse_uri(judged.identity->uris.front());
    if (name.ok() && name->domain == parts_.facts.domain) asker.installation.id = name->id;
  }
  if (asker.installation.id.empty()) {
    reply(unknown_installation("the certificate does not name an installation of this Mission Control"));
    return false;
  }
  const auto facts = certs::read_certificate(call.certificates->front());
  if (!facts.ok()) {
    reply(store_problem(facts.error()));
    return false;
  }
  asker.certificate.serial = facts->serial;
  shown_.keep(*call.certificates, {asker.installation.id, facts->serial}, parts_.clock.wall(),
              facts->not_after);
  return true;
}

bool LineApi::is_known(Asker& asker, const Call& call, const Reply& reply) {
  const auto known = parts_.store.asker(asker.installation.id, asker.certificate.serial);
  if (!known.ok()) return reply(store_problem(known.error())), false;
  if (!*known)
    return reply(unknown_installation("this certificate was not issued by this Mission Control")), false;
  asker.installation = (*known)->installation;
  asker.certificate = (*known)->certificate;
  asker.successor_seen = (*known)->successor_seen;
  if (asker.installation.standing == Standing::Retired) {
    reply(refusal(403, line::kRetiredInstallation, "The installation was retired",
                  "the vendor ended it on " + base::format_time(asker.installation.since)));
    return false;
  }
  const bool over = asker.successor_seen > 0 && asker.successor_seen + kOverlap < parts_.clock.wall();
  if (over) {
    note_copy(asker, call, "a certificate was used whose successor has been in use for longer than an hour");
    reply(unknown_installation("this certificate was replaced, and the new one is in use"));
  }
  return !over;
}

// A link that has a new certificate uses it and forgets the old one: whoever does otherwise has a copy, or the original is one's.
void LineApi::note_copy(const Asker& asker, const Call& call, std::string_view why) {
  copies_.note(asker.installation.id, "installation.certificate_copied",
               {{"serial", asker.certificate.serial},
                {"replaced_by", asker.certificate.replaced_by},
                {"client", call.client},
                {"why", why}});
}

// Lost with a failed commit: it is written again with a later request.
void LineApi::note_use(const Asker& asker, const Call& call) {
  if (asker.certificate.first_seen == 0) {
    static_cast<void>(parts_.store.note_certificate_seen(asker.certificate.serial, parts_.clock.wall()));
    if (!asker.certificate.replaced_by.empty())
      note_copy(asker, call,
                "a certificate was used for the first time after another one had been asked for");
  }
  base::Nanos& heard = heard_[asker.installation.id];
  const base::Nanos now = parts_.clock.monotonic();
  if (heard != 0 && now - heard < kHeardEvery) return;
  heard = now;
  static_cast<void>(parts_.store.note_heard(asker.installation.id, parts_.clock.wall()));
}

// Only while nobody has used the certificate that was made, and for the key that it is for: whoever else has the code learns
// nothing and gets nothing.
bool LineApi::is_again(const Enrolment& used, const std::string& request) {
  if (used.used == 0 || used.used + kAskAgain < parts_.clock.wall()) return false;
  const auto key = certs::key_of_request(request);
  const auto made = parts_.store.certificates(used.installation);
  if (!key.ok() || !made.ok() || made->empty()) return false;
  const std::string wanted = base::sha256_hex(*key);
  return std::all_of(made->begin(), made->end(),
                     [&](const IssuedCertificate& one) { return one.first_seen == 0 && one.key == wanted; });
}

std::optional<Enrolment> LineApi::good_code(const line::EnrolRequest& asked, const Call& call,
                                            const Reply& reply) {
  const std::string network = origin_of_client(call.client);
  const base::Nanos now = parts_.clock.monotonic();
  if (const base::Nanos later = codes_.look(network, now); later > 0) {
    reply(wait(later, "too many wrong codes came from this address"));
    return std::nullopt;
  }
  const auto found = parts_.store.enrolment(base::sha256_hex(asked.code));
  if (!found.ok()) return reply(store_problem(found.error())), std::nullopt;
  const bool good = *found && (*found)->used == 0 && (*found)->withdrawn == 0;
  if (good && (*found)->expires > parts_.clock.wall()) return **found;
  if (*found && is_again(**found, asked.request)) return **found;
  codes_.take(network, now);
  base::log_warning("a code that is " + std::string(good ? "over" : "wrong") + " came from " + call.client);
  if (good) {
    reply(refusal(403, line::kExpiredCode, "The code is over",
                  "the code was good until " + base::format_time((*found)->expires) + ": ask for a new one"));
  } else {
    reply(refusal(403, line::kWrongCode, "The code is not good",
                  "the code never was one, or was used or withdrawn: ask for a new one"));
  }
  return std::nullopt;
}

base::Result<IssuedCertificate> LineApi::certify(const std::string& id, const std::string& key,
                                                 std::string& pem) {
  auto made = parts_.issue(id, key);
  if (!made.ok()) return made.error();
  const auto chain = certs::read_chain(*made);
  if (!chain.ok()) return chain.error();
  pem = std::move(*made);
  return IssuedCertificate{chain->front().serial, id, parts_.clock.wall(), chain->front().not_after, 0, {},
                           base::sha256_hex(key)};
}

void LineApi::enrol(const Call& call, const Reply& reply) {
  const auto asked = line::parse_enrol_request(call.body);
  if (!asked.ok()) return reply(malformed(asked.error().message));
  const auto code = good_code(*asked, call, reply);
  if (!code) return;
  const auto key = certs::key_of_request(asked->request);
  if (!key.ok()) return reply(malformed(key.error().message));
  if (code->used != 0) return enrol_again(call, reply, *code, *key);
  Installation made;
  made.id = parts_.new_id();
  made.customer = code->customer;
  made.version = asked->version;
  made.enrolled = made.since = parts_.clock.wall();
  std::string pem;
  const auto certificate = certify(made.id, *key, pem);
  if (!certificate.ok()) return reply(store_problem(certificate.error()));
  const auto done = parts_.store.enrol(code->hash, made, *certificate);
  if (!done.ok()) return reply(store_problem(done.error()));
  if (!*done)
    return reply(
        refusal(403, line::kWrongCode, "The code is not good", "the code was used: ask for a new one"));
  parts_.note(made.id, "installation.enrolled",
              {{"customer", made.customer}, {"client", call.client}, {"version", made.version}});
  parts_.commits.reply(reply, ok(line::format(line::Enrolled{made.id, made.customer, pem})));
}

void LineApi::enrol_again(const Call& call, const Reply& reply, const Enrolment& code,
                          const std::string& key) {
  const auto known = parts_.store.installation(code.installation);
  const auto before = parts_.store.certificates(code.installation);
  if (!known.ok() || !*known || !before.ok())
    return reply(store_problem(
        known.ok() ? base::fail(base::Code::Corrupt, "an enrolment has no installation") : known.error()));
  if ((*known)->standing == Standing::Retired)
    return reply(refusal(403, line::kWrongCode, "The code is not good",
                         "the installation that the code made was retired"));
  if (const base::Nanos later = renewals_.take(code.installation, parts_.clock.monotonic()); later > 0)
    return reply(wait(later, "this installation asks for its certificate too often"));
  std::string pem;
  const auto fresh = certify(code.installation, key, pem);
  if (!fresh.ok()) return reply(store_problem(fresh.error()));
  if (base::Status kept = parts_.store.renew(*fresh); !kept.ok()) return reply(store_problem(kept.error()));
  parts_.note(code.installation, "installation.enrolled_again", {{"client", call.client}});
  parts_.commits.reply(reply, ok(line::format(line::Enrolled{code.installation, code.customer, pem})));
}

void LineApi::renew(const Call& call, const Reply& reply, const Asker& asker) {
  const auto asked = line::parse_renew_request(call.body);
  if (!asked.ok()) return reply(malformed(asked.error().message));
  const auto key = certs::key_of_request(asked->request);
  if (!key.ok()) return reply(malformed(key.error().message));
  if (const base::Nanos later = renewals_.take(asker.installation.id, parts_.clock.monotonic()); later > 0)
    return reply(wait(later, "this installation renews its certificate too often"));
  if (asker.successor_seen > 0)
    note_copy(asker, call, "a certificate was renewed whose successor is in use already");
  std::string pem;
  const auto fresh = certify(asker.installation.id, *key, pem);
  if (!fresh.ok()) return reply(store_problem(fresh.error()));
  if (base::Status kept = parts_.store.renew(*fresh); !kept.ok()) return reply(store_problem(kept.error()));
  parts_.note(
      asker.installation.id, "installation.renewed",
      {{"serial", fresh->serial}, {"until", base::format_time(fresh->until)}, {"client", call.client}});
  parts_.commits.reply(reply, ok(line::format(line::Renewed{pem})));
}

base::Status LineApi::keep(const Asker& asker, const line::Report& report) {
  const base::Micros now = parts_.clock.wall();
  if (report.kind == line::Kind::Registration) {
    if (base::Status taken = witness_.registered(asker.installation.id, report.body); !taken.ok())
      return taken;
  }
  if (report.kind == line::Kind::Usage) {
    const auto hour = usage_hour(asker.installation.id, report, now);
    if (!hour) return base::Ok{};
    const auto counted = parts_.store.keep_usage(*hour, now);
    if (!counted.ok()) return counted.error();
  }
  if (report.kind == line::Kind::Standing)
    return keep_standing(parts_, standings_, asker.installation.id, report);
  if (report.kind != line::Kind::Event) {
    const auto latest = parts_.store.keep_latest(asker.installation.id, report, now);
    return latest.ok() ? base::Status(base::Ok{}) : base::Status(latest.error());
  }
  StoredEvent event;
  event.installation = asker.installation.id;
  event.id = report.id;
  event.type = type_of(report.body);
  event.time = report.time;
  event.received = now;
  event.body = report.body;
  const auto kept = parts_.store.keep_event(event);
  if (!kept.ok()) return kept.error();
  if (*kept && parts_.tell) parts_.tell(event);
  return *kept ? note_update(parts_, event) : base::Ok{};
}

// Kept as the newest and in its history; how it is judged is the answer. That it got worse or better is an event.
base::Status LineApi::keep_health(const Asker& asker, const line::Report& report, line::Taken& taken) {
  const base::Micros now = parts_.clock.wall();
  const std::string& id = asker.installation.id;
  const line::Verdict verdict = judge_health(report.body, parts_.facts.minimum, now);
  taken.answers[report.id] = line::to_json(verdict);
  const auto before = parts_.store.newest_health(id);
  if (!before.ok()) return before.error();
  const auto is_new = parts_.store.keep_latest(id, report, now);
  if (!is_new.ok()) return is_new.error();
  if (!*is_new) return base::Ok{};  // its answer was lost: the hour's average has it
  if (base::Status kept = parts_.store.keep_health(id, health_row(report.body, verdict, now)); !kept.ok())
    return kept;
  const auto now_is = static_cast<std::int64_t>(verdict.status);
  const std::int64_t was = *before ? base::json_number_or((*before)->numbers, "status", 0) : 0;
  if (now_is == was) return base::Ok{};
  const auto last = static_cast<line::HealthStatus>(std::clamp<std::int64_t>(was, 0, 2));
  turns_.note(id, now_is > was ? "installation.health_worse" : "installation.health_better",
              {{"status", line::to_text(verdict.status)},
               {"was", line::to_text(last)},
               {"reasons", verdict.reasons}});
  return base::Ok{};
}

void LineApi::reports(const Call& call, const Reply& reply, const Asker& asker) {
  auto sent = line::parse_reports(call.body);
  if (!sent.ok()) return reply(malformed(sent.error().message));
  line::Taken taken;
  std::string heartbeat;
  for (const line::Report& report : sent->known) {
    // Of an hour that is still to come by our clock: it is told again.
    if (report.kind == line::Kind::Usage && report.time > parts_.clock.wall()) continue;
    const base::Status kept =
        report.kind == line::Kind::Health ? keep_health(asker, report, taken) : keep(asker, report);
    if (!kept.ok()) return reply(store_problem(kept.error()));
    taken.ids.push_back(report.id);
    if (report.kind == line::Kind::Heartbeat) heartbeat = report.id;
  }
  for (std::string& id : sent->unknown) taken.ids.push_back(std::move(id));
  if (!heartbeat.empty()) {
    auto asks = asks_for(parts_, asker.installation.id);
    if (!asks.ok()) return reply(store_problem(asks.error()));
    taken.answers[heartbeat] = *std::move(asks);
  }
  parts_.commits.reply(reply, ok(line::format(taken)));
}

void LineApi::orders(const Call& call, const Reply& reply, const Asker& asker) {
  const std::string life = call.parameter("life");
  if (!base::is_ulid(life)) return reply(malformed("life must be a ULID, as in /line/v1/orders?life=..."));
  auto stream = lives_.open({asker.installation.id, life, call.client, asker.certificate.until});
  if (stream == nullptr)
    return reply(refusal(409, line::kTwice, "The installation is connected already",
                         "another life of it is: one of the two is a copy"));
  Response out;
  out.content_type = "application/jsonl";
  out.fields.emplace_back("cache-control", "no-store");
  out.source = std::move(stream);
  reply(std::move(out));
}

}  // namespace postern::mission
