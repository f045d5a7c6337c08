// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/webhook_secret.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"

namespace postern::certs {
namespace {

using base::Code;

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kShortest = 24, kLongest = 64;  // bytes, as the specification has it

std::string_view only_line(std::string_view content) {
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (content.ends_with('\r')) content.remove_suffix(1);
  return content;
}

}  // namespace

base::Result<base::Secret> read_webhook_secret(std::string_view content) {
  const base::Error wrong = base::fail(
      Code::Invalid, "no secret for webhooks: it must be whsec_ and 24 to 64 random bytes in base64");
  const std::string_view line = only_line(content);
  if (!line.starts_with(kPrefix)) return wrong;
  auto bytes = base::from_base64(line.substr(kPrefix.size()));
  if (!bytes) return wrong;
  if (bytes->size() < kShortest || bytes->size() > kLongest) {
    base::wipe(*bytes);
    return wrong;
  }
  base::Secret secret(*bytes);
  base::wipe(*bytes);
  return secret;
}

base::Result<base::Secret> read_password(std::string_view content) {
  const std::string_view line = only_line(content);
  const bool plain =
      std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (line.empty() || line.size() > kLongestPassword || !plain || !base::is_utf8(line))
    return base::fail(Code::Invalid, "no password: it must be one line of at most 512 bytes");
  return base::Secret(line);
}

}  // namespace postern::certs
