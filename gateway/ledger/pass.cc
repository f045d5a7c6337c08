// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/pass.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/ulid.h"
#include "certs/keeper_protocol.h"

namespace postern::ledger {
namespace {

using base::Code;
using base::Result;
using base::Side;

constexpr std::string_view kPassWord = "postern-pass-v1.";

base::Error not_a_pass() {
  return base::fail(Code::Invalid, Side::Client, "this is not a pass of this gateway");
}

Result<Pass> read_payload(std::string_view payload) {
  const auto json = base::parse_json(payload, 2);
  if (!json.ok()) return not_a_pass();
  Pass pass;
  pass.id = base::json_text_or(*json, "id", "");
  pass.engineer = base::json_text_or(*json, "engineer", "");
  const auto issued = base::parse_time(base::json_text_or(*json, "issued", ""));
  const auto expires = base::parse_time(base::json_text_or(*json, "expires", ""));
  if (!base::is_ulid(pass.id) || pass.engineer.empty() || !issued.ok() || !expires.ok()) return not_a_pass();
  pass.issued = *issued;
  pass.expires = *expires;
  return pass;
}

}  // namespace

std::string pass_payload(const Pass& pass) {
  std::string out;
  base::JsonWriter writer(out);
  writer.open_object();
  writer.field("id", pass.id);
  writer.field("engineer", pass.engineer);
  writer.field("issued", std::string_view(base::format_time(pass.issued)));
  writer.field("expires", std::string_view(base::format_time(pass.expires)));
  writer.close_object();
  return out;
}

std::string signed_part(std::string_view payload) { return std::string(certs::kPassPrefix).append(payload); }

std::string pass_text(std::string_view payload, std::string_view signature) {
  return std::string(kPassWord) + base::to_base64url(payload) + "." + base::to_base64url(signature);
}

Result<Pass> read_pass(std::string_view text, std::string_view public_key) {
  if (text.size() > kPassLimit || text.substr(0, kPassWord.size()) != kPassWord) return not_a_pass();
  text.remove_prefix(kPassWord.size());
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return not_a_pass();
  const auto payload = base::from_base64url(text.substr(0, dot));
  const auto signature = base::from_base64url(text.substr(dot + 1));
  if (!payload || !signature || signature->size() != base::kEd25519SignatureSize) return not_a_pass();
  if (!base::ed25519_verify(public_key, signed_part(*payload), *signature)) return not_a_pass();
  return read_payload(*payload);
}

}  // namespace postern::ledger
