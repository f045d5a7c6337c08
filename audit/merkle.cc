// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/merkle.h"

#include <array>
#include <bit>
#include <optional>

#include "base/check.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Result;

// The largest power of two below n; n > 1.
std::uint64_t split_of(std::uint64_t n) { return std::bit_floor(n - 1); }

// A node's right side, which is complete from the right end of the tree as far as it has come.
class RightEdge {
 public:
  explicit RightEdge(TreeHasher& hasher) : hasher_(hasher) {}
  void join(const Hash& left) { hash_ = hash_ ? hasher_.node(left, *hash_) : left; }
  const std::optional<Hash>& hash() const { return hash_; }

 private:
  TreeHasher& hasher_;
  std::optional<Hash> hash_;
};

// The hash over the leaves begin .. end, where begin is a multiple of the largest power of two in end - begin.
Result<Hash> range_root(TreeHasher& hasher, const ReadHash& read, std::uint64_t begin, std::uint64_t end) {
  RightEdge edge(hasher);
  while (end > begin) {
    const auto level = static_cast<unsigned>(std::countr_zero(end - begin));
    end -= 1ULL << level;
    const auto hash = read(level, end >> level);
    if (!hash.ok()) return hash;
    edge.join(*hash);
  }
  return edge.hash() ? *edge.hash() : hasher.nothing();
}

}  // namespace

Hash root_of(TreeHasher& hasher, std::span<const Hash> hashes) {
  POSTERN_CHECK(std::has_single_bit(hashes.size()) && hashes.size() <= kTileWidth);
  if (hashes.size() == 1) return hashes[0];
  std::array<Hash, kTileWidth / 2> row;
  for (std::size_t i = 0; i < hashes.size() / 2; ++i) row[i] = hasher.node(hashes[2 * i], hashes[2 * i + 1]);
  for (std::size_t width = hashes.size() / 2; width > 1; width /= 2) {
    for (std::size_t i = 0; i < width / 2; ++i) row[i] = hasher.node(row[2 * i], row[2 * i + 1]);
  }
  return row[0];
}

void Frontier::append(TreeHasher& hasher, const Hash& leaf, const OnFull& on_full) {
  Hash hash = leaf;
  ++size_;
  for (unsigned level = 0;; ++level) {
    if (tiles_.size() == level) tiles_.emplace_back().reserve(kTileWidth);
    std::vector<Hash>& tile = tiles_[level];
    tile.push_back(hash);
    if (tile.size() < kTileWidth) return;
    hash = root_of(hasher, tile);
    if (on_full) on_full(level, (size_ >> (kTileHeight * (level + 1))) - 1, tile);
    tile.clear();
  }
}

Hash Frontier::root(TreeHasher& hasher) const {
  RightEdge edge(hasher);
  for (const std::vector<Hash>& tile : tiles_) {
    std::span<const Hash> rest(tile);
    while (!rest.empty()) {
      const std::size_t width = 1ULL << static_cast<unsigned>(std::countr_zero(rest.size()));
      edge.join(root_of(hasher, rest.last(width)));
      rest = rest.first(rest.size() - width);
    }
  }
  return edge.hash() ? *edge.hash() : hasher.nothing();
}

Result<Frontier> Frontier::of_tiles(std::uint64_t size, std::vector<std::vector<Hash>> tiles) {
  Frontier frontier;
  frontier.size_ = size;
  bool fits = tiles.size() == tile_levels(size);
  for (unsigned level = 0; fits && level < tiles.size(); ++level) {
    fits = tiles[level].size() == partial_width(size, level);
  }
  if (!fits) return fail(Code::Invalid, "the tiles are not those of a tree of this size");
  frontier.tiles_ = std::move(tiles);
  return frontier;
}

Result<Hash> root_at(TreeHasher& hasher, const ReadHash& read, std::uint64_t size) {
  return range_root(hasher, read, 0, size);
}

Result<std::vector<Hash>> inclusion_proof(TreeHasher& hasher, const ReadHash& read, std::uint64_t index,
                                          std::uint64_t size) {
  POSTERN_CHECK(index < size);
  std::vector<Hash> proof;  // from the root down; turned over at the end
  std::uint64_t begin = 0;
  while (size - begin > 1) {
    const std::uint64_t middle = begin + split_of(size - begin);
    const bool left = index < middle;
    const auto other =
        left ? range_root(hasher, read, middle, size) : range_root(hasher, read, begin, middle);
    if (!other.ok()) return other.error();
    proof.push_back(*other);
    (left ? size : begin) = middle;
  }
  return std::vector<Hash>(proof.rbegin(), proof.rend());
}

