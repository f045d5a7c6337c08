// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "update/envelope.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::update {
namespace {

using base::Code;
using base::Json;
using base::Side;

constexpr int kDepth = 12;
constexpr std::size_t kKeyId = 64;            // hexadecimal digits
constexpr std::size_t kDocument = 1U << 20U;  // bytes, where no role's own limit holds

base::Error not_metadata(std::string sentence) {
  return base::fail(Code::Invalid, Side::Component, std::move(sentence));
}

base::Status put_text(const std::string& text, std::string& out) {
  if (!base::is_utf8(text)) return base::fail(Code::Corrupt, "a text is not UTF-8");
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return base::Ok{};
}

base::Status put_canonical(const Json& value, std::string& out);

base::Status put_object(const Json& value, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& [key, item] : value.items()) {  // in the order of the keys' bytes: Json keeps them so
    if (!std::exchange(first, false)) out += ',';
    if (base::Status put = put_text(key, out); !put.ok()) return put;
    out += ':';
    if (base::Status put = put_canonical(item, out); !put.ok()) return put;
  }
  out += '}';
  return base::Ok{};
}

base::Status put_array(const Json& value, std::string& out) {
  out += '[';
  bool first = true;
  for (const Json& item : value) {
    if (!std::exchange(first, false)) out += ',';
    if (base::Status put = put_canonical(item, out); !put.ok()) return put;
  }
  out += ']';
  return base::Ok{};
}

base::Status put_canonical(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::object:
      return put_object(value, out);
    case Json::value_t::array:
      return put_array(value, out);
    case Json::value_t::string:
      return put_text(value.get_ref<const std::string&>(), out);
    case Json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return base::Ok{};
    case Json::value_t::null:
      out += "null";
      return base::Ok{};
    case Json::value_t::number_unsigned:
      out += std::to_string(value.get<std::uint64_t>());
      return base::Ok{};
    case Json::value_t::number_integer:
      out += std::to_string(value.get<std::int64_t>());
      return base::Ok{};
    default:
      return base::fail(Code::Corrupt, "a number is not a whole one");
  }
}

base::Result<std::map<std::string, std::string>> parse_signatures(const Json& list) {
  if (!list.is_array()) return not_metadata("its signatures are no list");
  if (list.size() > kMostSignatures) return not_metadata("it has more than 32 signatures");
  std::map<std::string, std::string> out;
  for (const Json& one : list) {
    const std::string* id = base::json_text(one, "keyid");
    const std::string* hex = base::json_text(one, "sig");
    if (id == nullptr || hex == nullptr || id->size() != kKeyId || hex->size() > 4096)
      return not_metadata("one of its signatures has no keyid and sig");
    // Twice by one key: the specification wants each key id once.
    if (out.contains(*id)) return not_metadata("it has two signatures by one key");
    auto bytes = base::from_hex(*hex);
    if (!bytes) return not_metadata("one of its signatures is not hexadecimal");
    out[*id] = *std::move(bytes);
  }
  return out;
}

base::Result<Json> parse_document(std::string_view text, std::size_t limit) {
  if (text.size() > limit)
    return base::fail(Code::Limit, Side::Component, "it has more than " + std::to_string(limit) + " bytes");
  auto json = base::parse_json(text, kDepth);
  if (!json.ok()) return not_metadata("it is not JSON: " + json.error().message);
  if (!json->is_object() || !json->contains("signed") || !json->contains("signatures") ||
      !json->at("signed").is_object())
    return not_metadata("it has not the form of signed metadata");
  return json;
}

}  // namespace

base::Result<std::string> canonical_json(const Json& value) {
  std::string out;
  if (base::Status put = put_canonical(value, out); !put.ok()) return put.error();
  return out;
}

Json key_json(std::string_view public_key) {
  Json out{{"keytype", "ed25519"}, {"scheme", "ed25519"}};
  out["keyval"]["public"] = base::to_hex(public_key);
  return out;
}

std::string key_id(std::string_view public_key) {
  return base::sha256_hex(canonical_json(key_json(public_key)).value());
}

std::string format_second(base::Micros time) { return base::format_time(time).substr(0, 19) + "Z"; }

bool is_known_specification(std::string_view text) {
  // 1.x.y: a second one may have rules that we would not hold.
  if (!text.starts_with("1.") || text.size() > 16) return false;
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  return digits && text.back() != '.' && std::count(text.begin(), text.end(), '.') == 2 &&
         text.find("..") == std::string_view::npos;
}

base::Result<Envelope> parse_envelope(std::string_view text, std::string_view role, std::size_t limit) {
  auto json = parse_document(text, limit);
  if (!json.ok()) return json.error();
  Envelope out;
  out.content = std::move(json->at("signed"));
  const std::string written = base::printable(base::json_text_or(out.content, "spec_version", ""), 16);
  if (!is_known_specification(written))
    return not_metadata("it is of the specification \"" + written + "\", and this version knows 1.x.y");
  if (base::json_text_or(out.content, "_type", "") != role)
    return not_metadata("it is not of the role " + std::string(role));
  out.version = base::json_number_or(out.content, "version", 0);
  if (out.version < 1 || out.version > kMostVersion)
    return not_metadata("its version is no number from 1 on");
  const std::string* expires = base::json_text(out.content, "expires");
  const auto time = base::parse_time(expires != nullptr ? *expires : "");
  if (!time.ok()) return not_metadata("it does not say when it expires");
  out.expires = *time;
  auto canonical = canonical_json(out.content);
  if (!canonical.ok()) return not_metadata("it has no canonical form: " + canonical.error().message);
  out.canonical = *std::move(canonical);
  auto signatures = parse_signatures(json->at("signatures"));
  if (!signatures.ok()) return signatures.error();
  out.signatures = *std::move(signatures);
  return out;
}

std::int64_t count_signatures(const Envelope& envelope, const Keys& keys, const RoleKeys& role) {
  std::int64_t count = 0;
  for (const auto& [id, signature] : envelope.signatures) {
    const auto key = keys.find(id);
    if (key != keys.end() && role.ids.contains(id) &&
        base::ed25519_verify(key->second, envelope.canonical, signature))
      ++count;
  }
  return count;
}

base::Result<std::string> unsigned_document(const Json& content) {
  if (const auto canonical = canonical_json(content); !canonical.ok()) return canonical.error();
  // No canonical JSON: that has a line end in a text as it is, and is no JSON then.
  return base::dump_json(Json{{"signatures", Json::array()}, {"signed", content}});
}

base::Result<std::string> add_signature(std::string_view document, const base::Secret& seed) {
  auto json = parse_document(document, kDocument);
  if (!json.ok()) return json.error();
  const auto canonical = canonical_json(json->at("signed"));
  if (!canonical.ok()) return canonical.error();
  auto signatures = parse_signatures(json->at("signatures"));
  if (!signatures.ok()) return signatures.error();
  (*signatures)[key_id(base::ed25519_public(seed))] = base::ed25519_sign(seed, *canonical);
  Json list = Json::array();
  for (const auto& [id, bytes] : *signatures) list.push_back({{"keyid", id}, {"sig", base::to_hex(bytes)}});
  return base::dump_json(Json{{"signatures", std::move(list)}, {"signed", json->at("signed")}});
}

}  // namespace postern::update
