// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/protocol.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/ulid.h"

namespace postern::line {
namespace {

using base::Json;

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kCodeLength = 20, kCodeGroup = 5;
constexpr std::size_t kVersionLimit = 64, kNameLimit = 200, kDomainLimit = 253, kOrderText = 128,
                      kDetailLimit = 512;
constexpr std::string_view kScheme = "spiffe://", kInstallation = "/installation/";
constexpr std::array<std::string_view, 6> kKinds{"registration", "heartbeat", "health",
                                                 "usage",        "event",     "standing"};
constexpr std::array<std::string_view, 4> kOrders{"hello", "pulse", "asks", "conflict"};

base::Error wrong(std::string sentence) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(sentence));
}

base::Result<Json> parse_document(std::string_view text, std::size_t limit) {
  if (text.size() > limit) return wrong("the document has more than " + std::to_string(limit) + " bytes");
  base::Result<Json> json = base::parse_json(text, 32);
  if (!json.ok()) return wrong("the document is not JSON: " + json.error().message);
  if (!json->is_object()) return wrong("the document is no JSON object");
  return json;
}

bool is_printable(std::string_view text) {
  return base::is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

// A text of the document: there, not empty, and of so many printable bytes at most.
base::Status take_text(const Json& json, const char* key, std::size_t limit, std::string& out) {
  const std::string* text = base::json_text(json, key);
  if (text == nullptr || text->empty()) return wrong("the document has no " + std::string(key));
  if (text->size() > limit || !is_printable(*text))
    return wrong(std::string(key) + " is not text of " + std::to_string(limit) + " bytes at most");
  out = *text;
  return base::Ok{};
}

base::Status take_pem(const Json& json, const char* key, std::string_view label, std::size_t limit,
                      std::string& out) {
  const std::string* text = base::json_text(json, key);
  if (text == nullptr) return wrong("the document has no " + std::string(key));
  if (text->size() > limit || !text->starts_with("-----BEGIN " + std::string(label) + "-----"))
    return wrong(std::string(key) + " is not PEM of " + std::to_string(limit) + " bytes at most");
  out = *text;
  return base::Ok{};
}

base::Status take_id(const Json& json, const char* key, std::string& out) {
  base::Status taken = take_text(json, key, base::kUlidLength, out);
  if (taken.ok() && !base::is_ulid(out)) return wrong(std::string(key) + " is not a ULID");
  return taken;
}

base::Status take_time(const Json& json, base::Micros& out) {
  const std::string* text = base::json_text(json, "time");
  if (text == nullptr) return wrong("the document has no time");
  const base::Result<base::Micros> time = base::parse_time(*text);
  if (!time.ok()) return wrong("time: " + time.error().message);
  out = *time;
  return base::Ok{};
}

std::string line_of(const Json& json) { return base::dump_json(json); }

// Nothing: of a kind that this version does not know; its id then stands in unknown.
base::Result<std::optional<Report>> parse_report(const Json& json, std::vector<std::string>& unknown) {
  if (!json.is_object()) return wrong("a report is no JSON object");
  Report report;
  std::string kind;
  if (base::Status id = take_id(json, "id", report.id); !id.ok()) return std::move(id).error();
  if (base::Status text = take_text(json, "kind", kVersionLimit, kind); !text.ok())
    return std::move(text).error();
  const auto* known = std::find(kKinds.begin(), kKinds.end(), kind);
  if (known == kKinds.end()) {
    unknown.push_back(std::move(report.id));
    return std::optional<Report>();
  }
  report.kind = static_cast<Kind>(known - kKinds.begin());
  const std::int64_t schema = base::json_number_or(json, "schema", 0);
  if (schema < 1 || schema > 1'000'000) return wrong("a report has no schema, which is a number from 1 on");
  report.schema = static_cast<int>(schema);
  if (base::Status time = take_time(json, report.time); !time.ok()) return std::move(time).error();
  const auto body = json.find("body");
  if (body == json.end() || !body->is_object()) return wrong("a report has no body, which is a JSON object");
  report.body = *body;
  if (base::dump_json(report.body).size() > kReportBody)
    return wrong("a report's body has more than " + std::to_string(kReportBody) + " bytes");
  return std::optional(std::move(report));
}

}  // namespace