Result<std::vector<Hash>> consistency_proof(TreeHasher& hasher, const ReadHash& read, std::uint64_t old_size,
                                            std::uint64_t size) {
  POSTERN_CHECK(old_size > 0 && old_size <= size);
  std::vector<Hash> proof;
  std::uint64_t begin = 0;
  while (size != old_size) {
    const std::uint64_t middle = begin + split_of(size - begin);
    const bool left = old_size <= middle;
    const auto other =
        left ? range_root(hasher, read, middle, size) : range_root(hasher, read, begin, middle);
    if (!other.ok()) return other.error();
    proof.push_back(*other);
    (left ? size : begin) = middle;
  }
  if (begin > 0) {  // else the verifier has it: it is the old root
    const auto own = range_root(hasher, read, begin, size);
    if (!own.ok()) return own.error();
    proof.push_back(*own);
  }
  return std::vector<Hash>(proof.rbegin(), proof.rend());
}

bool verify_inclusion(TreeHasher& hasher, const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root) {
  if (index >= size) return false;
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Hash hash = leaf;
  for (const Hash& other : proof) {
    if (last == 0) return false;
    if ((node & 1U) != 0 || node == last) {
      hash = hasher.node(other, hash);
      while ((node & 1U) == 0 && node != 0) {
        node >>= 1U;
        last >>= 1U;
      }
    } else {
      hash = hasher.node(hash, other);
    }
    node >>= 1U;
    last >>= 1U;
  }
  return last == 0 && hash == root;
}

namespace {

// RFC 9162 section 2.1.4.2: both roots that a proof leads to, from 0 < old_size < size. old_root stands in for the
// old tree's where that is a complete subtree, for then the proof leaves it out.
struct ProvedRoots {
  Hash old_root{}, root{};
  bool old_is_given = false;
};
std::optional<ProvedRoots> roots_of_proof(TreeHasher& hasher, std::uint64_t old_size, const Hash& old_root,
                                          std::uint64_t size, std::span<const Hash> proof) {
  std::uint64_t node = old_size - 1;
  std::uint64_t last = size - 1;
  while ((node & 1U) != 0) {
    node >>= 1U;
    last >>= 1U;
  }
  const bool complete = node == 0;
  if (!complete && proof.empty()) return std::nullopt;
  Hash old_hash = complete ? old_root : proof.front();
  Hash hash = old_hash;
  for (const Hash& other : complete ? proof : proof.subspan(1)) {
    if (last == 0) return std::nullopt;
    if ((node & 1U) != 0 || node == last) {
      old_hash = hasher.node(other, old_hash);
      hash = hasher.node(other, hash);
      while ((node & 1U) == 0 && node != 0) {
        node >>= 1U;
        last >>= 1U;
      }
    } else {
      hash = hasher.node(hash, other);
    }
    node >>= 1U;
    last >>= 1U;
  }
  if (last != 0) return std::nullopt;
  return ProvedRoots{old_hash, hash, complete};
}

}  // namespace

bool verify_consistency(TreeHasher& hasher, std::uint64_t old_size, const Hash& old_root, std::uint64_t size,
                        const Hash& root, std::span<const Hash> proof) {
  if (old_size > size) return false;
  if (old_size == 0) return proof.empty() && old_root == hasher.nothing();
  if (old_size == size) return proof.empty() && old_root == root;
  const auto proved = roots_of_proof(hasher, old_size, old_root, size, proof);
  return proved && proved->old_root == old_root && proved->root == root;
}

bool proves_inconsistency(TreeHasher& hasher, std::uint64_t old_size, const Hash& old_root,
                          std::uint64_t size, const Hash& root, std::span<const Hash> proof) {
  if (old_size == 0 || old_size > size) return false;
  if (old_size == size) return old_root != root;
  const auto proved = roots_of_proof(hasher, old_size, old_root, size, proof);
  return proved && !proved->old_is_given && proved->root == root && proved->old_root != old_root;
}

}  // namespace postern::audit
