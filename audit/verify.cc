// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/verify.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

namespace postern::audit {
namespace {

using base::Code;
using base::Result;

constexpr std::uint64_t kAtOnce = 16;  // bundles that a thread takes
constexpr Hash kUnknown{};             // no tile has it: nobody can find what hashes to zeros

std::string without(const std::string& path, const std::string& message) {
  return message.starts_with(path + ": ") ? message.substr(path.size() + 2) : message;
}

class Verification {
 public:
  explicit Verification(const VerifyOptions& options) : options_(options) {}

  VerifyReport run() {
    if (!take_keys() || !take_checkpoint() || !take_edges()) return finish();
    for (unsigned level = levels(); level-- > 1;) take_level(level);
    check_bundles();
    check_edge_bundle();
    settle_missing();
    check_handovers();
    check_known();
    look_around();
    return finish();
  }

 private:
  unsigned levels() const { return tile_levels(report_.head.size); }
  std::uint64_t full_tiles(unsigned level) const {
    return level + 1 >= kTileLevels ? 0 : report_.head.size >> (kTileHeight * (level + 1));
  }
  std::string path(const TileName& name) const { return options_.directory + "/" + path_of(name); }

  void fault(std::string file, std::optional<std::uint64_t> index, std::string what) {
    const std::lock_guard lock(mutex_);
    report_.faults.push_back({std::move(file), index, std::move(what)});
  }
  void fault(const TileName& name, const base::Error& error) {
    const std::string file = path(name);
    fault(file, first_entry(name),
          error.code == Code::NotFound ? "is missing" : without(file, error.message));
  }

  bool take_keys() {
    const std::string folder = options_.directory + "/" + std::string(kHandoverFolder);
    auto found = read_handovers(files_, options_.directory);
    if (!found.ok()) {
      fault(folder, std::nullopt, without(folder, found.error().message));
      return false;
    }
    for (BadHandover& bad : found->bad) fault(std::move(bad.path), std::nullopt, std::move(bad.what));
    auto chain = KeyChain::of(options_.key, found->good);
    if (!chain.ok()) {
      fault(folder, std::nullopt, chain.error().message);
      return false;
    }
    for (const certs::Handover& other : chain->others()) {
      fault(path(other), std::nullopt, "is between other keys than those that the given one leads to");
    }
    report_.handovers = chain->handovers();
    chain_ = *std::move(chain);
    return true;
  }
  std::string path(const certs::Handover& handover) const {
    return options_.directory + "/" + handover_path(handover.from);
  }

  bool take_checkpoint() {
    const std::string file = options_.directory + "/" + std::string(kCheckpointFile);
    auto checkpoint = read_checkpoint(files_, options_.directory);
    if (!checkpoint.ok()) {
      const bool missing = checkpoint.error().code == Code::NotFound;
      fault(file, std::nullopt, missing ? "is missing" : without(file, checkpoint.error().message));
      return false;
    }
    if (const auto good = chain_->check(*checkpoint); !good.ok()) {
      fault(file, std::nullopt, good.error().message);
      return false;
    }
    report_.head = checkpoint->head;
    return true;
  }

  // The tiles that are not full: with them alone the root is made.
  bool take_edges() {
    edges_.assign(levels(), {});
    for (unsigned level = 0; level < levels(); ++level) {
      const std::size_t width = partial_width(report_.head.size, level);
      if (width == 0) continue;
      const TileName name = hash_tile(level, full_tiles(level), width);
      auto hashes = read_hashes(files_, options_.directory, name);
      if (!hashes.ok()) {
        fault(name, hashes.error());
        hashes = from_below(name);
        if (!hashes.ok()) return false;
      }
      edges_[level] = *std::move(hashes);
    }
    return root_fits(edges_) || find_bad_edge();
  }

  bool root_fits(const std::vector<std::vector<Hash>>& edges) {
    const auto frontier = Frontier::of_tiles(report_.head.size, edges);
    return frontier.ok() && frontier->root(hasher_) == report_.head.root;
  }