std::string new_code() {
  const std::string random = base::random_bytes(kCodeLength);
  std::string code;
  for (std::size_t i = 0; i < kCodeLength; ++i) {
    if (i > 0 && i % kCodeGroup == 0) code += '-';
    code += kAlphabet[static_cast<unsigned char>(random[i]) % kAlphabet.size()];
  }
  return code;
}

std::string normal_code(std::string_view text) {
  std::string code;
  for (const char each : text) {
    if (each == '-' || each == ' ' || each == '\r') continue;
    char c = static_cast<char>(std::toupper(static_cast<unsigned char>(each)));
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (kAlphabet.find(c) == std::string_view::npos || code.size() == kCodeLength) return {};
    code += c;
  }
  return code.size() == kCodeLength ? code : std::string();
}

std::string uri_of(const InstallationName& name) {
  return std::string(kScheme) + name.domain + std::string(kInstallation) + name.id;
}

base::Result<InstallationName> parse_uri(std::string_view uri) {
  const auto refuse = [&] { return wrong("it names no installation: " + base::printable(uri, kNameLimit)); };
  if (!uri.starts_with(kScheme)) return refuse();
  uri.remove_prefix(kScheme.size());
  const std::size_t slash = uri.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash > kDomainLimit) return refuse();
  InstallationName name{std::string(uri.substr(0, slash)), {}};
  const auto of_domain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  if (!std::all_of(name.domain.begin(), name.domain.end(), of_domain)) return refuse();
  uri.remove_prefix(slash);
  if (!uri.starts_with(kInstallation)) return refuse();
  name.id = uri.substr(kInstallation.size());
  if (!base::is_ulid(name.id)) return refuse();
  return name;
}

std::string format(const EnrolRequest& document) {
  return line_of({{"code", document.code}, {"request", document.request}, {"version", document.version}});
}

std::string format(const Enrolled& document) {
  return line_of({{"installation", document.installation},
                  {"customer", document.customer},
                  {"certificate", document.chain}});
}

std::string format(const RenewRequest& document) { return line_of({{"request", document.request}}); }
std::string format(const Renewed& document) { return line_of({{"certificate", document.chain}}); }

base::Result<EnrolRequest> parse_enrol_request(std::string_view text) {
  const base::Result<Json> json = parse_document(text, kDocumentLimit);
  if (!json.ok()) return json.error();
  EnrolRequest out;
  std::string code;
  if (base::Status s = take_text(*json, "code", kVersionLimit, code); !s.ok()) return std::move(s).error();
  out.code = normal_code(code);
  if (out.code.empty()) return wrong("code is not one: it has 20 letters and digits in groups of five");
  if (base::Status s = take_pem(*json, "request", "CERTIFICATE REQUEST", kRequestPem, out.request); !s.ok())
    return std::move(s).error();
  if (base::Status s = take_text(*json, "version", kVersionLimit, out.version); !s.ok())
    return std::move(s).error();
  return out;
}

base::Result<Enrolled> parse_enrolled(std::string_view text) {
  const base::Result<Json> json = parse_document(text, kDocumentLimit);
  if (!json.ok()) return json.error();
  Enrolled out;
  if (base::Status s = take_id(*json, "installation", out.installation); !s.ok()) return std::move(s).error();
  if (base::Status s = take_text(*json, "customer", kNameLimit, out.customer); !s.ok())
    return std::move(s).error();
  if (base::Status s = take_pem(*json, "certificate", "CERTIFICATE", kChainPem, out.chain); !s.ok())
    return std::move(s).error();
  return out;
}

base::Result<RenewRequest> parse_renew_request(std::string_view text) {
  const base::Result<Json> json = parse_document(text, kDocumentLimit);
  if (!json.ok()) return json.error();
  RenewRequest out;
  if (base::Status s = take_pem(*json, "request", "CERTIFICATE REQUEST", kRequestPem, out.request); !s.ok())
    return std::move(s).error();
  return out;
}

