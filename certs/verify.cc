// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/verify.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/bytes.h"
#include "base/file.h"
#include "certs/certificate.h"
#include "certs/constraints.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Ok;

// One chain's way through the rules that need the whole path.
class Judgement {
 public:
  Judgement(const Question& question, const Evidence& evidence, Work& work)
      : question_(question), evidence_(evidence), work_(work) {}

  std::optional<Failure> judge(const Path& path) {
    standings_.assign(path.size(), Standing::Unknown);
    unanswered_ = false;
    until_ = path.front()->facts.not_after;
    for (const Candidate* one : path) until_ = std::min(until_, one->facts.not_after);
    if (auto failure = judge_each(path)) return failure;
    if (auto failure = judge_lengths(path)) return failure;
    if (auto failure = judge_names(path)) return failure;
    if (auto failure = judge_what_is_demanded(path)) return failure;
    if (auto failure = judge_features(path)) return failure;
    if (auto failure = judge_pins(path)) return failure;
    return judge_revocation(path);
  }

  const std::vector<Standing>& standings() const { return standings_; }
  base::Micros until() const { return until_; }
  bool unanswered() const { return unanswered_; }

 private:
  Failure failure_at(const Path& path, std::size_t at, const Fault& fault) const {
    const bool named = fault.rule == Rule::NoName || fault.rule == Rule::WrongName;
    return {fault.rule, at + 1,
            named ? fault.what : called(*path[at], at + 1, question_.host) + " " + fault.what};
  }

  std::optional<Failure> judge_each(const Path& path) const {
    for (std::size_t at = 0; at < path.size(); ++at) {
      const Part part{at == 0, at + 1 == path.size(), question_.purpose, question_.now};
      if (auto fault = judge_single(*path[at], part)) return failure_at(path, at, *fault);
    }
    return std::nullopt;
  }

  // RFC 5280 6.1.4 (l): an authority that renews its own key does not count.
  std::optional<Failure> judge_lengths(const Path& path) const {
    long below = 0;
    for (std::size_t at = 1; at < path.size(); ++at) {
      const auto& allowed = path[at]->path_length;
      if (allowed && below > *allowed) {
        return failure_at(
            path, at,
            {Rule::PathLength, "allows " + std::to_string(*allowed) + " authorities below it, and " +
                                   std::to_string(below) + " are"});
      }
      if (!path[at]->self_issued) ++below;
    }
    return std::nullopt;
  }

  std::optional<Failure> judge_names(const Path& path) {
    if (auto failure = judge_constraints_of(path)) return failure;
    const Candidate& leaf = *path.front();
    if (question_.purpose == Purpose::Server) {
      if (auto fault = judge_host(leaf, question_.host)) return failure_at(path, 0, *fault);
      return std::nullopt;
    }
    const bool named = std::any_of(leaf.names.begin(), leaf.names.end(), [](const Name& name) {
      return name.form == Form::Email || name.form == Form::Uri;
    });
    if (named) return std::nullopt;
    return failure_at(
        path, 0, {Rule::NoIdentity, "names nobody: it needs an e-mail address or a URI in subjectAltName"});
  }

  std::optional<Failure> judge_what_is_demanded(const Path& path) const {
    if (question_.purpose != Purpose::Client) return std::nullopt;
    if (auto fault = judge_demands(*path.front(), question_.demands)) return failure_at(path, 0, *fault);
    return std::nullopt;
  }

  std::optional<Failure> judge_constraints_of(const Path& path) {
    for (std::size_t above = 1; above < path.size(); ++above) {
      for (std::size_t at = 0; at < above; ++at) {
        if (at != 0 && path[at]->self_issued) continue;  // RFC 5280 6.1.3 (b)
        auto fault = judge_constraints(*path[above], *path[at], work_);
        if (fault) return failure_at(path, fault->rule == Rule::ConstraintForm ? above : at, *fault);
        if (work_.exhausted)
          return failure_at(path, at, {Rule::Limits, "has more names than can be compared"});
      }
    }
    return std::nullopt;
  }

  std::optional<Failure> judge_features(const Path& path) const {
    for (std::size_t at = 0; at + 1 < path.size(); ++at) {
      const auto& has = path[at]->features;
      for (const long feature : path[at + 1]->features) {
        if (std::find(has.begin(), has.end(), feature) == has.end())
          return failure_at(path, at, {Rule::TlsFeature, "lacks a TLS feature that its authority demands"});
      }
    }
    return std::nullopt;
  }

  std::optional<Failure> judge_pins(const Path& path) const {
    const auto& pins = question_.pins;
    const bool has = pins.empty() || std::any_of(path.begin(), path.end(), [&](const Candidate* one) {
                       return std::find(pins.begin(), pins.end(), one->facts.key_id) != pins.end();
                     });
    if (has) return std::nullopt;
    return failure_at(path, 0, {Rule::Pin, "leads over no key that is pinned"});
  }

