// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The form that all metadata of The Update Framework has (specification 1.0, section 4.2), as far as Postern takes it:
//
//   {"signatures":[{"keyid":KEYID,"sig":HEX}, ...],"signed":{"_type":ROLE,"spec_version":"1.0.x","version":N,"expires":TIME, ...}}
//
// What is signed is the canonical JSON of `signed`: keys rise by their bytes, no white space, whole numbers only, and in texts
// nothing is escaped but `"` and `\`. Keys are Ed25519 alone; a KEYID is the SHA-256, in hexadecimal, of the canonical JSON of the
// key's object, so that one key cannot stand under two names. Pure; errors are Invalid or Limit, a sentence about the document.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::update {

inline constexpr std::string_view kSpecVersion = "1.0.34";  // that we write; every 1.x.y is read
inline constexpr std::size_t kMostSignatures = 32;          // of one document
inline constexpr std::int64_t kMostVersion = 2'000'000'000;

// Corrupt where something cannot be written so: a number with a fraction, a text that is not UTF-8.
base::Result<std::string> canonical_json(const base::Json& value);

base::Json key_json(std::string_view public_key);  // 32 bytes
std::string key_id(std::string_view public_key);   // 64 hexadecimal digits

// Which keys may sign for a role, and how many different ones must.
struct RoleKeys {
  std::set<std::string> ids;
  std::int64_t threshold = 1;
  bool operator==(const RoleKeys&) const = default;
};
using Keys = std::map<std::string, std::string>;  // by id: 32 bytes

struct Envelope {
  base::Json content;                             // what is signed
  std::string canonical;                          // its bytes
  std::map<std::string, std::string> signatures;  // by key id; 64 bytes
  std::int64_t version = 0;
  base::Micros expires = 0;
};
// role: "root"; limit: bytes. A document of a specification that is not 1.x is Invalid, and says so.
base::Result<Envelope> parse_envelope(std::string_view text, std::string_view role, std::size_t limit);
bool is_known_specification(std::string_view text);  // of a document's "spec_version": 1.x.y

// How many different keys of the role have signed it. A signature that does not fit counts for nothing.
std::int64_t count_signatures(const Envelope& envelope, const Keys& keys, const RoleKeys& role);

// A document without signatures, and one more signature on it (in the place of one by the same key).
base::Result<std::string> unsigned_document(const base::Json& content);
base::Result<std::string> add_signature(std::string_view document, const base::Secret& seed);

std::string format_second(base::Micros time);  // "2026-03-01T08:09:10Z", as the specification has times

}  // namespace postern::update
