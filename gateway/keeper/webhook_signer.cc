// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/webhook_signer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "certs/webhook_secret.h"

namespace postern::keeper {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kIdSize = 26;  // of a ULID

bool is_event_id(std::string_view text) {
  return text.size() == kIdSize && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

// Ten digits: until the year 2286.
bool is_near(std::string_view text, base::Micros now) {
  if (text.size() != 10 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  base::Micros seconds = 0;
  for (const char c : text) seconds = seconds * 10 + (c - '0');
  const base::Micros time = seconds * base::kWallSecond;
  return time > now - kWebhookSkew && time < now + kWebhookSkew;
}

}  // namespace

base::Status WebhookSigner::add(const std::string& target, const std::string& path,
                                std::string_view content) {
  auto secret = certs::read_webhook_secret(content);
  if (!secret.ok()) return fail(Code::Invalid, path + " is " + secret.error().message);
  if (!secrets_.emplace(target, std::move(*secret)).second)
    return fail(Code::Invalid, "there are two secrets for " + target);
  return base::Ok{};
}

base::Result<std::string> WebhookSigner::sign(std::string_view target, std::string_view payload,
                                              base::Micros now) const {
  const auto secret = secrets_.find(target);
  if (secret == secrets_.end()) return fail(Code::Denied, "there is no secret for webhooks to that target");
  const std::size_t first = payload.find('.');
  const std::size_t second = first == std::string_view::npos ? first : payload.find('.', first + 1);
  if (second == std::string_view::npos || !is_event_id(payload.substr(0, first)) ||
      !is_near(payload.substr(first + 1, second - first - 1), now) || payload.substr(second + 1, 1) != "{" ||
      payload.back() != '}')
    return fail(Code::Denied, "what is to be signed is not a webhook");
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  const std::string_view key = secret->second.view();
  const unsigned char* made =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(payload.data()), payload.size(), mac.data(), &size);
  if (made == nullptr) return fail(Code::Denied, "the signature could not be made");
  return "v1," + base::to_base64({reinterpret_cast<const char*>(mac.data()), size});
}

}  // namespace postern::keeper
