// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/log_files.h"

#include <algorithm>
#include <span>

namespace postern::audit {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

Result<std::string> read_whole(FileSystem& files, const std::string& path, std::size_t limit) {
  const auto file = files.open(path, false);
  if (!file.ok()) return file.error();
  const auto size = (*file)->size();
  if (!size.ok()) return size.error();
  if (*size > limit) return fail(Code::Corrupt, path + ": is larger than it can be");
  std::string bytes(*size, '\0');
  std::size_t held = 0;
  while (held < bytes.size()) {
    const auto n = (*file)->read_at(held, bytes.data() + held, bytes.size() - held);
    if (!n.ok()) return n.error();
    if (*n == 0) break;
    held += *n;
  }
  bytes.resize(held);
  return bytes;
}

Status write_whole(File& file, std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto written = file.write_at(at, bytes.substr(at));
    if (!written.ok()) return written.error();
    at += *written;
  }
  return base::Ok{};
}

Result<SignedCheckpoint> parse_signed_checkpoint(std::string bytes, const std::string& path) {
  auto note = certs::parse_note(bytes);
  auto head = note.ok() ? certs::parse_checkpoint(note->text) : Result<certs::Checkpoint>(note.error());
  if (!head.ok()) return fail(Code::Corrupt, path + ": is not a checkpoint, or is damaged");
  return SignedCheckpoint{std::move(bytes), *std::move(note), *std::move(head)};
}

Result<SignedCheckpoint> read_checkpoint(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kCheckpointFile);
  auto bytes = read_whole(files, path, certs::kNoteLimit);
  if (!bytes.ok()) return bytes.error();
  return parse_signed_checkpoint(*std::move(bytes), path);
}

Status check_checkpoint(const SignedCheckpoint& checkpoint, const certs::VerifierKey& key) {
  const auto signature = certs::check_signature(checkpoint.note, key);
  if (signature == certs::Signed::NotByThisKey)
    return fail(Code::Invalid, "the checkpoint is not signed by this key");
  if (signature == certs::Signed::No)
    return fail(Code::Invalid, "the checkpoint's signature does not fit: it was changed");
  if (checkpoint.head.origin != key.name)
    return fail(Code::Invalid, "the checkpoint is of another log than the key");
  return Ok{};
}

Result<TileBytes> read_tile(FileSystem& files, const std::string& directory, const TileName& name) {
  const std::size_t limit = name.level ? kTileWidth * sizeof(Hash) : kBundleLimit;
  TileBytes tile{directory + "/" + path_of(name), {}, name.width};
  auto bytes = read_whole(files, tile.path, limit);
  if (!bytes.ok() && bytes.error().code == Code::NotFound && !name.full()) {
    TileName full = name;
    full.width = kTileWidth;
    auto instead = read_whole(files, directory + "/" + path_of(full), limit);
    if (!instead.ok()) return bytes.error();  // it is the partial one that should be there
    tile.path = directory + "/" + path_of(full);
    tile.width = kTileWidth;
    bytes = std::move(instead);
  }
  if (!bytes.ok()) return bytes.error();
  tile.bytes = *std::move(bytes);
  return tile;
}

Result<std::vector<Hash>> read_hashes(FileSystem& files, const std::string& directory, const TileName& name) {
  const auto tile = read_tile(files, directory, name);
  if (!tile.ok()) return tile.error();
  auto hashes = parse_hashes(tile->bytes, tile->width);
  if (!hashes) {
    return fail(Code::Corrupt, tile->path + ": has " + std::to_string(tile->bytes.size()) +
                                   " bytes instead of " + std::to_string(tile->width * sizeof(Hash)));
  }
  hashes->resize(name.width);
  return *std::move(hashes);
}

Result<std::string> read_entry(FileSystem& files, const std::string& directory, std::uint64_t index,
                               std::uint64_t size) {
  const std::uint64_t number = index / kTileWidth;
  const std::size_t width = number == size / kTileWidth ? size % kTileWidth : kTileWidth;
  const auto bundle = read_tile(files, directory, entry_bundle(number, width));
  if (!bundle.ok()) return bundle.error();
  const auto entries = parse_bundle(bundle->bytes, bundle->width);
  if (!entries) return fail(Code::Corrupt, bundle->path + ": is not a bundle of entries");
  return std::string((*entries)[index % kTileWidth]);
}

Result<Hash> TreeReader::read(unsigned level, std::uint64_t index) {
  const unsigned tile_level = level / kTileHeight;
  const std::uint64_t first = index << (level % kTileHeight);  // in hashes of the tile's level
  const std::size_t count = 1ULL << (level % kTileHeight);
  const std::uint64_t number = first / kTileWidth;
  auto found = tiles_.find({tile_level, number});
  if (found == tiles_.end()) {
    const std::uint64_t whole = size_ >> (kTileHeight * tile_level);
    const std::size_t width = number == whole / kTileWidth ? whole % kTileWidth : kTileWidth;
    auto hashes = read_hashes(files_, directory_, hash_tile(tile_level, number, width));
    if (!hashes.ok()) return hashes.error();
    found = tiles_.emplace(std::pair{tile_level, number}, *std::move(hashes)).first;
  }
  const std::size_t at = first % kTileWidth;
  if (at + count > found->second.size())
    return fail(Code::Internal, "a hash was asked for that the tree does not have");
  return root_of(hasher_, std::span(found->second).subspan(at, count));
}

}  // namespace postern::audit
