// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/tiler.h"

#include <algorithm>

#include "audit/event.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

static_assert(kEventLimit <= kEntryLimit);

constexpr std::string_view kBeside =
    ".new";  // the one file that is being written; a rest of a crash means nothing
constexpr std::size_t kReadAtOnce = 4'096;  // events

// A new file with these bytes, not synced yet, under a name that nobody reads.
Result<std::shared_ptr<File>> write_beside(FileSystem& files, const std::string& path,
                                           std::string_view bytes) {
  auto file = files.create(path);
  if (!file.ok() && file.error().code == Code::Exists) {
    if (Status removed = files.remove(path); !removed.ok()) return removed.error();
    file = files.create(path);
  }
  if (!file.ok()) return file;
  if (Status written = write_whole(**file, bytes); !written.ok()) return written.error();
  return file;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Of a write that the power ended: each sector reached the medium or is zeros, and the last ones may be missing.
bool torn(std::string_view found, std::string_view wanted) {
  constexpr std::size_t kSector = 512;
  if (found.size() > wanted.size()) return false;
  for (std::size_t at = 0; at < found.size(); at += kSector) {
    const std::string_view sector = found.substr(at, kSector);
    if (sector != wanted.substr(at, sector.size()) &&
        sector.find_first_not_of('\0') != std::string_view::npos)
      return false;
  }
  return true;
}

Status agrees(const std::optional<SignedCheckpoint>& published, std::uint64_t events, const Hash& root,
              const std::string& directory, const std::string& journal) {
  if (!published) return Ok{};
  const std::string remedy =
      "; restore the newest copy of " + journal + ", or move both folders aside to begin a new log";
  const std::string size = std::to_string(published->head.size);
  if (events < published->head.size) {
    return fail(Code::Corrupt, directory + "/checkpoint was signed over " + size + " events, but " + journal +
                                   " has " + std::to_string(events) +
                                   ": it is an old copy, or events are missing" + remedy);
  }
  if (root != published->head.root) {
    return fail(Code::Corrupt, "the first " + size + " events of " + journal + " are not those that " +
                                   directory + "/checkpoint was signed over: one of the two was changed" +
                                   remedy);
  }
  return Ok{};
}

}  // namespace

Result<std::unique_ptr<Agreement>> Agreement::open(FileSystem& files, const std::string& directory,
                                                   std::uint64_t first) {
  if (Status made = files.make_directory(directory); !made.ok()) return made.error();
  const auto names = files.list(directory);
  if (!names.ok()) return names.error();
  for (const std::string& name : *names) {
    if (!name.ends_with(".journal")) continue;
    return fail(Code::Corrupt,
                directory + "/" + name + " belongs into the folder journal beside it, where an " +
                    "earlier layout did not have it: stop the gateway and move all *.journal there");
  }
  std::unique_ptr<Agreement> agreement(new Agreement(directory));
  auto published = read_checkpoint(files, directory);
  if (!published.ok() && published.error().code != Code::NotFound) {
    return fail(published.error().code,
                published.error().message +
                    "; restore it from a copy, or move the folder aside: the log's files "
                    "are made again from the journal");
  }
  if (published.ok()) agreement->published_ = *std::move(published);
  if (first == 0) return agreement;
  if (Status begun = agreement->begin_at(files, first); !begun.ok()) return begun.error();
  return agreement;
}

Status Agreement::begin_at(FileSystem& files, std::uint64_t first) {
  if (!published_ || published_->head.size < first)
    return fail(Code::Corrupt, directory_ +
                                   "/checkpoint is missing or older than the events that retention left: " +
                                   "restore the folder from a copy");
  TreeReader tree(files, directory_, published_->head.size);
  std::vector<std::vector<Hash>> tiles(tile_levels(first));
  for (unsigned level = 0; level < tiles.size(); ++level) {
    const std::uint64_t whole = first >> (kTileHeight * level);
    for (std::uint64_t i = whole - whole % kTileWidth; i < whole; ++i) {
      const auto hash = tree.read(kTileHeight * level, i);
      if (!hash.ok())
        return fail(hash.error().code, hash.error().message + "; restore the folder from a copy");
      tiles[level].push_back(*hash);
    }
  }
  auto frontier = Frontier::of_tiles(first, std::move(tiles));
  if (!frontier.ok()) return frontier.error();
  frontier_ = *std::move(frontier);
  taken_ = first;
  return Ok{};
}

void Agreement::take(std::string_view line) {
  ++taken_;
  if (!published_ || frontier_.size() == published_->head.size) return;
  frontier_.append(hasher_, hasher_.leaf(line));
}

Result<Frontier> Agreement::finish(const std::string& journal) {
  Status same = agrees(published_, taken_, frontier_.root(hasher_), directory_, journal);
  if (!same.ok()) return same.error();
  return std::move(frontier_);
}

