// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// CBOR (RFC 8949) as an authenticator writes it: the CTAP2 canonical form (CTAP 2.1 section 8) without floats and tags.
// Lengths are definite, numbers have their shortest form, keys of a map are whole numbers or texts and stand once. The
// order of keys is not looked at. Written here because a COSE key's keys are numbers, which nlohmann-json does not read, and
// because a reader of strangers' bytes should do no more than is needed (docs/DEPENDENCIES.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::accounts {

inline constexpr int kCborDepth = 4;  // nested arrays and maps; CTAP allows no more
inline constexpr std::size_t kCborMembers = 64;

// Views into the bytes that were read.
struct Cbor {
  enum class Kind : std::uint8_t { Number, Bytes, Text, Array, Map, Simple };
  Kind kind = Kind::Simple;
  struct Member;
  std::int64_t number = 0;      // of Number; of Simple 0 (false, null, undefined) or 1 (true)
  std::string_view bytes;       // of Bytes and Text
  std::vector<Cbor> items;      // of Array
  std::vector<Member> members;  // of Map

  // nullptr if this is no map or has no such member of that kind.
  const Cbor* find(std::int64_t key, Kind wanted) const;
  const Cbor* find(std::string_view key, Kind wanted) const;
};
struct Cbor::Member {
  Cbor key, value;
};

// Takes one item off the front of in; nothing if it is not of that form, and in is as it was.
std::optional<Cbor> read_cbor(std::string_view& in);

}  // namespace postern::accounts
