// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/act_signer.h"

#include <algorithm>
#include <utility>

#include "audit/log_files.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"

namespace postern::mission {
namespace {

using audit::Hash;
using base::Code;
using base::fail;
using base::Ok;
using base::Status;

constexpr std::size_t kBundle = audit::kTileWidth;

std::string_view bytes_of(const std::vector<Hash>& hashes, std::string& into) {
  into.clear();
  audit::append_hashes(into, hashes);
  return into;
}

// The first so many hashes of a tile.
base::Result<std::vector<Hash>> stored_hashes(Store& store, unsigned level, std::uint64_t number,
                                              std::size_t width) {
  const auto text = store.act_tile(level, static_cast<std::int64_t>(number));
  if (!text.ok()) return text.error();
  const auto bytes = base::from_base64(*text);
  if (!bytes || bytes->size() < width * sizeof(Hash))
    return fail(Code::Corrupt, "hashes of the acts from number " +
                                   std::to_string((number << (audit::kTileHeight * (level + 1))) + 1) +
                                   " on are missing in the store");
  return *audit::parse_hashes(std::string_view(*bytes).substr(0, width * sizeof(Hash)), width);
}

// Of a tree of this size, as audit::TreeReader has it of files.
base::Result<Hash> stored_hash(Store& store, audit::TreeHasher& hasher, std::uint64_t size, unsigned level,
                               std::uint64_t index) {
  const unsigned tile_level = level / audit::kTileHeight;
  const std::uint64_t first = index << (level % audit::kTileHeight);
  const std::size_t count = 1ULL << (level % audit::kTileHeight), at = first % kBundle;
  const std::uint64_t number = first / kBundle, whole = size >> (audit::kTileHeight * tile_level);
  const std::size_t width = number == whole / kBundle ? whole % kBundle : kBundle;
  if (at + count > width) return fail(Code::Internal, "a hash was asked for that the tree does not have");
  const auto hashes = stored_hashes(store, tile_level, number, width);
  if (!hashes.ok()) return hashes.error();
  return audit::root_of(hasher, std::span(*hashes).subspan(at, count));
}

Status put_tile(Store& store, unsigned level, std::uint64_t number, const std::vector<Hash>& hashes) {
  std::string bytes;
  return store.put_act_tile(level, static_cast<std::int64_t>(number),
                            base::to_base64(bytes_of(hashes, bytes)));
}

}  // namespace

void ActSigner::look() {
  const Status done = sign();
  // That the store or the keeper is away is said by others, and passes.
  const bool away = !done.ok() && done.error().code != Code::Corrupt && done.error().code != Code::Denied;
  if (away)
    return base::log(base::Level::Debug, "the log of acts is not signed now: " + done.error().message);
  const std::string said = done.ok() ? std::string() : done.error().message;
  if (said != problem_ && !said.empty()) base::log_error("the log of acts is not signed any more: " + said);
  if (said != problem_ && said.empty()) base::log_info("the log of acts is signed again");
  problem_ = said;
}

Status ActSigner::sign() {
  const auto head = parts_.store.act_log();
  if (!head.ok()) return head.error();
  const bool ours = !known_.empty() && head->checkpoint == known_;
  if (ours && head->size == head->signed_size && problem_.empty()) return Ok{};
  const auto text = keeper_.verifier_key();
  if (!text.ok()) return fail(Code::Unavailable, text.error().message);
  const auto key = certs::parse_verifier_key(*text);
  if (!key.ok()) return key.error();
  auto tree = frontier_of(*head, *key);
  if (!tree.ok()) return tree.error();
  if (head->size <= head->signed_size) return Ok{};
  // In a turn of its own: the row that all servers take is held for as long as this lasts.
  parts_.commits.flush();
  const std::int64_t to = std::min(head->size, head->signed_size + kAtOnce);
  if (Status done = extend(*tree, to); !done.ok()) {
    parts_.commits.flush();
    return done;
  }
  const std::string signing =
      certs::format_checkpoint({key->name, static_cast<std::uint64_t>(to), tree->root(hasher_)});
  const auto line = keeper_.sign(signing);
  if (!line.ok()) {
    parts_.store.undo();
    return line.error();
  }
  const std::string note = signing + "\n" + *line;
  const auto set = parts_.store.set_act_checkpoint(head->signed_size, to, note);
  if (!set.ok() || !*set) {
    parts_.store.undo();  // another server was faster
    return set.ok() ? Status(Ok{}) : Status(set.error());
  }
  bool kept = false;
  parts_.commits.then([&kept](bool durable) { kept = durable; });
  parts_.commits.flush();
  return kept ? remember(note) : Status(fail(Code::Unavailable, "the checkpoint could not be kept"));
}

// The tree that was signed, if that can be believed.
base::Result<audit::Frontier> ActSigner::frontier_of(const ActLogHead& head, const certs::VerifierKey& key) {
  certs::Checkpoint shown{key.name, 0, hasher_.nothing()};
  if (!head.checkpoint.empty()) {
    const auto note = audit::parse_signed_checkpoint(head.checkpoint, "the checkpoint in the store");
    if (!note.ok()) return fail(Code::Corrupt, note.error().message);
    if (Status good = audit::check_checkpoint(*note, key); !good.ok())
      return fail(Code::Corrupt, "the checkpoint in the store: " + good.error().message);
    shown = note->head;
  }
  if (shown.size != static_cast<std::uint64_t>(head.signed_size))
    return fail(Code::Corrupt, "the store says that " + std::to_string(head.signed_size) +
                                   " acts are signed, and its checkpoint is over " +
                                   std::to_string(shown.size));
  if (head.size < head.signed_size)
    return fail(Code::Corrupt, "the store has " + std::to_string(head.size) + " acts, and " +
                                   std::to_string(head.signed_size) + " were signed");
  if (Status good = believe(head, shown, key); !good.ok()) return std::move(good).error();
  std::vector<std::vector<Hash>> tiles(audit::tile_levels(shown.size));
  for (unsigned level = 0; level < tiles.size(); ++level) {
    const std::size_t width = audit::partial_width(shown.size, level);
    if (width == 0) continue;
    auto hashes = stored_hashes(parts_.store, level, shown.size >> (audit::kTileHeight * (level + 1)), width);
    if (!hashes.ok()) return hashes.error();
    tiles[level] = *std::move(hashes);
  }
  auto tree = audit::Frontier::of_tiles(shown.size, std::move(tiles));
  if (!tree.ok()) return fail(Code::Corrupt, tree.error().message);
  if (tree->root(hasher_) != shown.root)
    return fail(Code::Corrupt, "the hashes of acts in the store are not those that were signed");
  return tree;
}

// What this server saw last must be in it: otherwise an older copy of the store, or another one, is in its place.
Status ActSigner::believe(const ActLogHead& head, const certs::Checkpoint& shown,
                          const certs::VerifierKey& key) {
  if (known_.empty()) {
    const auto kept = base::read_file(memory_, certs::kNoteLimit);
    if (!kept.ok() && kept.error().code != Code::NotFound) return kept.error();
    if (kept.ok()) known_ = *kept;
  }
  const auto restored =
      ": if it was restored from a copy on purpose, remove " + memory_ + " on every server, and restart";
  if (head.checkpoint == known_) return Ok{};
  if (!known_.empty()) {
    const auto seen = audit::parse_signed_checkpoint(known_, memory_);
    if (!seen.ok() || !audit::check_checkpoint(*seen, key).ok())
      return fail(Code::Corrupt,
                  memory_ + " holds no checkpoint of this log: remove it if the key was changed");
    if (seen->head.size > shown.size)
      return fail(Code::Corrupt, "the log of acts was rolled back: " + std::to_string(shown.size) +
                                     " acts are signed, and this server saw " +
                                     std::to_string(seen->head.size) + restored);
    const auto root = audit::root_at(
        hasher_,
        [&](unsigned level, std::uint64_t index) {
          return stored_hash(parts_.store, hasher_, shown.size, level, index);
        },
        seen->head.size);
    if (!root.ok()) return root.error();
    if (*root != seen->head.root)
      return fail(Code::Corrupt, "the first " + std::to_string(seen->head.size) +
                                     " acts are not those that this server saw signed" + restored);
  }
  return head.checkpoint.empty() ? Status(Ok{}) : remember(head.checkpoint);
}

// A row that is missing has no line that could be signed.
Status ActSigner::extend(audit::Frontier& tree, std::int64_t to) {
  Status done = Ok{};
  const auto first = static_cast<std::int64_t>(tree.size());
  const auto lines = parts_.store.act_lines(first, to - first);
  if (!lines.ok()) return lines.error();
  for (std::size_t i = 0; i < lines->size() && done.ok(); ++i) {
    if ((*lines)[i].empty())
      return fail(Code::Corrupt, "the act with number " + std::to_string(tree.size() + 1) + " is missing");
    tree.append(hasher_, hasher_.leaf((*lines)[i]),
                [&](unsigned level, std::uint64_t number, std::span<const Hash> hashes) {
                  if (done.ok()) done = put_tile(parts_.store, level, number, {hashes.begin(), hashes.end()});
                });
  }
  for (unsigned level = 0; level < tree.tiles().size() && done.ok(); ++level) {
    if (tree.tiles()[level].empty()) continue;
    done =
        put_tile(parts_.store, level, tree.size() >> (audit::kTileHeight * (level + 1)), tree.tiles()[level]);
  }
  return done;
}

Status ActSigner::remember(const std::string& note) {
  Status done = memory_.empty() ? Status(Ok{}) : base::write_file(memory_, note, 0600);
  if (done.ok()) known_ = note;
  return done;
}

base::Result<std::string> act_log_file(Store& store, const std::string& path) {
  const auto head = store.act_log();
  if (!head.ok()) return head.error();
  const auto none = fail(Code::NotFound, "the log of acts has no such file");
  if (path == audit::kCheckpointFile)
    return head->checkpoint.empty() ? base::Result<std::string>(none) : head->checkpoint;
  const auto name = audit::parse_tile_path(path);
  if (!name) return none;
  const auto size = static_cast<std::uint64_t>(head->signed_size);
  const unsigned level = name->level.value_or(0);
  const std::uint64_t there = size >> (audit::kTileHeight * level);  // hashes of the level
  if (name->number > there / kBundle || name->number * kBundle + name->width > there) return none;
  std::string out;
  if (name->level) {
    const auto hashes = stored_hashes(store, level, name->number, name->width);
    if (!hashes.ok()) return hashes.error();
    audit::append_hashes(out, *hashes);
    return out;
  }
  const auto lines = store.act_lines(static_cast<std::int64_t>(name->number * kBundle),
                                     static_cast<std::int64_t>(name->width));
  if (!lines.ok()) return lines.error();
  for (const std::string& line : *lines)
    audit::append_entry(out, std::string_view(line).substr(0, audit::kEntryLimit));
  return out;
}

}  // namespace postern::mission
