// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The secrets with which webhooks are signed, and what they sign: HMAC-SHA256 over "id.timestamp.body" as Standard Webhooks
// has it (https://github.com/standard-webhooks/standard-webhooks), where the id is an event's, the time is near the
// keeper's own, and the body is a JSON object. Nothing else. Pure.
//
// Should the ledger be in strange hands, it can have any such body signed for as long as that lasts, and not longer: it
// never has the secret.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/result.h"

namespace postern::keeper {

// Between the time that is signed and the keeper's: receivers take five minutes.
inline constexpr base::Micros kWebhookSkew = 5LL * 60 * base::kWallSecond;

class WebhookSigner {
 public:
  // content: of certs/webhook_secret.h; the caller wipes it. Invalid with one sentence; so if target has one.
  base::Status add(const std::string& target, const std::string& path, std::string_view content);
  void adopt(WebhookSigner&& fresh) { secrets_ = std::move(fresh.secrets_); }

  // "v1,BASE64"; Denied with one sentence.
  base::Result<std::string> sign(std::string_view target, std::string_view payload, base::Micros now) const;

 private:
  std::map<std::string, base::Secret, std::less<>> secrets_;
};

}  // namespace postern::keeper
