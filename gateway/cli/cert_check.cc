// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/cert_check.h"

#include <algorithm>
#include <cstdio>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "certs/certificate.h"
#include "gateway/cli/cert_fetch.h"
#include "gateway/cli/program.h"

namespace postern::cli {
namespace {

using base::Code;
using base::fail;

std::string day_of(base::Micros time) { return base::format_time(time).substr(0, 10); }

const char* in_words(certs::Standing standing) {
  switch (standing) {
    case certs::Standing::GoodByStaple:
      return "not revoked (OCSP)";
    case certs::Standing::GoodByCrl:
      return "not revoked (CRL)";
    default:
      return "revocation not known";
  }
}

std::string names_in_words(const certs::CertificateFacts& facts) {
  std::string out;
  for (const auto* list : {&facts.dns_names, &facts.ip_addresses, &facts.emails, &facts.uris}) {
    for (const std::string& name : *list) out += (out.empty() ? "" : ", ") + name;
  }
  return base::printable(out, 200);
}

// The trusted one on top, each further one below who issued it.
std::string tree_of(const certs::Verdict& verdict) {
  std::string out;
  for (std::size_t depth = 0; depth < verdict.path.size(); ++depth) {
    const std::size_t at = verdict.path.size() - 1 - depth;
    const certs::Link& link = verdict.path[at];
    const bool trusted = depth == 0 && verdict.anchored;
    const std::string indent = depth == 0 ? "" : std::string(3 * (depth - 1), ' ') + "└─ ";
    out += indent + std::to_string(at + 1) + "  " + base::printable(link.facts.subject, 120) + "\n";
    const std::string below(3 * depth + 3, ' ');
    out += below + link.facts.key_type + ", " + day_of(link.facts.not_before) + " to " +
           day_of(link.facts.not_after) +
           (trusted ? ", trusted" : std::string(", ") + in_words(link.standing)) + "\n";
    if (at == 0 && !names_in_words(link.facts).empty())
      out += below + "for " + names_in_words(link.facts) + "\n";
    if (verdict.failure && verdict.failure->place == at + 1)
      out += below + "! " + certs::text_of(verdict.failure->rule).name + "\n";
  }
  return out;
}

base::OrderedJson link_json(const certs::Verdict& verdict, std::size_t at) {
  const certs::CertificateFacts& facts = verdict.path[at].facts;
  base::OrderedJson names = base::OrderedJson::array();
  for (const auto* list : {&facts.dns_names, &facts.ip_addresses, &facts.emails, &facts.uris}) {
    for (const std::string& name : *list) names.push_back(name);
  }
  const certs::Standing standing = verdict.path[at].standing;
  return {{"place", at + 1},
          {"subject", facts.subject},
          {"issuer", facts.issuer},
          {"serial", facts.serial},
          {"names", std::move(names)},
          {"key_type", facts.key_type},
          {"key_sha256", base::to_hex(facts.key_id)},
          {"not_before", base::format_time(facts.not_before)},
          {"not_after", base::format_time(facts.not_after)},
          {"sha256", facts.fingerprint},
          {"trusted", at + 1 == verdict.path.size() && verdict.anchored},
          {"revocation", standing == certs::Standing::GoodByStaple ? "good_by_ocsp"
                         : standing == certs::Standing::GoodByCrl  ? "good_by_crl"
                                                                   : "unknown"}};
}

// Owns what a judgement reads.
struct Inputs {
  std::vector<std::string> chain;
  std::string staple;
  std::vector<certs::CrlPtr> crls;
  FetchedEvidence fetched;
  certs::Question question;
};

base::Status read_chain_of(const CertCheckOptions& options, Inputs& inputs) {
  if (!options.url.empty()) {
    const auto place = parse_place(options.url);
    if (!place.ok()) return place.error();
    auto presented = fetch_presented(*place);
    if (!presented.ok()) return presented.error();
    inputs.chain = std::move(presented->chain);
    inputs.staple = std::move(presented->staple);
    if (inputs.question.host.empty()) inputs.question.host = place->host;
    return base::Ok{};
  }
  const auto pem = base::read_file(options.chain, certs::kPemSizeLimit);
  if (!pem.ok()) return pem.error();
  // More than a chain may have is the verifier's to refuse.
  auto chain = certs::pem_to_der(*pem, certs::kRootsLimit);
  if (!chain.ok()) return fail(Code::Invalid, options.chain + ": " + chain.error().message);
  inputs.chain = *std::move(chain);
  return base::Ok{};
}

base::Status read_revocation(const CertCheckOptions& options, Inputs& inputs) {
  for (const std::string& path : options.crls) {
    const auto text = base::read_file(path, certs::kCrlSizeLimit);
    if (!text.ok()) return text.error();
    auto read = certs::read_crls(*text);
    if (!read.ok()) return fail(Code::Invalid, path + ": " + read.error().message);
    std::move(read->begin(), read->end(), std::back_inserter(inputs.crls));
  }
  if (inputs.crls.size() > certs::kCrlsLimit)
    return fail(Code::Limit, "at most " + std::to_string(certs::kCrlsLimit) + " CRLs can be given");
  if (options.ocsp.empty()) return base::Ok{};
  auto staple = base::read_file(options.ocsp, certs::kOcspSizeLimit);
  if (!staple.ok()) return staple.error();
  inputs.staple = *std::move(staple);
  return base::Ok{};
}

base::Status read_question(const CertCheckOptions& options, certs::Question& question) {
  question.host = options.name;
  question.purpose = options.purpose == "client" ? certs::Purpose::Client : certs::Purpose::Server;
  question.revocation = options.revocation == "hard" ? certs::Revocation::Hard : certs::Revocation::Soft;
  question.now = base::SystemClock().wall();
  if (!options.at.empty()) {
    const auto at = base::parse_time(options.at);
    if (!at.ok()) return fail(Code::Invalid, "--at: " + at.error().message);
    question.now = *at;
  }
  for (const std::string& pin : options.pins) {
    auto bytes = base::from_hex(pin);
    if (!bytes || bytes->size() != 32)
      return fail(Code::Invalid, "--pin: the SHA-256 of a public key has 64 hexadecimal digits");
    question.pins.push_back(*std::move(bytes));
  }
  return base::Ok{};
}

const char* misuse(const CertCheckOptions& options) {
  const bool client = options.purpose == "client";
  if (options.url.empty() == options.chain.empty()) return "give a URL, or --chain FILE";
  if (!options.url.empty() && client)
    return "what a URL shows is a server's; give a client's with --chain FILE";
  if (options.url.empty() && !client && options.name.empty())
    return "--name says which host the chain is to be for";
  if (client && !options.name.empty()) return "a client is for no host: --name is for servers";
  return nullptr;
}

base::Result<certs::Verdict> judge_inputs(const CertCheckOptions& options, Inputs& inputs) {
  base::Status done = base::init_crypto();
  if (done.ok()) done = read_question(options, inputs.question);
  if (done.ok()) done = read_chain_of(options, inputs);
  if (done.ok()) done = read_revocation(options, inputs);
  if (!done.ok()) return done.error();
  const auto roots = options.roots.empty() ? certs::read_system_roots()
                                           : base::read_file(options.roots, certs::kPemSizeLimit);
  if (!roots.ok()) return roots.error();
  const auto verifier = certs::Verifier::make(*roots);
  if (!verifier.ok()) return verifier.error();
  if (options.fetch) {
    inputs.fetched = fetch_evidence(*roots, *verifier, inputs.chain, inputs.question);
    std::move(inputs.fetched.crls.begin(), inputs.fetched.crls.end(), std::back_inserter(inputs.crls));
  }
  certs::Evidence evidence;
  evidence.staple = inputs.staple;
  evidence.crls = &inputs.crls;
  evidence.answers = &inputs.fetched.answers;
  return verifier->judge(inputs.chain, inputs.question, evidence);
}

}  // namespace

std::string draw_fetched(const FetchedEvidence& fetched) {
  std::string out;
  for (const FetchedEvidence::One& one : fetched.tried) {
    out += (one.evidence == "crl" ? "List of " : "Answer of ") + base::printable(one.url, 200) +
           (one.why.empty() ? " fetched.\n" : ": nothing of use, " + base::printable(one.why, 400) + ".\n");
  }
  return out.empty() ? out : out + "\n";
}

std::string draw_verdict(const certs::Verdict& verdict, const certs::Question& question) {
  const std::string what =
      question.purpose == certs::Purpose::Client ? "a client" : base::printable(question.host);
  std::string out = tree_of(verdict);
  if (!out.empty()) out += "\n";
  if (verdict.good())
    return out + "Good for " + what + " at " + base::format_time(question.now).substr(0, 19) + "Z.\n";
  const certs::RuleText& text = certs::text_of(verdict.failure->rule);
  return out + "Refused: " + verdict.failure->sentence + ".\n  rule             " + text.name + " (" +
         text.specification + ")\n  demanded         " + text.demand + "\n  a browser says   " +
         text.browser + "\n  what to do       " + text.remedy + "\n";
}

std::string verdict_json(const certs::Verdict& verdict, const certs::Question& question,
                         const FetchedEvidence& fetched) {
  base::OrderedJson path = base::OrderedJson::array();
  for (std::size_t at = 0; at < verdict.path.size(); ++at) path.push_back(link_json(verdict, at));
  base::OrderedJson out{{"good", verdict.good()}};
  if (question.purpose == certs::Purpose::Server) out["name"] = question.host;
  out["purpose"] = question.purpose == certs::Purpose::Client ? "client" : "server";
  out["at"] = base::format_time(question.now);
  out["path"] = std::move(path);
  if (verdict.failure) {
    const certs::RuleText& text = certs::text_of(verdict.failure->rule);
    out["failure"] = {{"rule", text.name},
                      {"specification", text.specification},
                      {"certificate", verdict.failure->place},
                      {"sentence", verdict.failure->sentence},
                      {"browser", text.browser},
                      {"remedy", text.remedy}};
  }
  for (const FetchedEvidence::One& one : fetched.tried) {
    base::OrderedJson told{{"evidence", one.evidence}, {"url", one.url}, {"ok", one.why.empty()}};
    if (!one.why.empty()) told["why"] = one.why;
    out["fetched"].push_back(std::move(told));
  }
  out["signature_checks"] = verdict.work.signatures;
  return base::dump_json(out);
}

int cert_check(const CertCheckOptions& options, bool json) {
  if (const char* why = misuse(options)) {
    fail_with(std::string("cert check: ") + why);
    return kUsage;
  }
  Inputs inputs;
  const base::Result<certs::Verdict> verdict = judge_inputs(options, inputs);
  if (!verdict.ok()) return fail_with("cert check: " + verdict.error().message);
  print(json ? verdict_json(*verdict, inputs.question, inputs.fetched) + "\n"
             : draw_fetched(inputs.fetched) + draw_verdict(*verdict, inputs.question));
  return verdict->good() ? kDone : kFailed;
}

}  // namespace postern::cli