  // What a tile must hold, going by what is below it.
  Result<std::vector<Hash>> from_below(const TileName& name) {
    std::vector<Hash> hashes;
    if (*name.level == 0) {
      const auto bundle = read_tile(files_, options_.directory, entry_bundle(name.number, name.width));
      if (!bundle.ok()) return bundle.error();
      const auto entries = parse_bundle(bundle->bytes, bundle->width);
      if (!entries) return base::fail(Code::Corrupt, bundle->path + ": is not a bundle of entries");
      for (std::size_t i = 0; i < name.width; ++i) hashes.push_back(hasher_.leaf((*entries)[i]));
      return hashes;
    }
    for (std::size_t i = 0; i < name.width; ++i) {
      const TileName child = hash_tile(*name.level - 1, name.number * kTileWidth + i);
      const auto below = read_hashes(files_, options_.directory, child);
      if (!below.ok()) return below.error();
      hashes.push_back(root_of(hasher_, *below));
    }
    return hashes;
  }

  // The root does not fit. One tile of the edge, made anew from what is below it, may mend that: then it was this.
  bool find_bad_edge() {
    for (unsigned level = 0; level < levels(); ++level) {
      if (edges_[level].empty()) continue;
      const TileName name = hash_tile(level, full_tiles(level), edges_[level].size());
      auto hashes = from_below(name);
      if (!hashes.ok() || *hashes == edges_[level]) continue;
      std::vector<std::vector<Hash>> mended = edges_;
      mended[level] = *std::move(hashes);
      if (!root_fits(mended)) continue;
      fault(path(name), first_entry(name), "was changed: " + place(edges_[level], mended[level]));
      edges_ = std::move(mended);
      return true;
    }
    fault(options_.directory + "/tile", std::nullopt,
          "the tiles that are not full do not give the root that was signed: several of them were changed, "
          "or they "
          "are of another log or another time than the checkpoint");
    return false;
  }

  static std::string place(const std::vector<Hash>& found, const std::vector<Hash>& wanted) {
    const auto at = std::mismatch(found.begin(), found.end(), wanted.begin(), wanted.end()).first;
    return "its hash " + std::to_string(at - found.begin()) + " is not that of what is below it";
  }

  // The full tiles of a level, held against the hashes of the level above, which become those of this one. A tile
  // that does not fit is made anew from what is below it; where that does not fit either, its hashes are unknown.
  void take_level(unsigned level) {
    std::vector<Hash> hashes;
    for (std::uint64_t number = 0; number < full_tiles(level); ++number) {
      const TileName name = hash_tile(level, number);
      const Hash& wanted = above_[number];
      auto tile = read_hashes(files_, options_.directory, name);
      if (!tile.ok()) fault(name, tile.error());
      bool fits = tile.ok() && (wanted == kUnknown || root_of(hasher_, *tile) == wanted);
      if (tile.ok() && !fits) changed(name);
      if (!fits) {
        tile = from_below(name);
        fits = tile.ok() && root_of(hasher_, *tile) == wanted;
      }
      if (!fits) tile = std::vector<Hash>(kTileWidth, kUnknown);
      hashes.insert(hashes.end(), tile->begin(), tile->end());
    }
    hashes.insert(hashes.end(), edges_[level].begin(), edges_[level].end());
    above_ = std::move(hashes);
  }
  void changed(const TileName& name) {
    fault(path(name), first_entry(name),
          "was changed: its hashes do not give the one that the tile above it has");
  }
  static std::uint64_t first_entry(const TileName& name) {
    return name.number << (kTileHeight * (name.level.value_or(0) + 1));
  }

