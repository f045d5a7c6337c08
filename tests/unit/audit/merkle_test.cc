// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Held against the definitions of RFC 6962 section 2.1 as they stand there: recursive, slow, and nothing shared
// with what is tested but the hashes of a leaf and a node; those are held against known values.
#include "audit/merkle.h"

#include <gtest/gtest.h>

#include <map>

#include "base/bytes.h"

namespace postern::audit {
namespace {

using Hashes = std::vector<Hash>;

class Merkle : public ::testing::Test {
 protected:
  Merkle() {
    for (int i = 0; i < 1500; ++i) leaves.push_back(hasher.leaf("event " + std::to_string(i)));
  }

  static std::size_t largest_power_below(std::size_t n) {
    std::size_t k = 1;
    while (2 * k < n) k *= 2;
    return k;
  }
  Hash mth(std::span<const Hash> d) {
    if (d.empty()) return hasher.nothing();
    if (d.size() == 1) return d[0];
    const std::size_t k = largest_power_below(d.size());
    return hasher.node(mth(d.first(k)), mth(d.subspan(k)));
  }
  Hashes path(std::size_t m, std::span<const Hash> d) {
    if (d.size() == 1) return {};
    const std::size_t k = largest_power_below(d.size());
    Hashes out = m < k ? path(m, d.first(k)) : path(m - k, d.subspan(k));
    out.push_back(m < k ? mth(d.subspan(k)) : mth(d.first(k)));
    return out;
  }
  Hashes subproof(std::size_t m, std::span<const Hash> d, bool whole) {
    if (m == d.size()) return whole ? Hashes{} : Hashes{mth(d)};
    const std::size_t k = largest_power_below(d.size());
    Hashes out = m <= k ? subproof(m, d.first(k), whole) : subproof(m - k, d.subspan(k), false);
    out.push_back(m <= k ? mth(d.subspan(k)) : mth(d.first(k)));
    return out;
  }
  std::span<const Hash> first(std::size_t n) const { return std::span(leaves).first(n); }
  ReadHash reader() {
    return [this](unsigned level, std::uint64_t index) -> base::Result<Hash> {
      const std::size_t width = 1ULL << level;
      return mth(std::span(leaves).subspan(index * width, width));
    };
  }

