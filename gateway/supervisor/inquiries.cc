// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/inquiries.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"
#include "gateway/supervisor/crls.h"

namespace postern::supervisor {
namespace {

using base::Code;
using base::fail;
using base::Json;

constexpr std::string_view kEngineers = "engineers";
// A responder that took a certificate back is asked again so much later, or when what it said is over, if that is later:
// some made that answer once, long ago.
constexpr base::Micros kRevokedFor = 24 * 3600 * base::kWallSecond;

// What fresh would take away of what is held, as a sentence about "it", the server; empty: nothing. Each list must be there
// again: anybody can hand us the public list of another authority, or leave one of several out.
std::string loss(const Inquiry& held, const Inquiry& fresh) {
  if (!held.list) {
    const bool older = fresh.times.from < held.times.from;
    const bool back = fresh.times.from == held.times.from && !held.revoked.empty() && fresh.revoked.empty();
    return older || back ? "it gave an OCSP response that is older than the one at hand" : "";
  }
  for (const certs::CrlFacts& known : held.lists) {
    bool of_that_issuer = false;
    const bool there = std::any_of(fresh.lists.begin(), fresh.lists.end(), [&](const certs::CrlFacts& one) {
      of_that_issuer = of_that_issuer || one.issuer_id == known.issuer_id;
      return certs::replaces(one, known);
    });
    if (there) continue;
    return of_that_issuer ? "it gave a list that is older than the one at hand, or about fewer certificates"
                          : "it gave no list of " + known.issuer + ", and one is at hand";
  }
  return {};
}

void let_last(Inquiry& one, base::Micros fetched) {
  if (!one.revoked.empty()) one.times.until = std::max(one.times.until, fetched + kRevokedFor);
}

// From which the link reckons when to ask again.
certs::StapleTimes times_for_asking(const Inquiry& one) {
  return {one.revoked.empty() ? one.times.from : one.fetched, one.times.until};
}

std::string_view kind_of(const Inquiry& one) { return one.list ? "crl" : "ocsp"; }

std::string_view shown_revocation(certs::Revocation revocation) {
  return revocation == certs::Revocation::Hard ? "hard" : "soft";
}

std::string issuers_of(const Inquiry& one) {
  std::string out;
  for (const certs::CrlFacts& facts : one.lists) out += (out.empty() ? "" : ", ") + facts.issuer;
  return out;
}

Json news_detail(const Inquiry& one, certs::Revocation revocation) {
  Json out{{"name", one.whose},
           {"evidence", kind_of(one)},
           {"url", one.url},
           {"revocation", shown_revocation(revocation)}};
  if (one.lists.size() == 1 && !one.lists.front().number.empty())
    out["crl_number"] = one.lists.front().number;
  if (one.times.until > 0) out["expires"] = base::format_time(one.times.until);
  return out;
}

std::string subject_of(const Inquiry& one) {
  if (!one.list) return one.subject;
  return one.lists.empty() ? one.url : issuers_of(one);
}

}  // namespace

std::vector<Inquiries::Whose> Inquiries::all_whose(const Ground& ground) {
  std::vector<Whose> out;
  const Config& config = ground.config;
  if (config.engineers.fetch.any() && !ground.material.support_authority_pem.empty())
    out.push_back({std::string(kEngineers), &config.engineers.fetch, &ground.material.support_authority_pem,
                   true, config.engineers.revocation, certs::Purpose::Client});
  for (std::size_t i = 0; i < config.services.size(); ++i) {
    const Service& one = config.services[i];
    if (one.revocation_fetch.any())
      out.push_back({"service " + one.name, &one.revocation_fetch, &ground.material.service_roots[i],
                     !one.roots.path.empty(), one.revocation, certs::Purpose::Server});
  }
  return out;
}

bool Inquiries::may_ask(const Ground& ground, const Whose& whose, const http::WebAddress& at) {
  if (ground.config.revocation_sources.names(at)) return true;
  const auto leads_there = [&](const std::string& url) {
    const auto other = http::parse_web_address(url);
    return other && other->authority == at.authority;
  };
  const auto& lists = whose.wanted->lists;
  if (std::any_of(lists.begin(), lists.end(), [&](const CrlAddress& one) { return leads_there(one.url); }))
    return true;
  if (!whose.own_authorities) return false;
  for (const certs::Whereabouts& one : certs::whereabouts_in(*whose.authorities)) {
    if (leads_there(one.responder) || std::any_of(one.lists.begin(), one.lists.end(), leads_there))
      return true;
  }
  return false;
}

void Inquiries::add_planned(const Whose& whose, std::map<std::string, One>& out) {
  const auto add = [&](const std::string& url) {
    const auto at = http::parse_web_address(url);
    if (!at) return base::log_info(base::printable(url) + " of a certificate is no address of a list");
    One one;
    one.planned = true;
    one.whose = whose.name;
    one.url = url;
    one.at = *at;
    out.emplace(one.name(), std::move(one));
  };
  for (const CrlAddress& list : whose.wanted->lists) add(list.url);
  if (!whose.wanted->from_certificate || !whose.own_authorities) return;
  for (const certs::Whereabouts& of : certs::whereabouts_in(*whose.authorities)) {
    for (const std::string& url : of.lists) add(url);
  }
}

const Inquiries::Whose* Inquiries::find_whose(const std::vector<Whose>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Whose& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool Inquiries::may_go_on(const Ground& ground, const std::vector<Whose>& all, const Inquiry& seen,
                          const http::WebAddress& at) {
  const Whose* whose = find_whose(all, seen.whose);
  return whose != nullptr && seen.not_after > ground.now &&
         (seen.list ? whose->wanted->from_certificate : whose->wanted->ocsp) && may_ask(ground, *whose, at);
}

void Inquiries::plan(const Ground& ground, std::uint32_t& next) {
  const std::vector<Whose> wanted = all_whose(ground);
  std::map<std::string, One> after;
  for (const Whose& whose : wanted) add_planned(whose, after);
  read_kept(ground, wanted, after);
  for (auto& [name, known] : all_) {
    if (const auto planned = after.find(name); planned != after.end()) {
      planned->second = std::move(known);
      planned->second.planned = true;
    } else if (may_go_on(ground, wanted, known, known.at)) {
      known.planned = false;
      after.emplace(name, std::move(known));
    } else {
      forget_inquiry(ground.config.state_directory.path, known);
    }
  }
  for (auto& [name, one] : after) {
    if (one.id == 0) one.id = next++;
  }
  all_ = std::move(after);
}

// Of what this process does not know yet.
void Inquiries::read_kept(const Ground& ground, const std::vector<Whose>& all,
                          std::map<std::string, One>& wanted) const {
  for (Inquiry& kept : kept_inquiries(ground.config.state_directory.path)) {
    const std::string name = kept.name();
    if (all_.contains(name)) continue;
    const auto at = http::parse_web_address(kept.url);
    const bool planned = wanted.contains(name);
    if (!at || (!planned && !may_go_on(ground, all, kept, *at))) {
      forget_inquiry(ground.config.state_directory.path, kept);
      continue;
    }
    One one{std::move(kept), *at, 0};
    one.planned = planned;
    judge_again(*find_whose(all, one.whose), one, ground.now);
    wanted[name] = std::move(one);
  }
}

// A body that is none, or an answer that is good no more, is passed over: it is fetched anew.
void Inquiries::judge_again(const Whose& whose, One& one, base::Micros now) {
  const std::string body = std::exchange(one.body, {});
  const base::Micros fetched = std::exchange(one.fetched, 0);
  const auto judge = [&] { return read_body(one, *whose.authorities, body, now, Since::Before); };
  base::Status read = judge();
  if (!read.ok() && one.planned && one.list && !one.pair_pem.empty()) {
    // The configuration's word counts without the certificate that named the list too.
    one.pair_pem.clear();
    one.not_after = 0;
    read = judge();
  }
  if (read.ok()) one.fetched = fetched;
  if (read.ok()) let_last(one, fetched);
  if (!read.ok()) base::log_info("what " + one.url + " gave before is passed over: " + read.error().message);
}

void Inquiries::put_into(const Config& config, Material& material) const {
  material.fetched_lists.clear();
  auto answers = std::make_shared<certs::Answers>();
  for (const auto& [name, one] : all_) {
    if (one.body.empty()) continue;
    if (one.list)
      material.fetched_lists[one.whose] += one.pem;
    else
      (*answers)[one.fingerprint] = one.body;
  }
  material.answers = std::move(answers);
  material.fetches = fetches(config, material);
}

base::Result<Inquiries::Asked> Inquiries::ask(const Ground& ground, const std::string& whose,
                                              const std::string& host, const std::vector<std::string>& chain,
                                              std::uint32_t& next) {
  const std::vector<Whose> places = all_whose(ground);
  const Whose* place = find_whose(places, whose);
  if (place == nullptr) return fail(Code::Denied, "nothing is asked about certificates of " + whose);
  certs::Question question;
  question.purpose = place->purpose;
  question.host = place->purpose == certs::Purpose::Server ? host : std::string();
  question.now = ground.now;
  auto questions = questions_about(*place->authorities, chain, question);
  if (!questions.ok()) return questions.error();
  Asked out;
  std::string why = "it names nobody who could be asked about it";
  bool any = false;
  for (Inquiry& inquiry : *questions) {
    if (inquiry.list ? !place->wanted->from_certificate : !place->wanted->ocsp) continue;
    const auto at = http::parse_web_address(inquiry.url);
    if (!at || !may_ask(ground, *place, *at)) {
      why = "it sends us to " + base::printable(inquiry.url, 200) +
            ", which revocation_sources.hosts of the configuration does not name";
      continue;
    }
    any = true;
    inquiry.whose = whose;
    const std::string name = inquiry.name();
    const auto known = all_.find(name);
    if (known == all_.end()) {
      make_room(ground);
      One one{std::move(inquiry), *at, 0};
      one.id = next++;
      one.asked_for = ground.now;
      all_.emplace(name, std::move(one));
      out.added = true;
      out.open.push_back(name);
      continue;
    }
    const bool anew = name_again(ground, known->second, inquiry);
    out.added = out.added || anew;
    if (known->second.body.empty() && (anew || known->second.failures == 0)) out.open.push_back(name);
  }
  if (!any) return fail(Code::Denied, why);
  return out;
}

// A certificate named what is asked for already. Of all that name a list the one that is good for longest stands for it: who
// issued that one may have signed the list, also if it is the configuration that names the address. Whether it is to be
// fetched at once: what was of no use before may be of use now.
bool Inquiries::name_again(const Ground& ground, One& known, const Inquiry& by) {
  known.asked_for = ground.now;
  if (by.not_after <= known.not_after) return false;
  const bool anew = known.failures > 0 || known.pair_pem.empty();
  known.pair_pem = by.pair_pem;
  known.fingerprint = by.fingerprint;
  known.subject = by.subject;
  known.not_after = by.not_after;
  if (!known.body.empty()) keep_inquiry(ground.config.state_directory.path, known);
  if (anew) ++known.asked;
  return anew;
}

void Inquiries::make_room(const Ground& ground) {
  const auto forget = [&](std::map<std::string, One>::iterator it) {
    forget_inquiry(ground.config.state_directory.path, it->second);
    return all_.erase(it);
  };
  for (auto it = all_.begin(); it != all_.end();) {
    const bool over = !it->second.planned && it->second.not_after <= ground.now;
    it = over ? forget(it) : std::next(it);
  }
  for (;;) {
    std::size_t seen = 0;
    auto oldest = all_.end();
    for (auto it = all_.begin(); it != all_.end(); ++it) {
      if (it->second.planned) continue;
      ++seen;
      if (oldest == all_.end() || it->second.asked_for < oldest->second.asked_for) oldest = it;
    }
    if (seen < kMostSeen) return;
    forget(oldest);
  }
}

// All lists and answers must fit into an enforcer's part.
base::Status Inquiries::fits(const Ground& ground, const One& one) const {
  std::size_t own = one.list ? one.pem.size() : one.body.size(), count = one.lists.size();
  const bool engineers = one.whose == kEngineers;
  for (const auto& [name, other] : all_) {
    if (name == one.name() || other.list != one.list) continue;
    if (one.list && (other.whose == kEngineers) != engineers) continue;
    own += one.list ? other.pem.size() : other.body.size();
    count += other.lists.size();
  }
  if (!one.list)
    return own <= kAnswersText ? base::Status(base::Ok{})
                               : fail(Code::Limit, "with its answer all answers are longer than " +
                                                       std::to_string(kAnswersText >> 20U) + " MiB");
  std::size_t most = kCrlText;
  if (engineers) {
    own += ground.material.engineer_crls.pem.size();
  } else {
    most = kServiceCrlsText;
    for (const Crls& each : ground.material.service_crls) own += each.pem.size();
  }
  if (own <= most && count <= kCrlsOfAFile) return base::Ok{};
  return fail(Code::Limit, "with its list the lists of revoked certificates are more than " +
                               std::to_string(most >> 20U) + " MiB as PEM, or more than " +
                               std::to_string(kCrlsOfAFile));
}

// Not if an authority left the configuration since, or a certificate named the list that it is not about.
bool Inquiries::still_counts(const Whose& whose, const One& one, base::Micros now) {
  Inquiry held = one;
  return read_body(held, *whose.authorities, one.body, now, Since::Before).ok();
}

base::Status Inquiries::take_body(const Ground& ground, const Whose& whose, One& one,
                                  const std::string& body) {
  One fresh = one;
  if (base::Status read = read_body(fresh, *whose.authorities, body, ground.now); !read.ok()) return read;
  const std::string lost = one.body.empty() ? std::string() : loss(one, fresh);
  if (!lost.empty() && still_counts(whose, one, ground.now)) return fail(Code::Denied, lost);
  let_last(fresh, ground.now);
  if (base::Status room = fits(ground, fresh); !room.ok()) return room;
  fresh.fetched = ground.now;
  fresh.failures = 0;
  fresh.failing_since = 0;
  fresh.why.clear();
  fresh.told_over = false;
  one = std::move(fresh);
  return base::Ok{};
}

Inquiries::Taken Inquiries::take(const Ground& ground, const std::string& name,
                                 const base::Result<std::string>& body) {
  const auto found = all_.find(name);
  const std::vector<Whose> places = all_whose(ground);
  const Whose* whose = found == all_.end() ? nullptr : find_whose(places, found->second.whose);
  if (whose == nullptr) return {fail(Code::NotFound, "nobody asks for it any more"), false, false, true, {}};
  One& one = found->second;
  const bool had = one.held(ground.now), failed_before = one.failures > 0;
  const std::string before = one.body, revoked = one.revoked;
  base::Status taken = body.ok() ? take_body(ground, *whose, one, *body) : base::Status(body.error());
  if (!taken.ok()) return failed(ground, *whose, one, taken.error());
  keep_inquiry(ground.config.state_directory.path, one);
  Taken out{times_for_asking(one), one.body != before, !one.revoked.empty() && revoked.empty(), one.list, {}};
  if (!failed_before && (had || !out.changed) && !out.revoked) return out;
  Json detail = news_detail(one, whose->revocation);
  if (!one.revoked.empty()) detail["why"] = "the certificate " + one.revoked;
  out.news.push_back({audit::EventType::CertificateRevocationFetched, subject_of(one), std::move(detail),
                      out.revoked ? audit::Severity::Warning : audit::Severity::Info});
  return out;
}

// Told once, and once more when what was at hand is over: from then on hard shuts the door.
Inquiries::Taken Inquiries::failed(const Ground& ground, const Whose& whose, One& one,
                                   const base::Error& why) {
  const bool held = one.held(ground.now);
  const bool first = one.failures == 0;
  const bool ran_out = !held && !one.body.empty() && !one.told_over;
  if (one.failing_since == 0) one.failing_since = ground.now;
  one.failures = std::min<int>(one.failures + 1, kMostFailures);
  one.why = why.message;
  one.told_over = one.told_over || ran_out;
  Taken out{why, false, false, one.list, {}};
  if (!first && !ran_out) return out;
  Json detail = news_detail(one, whose.revocation);
  detail["why"] = why.message;
  const bool shut = !held && whose.revocation == certs::Revocation::Hard;
  out.news.push_back({audit::EventType::CertificateRevocationFailed, subject_of(one), std::move(detail),
                      shut && one.list ? audit::Severity::Severe : audit::Severity::Warning});
  return out;
}

const http::Authority* Inquiries::place_of(std::uint32_t id) const {
  for (const auto& [name, one] : all_) {
    if (one.id == id) return &one.at.authority;
  }
  return nullptr;
}

Json Inquiries::fetches(const Config& config, const Material& material) const {
  Json out = Json::array();
  for (const auto& [name, one] : all_) {
    Json& fetch = out.emplace_back(Json{{"id", one.id},
                                        {"name", name},
                                        {"https", one.at.https},
                                        {"host", http::host_to_send(one.at)},
                                        {"target", one.at.target},
                                        {"limit", one.list ? kCrlText : certs::kOcspSizeLimit},
                                        {"every_us", config.revocation_sources.every},
                                        {"held_from", times_for_asking(one).from},
                                        {"held_until", one.times.until},
                                        {"fetched", one.fetched},
                                        {"asked", asked_ + one.asked}});
    if (!one.list) fetch["request"] = base::to_base64(one.request);
    if (!one.at.https) continue;
    fetch["tls_name"] = bare_host(one.at.authority);
    fetch["roots"] = material.revocation_roots;
  }
  return out;
}

Json Inquiries::status(base::Micros now) const {
  Json out = Json::array();
  for (const auto& [name, one] : all_) {
    Json& shown = out.emplace_back(
        Json{{"evidence", kind_of(one)}, {"whose", one.whose}, {"url", one.url}, {"failures", one.failures}});
    if (!one.subject.empty() && !one.list) shown["subject"] = one.subject;
    if (one.list) shown["lists"] = crls_json({one.pem, one.lists}, now);
    if (one.times.from > 0) shown["from"] = base::format_time(one.times.from);
    if (one.times.until > 0) {
      shown["until"] = base::format_time(one.times.until);
      shown["over"] = one.times.until <= now;
    }
    if (!one.revoked.empty()) shown["revoked"] = one.revoked;
    if (one.fetched > 0) shown["fetched"] = base::format_time(one.fetched);
    if (one.failures == 0) continue;
    shown["why"] = one.why;
    shown["failing_since"] = base::format_time(one.failing_since);
  }
  return out;
}

std::vector<std::pair<std::string, certs::CrlFacts>> Inquiries::lists(const std::string& whose) const {
  std::vector<std::pair<std::string, certs::CrlFacts>> out;
  for (const auto& [name, one] : all_) {
    if (one.whose != whose) continue;
    for (const certs::CrlFacts& facts : one.lists) out.emplace_back(one.url, facts);
  }
  return out;
}

}  // namespace postern::supervisor
