// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/kept_inquiries.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "certs/certificate.h"
#include "gateway/proc/spawn.h"
#include "gateway/supervisor/crls.h"

namespace postern::supervisor {
namespace {

using base::Code;
using base::fail;
using base::Json;

constexpr std::size_t kReadingText = 2 * kCrlText;    // of a copy: the lists in PEM, escaped, and their facts
constexpr std::size_t kQuestionsText = 1U << 20U;     // of a copy: pairs and addresses
constexpr std::size_t kKeptFileLimit = 4 * kCrlText;  // a body in base64
constexpr std::size_t kMostInquiriesKept = 1024;

std::string kept_folder(const std::string& state_directory) { return state_directory + "/revocation"; }

std::string kept_file(const std::string& state_directory, const Inquiry& inquiry) {
  return kept_folder(state_directory) + "/" + inquiry.name().substr(inquiry.name().find('/') + 1) + ".json";
}

// --- in the copy

Json facts_json(const certs::CrlFacts& facts) {
  return {{"issuer", facts.issuer},    {"number", facts.number},   {"from", facts.from},
          {"until", facts.until},      {"revoked", facts.revoked}, {"issuer_id", facts.issuer_id},
          {"scope_id", facts.scope_id}};
}

std::string reading_of_lists(const certs::ListTrust& trust, std::string_view body,
                             std::optional<base::Micros> now) {
  const auto read = certs::read_lists(trust, body, now);
  if (!read.ok()) return base::dump_json(Json{{"why", read.error().message}});
  Json out{{"pem", read->pem}, {"from", read->times.from}, {"until", read->times.until}};
  for (const certs::CrlFacts& one : read->lists) out["lists"].push_back(facts_json(one));
  return base::dump_json(out);
}

std::string reading_of_answer(const std::string& pair_pem, std::string_view body, base::Micros now) {
  const auto read = certs::read_answer(pair_pem, body, now);
  if (!read.ok()) return base::dump_json(Json{{"why", read.error().message}});
  return base::dump_json(
      Json{{"revoked", read->revoked}, {"from", read->times.from}, {"until", read->times.until}});
}

Json question_json(const certs::Askable& one, bool list, const std::string& url) {
  Json out{{"list", list},           {"url", url},
           {"pair", one.pair_pem},   {"fingerprint", one.fingerprint},
           {"subject", one.subject}, {"not_after", one.not_after}};
  if (list) return out;
  const auto question = certs::question_of_staple(one.pair_pem);
  if (!question.ok()) return nullptr;
  out["request"] = base::to_base64(question->request);
  return out;
}

std::string reading_of_chain(const std::string& roots, const std::vector<std::string>& chain,
                             const certs::Question& question) {
  const auto verifier = certs::Verifier::make(roots);
  if (!verifier.ok()) return base::dump_json(Json{{"why", verifier.error().message}});
  const auto all = certs::askable(*verifier, chain, question);
  if (!all.ok()) return base::dump_json(Json{{"why", all.error().message}});
  Json out{{"questions", Json::array()}};
  for (const certs::Askable& one : *all) {
    for (const std::string& url : one.where.lists) out["questions"].push_back(question_json(one, true, url));
    if (one.where.responder.empty()) continue;
    Json asked = question_json(one, false, one.where.responder);
    if (asked.is_object()) out["questions"].push_back(std::move(asked));
  }
  return base::dump_json(out);
}

// --- what the copy said

base::Result<Json> heard(base::Result<std::string> said) {
  if (!said.ok()) return said.error();
  auto json = base::parse_json(*said);
  if (!json.ok() || !json->is_object()) return fail(Code::Internal, "the copy said nothing");
  if (const std::string* why = base::json_text(*json, "why"); why != nullptr) return fail(Code::Denied, *why);
  return json;
}

std::vector<certs::CrlFacts> facts_in(const Json& json) {
  std::vector<certs::CrlFacts> out;
  for (const Json& one : json.value("lists", Json::array())) {
    certs::CrlFacts& facts = out.emplace_back();
    facts.issuer = base::json_text_or(one, "issuer", "");
    facts.number = base::json_text_or(one, "number", "");
    facts.from = base::json_number_or(one, "from", 0);
    facts.until = base::json_number_or(one, "until", 0);
    facts.revoked = static_cast<std::size_t>(base::json_number_or(one, "revoked", 0));
    facts.issuer_id = base::json_text_or(one, "issuer_id", "");
    facts.scope_id = base::json_text_or(one, "scope_id", "");
  }
  return out;
}

Inquiry inquiry_in(const Json& json) {
  Inquiry out;
  out.list = base::json_bool_or(json, "list", true);
  out.whose = base::json_text_or(json, "whose", "");
  out.url = base::json_text_or(json, "url", "");
  out.pair_pem = base::json_text_or(json, "pair", "");
  out.fingerprint = base::json_text_or(json, "fingerprint", "");
  out.subject = base::json_text_or(json, "subject", "");
  out.not_after = base::json_number_or(json, "not_after", 0);
  out.request = base::from_base64(base::json_text_or(json, "request", "")).value_or(std::string());
  out.fetched = base::json_number_or(json, "fetched", 0);
  out.body = base::from_base64(base::json_text_or(json, "body", "")).value_or(std::string());
  return out;
}

}  // namespace

std::string Inquiry::name() const {
  const std::string hex = base::sha256_hex(whose + "\n" + url + "\n" + (list ? "" : fingerprint));
  return (list ? "list/" : "answer/") + hex.substr(0, 32);
}

base::Status read_body(Inquiry& inquiry, const std::string& authorities, std::string_view body,
                       base::Micros now, Since since) {
  const auto read = [&] {
    return inquiry.list ? reading_of_lists({authorities, inquiry.pair_pem}, body,
                                           since == Since::Today ? std::optional(now) : std::nullopt)
                        : reading_of_answer(inquiry.pair_pem, body, now);
  };
  const auto json = heard(proc::ask_walled_copy(read, kReadingText));
  if (!json.ok()) return json.error();
  inquiry.body = body;
  inquiry.pem = base::json_text_or(*json, "pem", "");
  inquiry.lists = facts_in(*json);
  inquiry.revoked = base::json_text_or(*json, "revoked", "");
  inquiry.times = {base::json_number_or(*json, "from", 0), base::json_number_or(*json, "until", 0)};
  return base::Ok{};
}

base::Result<std::vector<Inquiry>> questions_about(const std::string& roots,
                                                   const std::vector<std::string>& chain,
                                                   const certs::Question& question) {
  const auto json =
      heard(proc::ask_walled_copy([&] { return reading_of_chain(roots, chain, question); }, kQuestionsText));
  if (!json.ok()) return json.error();
  std::vector<Inquiry> out;
  for (const Json& one : json->value("questions", Json::array())) out.push_back(inquiry_in(one));
  return out;
}

void keep_inquiry(const std::string& state_directory, const Inquiry& inquiry) {
  ::mkdir(kept_folder(state_directory).c_str(), 0700);  // it may be there; what it is not, writing tells
  const Json json{{"list", inquiry.list},
                  {"whose", inquiry.whose},
                  {"url", inquiry.url},
                  {"pair", inquiry.pair_pem},
                  {"fingerprint", inquiry.fingerprint},
                  {"subject", inquiry.subject},
                  {"not_after", inquiry.not_after},
                  {"request", base::to_base64(inquiry.request)},
                  {"fetched", inquiry.fetched},
                  {"body", base::to_base64(inquiry.body)}};
  const base::Status written =
      base::write_file(kept_file(state_directory, inquiry), base::dump_json(json) + "\n", 0644);
  if (!written.ok())
    base::log_warning("what " + inquiry.url +
                      " gave is used, but could not be kept: " + written.error().message);
}

void forget_inquiry(const std::string& state_directory, const Inquiry& inquiry) {
  ::unlink(kept_file(state_directory, inquiry).c_str());  // that it is not there is as well
}

std::vector<Inquiry> kept_inquiries(const std::string& state_directory) {
  std::vector<Inquiry> out;
  const std::string folder = kept_folder(state_directory);
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (open == nullptr) return out;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string name = entry->d_name;
    if (!name.ends_with(".json") || out.size() == kMostInquiriesKept) continue;
    const auto text = base::read_file(folder + "/" + name, kKeptFileLimit);
    const auto json = text.ok() ? base::parse_json(*text) : base::Result<Json>(text.error());
    if (!json.ok() || !json->is_object()) {
      base::log_info(folder + "/" + name + " is passed over: it cannot be read");
      continue;
    }
    Inquiry one = inquiry_in(*json);
    if (kept_file(state_directory, one) == folder + "/" + name) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace postern::supervisor
