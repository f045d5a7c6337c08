// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/tile.h"

#include <gtest/gtest.h>

namespace postern::audit {
namespace {

TEST(Tile, PathsAreThoseOfTheSpecification) {
  const std::vector<std::pair<TileName, std::string>> paths = {
      {hash_tile(0, 0), "tile/0/000"},
      {hash_tile(0, 1'234'067), "tile/0/x001/x234/067"},
      {hash_tile(1, 273, 17), "tile/1/273.p/17"},
      {entry_bundle(999), "tile/entries/999"},
      {entry_bundle(1000, 255), "tile/entries/x001/000.p/255"},
      {hash_tile(7, 0, 1), "tile/7/000.p/1"},
      {entry_bundle(UINT64_MAX >> 8U), "tile/entries/x072/x057/x594/x037/x927/935"}};
  for (const auto& [name, path] : paths) {
    EXPECT_EQ(path_of(name), path);
    EXPECT_EQ(parse_tile_path(path), name) << path;
  }
  EXPECT_EQ(partial_folder(entry_bundle(1000, 3)), "tile/entries/x001/000.p");
}

TEST(Tile, OtherPathsAreNone) {
  for (const std::string_view path : {"",
                                      "tile",
                                      "tile/",
                                      "tile/0",
                                      "tile/0/",
                                      "tile/00/000",
                                      "tile/8/000",
                                      "tile/0/00",
                                      "tile/0/0000",
                                      "tile/0/x000/000",
                                      "tile/0/001/234",
                                      "tile/0/x001x234",
                                      "tile/0/x001/x234",
                                      "tile/0/000.p/0",
                                      "tile/0/000.p/256",
                                      "tile/0/000.p/01",
                                      "tile/0/000.p/",
                                      "tile/0/000.p/1/2",
                                      "tile/-1/000",
                                      "tile/0/-01",
                                      "tile/entry/000",
                                      "tile/entries/000.p",
                                      "checkpoint",
                                      "/tile/0/000",
                                      "tile/0/000 ",
                                      "tile/0/x099/x999/x999/x999/x999/x999/x999/999"}) {
    EXPECT_FALSE(parse_tile_path(path)) << path;
  }
}

TEST(Tile, BundleIsReadAsWritten) {
  std::string bundle;
  append_entry(bundle, "{\"v\":1}");
  append_entry(bundle, "");
  append_entry(bundle, std::string(kEntryLimit, 'x'));
  EXPECT_EQ(bundle.substr(0, 9), std::string("\0\x07{\"v\":1}", 9));
  EXPECT_EQ(bundle.substr(11, 2), "\xff\xff");
  const auto entries = parse_bundle(bundle, 3);
  ASSERT_TRUE(entries);
  EXPECT_EQ((*entries)[0], "{\"v\":1}");
  EXPECT_EQ((*entries)[1], "");
  EXPECT_EQ((*entries)[2].size(), kEntryLimit);
}

TEST(Tile, BundleOfAnotherLengthIsNone) {
  std::string bundle;
  for (const char* entry : {"one", "two", "three"}) append_entry(bundle, entry);
  for (std::size_t size = 0; size < bundle.size(); ++size)
    EXPECT_FALSE(parse_bundle(bundle.substr(0, size), 3));
  EXPECT_FALSE(parse_bundle(bundle, 2));
  EXPECT_FALSE(parse_bundle(bundle, 4));
  EXPECT_FALSE(parse_bundle(bundle + "x", 3));
  EXPECT_EQ(parse_bundle_front(bundle.substr(0, 12), 3).size(), 2U);
}

TEST(Tile, HashesAreReadAsWritten) {
  std::vector<Hash> hashes(3);
  hashes[1].fill('b');
  std::string bytes;
  append_hashes(bytes, hashes);
  EXPECT_EQ(parse_hashes(bytes, 3), hashes);
  EXPECT_FALSE(parse_hashes(bytes, 2));
  EXPECT_FALSE(parse_hashes(bytes + "x", 3));
}

}  // namespace
}  // namespace postern::audit