  TreeHasher hasher;
  Hashes leaves;
};

TEST_F(Merkle, HashesLeavesAndNodesAsRfc6962Says) {
  // Vectors that Certificate Transparency's reference code is tested with.
  EXPECT_EQ(base::to_hex(base::view(hasher.nothing())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(base::to_hex(base::view(hasher.leaf(""))),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  const Hash node = hasher.node(hasher.leaf(""), hasher.leaf(std::string(1, '\0')));
  EXPECT_EQ(base::to_hex(base::view(node)),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
}

TEST_F(Merkle, RootFollowsTheDefinitionAtEverySize) {
  Frontier frontier;
  EXPECT_EQ(frontier.root(hasher), mth({}));
  for (std::size_t n = 1; n <= 1100; ++n) {
    frontier.append(hasher, leaves[n - 1]);
    const bool held_against_it = n < 300 || n % 37 == 0 || n % 256 < 3;  // each is n hashes
    ASSERT_TRUE(!held_against_it || frontier.root(hasher) == mth(first(n))) << n;
    ASSERT_EQ(frontier.size(), n);
  }
}

TEST_F(Merkle, TilesHoldTheHashesThatTheSpecificationNames) {
  Frontier frontier;
  std::map<std::pair<unsigned, std::uint64_t>, Hashes> tiles;
  for (std::size_t i = 0; i < 70'000; ++i) {
    frontier.append(hasher, leaves[i % leaves.size()],
                    [&](unsigned level, std::uint64_t number, std::span<const Hash> hashes) {
                      tiles[{level, number}] = Hashes(hashes.begin(), hashes.end());
                    });
  }
  // The example of tlog-tiles: 273 full tiles at level 0 and one of 112, one at level 1 and one of 17, one of 1.
  EXPECT_EQ(tiles.size(), 274U);
  for (std::uint64_t i = 0; i < 273; ++i) EXPECT_EQ((tiles[{0, i}].size()), kTileWidth);
  EXPECT_EQ((tiles[{1, 0}].size()), kTileWidth);
  ASSERT_EQ(frontier.tiles().size(), 3U);
  for (const auto& [level, width] : std::map<unsigned, std::size_t>{{0, 112}, {1, 17}, {2, 1}}) {
    EXPECT_EQ(frontier.tiles()[level].size(), width);
    EXPECT_EQ(partial_width(70'000, level), width);
  }
  EXPECT_EQ((tiles[{1, 0}][3]), mth(tiles[{0, 3}]));
  EXPECT_EQ(frontier.tiles()[2][0], mth(tiles[{1, 0}]));
  EXPECT_EQ(tile_levels(256), 2U);
  EXPECT_EQ(tile_levels(255), 1U);
}

TEST_F(Merkle, FrontierGoesOnFromItsTiles) {
  Frontier whole;
  for (std::size_t i = 0; i < 700; ++i) whole.append(hasher, leaves[i]);
  auto again = Frontier::of_tiles(700, {whole.tiles().begin(), whole.tiles().end()});
  ASSERT_TRUE(again.ok());
  again->append(hasher, leaves[700]);
  EXPECT_EQ(again->root(hasher), mth(first(701)));
  EXPECT_FALSE(Frontier::of_tiles(701, {whole.tiles().begin(), whole.tiles().end()}).ok());
  EXPECT_FALSE(Frontier::of_tiles(188, {whole.tiles().begin(), whole.tiles().end()}).ok());
}

TEST_F(Merkle, ProvesInclusionOfEveryLeafInEveryTree) {
  for (std::size_t n = 1; n <= 66; ++n) {
    const Hash root = mth(first(n));
    for (std::size_t m = 0; m < n; ++m) {
      const auto proof = inclusion_proof(hasher, reader(), m, n);
      ASSERT_TRUE(proof.ok());
      ASSERT_EQ(*proof, path(m, first(n))) << m << " in " << n;
      ASSERT_TRUE(verify_inclusion(hasher, leaves[m], m, n, *proof, root));
      ASSERT_FALSE(verify_inclusion(hasher, leaves[m + 1], m, n, *proof, root));
      ASSERT_FALSE(verify_inclusion(hasher, leaves[m], m, n, *proof, leaves[0]) && n > 1);
      ASSERT_FALSE(m + 1 < n && verify_inclusion(hasher, leaves[m], m + 1, n, *proof, root));
    }
    EXPECT_FALSE(verify_inclusion(hasher, leaves[0], n, n, {}, root));
  }
}

TEST_F(Merkle, ProvesConsistencyOfEveryTreeWithEveryLaterOne) {
  for (std::size_t n = 1; n <= 66; ++n) {
    for (std::size_t m = 1; m <= n; ++m) {
      const auto proof = consistency_proof(hasher, reader(), m, n);
      ASSERT_TRUE(proof.ok());
      ASSERT_EQ(*proof, subproof(m, first(n), true)) << m << " to " << n;
      const Hash old_root = mth(first(m));
      const Hash root = mth(first(n));
      ASSERT_TRUE(verify_consistency(hasher, m, old_root, n, root, *proof));
      ASSERT_FALSE(verify_consistency(hasher, m, leaves[1], n, root, *proof));
      ASSERT_FALSE(verify_consistency(hasher, m, old_root, n, leaves[1], *proof));
      ASSERT_FALSE(m > 1 && m < n && verify_consistency(hasher, m - 1, old_root, n, root, *proof));
    }
  }
}

TEST_F(Merkle, ProofsFailWhenAnyHashOfThemIsAnotherOrMissingOrTooMany) {
  constexpr std::size_t kSize = 1237, kOld = 700, kLeaf = 513;
  const Hash root = mth(first(kSize));
  const Hashes inclusion = *inclusion_proof(hasher, reader(), kLeaf, kSize);
  const Hashes consistency = *consistency_proof(hasher, reader(), kOld, kSize);
  const Hash old_root = mth(first(kOld));
  const auto included = [&](const Hashes& proof) {
    return verify_inclusion(hasher, leaves[kLeaf], kLeaf, kSize, proof, root);
  };
  const auto consistent = [&](const Hashes& proof) {
    return verify_consistency(hasher, kOld, old_root, kSize, root, proof);
  };
  ASSERT_TRUE(included(inclusion));
  ASSERT_TRUE(consistent(consistency));
  const auto spoiled = [](Hashes proof, const auto& holds) {
    for (std::size_t i = 0; i < proof.size(); ++i) {
      Hashes bad = proof;
      bad[i][i % 32] ^= 1;
      EXPECT_FALSE(holds(bad));
      bad = proof;
      bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(holds(bad));
    }
    proof.push_back(proof.back());
    EXPECT_FALSE(holds(proof));
    EXPECT_FALSE(holds({}));
  };
  spoiled(inclusion, included);
  spoiled(consistency, consistent);
  EXPECT_TRUE(verify_consistency(hasher, 0, hasher.nothing(), kSize, root, {}));
  EXPECT_FALSE(verify_consistency(hasher, kSize, root, kOld, old_root, consistency));
}

}  // namespace
}  // namespace postern::audit
