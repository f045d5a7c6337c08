// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The Merkle tree of the log (RFC 6962, RFC 9162 section 2.1), in tiles of height 8 (C2SP tlog-tiles). Pure.
//
// Hashes are kept in tiles: at level 0 the hashes of the leaves; at level n the roots of the full tiles of
// level n - 1. A tile is full with 256 hashes. What is not full yet, one tile per level, is all that is needed
// to go on, and to tell the root: that is a Frontier.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "audit/tree_hasher.h"
#include "base/result.h"

namespace postern::audit {

inline constexpr unsigned kTileHeight = 8;
inline constexpr std::uint64_t kTileWidth = 1U << kTileHeight;

class Frontier {
 public:
  // A tile has become full: its hashes, which are gone after the call.
  using OnFull = std::function<void(unsigned level, std::uint64_t index, std::span<const Hash> hashes)>;

  void append(TreeHasher& hasher, const Hash& leaf, const OnFull& on_full = {});
  std::uint64_t size() const { return size_; }
  Hash root(TreeHasher& hasher) const;
  // The tiles that are not full, from level 0 on; those without a hash are empty. Level n has tile number
  // size() >> 8 * (n + 1) here.
  std::span<const std::vector<Hash>> tiles() const { return tiles_; }

  // Of a tree with size leaves, from its tiles that are not full. Invalid if they have other widths.
  static base::Result<Frontier> of_tiles(std::uint64_t size, std::vector<std::vector<Hash>> tiles);

 private:
  std::uint64_t size_ = 0;
  std::vector<std::vector<Hash>> tiles_;
};

// How many hashes the tile that is not full has at a level, in a tree of this size.
inline std::size_t partial_width(std::uint64_t size, unsigned level) {
  return kTileHeight * level >= 64 ? 0 : (size >> (kTileHeight * level)) % kTileWidth;
}
inline unsigned tile_levels(std::uint64_t size) {  // levels that have any hash
  unsigned levels = 0;
  for (; size > 0; size >>= kTileHeight) ++levels;
  return levels;
}

// The root over hashes of one level: 2^n of them.
Hash root_of(TreeHasher& hasher, std::span<const Hash> hashes);

// The hash of the complete subtree over the leaves index << level up to (index + 1) << level.
using ReadHash = std::function<base::Result<Hash>(unsigned level, std::uint64_t index)>;

// index < size; 0 < old_size <= size. Errors: those of read.
base::Result<std::vector<Hash>> inclusion_proof(TreeHasher& hasher, const ReadHash& read, std::uint64_t index,
                                                std::uint64_t size);
base::Result<std::vector<Hash>> consistency_proof(TreeHasher& hasher, const ReadHash& read,
                                                  std::uint64_t old_size, std::uint64_t size);
// Of the first size leaves.
base::Result<Hash> root_at(TreeHasher& hasher, const ReadHash& read, std::uint64_t size);

inline constexpr std::size_t kProofLimit = 64;  // hashes of any proof

// RFC 9162 sections 2.1.3.2 and 2.1.4.2. From a size of zero everything is consistent, without a proof.
bool verify_inclusion(TreeHasher& hasher, const Hash& leaf, std::uint64_t index, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root);
bool verify_consistency(TreeHasher& hasher, std::uint64_t old_size, const Hash& old_root, std::uint64_t size,
                        const Hash& root, std::span<const Hash> proof);

// Whether the proof convicts whoever signed both roots: it leads to the new root, but from another old one. A proof
// that was made up does not, whoever made it. Where the old tree is a complete subtree (a power of two) no proof can
// tell, unless the sizes are equal.
bool proves_inconsistency(TreeHasher& hasher, std::uint64_t old_size, const Hash& old_root,
                          std::uint64_t size, const Hash& root, std::span<const Hash> proof);

}  // namespace postern::audit
