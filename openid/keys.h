// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A provider's published keys (JSON Web Key Set, RFC 7517 section 5). Pure.
//
// A key of a kind that is not known, too weak, damaged, or for something else than signatures is passed over: a provider may
// publish what we have no use for. A set that shows the private half of a key is refused whole: whoever read it signs as
// the provider does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/web_key.h"
#include "openid/jws.h"

namespace postern::openid {

inline constexpr std::size_t kKeySetLimit = 256U << 10U;  // bytes of the document
inline constexpr std::size_t kMostKeys = 100;

enum class SignatureVerdict : std::uint8_t {
  Good,
  Wrong,  // no key of that name signed it
  NoKey,  // there is none: one may have been published since
};

class KeySet {
 public:
  // Invalid, side Component (the provider's), with a sentence.
  static base::Result<KeySet> parse(std::string_view text);

  // A token that names a key is held against the keys of that name alone, one that names none against the only key that
  // fits its algorithm; where several would fit, there is NoKey.
  SignatureVerdict judge(const Jws& jws) const;
  std::size_t size() const { return keys_.size(); }

 private:
  struct Key {
    std::string kid;                               // may be empty
    std::optional<certs::WebAlgorithm> algorithm;  // that it is for, where the set says so
    certs::WebKey key;
  };
  std::vector<Key> keys_;
};

}  // namespace postern::openid
