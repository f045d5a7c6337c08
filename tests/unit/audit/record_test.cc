// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/record.h"

#include <gtest/gtest.h>

#include <sstream>

#include "audit/crc32c.h"
#include "base/bytes.h"
#include "base/file.h"
#include "tests/unit/audit/memory_files.h"

namespace postern::audit {
namespace {

TEST(Crc32c, GivesTheValuesOfRfc3720) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(crc32c(bytes), crc32c_by_tables(bytes)) << i;
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(Record, IsReadBack) {
  std::string bytes;
  append_record(bytes, {7, 3, "{}"});
  const auto record = parse_record(bytes);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->index, 7U);
  EXPECT_EQ(record->lag, 3U);
  EXPECT_EQ(record->payload, "{}");
}

TEST(Record, NoticesEveryFlippedBitAndEveryCut) {
  std::string bytes;
  append_record(bytes, {7, 3, R"({"v":1})"});
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(parse_record(flipped).has_value()) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_record(std::string_view(bytes).substr(0, size)).has_value()) << size;
  }
}

TEST(SegmentHeader, NoticesEveryFlippedBit) {
  const std::string bytes = encode_segment_header({3, 50, 2});
  ASSERT_EQ(bytes.size(), kSegmentHeaderSize);
  ASSERT_TRUE(parse_segment_header(bytes).has_value());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(parse_segment_header(flipped).has_value()) << bit;
  }
}

// docs/LOG.md shows a segment in hexadecimal; it must be one.
TEST(SegmentFormat, IsWhatTheDocumentShows) {
  const auto text = base::read_file(POSTERN_SOURCE_DIR "/docs/LOG.md", 1U << 20U);
  ASSERT_TRUE(text.ok());
  const std::string fence = "```hex\n";
  const auto begin = text->find(fence);
  ASSERT_NE(begin, std::string::npos);
  std::istringstream lines(
      text->substr(begin + fence.size(), text->find("```", begin + 3) - begin - fence.size()));
  std::string hex;
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find('#'));
    line.erase(std::remove(line.begin(), line.end(), ' '), line.end());
    hex += line;
  }
  std::string expected = encode_segment_header({3, 50, 2});
  append_record(expected, {50, 2, R"({"v":1})"});
  EXPECT_EQ(hex, base::to_hex(expected));
}

TEST(Segments, EndWhereALaterOneBegins) {
  MemoryFiles files;
  for (const auto& [sequence, first] : {std::pair{1, 0}, {2, 100}, {3, 50}, {4, 200}}) {
    ASSERT_TRUE(files.create("log/" + segment_name(sequence, first)).ok());
  }
  ASSERT_TRUE(files.create("log/notes.txt").ok());
  const auto segments = list_segments(files, "log");
  ASSERT_TRUE(segments.ok());
  ASSERT_EQ(segments->size(), 4U);
  EXPECT_EQ((*segments)[0].end, 50U);
  EXPECT_LE((*segments)[1].end, (*segments)[1].first);  // superseded altogether
  EXPECT_EQ((*segments)[2].end, 200U);
  EXPECT_EQ((*segments)[3].end, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace postern::audit