  std::optional<Failure> judge_revocation(const Path& path) {
    for (std::size_t at = 0; at + 1 < path.size(); ++at) {
      if (auto fault = judge_standing(*path[at], *path[at + 1], at)) return failure_at(path, at, *fault);
    }
    return std::nullopt;
  }

  std::optional<Fault> judge_standing(const Candidate& of, const Candidate& issuer, std::size_t at) {
    const bool stapled = at == 0 && question_.purpose == Purpose::Server;
    std::optional<Fault> stale;  // a list that is over is silent, and under hard something else must speak
    if (evidence_.crls != nullptr) {
      Finding finding = judge_crls(of, issuer, *evidence_.crls, question_.now, work_);
      const bool silent =
          finding.fault && finding.fault->rule == Rule::CrlStale && question_.old_crls_are_silent;
      if (finding.fault && !silent) return std::move(finding.fault);
      stale = std::move(finding.fault);
      keep(finding, at);
    }
    if (auto fault = judge_fetched(of, issuer, at)) return fault;
    if (stapled && !evidence_.staple.empty()) {
      Finding finding = judge_ocsp(of, issuer, evidence_.staple, question_.now, work_);
      if (finding.fault) return std::move(finding.fault);
      keep(finding, at);
      unanswered_ = false;  // of the first one; those above it follow
    }
    if (stapled && evidence_.staple_follows) return std::nullopt;
    if (stapled && evidence_.staple.empty() &&
        std::find(of.features.begin(), of.features.end(), kStatusRequest) != of.features.end())
      return Fault{Rule::MustStaple, "demands an OCSP response with it, and none came"};
    if (hard() && standings_[at] == Standing::Unknown && stale) return stale;
    if (hard() && standings_[at] == Standing::Unknown)
      return Fault{Rule::RevocationUnknown, "may be revoked: no CRL and no OCSP response speaks of it"};
    return std::nullopt;
  }

  std::optional<Fault> judge_fetched(const Candidate& of, const Candidate& issuer, std::size_t at) {
    if (evidence_.answers == nullptr) return std::nullopt;
    const auto answer = evidence_.answers->find(of.facts.fingerprint);
    if (answer == evidence_.answers->end()) {
      unanswered_ = true;
      return std::nullopt;
    }
    Finding finding = judge_ocsp(of, issuer, answer->second, question_.now, work_);
    if (finding.fault && finding.fault->rule != Rule::OcspStale) return std::move(finding.fault);
    if (finding.fault) unanswered_ = true;
    if (!finding.fault) keep(finding, at);
    return std::nullopt;
  }

  bool hard() const { return question_.revocation == Revocation::Hard; }

  void keep(const Finding& finding, std::size_t at) {
    standings_[at] = finding.standing;
    if (hard() && finding.until > 0) until_ = std::min(until_, finding.until);
  }

  const Question& question_;
  const Evidence& evidence_;
  Work& work_;
  std::vector<Standing> standings_;
  base::Micros until_ = 0;
  bool unanswered_ = false;
};

Verdict refuse(Rule rule, std::size_t place, std::string sentence) {
  Verdict verdict;
  verdict.failure = Failure{rule, place, std::move(sentence)};
  return verdict;
}

std::size_t total_size(const std::vector<std::string>& chain) {
  return std::accumulate(chain.begin(), chain.end(), std::size_t{0},
                         [](std::size_t sum, const std::string& der) { return sum + der.size(); });
}

// Before anything is parsed.
std::optional<Verdict> refuse_size(const std::vector<std::string>& chain) {
  if (chain.empty()) return refuse(Rule::Malformed, 0, "there is no certificate");
  if (chain.size() > kChainLimit) {
    return refuse(Rule::Limits, 0,
                  "the chain has " + std::to_string(chain.size()) + " certificates, and 10 are the most");
  }
  if (total_size(chain) > kChainBytesLimit) return refuse(Rule::Limits, 0, "the chain is longer than 64 KiB");
  return std::nullopt;
}

ClientIdentity identity_of(const CertificateFacts& facts, const Demands& demands, base::Micros until) {
  ClientIdentity identity;
  for (const std::string& email : facts.emails) {
    std::string address = base::to_lower(email);
    if (is_demanded(address, demands)) identity.emails.push_back(std::move(address));
  }
  for (const std::string& uri : facts.uris) {
    if (is_demanded(uri, demands)) identity.uris.push_back(uri);
  }
  identity.until = until;
  identity.fingerprint = facts.fingerprint;
  identity.subject = facts.subject;
  identity.not_after = facts.not_after;
  return identity;
}

}  // namespace

base::Result<Verifier> Verifier::make(std::string_view roots_pem) {
  auto roots = pem_to_der(roots_pem, kRootsLimit);
  if (!roots) return fail(Code::Invalid, "the trusted roots: " + roots.error().message);
  std::vector<Candidate> anchors;
  for (const std::string& der : *roots) {
    auto anchor = take_apart(der);
    if (!anchor) {
      return fail(Code::Invalid, "the trusted roots: certificate " + std::to_string(anchors.size() + 1) +
                                     " of the text: " + anchor.error().message);
    }
    anchors.push_back(*std::move(anchor));
  }
  return Verifier(std::move(anchors));
}

