// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/cbor.h"

#include <algorithm>
#include <limits>

namespace postern::accounts {
namespace {

constexpr unsigned kUnsigned = 0, kNegative = 1, kBytes = 2, kText = 3, kArray = 4, kMap = 5, kSimple = 7;
constexpr unsigned kFalse = 20, kTrue = 21, kUndefined = 23;

struct Head {
  unsigned major = 0;
  std::uint64_t argument = 0;
};

// Major type and argument (RFC 8949 section 3), the shortest form only.
bool read_head(std::string_view& in, Head& head) {
  if (in.empty()) return false;
  const auto first = static_cast<unsigned char>(in.front());
  in.remove_prefix(1);
  head.major = first >> 5U;
  const unsigned low = first & 31U;
  head.argument = low;
  if (low < 24) return true;
  if (low > 27) return false;  // reserved, or of indefinite length
  const std::size_t size = std::size_t{1} << (low - 24U);
  if (in.size() < size) return false;
  head.argument = 0;
  for (std::size_t i = 0; i < size; ++i)
    head.argument = head.argument << 8U | static_cast<unsigned char>(in[i]);
  in.remove_prefix(size);
  const std::uint64_t smallest = size == 1 ? 24 : std::uint64_t{1} << (4 * size);
  return head.argument >= smallest;
}

bool same_key(const Cbor& a, const Cbor& b) {
  return a.kind == b.kind && a.number == b.number && a.bytes == b.bytes;
}

bool read_item(std::string_view& in, int depth, Cbor& out);

bool read_members(std::string_view& in, std::uint64_t count, int depth, Cbor& out) {
  for (std::uint64_t i = 0; i < count; ++i) {
    Cbor key, value;
    if (!read_item(in, 0, key) || (key.kind != Cbor::Kind::Number && key.kind != Cbor::Kind::Text))
      return false;
    const auto same = [&](const auto& member) { return same_key(member.key, key); };
    if (std::any_of(out.members.begin(), out.members.end(), same)) return false;
    if (!read_item(in, depth - 1, value)) return false;
    out.members.push_back({std::move(key), std::move(value)});
  }
  return true;
}

bool read_many(std::string_view& in, const Head& head, int depth, Cbor& out) {
  if (depth <= 0 || head.argument > kCborMembers) return false;
  if (head.major == kMap) {
    out.kind = Cbor::Kind::Map;
    return read_members(in, head.argument, depth, out);
  }
  out.kind = Cbor::Kind::Array;
  for (std::uint64_t i = 0; i < head.argument; ++i) {
    if (!read_item(in, depth - 1, out.items.emplace_back())) return false;
  }
  return true;
}

// depth: how many arrays and maps may still be opened.
bool read_item(std::string_view& in, int depth, Cbor& out) {
  Head head;
  if (!read_head(in, head)) return false;
  if (head.major == kArray || head.major == kMap) return read_many(in, head, depth, out);
  if (head.major == kBytes || head.major == kText) {
    if (head.argument > in.size()) return false;
    out.kind = head.major == kBytes ? Cbor::Kind::Bytes : Cbor::Kind::Text;
    out.bytes = in.substr(0, static_cast<std::size_t>(head.argument));
    in.remove_prefix(out.bytes.size());
    return true;
  }
  if (head.major == kUnsigned || head.major == kNegative) {
    if (head.argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
    out.kind = Cbor::Kind::Number;
    const auto value = static_cast<std::int64_t>(head.argument);
    out.number = head.major == kUnsigned ? value : -1 - value;
    return true;
  }
  if (head.major != kSimple || head.argument < kFalse || head.argument > kUndefined) return false;
  out.kind = Cbor::Kind::Simple;
  out.number = head.argument == kTrue ? 1 : 0;
  return true;
}

template <typename Same>
const Cbor* find_member(const Cbor& map, Cbor::Kind wanted, Same same) {
  for (const auto& [key, value] : map.members) {
    if (same(key)) return value.kind == wanted ? &value : nullptr;
  }
  return nullptr;
}

}  // namespace

const Cbor* Cbor::find(std::int64_t key, Kind wanted) const {
  return find_member(*this, wanted,
                     [&](const Cbor& one) { return one.kind == Kind::Number && one.number == key; });
}
const Cbor* Cbor::find(std::string_view key, Kind wanted) const {
  return find_member(*this, wanted,
                     [&](const Cbor& one) { return one.kind == Kind::Text && one.bytes == key; });
}

std::optional<Cbor> read_cbor(std::string_view& in) {
  std::string_view rest = in;
  Cbor out;
  if (!read_item(rest, kCborDepth, out)) return std::nullopt;
  in = rest;
  return out;
}

}  // namespace postern::accounts
