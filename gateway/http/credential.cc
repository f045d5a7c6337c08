// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/credential.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

base::Error wrong(const char* what) { return base::fail(base::Code::Invalid, what); }

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

bool is_bearer_token(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

base::Secret bearer(std::string_view token) {
  std::string value;
  value.reserve(7 + token.size());
  value.append("Bearer ").append(token);
  base::Secret out(value);
  base::wipe(value);
  return out;
}

base::Secret basic(std::string_view user, std::string_view password) {
  std::string pair;
  pair.reserve(user.size() + 1 + password.size());
  pair.append(user).append(":").append(password);
  std::string encoded = base::to_base64(pair);
  std::string value;
  value.reserve(6 + encoded.size());
  value.append("Basic ").append(encoded);
  base::Secret out(value);
  for (std::string* copy : {&pair, &encoded, &value}) base::wipe(*copy);
  return out;
}

}  // namespace

bool is_basic_user(std::string_view user) {
  return !user.empty() &&
         std::none_of(user.begin(), user.end(), [](char c) { return c == ':' || is_control(c); });
}

base::Result<base::Secret> credential_value(CredentialKind kind, std::string_view user,
                                            std::string_view text) {
  const std::string_view secret = without_line_end(text);
  if (secret.empty()) return wrong("holds nothing");
  if (secret.size() > kCredentialFileLimit) return wrong("is longer than a header field may be");
  if (std::any_of(secret.begin(), secret.end(), is_control))
    return wrong("must hold one line without control characters");
  switch (kind) {
    case CredentialKind::Bearer:
      if (!is_bearer_token(secret)) return wrong("must hold a token: printable ASCII without spaces");
      return bearer(secret);
    case CredentialKind::Basic:
      if (!is_basic_user(user)) return wrong("needs a user without a colon");
      return basic(user, secret);
    case CredentialKind::Header:
      if (classify_value(secret) != ValueText::Ascii)
        return wrong("must hold what a header field can: printable ASCII, no space at an end");
      return base::Secret(secret);
  }
  return wrong("is of no known kind");
}

}  // namespace postern::http