base::Result<Renewed> parse_renewed(std::string_view text) {
  const base::Result<Json> json = parse_document(text, kDocumentLimit);
  if (!json.ok()) return json.error();
  Renewed out;
  if (base::Status s = take_pem(*json, "certificate", "CERTIFICATE", kChainPem, out.chain); !s.ok())
    return std::move(s).error();
  return out;
}

std::string_view to_text(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Json to_json(const Report& report) {
  return {{"id", report.id},
          {"kind", to_text(report.kind)},
          {"schema", report.schema},
          {"time", base::format_time(report.time)},
          {"body", report.body}};
}

std::string format(const std::vector<Report>& reports) {
  Json list = Json::array();
  for (const Report& report : reports) list.push_back(to_json(report));
  return line_of({{"reports", std::move(list)}});
}

base::Result<Reports> parse_reports(std::string_view text) {
  const base::Result<Json> json = parse_document(text, kDocumentLimit);
  if (!json.ok()) return json.error();
  const auto list = json->find("reports");
  if (list == json->end() || !list->is_array()) return wrong("the document has no reports, which are a list");
  if (list->size() > kMostReports)
    return wrong("the document has more than " + std::to_string(kMostReports) + " reports");
  Reports out;
  for (const Json& item : *list) {
    base::Result<std::optional<Report>> report = parse_report(item, out.unknown);
    if (!report.ok()) return std::move(report).error();
    if (*report) out.known.push_back(*std::move(*report));
  }
  return out;
}

std::string format(const Taken& document) {
  Json json{{"taken", document.ids}};
  if (!document.answers.empty()) json["answers"] = document.answers;
  return line_of(json);
}

base::Result<Taken> parse_taken(std::string_view text) {
  const base::Result<Json> json = parse_document(text, kDocumentLimit);
  if (!json.ok()) return json.error();
  const auto list = json->find("taken");
  if (list == json->end() || !list->is_array() || list->size() > kMostReports)
    return wrong("the answer does not say what was taken");
  Taken out;
  for (const Json& id : *list) {
    if (!id.is_string() || !base::is_ulid(id.get_ref<const std::string&>()))
      return wrong("what was taken is not named by ULIDs");
    out.ids.push_back(id.get<std::string>());
  }
  const auto answers = json->find("answers");
  if (answers == json->end()) return out;
  if (!answers->is_object() || answers->size() > kMostReports)
    return wrong("what was answered to reports is no JSON object of them");
  for (const auto& [id, answer] : answers->items()) {
    if (!base::is_ulid(id) || !answer.is_object())
      return wrong("what was answered to a report is no JSON object under its ULID");
    out.answers[id] = answer;
  }
  return out;
}

std::string format(const Order& order) {
  Json json{{"order", kOrders[static_cast<std::size_t>(order.kind)]},
            {"time", base::format_time(order.time)}};
  if (order.kind == OrderKind::Hello) json["version"] = order.text;
  if (order.kind == OrderKind::Conflict) json["client"] = order.text;
  return line_of(json) + "\n";
}

base::Result<Order> parse_order(std::string_view line) {
  const base::Result<Json> json = parse_document(line, kOrderLimit);
  if (!json.ok()) return json.error();
  Order out;
  std::string name;
  if (base::Status s = take_text(*json, "order", kVersionLimit, name); !s.ok()) return std::move(s).error();
  if (base::Status s = take_time(*json, out.time); !s.ok()) return std::move(s).error();
  const auto* known = std::find(kOrders.begin(), kOrders.end(), name);
  if (known == kOrders.end()) return out;
  out.kind = static_cast<OrderKind>(known - kOrders.begin());
  if (out.kind == OrderKind::Pulse || out.kind == OrderKind::Asks) return out;
  const char* key = out.kind == OrderKind::Hello ? "version" : "client";
  if (base::Status s = take_text(*json, key, kOrderText, out.text); !s.ok()) return std::move(s).error();
  return out;
}

Refusal parse_refusal(std::string_view text) {
  const base::Result<Json> json = parse_document(text, kDocumentLimit);
  if (!json.ok()) return {};
  return {base::printable(base::json_text_or(*json, "code", ""), kVersionLimit),
          base::printable(base::json_text_or(*json, "detail", ""), kDetailLimit)};
}

}  // namespace postern::line
