// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A pass: a signed, single-use, short-lived sign-in for one engineer.
//
//   pass      = "postern-pass-v1." base64url(payload) "." base64url(signature)
//   payload   = JSON {"id": ULID, "engineer": name, "issued": time, "expires": time}      times RFC 3339
//   signature = Ed25519 (RFC 8032) by the keeper's pass key over "postern-pass-v1" LF payload
//
// What is signed begins with words that nothing else begins with, so a signature under a pass is good for
// nothing else. Gained: whoever issued it need not be asked again, and a stolen log gives no pass. Given up:
// revoking one means removing the engineer, or letting it run out. That it is used once only is not in the
// pass: the ledger's state knows the used ones.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace postern::ledger {

inline constexpr std::size_t kPassLimit = 1024;  // bytes of the text

struct Pass {
  std::string id;
  std::string engineer;
  base::Micros issued = 0;
  base::Micros expires = 0;
};

std::string pass_payload(const Pass& pass);
std::string signed_part(std::string_view payload);  // what the keeper signs
std::string pass_text(std::string_view payload, std::string_view signature);

// Checks form and signature, not the time. Invalid, side Client, with a sentence that tells nothing about the
// key.
base::Result<Pass> read_pass(std::string_view text, std::string_view public_key);

}  // namespace postern::ledger
