// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/crypto.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace postern::base {
namespace {

// FIPS 180-2, appendix B.1 and B.2.
TEST(Sha256Stream, IsTheHashOfItsPiecesTogether) {
  Sha256Stream whole;
  whole.update("abc");
  EXPECT_EQ(to_hex(view(whole.finish())), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  Sha256Stream pieces;
  for (const char c : text) pieces.update({&c, 1});
  pieces.update("");
  const std::string hex = to_hex(view(pieces.finish()));
  EXPECT_EQ(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex, sha256_hex(text));
}

}  // namespace
}  // namespace postern::base