// The files of one attempt, and what must be synced before anybody builds on them.
class Tiler::Writing {
 public:
  Writing(FileSystem& files, const std::string& directory) : files_(files), directory_(directory) {}

  Status put(const TileName& name, std::string_view bytes) {
    const std::string path = directory_ + "/" + path_of(name);
    if (Status made = make_folders(folder_of(path)); !made.ok()) return made;
    touched_.insert(folder_of(path));
    const auto found = read_whole(files_, path, bytes.size());
    const bool there = found.ok() || found.error().code != Code::NotFound;
    if (there && !found.ok() && found.error().code != Code::Corrupt) return found.error();
    if (there && !(found.ok() && torn(*found, bytes))) {
      return fail(Code::Corrupt,
                  path + " is not what the journal says, and nobody but the ledger writes here; " +
                      "keep a copy of it as evidence, and move it aside");
    }
    auto file = write_beside(files_, directory_ + "/" + std::string(kBeside), bytes);
    if (!file.ok()) return file.error();
    written_.push_back(*std::move(file));
    return files_.rename(directory_ + "/" + std::string(kBeside), path);
  }

  Status put(const TileName& name, std::span<const Hash> hashes) {
    bytes_.clear();
    append_hashes(bytes_, hashes);
    return put(name, bytes_);
  }

  Status sync() {
    if (written_.size() > kSyncedApart) return files_.sync_all(directory_);
    for (const auto& file : written_) {
      if (Status synced = file->sync(); !synced.ok()) return synced;
    }
    for (const std::string& folder : touched_) {
      if (Status synced = sync_directory(files_, folder); !synced.ok()) return synced;
    }
    return Ok{};
  }

 private:
  Status make_folders(const std::string& folder) {
    if (folder.size() <= directory_.size() || made_.count(folder) > 0) return Ok{};
    if (Status above = make_folders(folder_of(folder)); !above.ok()) return above;
    touched_.insert(folder_of(folder));
    made_.insert(folder);
    return files_.make_directory(folder);
  }

  FileSystem& files_;
  const std::string& directory_;
  std::vector<std::shared_ptr<File>> written_;
  std::set<std::string> made_, touched_;
  std::string bytes_;
};

Status Tiler::derive(const Journal& journal, const FreshLines* fresh, std::uint64_t upto, Frontier& next,
                     Writing& writing) {
  TreeHasher hasher;
  Status status = Ok{};
  const auto on_full = [&](unsigned level, std::uint64_t number, std::span<const Hash> hashes) {
    if (status.ok()) status = writing.put(hash_tile(level, number), hashes);
  };
  std::string bundle;
  std::uint64_t index = next.size() - next.size() % kTileWidth;  // the bundle that was not full is made again
  const auto take = [&](std::string_view line) {
    append_entry(bundle, line);
    if (index == next.size()) next.append(hasher, hasher.leaf(line), on_full);
    if (++index % kTileWidth != 0) return;
    if (status.ok()) status = writing.put(entry_bundle(index / kTileWidth - 1), bundle);
    bundle.clear();
  };
  const auto take_fresh = [&](std::string_view line, const EventFields*) { take(line); };
  JournalReader* reader = nullptr;  // once it is needed
  while (index < upto && status.ok()) {
    const std::size_t wanted = std::min<std::uint64_t>(kReadAtOnce, upto - index);
    if (fresh != nullptr && fresh->look_at(index, wanted, take_fresh) > 0) continue;
    if (reader == nullptr) {
      const auto found = journal();
      if (!found.ok()) return found.error();
      reader = *found;
      if (Status seen = reader->refresh(); !seen.ok()) return seen;
      upto = std::min(upto, reader->size());
      continue;
    }
    const auto lines = reader->read(index, wanted);
    if (!lines.ok()) return lines.error();
    if (lines->empty()) return fail(Code::Unavailable, "the journal is shorter than it was");
    for (const std::string& line : *lines) take(line);
  }
  for (unsigned level = 0; status.ok() && level < next.tiles().size(); ++level) {
    const std::vector<Hash>& tile = next.tiles()[level];
    const unsigned shift = kTileHeight * level;
    if (tile.empty() || next.size() >> shift == frontier_.size() >> shift)
      continue;  // it is there, and synced
    status = writing.put(hash_tile(level, next.size() >> (kTileHeight * (level + 1)), tile.size()), tile);
  }
  if (status.ok() && !bundle.empty())
    status = writing.put(entry_bundle(index / kTileWidth, index % kTileWidth), bundle);
  return status;
}

