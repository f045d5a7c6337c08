// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/tile.h"

#include <charconv>
#include <cstring>

#include "base/check.h"

namespace postern::audit {
namespace {

constexpr std::string_view kTop = "tile/";
constexpr std::string_view kEntries = "entries";
constexpr std::string_view kPartial = ".p/";
constexpr std::size_t kNumberLimit = 7 * 5;  // characters of the largest number
constexpr std::size_t kLengthSize = 2;

std::optional<std::uint64_t> decimal(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string number_path(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, (3 - digits.size() % 3) % 3, '0');
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 3) {
    if (i > 0) out += '/';
    if (i + 3 < digits.size()) out += 'x';
    out += digits.substr(i, 3);
  }
  return out;
}

std::optional<std::uint64_t> parse_number(std::string_view path) {
  if (path.size() > kNumberLimit) return std::nullopt;
  std::string digits;
  for (const char c : path) {
    if (c != 'x' && c != '/') digits += c;
  }
  return decimal(digits);  // whether all stood in its place, path_of tells
}

std::string full_path(const TileName& name) {
  return std::string(kTop) + (name.level ? std::to_string(*name.level) : std::string(kEntries)) + "/" +
         number_path(name.number);
}

}  // namespace

std::string path_of(const TileName& name) {
  return name.full() ? full_path(name) : full_path(name) + std::string(kPartial) + std::to_string(name.width);
}

std::string partial_folder(const TileName& name) { return full_path(name) + ".p"; }

std::optional<TileName> parse_tile_path(std::string_view path) {
  const std::string_view whole = path;
  if (!path.starts_with(kTop)) return std::nullopt;
  path.remove_prefix(kTop.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  TileName name;
  const std::string_view level = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  if (level != kEntries) {
    const auto number = decimal(level);
    if (!number || *number >= kTileLevels) return std::nullopt;
    name.level = static_cast<unsigned>(*number);
  }
  const std::size_t partial = path.find(kPartial);
  if (partial != std::string_view::npos) {
    const auto width = decimal(path.substr(partial + kPartial.size()));
    if (!width || *width == 0 || *width >= kTileWidth) return std::nullopt;
    name.width = *width;
    path = path.substr(0, partial);
  }
  const auto number = parse_number(path);
  if (!number) return std::nullopt;
  name.number = *number;
  if (path_of(name) != whole) return std::nullopt;
  return name;
}

std::optional<std::vector<Hash>> parse_hashes(std::string_view bytes, std::size_t width) {
  if (bytes.size() != width * sizeof(Hash)) return std::nullopt;
  std::vector<Hash> hashes(width);
  std::memcpy(hashes.data(), bytes.data(), bytes.size());
  return hashes;
}

void append_hashes(std::string& out, std::span<const Hash> hashes) {
  for (const Hash& hash : hashes) out += base::view(hash);
}

void append_entry(std::string& bundle, std::string_view entry) {
  POSTERN_CHECK(entry.size() <= kEntryLimit);
  bundle += static_cast<char>(entry.size() >> 8U);
  bundle += static_cast<char>(entry.size() & 255U);
  bundle += entry;
}

std::vector<std::string_view> parse_bundle_front(std::string_view bundle, std::size_t width) {
  std::vector<std::string_view> entries;
  entries.reserve(width);
  while (entries.size() < width && bundle.size() >= kLengthSize) {
    const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(bundle[0])) << 8U |
                               static_cast<unsigned char>(bundle[1]);
    if (bundle.size() < kLengthSize + length) break;
    entries.push_back(bundle.substr(kLengthSize, length));
    bundle.remove_prefix(kLengthSize + length);
  }
  return entries;
}

std::optional<std::vector<std::string_view>> parse_bundle(std::string_view bundle, std::size_t width) {
  std::vector<std::string_view> entries = parse_bundle_front(bundle, width);
  std::size_t bytes = 0;
  for (const std::string_view entry : entries) bytes += kLengthSize + entry.size();
  if (entries.size() != width || bytes != bundle.size()) return std::nullopt;
  return entries;
}

}  // namespace postern::audit
