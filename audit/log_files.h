// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reading the log's files (audit/tile.h) from a folder: whoever verifies, proves or goes on. Changes nothing.
// The journal is not needed for any of it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/files.h"
#include "audit/tile.h"
#include "base/result.h"
#include "certs/checkpoint.h"
#include "certs/note.h"

namespace postern::audit {

inline constexpr std::string_view kCheckpointFile = "checkpoint";

// The whole of a file of at most limit bytes. The error names the path.
base::Result<std::string> read_whole(FileSystem& files, const std::string& path, std::size_t limit);
// From the beginning of a new file on.
base::Status write_whole(File& file, std::string_view bytes);

struct SignedCheckpoint {
  std::string bytes;  // as the file has them
  certs::Note note;
  certs::Checkpoint head;
};
base::Result<SignedCheckpoint> parse_signed_checkpoint(std::string bytes, const std::string& path);
// NotFound if there is none yet.
base::Result<SignedCheckpoint> read_checkpoint(FileSystem& files, const std::string& directory);
// Invalid, with the reason, unless the key signed it and its name is the origin.
base::Status check_checkpoint(const SignedCheckpoint& checkpoint, const certs::VerifierKey& key);

// A tile's or a bundle's bytes; where only the full form is left, which may be as soon as it is there, its
// front. path is what was read last, for messages.
struct TileBytes {
  std::string path;
  std::string bytes;
  std::size_t width = 0;  // of the file that was read
};
base::Result<TileBytes> read_tile(FileSystem& files, const std::string& directory, const TileName& name);
// Corrupt, naming the file, if it is not as long as it must be.
base::Result<std::vector<Hash>> read_hashes(FileSystem& files, const std::string& directory,
                                            const TileName& name);
base::Result<std::string> read_entry(FileSystem& files, const std::string& directory, std::uint64_t index,
                                     std::uint64_t size);

// Hashes of the tree of a given size, from its tiles: what merkle.h asks for. Keeps the tiles that it has read:
// a proof needs one or two per level. Checks nothing: verify what is made of it.
class TreeReader {
 public:
  TreeReader(FileSystem& files, std::string directory, std::uint64_t size)
      : files_(files), directory_(std::move(directory)), size_(size) {}
  base::Result<Hash> read(unsigned level, std::uint64_t index);
  ReadHash reader() {
    return [this](unsigned level, std::uint64_t index) { return read(level, index); };
  }

 private:
  FileSystem& files_;
  std::string directory_;
  std::uint64_t size_;
  TreeHasher hasher_;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Hash>> tiles_;
};

}  // namespace postern::audit
