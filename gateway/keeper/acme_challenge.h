// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The certificate that answers a tls-alpn-01 challenge (RFC 8737 section 3): self-signed, for one name, with the digest of
// the key authorization in a critical extension that no client knows, so that it is good for nothing else. Its key is
// made for it, and goes with it. One at a time. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "gateway/keeper/token_key.h"

namespace postern::keeper {

class AcmeChallenge {
 public:
  // An attempt of the link's takes less; should it die before it says that the challenge is over, this ends it.
  static constexpr base::Micros kLife = 3600 * base::kWallSecond;

  // In place of the one before. name: a DNS name.
  base::Status begin(const std::string& name, std::string_view key_authorization, base::Micros now);
  void end() { *this = AcmeChallenge(); }

  std::string certificate(std::string_view name,
                          base::Micros now) const;                      // PEM; empty: none runs for the name
  const TlsKey* find(std::string_view key_id, base::Micros now) const;  // nullptr: there is none

 private:
  bool runs(base::Micros now) const { return key_.key != nullptr && now >= begun_ && now - begun_ < kLife; }

  std::string name_;  // lower case
  std::string pem_, key_id_;
  TlsKey key_;
  base::Micros begun_ = 0;
};

}  // namespace postern::keeper