Verdict Verifier::judge(const std::vector<std::string>& chain, const Question& question,
                        const Evidence& evidence) const {
  if (auto refused = refuse_size(chain)) return *std::move(refused);
  if (question.purpose == Purpose::Server && !is_host(question.host))
    return refuse(Rule::WrongName, 0,
                  "\"" + base::printable(question.host) + "\" is neither a host name nor an IP address");
  std::vector<Candidate> presented;
  for (const std::string& der : chain) {
    auto one = take_apart(der);
    if (!one)
      return refuse(
          Rule::Malformed, presented.size() + 1,
          "certificate " + std::to_string(presented.size() + 1) + " of the chain: " + one.error().message);
    presented.push_back(*std::move(one));
  }
  Verdict verdict;
  Judgement judgement(question, evidence, verdict.work);
  PathAnswer answer = find_path(
      anchors_, presented, [&](const Path& path) { return judgement.judge(path); }, verdict.work);
  verdict.failure = std::move(answer.failure);
  if (answer.led_nowhere) {
    const std::size_t place = verdict.failure->place;
    verdict.failure->sentence =
        called(*answer.path[place - 1], place, question.host) + " " + verdict.failure->sentence;
  }
  if (verdict.good()) verdict.until = judgement.until();
  const bool unsure = verdict.failure && (verdict.failure->rule == Rule::RevocationUnknown ||
                                          verdict.failure->rule == Rule::CrlStale);
  verdict.asks = judgement.unanswered() && (verdict.good() || unsure);
  verdict.anchored = !answer.led_nowhere && !(verdict.failure && verdict.failure->place == 0);
  for (std::size_t at = 0; at < answer.path.size(); ++at) {
    const bool known = verdict.good() && at < judgement.standings().size();
    verdict.path.push_back({answer.path[at]->facts, known ? judgement.standings()[at] : Standing::Unknown});
  }
  return verdict;
}

ClientVerifier::ClientVerifier(Verifier verifier, std::vector<CrlPtr> crls, const ClientTrust& trust)
    : verifier_(std::move(verifier)), crls_(std::move(crls)) {
  question_.purpose = Purpose::Client;
  question_.revocation = trust.revocation;
  question_.demands = trust.demands;
  question_.old_crls_are_silent = true;
}

base::Result<ClientVerifier> ClientVerifier::make(const ClientTrust& trust) {
  auto verifier = Verifier::make(trust.roots_pem);
  if (!verifier) return verifier.error();
  for (const Candidate& root : verifier->anchors()) {
    if (!root.authority)
      return fail(Code::Invalid, called(root, 1, "") + " is not an authority's and cannot be a root");
  }
  std::vector<CrlPtr> crls;
  if (!trust.crls.empty()) {
    auto read = read_crls(trust.crls);
    if (!read) return read.error();
    crls = *std::move(read);
  }
  return ClientVerifier(*std::move(verifier), std::move(crls), trust);
}

ClientAnswer ClientVerifier::judge(const std::vector<std::string>& chain, base::Micros now) const {
  Question question = question_;
  question.now = now;
  Evidence evidence;
  evidence.crls = &crls_;
  evidence.answers = answers_.get();
  Verdict verdict = verifier_.judge(chain, question, evidence);
  if (!verdict.good()) return {std::nullopt, std::move(verdict.failure), verdict.asks};
  return {identity_of(verdict.path.front().facts, question.demands, verdict.until), std::nullopt,
          verdict.asks};
}

base::Status check_client_use(std::string_view certificate_pem) {
  auto chain = pem_to_der(certificate_pem);
  if (!chain) return chain.error();
  auto read = take_apart(chain->front());
  if (!read) return read.error();
  const Candidate& leaf = *read;
  if (leaf.purposes && !has_purpose(leaf, kClientPurpose) && !has_purpose(leaf, kAnyPurpose)) {
    return fail(Code::Denied, called(leaf, 1, "") +
                                  " was not issued for clients (extended key usage clientAuth is missing)");
  }
  if (leaf.key_usage && (*leaf.key_usage & KU_DIGITAL_SIGNATURE) == 0)
    return fail(Code::Denied, called(leaf, 1, "") + " does not allow signatures (key usage)");
  return Ok{};
}

base::Result<std::string> read_system_roots() {
  constexpr std::array kPlaces = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                  "/etc/ssl/cert.pem"};
  std::string looked;
  for (const char* place : kPlaces) {
    auto text = base::read_file(place, kPemSizeLimit);
    if (text) return text;
    if (text.error().code != Code::NotFound) return text;
    looked += (looked.empty() ? "" : ", ") + std::string(place);
  }
  return fail(Code::NotFound,
              "no system bundle of trusted roots at " + looked + " (Debian: package ca-certificates)");
}

}  // namespace postern::certs