Result<TreeHead> Tiler::prepare(const Journal& journal, std::uint64_t upto, const FreshLines* fresh) {
  TreeHasher hasher;
  upto = std::min(upto, frontier_.size() + kBatch);
  if (upto > frontier_.size()) {
    if (unfinished_) {
      if (Status removed = remove_unfinished(); !removed.ok()) return removed.error();
    }
    unfinished_ = true;
    Frontier next = frontier_;
    Writing writing(files_, directory_);
    Status done = derive(journal, fresh, upto, next, writing);
    if (done.ok()) done = writing.sync();
    if (!done.ok()) return done.error();
    frontier_ = std::move(next);
    unfinished_ = false;
  }
  return TreeHead{frontier_.size(), frontier_.root(hasher)};
}

// Those of the tiles that were not full when a tree of this size was published and are now. Others were removed when
// theirs became full.
Status Tiler::remove_partials(std::uint64_t published) {
  std::vector<std::string> folders;
  for (unsigned level = 0; published >> (kTileHeight * level) > 0; ++level) {
    const std::uint64_t number = published >> (kTileHeight * (level + 1));
    if (frontier_.size() >> (kTileHeight * (level + 1)) == number) continue;
    folders.push_back(directory_ + "/" + partial_folder(hash_tile(level, number)));
    if (level == 0) folders.push_back(directory_ + "/" + partial_folder(entry_bundle(number)));
  }
  for (const std::string& folder : folders) {
    const auto names = files_.list(folder);
    if (!names.ok()) continue;  // there was none
    for (const std::string& name : *names) {
      if (name == "." || name == "..") continue;
      if (Status removed = files_.remove(folder + "/" + name); !removed.ok()) return removed;
    }
    if (Status removed = files_.remove(folder); !removed.ok()) return removed;
  }
  return Ok{};
}

// Partial tiles that an attempt left which did not come to its end. They may be torn, and as soon as a checkpoint covers
// them, whoever verifies must take them for changed. Full ones are written anew when it is their turn.
Status Tiler::remove_unfinished() {
  for (unsigned level = 0; (frontier_.size() + kBatch) >> (kTileHeight * level) > 0; ++level) {
    const std::uint64_t hashes = frontier_.size() >> (kTileHeight * level);
    const std::uint64_t last = (frontier_.size() + kBatch) >> (kTileHeight * (level + 1));
    for (std::uint64_t number = hashes / kTileWidth; number <= last; ++number) {
      const std::uint64_t kept = number == hashes / kTileWidth ? hashes % kTileWidth : 0;
      Status removed = remove_wider(hash_tile(level, number), kept);
      if (removed.ok() && level == 0) removed = remove_wider(entry_bundle(number), kept);
      if (!removed.ok()) return removed;
    }
  }
  return Ok{};
}

Status Tiler::remove_wider(const TileName& tile, std::uint64_t width) {
  const std::string folder = partial_folder(tile);
  const auto names = files_.list(directory_ + "/" + folder);
  if (!names.ok()) return names.error().code == Code::NotFound ? Status(Ok{}) : names.error();
  for (const std::string& name : *names) {
    const auto partial = parse_tile_path(folder + "/" + name);
    if (!partial || partial->width <= width) continue;
    if (Status removed = files_.remove(directory_ + "/" + folder + "/" + name); !removed.ok()) return removed;
  }
  return Ok{};
}

Status Tiler::publish(std::string_view note) {
  if (Status amended = amend(note); !amended.ok()) return amended;
  if (Status removed = remove_partials(published_); !removed.ok()) return removed;
  published_ = frontier_.size();
  return Ok{};
}

Status Tiler::amend(std::string_view note) {
  return replace_file(files_, directory_, std::string(kCheckpointFile), note);
}

Status Tiler::put_handover(const certs::Handover& handover, std::string_view note) {
  const std::string name = handover_path(handover.from);
  const std::string path = directory_ + "/" + name;
  if (Status made = files_.make_directory(folder_of(path)); !made.ok()) return made;
  const auto found = read_whole(files_, path, certs::kNoteLimit);
  if (!found.ok() && found.error().code != Code::NotFound) return found.error();
  if (found.ok() && *found != note)
    return fail(Code::Corrupt, path + " is there already and is another handover: keep it as evidence");
  if (Status put = replace_file(files_, directory_, name, note); !put.ok()) return put;
  return sync_directory(files_, directory_);
}

// Whoever opens the file finds the old one or the new one. Durable when it returns.
Status replace_file(FileSystem& files, const std::string& directory, const std::string& name,
                    std::string_view bytes, std::string_view written_as) {
  const std::string beside = directory + "/" + std::string(written_as.empty() ? kBeside : written_as);
  const std::string path = directory + "/" + name;
  auto file = write_beside(files, beside, bytes);
  if (!file.ok()) return file.error();
  if (Status synced = (*file)->sync(); !synced.ok()) return synced;
  if (Status named = files.rename(beside, path); !named.ok()) return named;
  return sync_directory(files, folder_of(path));
}

}  // namespace postern::audit