  void check_bundles() {
    const std::uint64_t total = levels() < 2 ? 0 : full_tiles(0);
    std::atomic<std::uint64_t> next{0}, done{0};
    std::mutex telling;
    const auto work = [&] {
      TreeHasher hasher;
      for (;;) {
        const std::uint64_t first = next.fetch_add(kAtOnce);
        if (first >= total) return;
        const std::uint64_t last = std::min(total, first + kAtOnce);
        for (std::uint64_t number = first; number < last; ++number) check_bundle(hasher, number);
        done += last - first;
        if (!options_.on_progress) continue;
        const std::lock_guard lock(telling);
        options_.on_progress(done, total);
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < options_.threads; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
  }

  // A full tile of level 0 and its entries. Where the tile cannot be believed, the entries still can: if they give
  // the hash above it.
  void check_bundle(TreeHasher& hasher, std::uint64_t number) {
    const TileName name = hash_tile(0, number);
    const auto tile = read_hashes(files_, options_.directory, name);
    const Hash& wanted = above_[number];
    const bool fits = tile.ok() && (wanted == kUnknown || root_of(hasher, *tile) == wanted);
    if (!tile.ok()) fault(name, tile.error());
    if (tile.ok() && !fits) changed(name);
    if (fits || wanted != kUnknown)
      check_entries(hasher, entry_bundle(number), fits ? &*tile : nullptr, wanted);
  }

  void check_edge_bundle() {
    if (levels() == 0 || edges_[0].empty()) return;
    check_entries(hasher_, entry_bundle(full_tiles(0), edges_[0].size()), &edges_[0], {});
  }

  // hashes: of the entries, proved; nullptr: only the root over them is.
  void check_entries(TreeHasher& hasher, const TileName& name, const std::vector<Hash>* hashes,
                     const Hash& root) {
    const auto bundle = read_tile(files_, options_.directory, name);
    if (!bundle.ok() && bundle.error().code == Code::NotFound && hashes != nullptr && name.full()) {
      const std::lock_guard lock(mutex_);
      missing_.push_back(name.number);
      return;
    }
    if (!bundle.ok()) return fault(name, bundle.error());
    const std::uint64_t first = name.number * kTileWidth;
    const std::vector<std::string_view> entries = parse_bundle_front(bundle->bytes, bundle->width);
    std::vector<Hash> found;
    std::optional<std::size_t> bad;
    for (std::size_t i = 0; i < std::min(entries.size(), name.width); ++i) {
      found.push_back(hasher.leaf(entries[i]));
      const bool fits = hashes != nullptr && found[i] == (*hashes)[i];
      if (fits) take_retention(first + i, entries[i]);
      if (hashes != nullptr && !fits && !bad) bad = i;
    }
    if (bad)
      return fault(bundle->path, first + *bad,
                   "entry " + std::to_string(first + *bad) + " is not the one that was logged");
    if (!parse_bundle(bundle->bytes, bundle->width)) {
      return fault(bundle->path, first + found.size(),
                   "is cut short, or has more than " + std::to_string(bundle->width) + " entries");
    }
    if (hashes == nullptr && root_of(hasher, found) != root)
      return fault(bundle->path, first, "its entries are not those that were logged");
    for (std::size_t i = 0; hashes == nullptr && i < name.width; ++i) take_retention(first + i, entries[i]);
    const std::lock_guard lock(mutex_);
    report_.entries += name.width;
  }

  // The entry is proved.
  void take_retention(std::uint64_t index, std::string_view entry) {
    auto record = read_retention(index, entry);
    if (!record) return;
    const std::lock_guard lock(mutex_);
    if (!report_.retention || index > report_.retention->index) report_.retention = std::move(record);
  }

  // The newest log.retention covers what those before it covered: all that is below its first_kept.
  void settle_missing() {
    std::sort(missing_.begin(), missing_.end());
    const std::uint64_t first_kept = report_.retention ? report_.retention->first_kept : 0;
    for (const std::uint64_t number : missing_) {
      const std::uint64_t first = number * kTileWidth;
      if (first + kTileWidth > first_kept) {
        fault(path(entry_bundle(number)), first, "is missing");
      } else if (!report_.removed.empty() &&
                 report_.removed.back().first + report_.removed.back().count == first) {
        report_.removed.back().count += kTileWidth;
      } else {
        report_.removed.push_back({first, kTileWidth});
      }
    }
    if (report_.removed.empty()) report_.retention.reset();
  }

  // Each was signed over a tree that this log must hold.
  void check_handovers() {
    const bool whole = report_.faults.empty();  // otherwise the tiles prove nothing
    TreeReader reader(files_, options_.directory, report_.head.size);
    for (const certs::Handover& handover : report_.handovers) {
      const std::string size = std::to_string(handover.head.size);
      if (handover.head.size > report_.head.size) {
        fault(path(handover), std::nullopt,
              "the log was rolled back: it has " + std::to_string(report_.head.size) + " entries, and had " +
                  size + " when its key was changed");
        continue;
      }
      if (!whole) continue;
      const auto root = root_at(hasher_, reader.reader(), handover.head.size);
      if (root.ok() && *root == handover.head.root) continue;
      fault(path(handover), std::nullopt,
            "the first " + size + " entries are not those that it was signed over: history was rewritten");
    }
  }

  void check_known() {
    if (!options_.known) return;
    const certs::Checkpoint& known = options_.known->head;
    const std::string file = options_.directory + "/" + std::string(kCheckpointFile);
    if (const auto good = chain_->check(*options_.known); !good.ok())
      return fault("the known checkpoint", std::nullopt, good.error().message);
    if (known.size > report_.head.size) {
      return fault(file, std::nullopt,
                   "the log was rolled back: it has " + std::to_string(report_.head.size) +
                       " entries, and had " + std::to_string(known.size) + " before");
    }
    if (!report_.faults.empty()) return;  // the tiles prove nothing
    TreeReader reader(files_, options_.directory, report_.head.size);
    const auto root = root_at(hasher_, reader.reader(), known.size);
    if (!root.ok() || *root != known.root) {
      fault(file, std::nullopt,
            "history was rewritten: the first " + std::to_string(known.size) +
                " entries are not those of the known checkpoint");
    }
  }

  // Files that nothing above has read. What lies behind the checkpoint is work under way, or that a crash ended.
  void look_around() {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path top = fs::path(options_.directory) / "tile";
    fs::recursive_directory_iterator it(top, error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      if (it->is_directory(error)) continue;
      const std::string relative = it->path().string().substr(options_.directory.size() + 1);
      const auto name = parse_tile_path(relative);
      if (!name) {
        fault(it->path().string(), std::nullopt, "is not a file of a log");
      } else if (!name->full()) {
        check_old_partial(*name);
      }
    }
    if (error && report_.head.size > 0)
      fault(top.string(), std::nullopt, "cannot be listed: " + error.message());
  }

  // A partial tile of an earlier checkpoint is the front of the present one.
  void check_old_partial(const TileName& name) {
    const unsigned level = name.level.value_or(0);
    const std::uint64_t edge = full_tiles(level);
    const std::size_t width = name.number < edge ? kTileWidth : partial_width(report_.head.size, level);
    if (name.number > edge || name.width >= width) return;
    TileName whole = name;
    whole.width = width;
    const auto now = read_tile(files_, options_.directory, whole);
    const auto old = read_whole(files_, path(name), kBundleLimit);
    if (!now.ok() || !old.ok()) return;  // the first is a fault already; the second was removed meanwhile
    const auto is_present_one = [&](const LogFault& fault) { return fault.file == now->path; };
    if (std::any_of(report_.faults.begin(), report_.faults.end(), is_present_one)) return;
    const bool right_size =
        name.level ? parse_hashes(*old, name.width).has_value() : parse_bundle(*old, name.width).has_value();
    if (!right_size || !now->bytes.starts_with(*old)) {
      fault(path(name), first_entry(name), "was changed: it is not the front of " + path_of(whole));
    }
  }

  VerifyReport finish() {
    std::stable_sort(report_.faults.begin(), report_.faults.end(),
                     [](const LogFault& a, const LogFault& b) { return a.index < b.index; });
    if (report_.faults.size() > VerifyReport::kFaultLimit) report_.faults.resize(VerifyReport::kFaultLimit);
    return std::move(report_);
  }

  const VerifyOptions& options_;
  FileSystem& files_ = system_files();
  TreeHasher hasher_;
  VerifyReport report_;
  std::optional<KeyChain> chain_;
  std::mutex mutex_;
  std::vector<std::uint64_t> missing_;    // bundles
  std::vector<std::vector<Hash>> edges_;  // by level
  std::vector<Hash> above_;               // all hashes of the level above the one that is looked at
};

}  // namespace

VerifyReport verify_log(const VerifyOptions& options) { return Verification(options).run(); }

}  // namespace postern::audit
