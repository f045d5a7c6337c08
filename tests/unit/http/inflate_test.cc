// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/inflate.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/bytes.h"

namespace postern::http {
namespace {

// "hello hello hello hello\n", made by gzip -n, by zlib, and without any wrapping.
const std::string kHellos = "hello hello hello hello\n";
const std::string kGzip = *base::from_hex("1f8b0800000000000003cb48cdc9c957c84027b9000088590b18000000");

std::string inflate(Coding coding, std::string_view in, std::size_t piece, std::size_t room, bool& sound) {
  Inflater inflater(coding);
  std::string out;
  std::array<char, 64> buffer{};
  for (std::size_t at = 0; at < in.size(); at += piece) {
    std::string_view rest = in.substr(at, piece);
    for (;;) {
      const auto size = inflater.step(rest, std::span(buffer).first(room));
      if (!size.ok()) {
        sound = false;
        return out;
      }
      if (*size == 0) break;
      out.append(buffer.data(), *size);
    }
    EXPECT_TRUE(rest.empty());
  }
  sound = inflater.complete();
  return out;
}

TEST(Inflater, ABodyIsTheSameInPiecesOfAnySize) {
  for (const std::size_t piece : {1U, 2U, 7U, 1000U}) {
    for (const std::size_t room : {1U, 5U, 64U}) {
      bool sound = false;
      EXPECT_EQ(inflate(Coding::Gzip, kGzip, piece, room, sound), kHellos);
      EXPECT_TRUE(sound);
      EXPECT_EQ(inflate(Coding::Gzip, kGzip + kGzip, piece, room, sound), kHellos + kHellos);
      EXPECT_TRUE(sound);
    }
  }
}

TEST(Inflater, DeflateComesWithItsWrappingOrWithout) {
  const std::string raw = kGzip.substr(10, kGzip.size() - 18);
  bool sound = false;
  EXPECT_EQ(inflate(Coding::Deflate, raw, 3, 64, sound), kHellos);
  EXPECT_TRUE(sound);
  const std::string wrapped = *base::from_hex("789c") + raw + *base::from_hex("70be08bb");
  EXPECT_EQ(inflate(Coding::Deflate, wrapped, 3, 64, sound), kHellos);
  EXPECT_TRUE(sound);
}

TEST(Inflater, WhatIsDamagedOrCutOffIsNoBody) {
  bool sound = true;
  for (std::size_t at = 0; at < kGzip.size(); ++at) {
    inflate(Coding::Gzip, std::string_view(kGzip).substr(0, at), 5, 64, sound);
    EXPECT_EQ(sound, at == 0) << at;
  }
  std::string damaged = kGzip;
  damaged[damaged.size() - 6] ^= 1;
  inflate(Coding::Gzip, damaged, 64, 64, sound);
  EXPECT_FALSE(sound);
  inflate(Coding::Gzip, kGzip + "x", 64, 64, sound);
  EXPECT_FALSE(sound);
}

TEST(Inflater, OtherCodingsAreNotKnown) {
  EXPECT_EQ(coding_of(""), Coding::Identity);
  EXPECT_EQ(coding_of("GZIP"), Coding::Gzip);
  EXPECT_EQ(coding_of("deflate"), Coding::Deflate);
  for (const char* other : {"br", "zstd", "compress", "gzip, gzip", "aws-chunked"})
    EXPECT_FALSE(coding_of(other)) << other;
}

// 21 zeros without a wrapping: nothing stands behind the last code, which is read long before all of them are out.
TEST(Inflater, WhatItHoldsComesOutWithoutMoreOfTheBody) {
  const std::string raw = *base::from_hex("6360c00200");
  for (const std::size_t room : {1U, 5U, 64U}) {
    bool sound = false;
    EXPECT_EQ(inflate(Coding::Deflate, raw, 1000, room, sound), std::string(21, '\0'));
    EXPECT_TRUE(sound);
  }
}

}  // namespace
}  // namespace postern::http
