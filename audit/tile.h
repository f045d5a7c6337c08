// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The files of the log, as C2SP tlog-tiles lays them out, so that any tool can read them. Pure: paths and bytes.
//
//   checkpoint                             a signed note (certs/checkpoint.h)
//   tile/<level>/<number>[.p/<width>]      hashes of 32 bytes, 256 of them, or width if it is not full
//   tile/entries/<number>[.p/<width>]      as many entries: u16 length, big-endian, and the bytes of the event
//
// A number is written in groups of three digits, all but the last with an x: 1234067 is x001/x234/067.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"

namespace postern::audit {

// Which file below tile/.
struct TileName {
  std::optional<unsigned> level;  // nothing: entries
  std::uint64_t number = 0;
  std::size_t width = kTileWidth;

  bool full() const { return width == kTileWidth; }
  bool operator==(const TileName&) const = default;
};
inline TileName hash_tile(unsigned level, std::uint64_t number, std::size_t width = kTileWidth) {
  return {level, number, width};
}
inline TileName entry_bundle(std::uint64_t number, std::size_t width = kTileWidth) {
  return {std::nullopt, number, width};
}

inline constexpr unsigned kTileLevels = 8;  // of 2^64 entries; the specification counts to 63

std::string path_of(const TileName& name);  // "tile/0/x001/x234/067.p/12"
// The folder of a tile's partial forms: the path of the full tile and ".p".
std::string partial_folder(const TileName& name);
// Nothing unless path_of gives exactly this path back.
std::optional<TileName> parse_tile_path(std::string_view path);

// The hashes of a tile; nothing if the bytes are not exactly width hashes.
std::optional<std::vector<Hash>> parse_hashes(std::string_view bytes, std::size_t width);
void append_hashes(std::string& out, std::span<const Hash> hashes);

inline constexpr std::size_t kEntryLimit = 65'535;
inline constexpr std::size_t kBundleLimit = kTileWidth * (2 + kEntryLimit);  // bytes of a bundle

void append_entry(std::string& bundle, std::string_view entry);  // at most kEntryLimit bytes
// Views into the bundle; nothing if the bytes are not exactly width entries.
std::optional<std::vector<std::string_view>> parse_bundle(std::string_view bundle, std::size_t width);
// The same, as far as the bytes go: to say which entry is the first that is not there.
std::vector<std::string_view> parse_bundle_front(std::string_view bundle, std::size_t width);

}  // namespace postern::audit
