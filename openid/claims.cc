// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "openid/claims.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::openid {
namespace {

using base::Json;
using base::Micros;
using base::Result;

constexpr double kLatest = 1e11;  // seconds: a time beyond it is none, and must not overflow
constexpr const char* kLogoutEvent = "http://schemas.openid.net/event/backchannel-logout";

base::Error not_believed(std::string why) {
  return base::fail(base::Code::Invalid, base::Side::Client, std::move(why));
}

// A NumericDate (RFC 7519 section 2) in microseconds; nothing if it is missing or none.
std::optional<Micros> time_in(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  if (!(seconds >= 0 && seconds < kLatest)) return std::nullopt;
  return static_cast<Micros>(seconds * static_cast<double>(base::kWallSecond));
}

bool is_plain(std::string_view text) {
  return text.size() <= kClaimLimit && base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// A text that can stand in an event; empty if it is none.
std::string text_in(const Json& claims, const char* name) {
  std::string text = base::json_text_or(claims, name, "");
  return is_plain(text) ? text : std::string();
}

// A text or a list of them, as providers write groups and amr. False if it is there and neither.
bool texts_in(const Json& claims, const std::string& name, std::size_t most, std::vector<std::string>& out) {
  const auto found = claims.find(name);
  if (found == claims.end()) return true;
  const Json list = found->is_string() ? Json::array({*found}) : *found;
  if (!list.is_array() || list.size() > most) return false;
  for (const Json& one : list) {
    if (!one.is_string() || !is_plain(one.get_ref<const std::string&>())) return false;
    out.push_back(one.get<std::string>());
  }
  return true;
}

bool is_for_us(const Json& claims, const Expected& expected) {
  const auto audience = claims.find("aud");
  if (audience == claims.end()) return false;
  if (audience->is_array()) return audience->size() == 1 && audience->front() == expected.client_id;
  return *audience == expected.client_id;
}

// What both kinds of token must say.
base::Status judge_common(const Json& claims, const Expected& expected) {
  if (base::json_text_or(claims, "iss", "") != expected.issuer)
    return not_believed("the token was issued by another provider (iss)");
  if (!is_for_us(claims, expected)) return not_believed("the token is not for this gateway alone (aud)");
  if (claims.contains("azp") && base::json_text_or(claims, "azp", "") != expected.client_id)
    return not_believed("the token was issued to another client (azp)");
  const auto issued = time_in(claims, "iat");
  if (!issued) return not_believed("the token does not say when it was issued (iat)");
  if (*issued > expected.now + expected.skew)
    return not_believed("the token was issued in the future (iat): one of the two clocks is wrong");
  if (*issued + kTokenAge + expected.skew < expected.now)
    return not_believed("the token was issued too long ago (iat)");
  if (claims.contains("exp")) {
    const auto expires = time_in(claims, "exp");
    if (!expires || *expires + expected.skew <= expected.now)
      return not_believed("the token has expired (exp)");
  }
  if (claims.contains("nbf")) {
    const auto begins = time_in(claims, "nbf");
    if (!begins || *begins > expected.now + expected.skew)
      return not_believed("the token is not valid yet (nbf)");
  }
  return base::Ok{};
}

base::Status judge_proof(const Json& claims, const Expected& expected, const Person& person) {
  if (expected.max_age > 0) {
    const auto proved = time_in(claims, "auth_time");
    if (!proved || *proved > expected.now + expected.skew ||
        *proved + expected.max_age + expected.skew < expected.now)
      return not_believed("the provider last saw this person prove who they are too long ago (auth_time)");
  }
  const auto has = [](const std::vector<std::string>& list, const std::string& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  };
  if (!expected.acr.empty() && !has(expected.acr, person.acr))
    return not_believed("the sign-in at the provider was weaker than is demanded (acr)");
  if (!std::all_of(expected.amr.begin(), expected.amr.end(),
                   [&](const std::string& one) { return has(person.amr, one); }))
    return not_believed("the sign-in at the provider lacked a proof that is demanded (amr)");
  return base::Ok{};
}

}  // namespace

Result<Person> judge_id_token(const Json& claims, const Expected& expected) {
  if (base::Status common = judge_common(claims, expected); !common.ok()) return common.error();
  if (!claims.contains("exp")) return not_believed("the token does not say until when it counts (exp)");
  if (expected.nonce.empty() ||
      !base::equals_constant_time(base::json_text_or(claims, "nonce", ""), expected.nonce))
    return not_believed("the token belongs to another sign-in (nonce)");
  Person person;
  person.subject = text_in(claims, "sub");
  if (person.subject.empty()) return not_believed("the token does not say who has signed in (sub)");
  person.sid = text_in(claims, "sid");
  person.preferred_username = text_in(claims, "preferred_username");
  person.acr = text_in(claims, "acr");
  if (base::json_bool_or(claims, "email_verified", false)) person.email = text_in(claims, "email");
  if (!texts_in(claims, "amr", kMostProofs, person.amr) ||
      !texts_in(claims, expected.groups_claim, kMostGroups, person.groups))
    return not_believed("the token's lists (amr, groups) are not lists of short texts");
  if (base::Status proof = judge_proof(claims, expected, person); !proof.ok()) return proof.error();
  return person;
}

Result<Departure> judge_logout_token(const Json& claims, const Expected& expected) {
  if (base::Status common = judge_common(claims, expected); !common.ok()) return common.error();
  const auto events = claims.find("events");
  if (events == claims.end() || !events->is_object() || !events->contains(kLogoutEvent) ||
      !(*events)[kLogoutEvent].is_object())
    return not_believed("the token is no logout token (events)");
  if (claims.contains("nonce")) return not_believed("the token is no logout token (nonce)");
  Departure out{text_in(claims, "sub"), text_in(claims, "sid"), text_in(claims, "jti")};
  if (out.subject.empty() && out.sid.empty())
    return not_believed("the token does not say who has signed out (sub, sid)");
  if (out.id.empty()) return not_believed("the token has no id by which it would count once (jti)");
  return out;
}

}  // namespace postern::openid
