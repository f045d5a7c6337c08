// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/retention.h"

#include <algorithm>

#include "audit/record.h"
#include "base/json.h"

namespace postern::audit {

using base::Code;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t kEventsAtOnce = 1'024;
constexpr std::string_view kEntriesFolder = "tile/entries";

bool is_folder(const std::string& name) { return name.starts_with('x') || name.ends_with(".p"); }

class BundleRemoval {
 public:
  BundleRemoval(FileSystem& files, const std::string& top, std::uint64_t below, std::size_t at_most)
      : files_(files), top_(top), below_(below), left_(at_most), at_most_(at_most) {}

  Result<std::size_t> run() {
    const Result<bool> emptied = enter(std::string(kEntriesFolder));
    if (!emptied.ok() && emptied.error().code != Code::NotFound) return emptied.error();
    return at_most_ - left_;
  }

 private:
  // True if nothing is left in the folder. In the order of names, which is that of numbers.
  Result<bool> enter(const std::string& folder) {
    const auto names = files_.list(top_ + "/" + folder);
    if (!names.ok()) return names.error();
    bool empty = true;
    for (const std::string& name : *names) {
      if (name == "." || name == "..") continue;
      const auto gone =
          left_ == 0 || past_ ? Result<bool>(false) : remove(folder + "/" + name, is_folder(name));
      if (!gone.ok()) return gone;
      empty = empty && *gone;
    }
    return empty;
  }

  Result<bool> remove(const std::string& relative, bool is_a_folder) {
    if (is_a_folder) {
      const Result<bool> emptied = enter(relative);
      if (!emptied.ok() || !*emptied) return emptied;
    } else {
      const auto name = parse_tile_path(relative);
      if (!name) return false;  // not ours
      past_ = name->number >= below_;
      if (past_) return false;
      --left_;
    }
    if (const Status removed = files_.remove(top_ + "/" + relative); !removed.ok()) return removed.error();
    return true;
  }

  FileSystem& files_;
  const std::string& top_;
  std::uint64_t below_;
  std::size_t left_, at_most_;
  bool past_ = false;
};

}  // namespace

Result<RetentionPlan> plan_retention(JournalReader& journal, const RetentionQuestion& question) {
  RetentionPlan plan{question.first, 0, 0};
  if (Status fresh = journal.refresh(); !fresh.ok()) return fresh.error();
  std::uint64_t index = question.first;
  base::Micros newest = 0, begun = 0;
  while (index < question.upto) {
    const auto lines = journal.read(index, std::min<std::uint64_t>(kEventsAtOnce, question.upto - index));
    if (!lines.ok()) return lines.error();
    if (lines->empty()) break;
    for (const std::string& line : *lines) {
      const auto event = read_event_head(line);
      if (event.ok()) {
        if (begun == 0) begun = event->time;
        if (event->time >= question.before || event->time > begun + kMostAtOnce) return plan;
        if (question.is_needed && question.is_needed(*event)) return plan;
        newest = event->time;
      }
      if (++index % kTileWidth == 0) plan = {index, begun, newest};
    }
  }
  return plan;
}

std::optional<RetentionRecord> read_retention(std::uint64_t index, const EventFields& event) {
  if (event.type != EventType::LogRetention) return std::nullopt;
  const auto detail = base::parse_json(event.detail);
  if (!detail.ok()) return std::nullopt;
  const std::int64_t first = base::json_number_or(*detail, "first_kept", 0);
  if (first <= 0) return std::nullopt;
  return RetentionRecord{index, std::string(event.id), event.time, static_cast<std::uint64_t>(first),
                         base::json_text_or(*detail, "state_sha256", "")};
}

std::optional<RetentionRecord> read_retention(std::uint64_t index, std::string_view line) {
  // Every entry of a log is asked this.
  if (line.substr(0, 256).find(R"("type":"log.retention")") == std::string_view::npos) return std::nullopt;
  const auto event = read_event_head(line);
  return event.ok() ? read_retention(index, *event) : std::nullopt;
}

Result<RetentionRecord> find_retention(FileSystem& files, const std::string& directory, std::uint64_t index,
                                       std::uint64_t size) {
  for (std::uint64_t bundle = (size + kTileWidth - 1) / kTileWidth; bundle-- > 0;) {
    const std::size_t width = std::min<std::uint64_t>(kTileWidth, size - bundle * kTileWidth);
    const auto bytes = read_tile(files, directory, entry_bundle(bundle, width));
    if (!bytes.ok()) break;
    const auto entries = parse_bundle_front(bytes->bytes, width);
    for (std::size_t i = entries.size(); i-- > 0;) {
      auto record = read_retention(bundle * kTileWidth + i, entries[i]);
      if (record && record->first_kept > index) return *std::move(record);
    }
  }
  return fail(Code::NotFound, "no event says that it was removed");
}

base::Error why_missing(FileSystem& files, const std::string& directory, std::uint64_t index,
                        std::uint64_t size, const base::Error& why) {
  if (why.code != Code::NotFound) return why;
  const auto record = find_retention(files, directory, index, size);
  if (!record.ok()) return why;
  return fail(Code::NotFound, "event " + std::to_string(index) + " was removed by retention on " +
                                  base::format_time(record->time) + ", as event " +
                                  std::to_string(record->index) + " says; the first that is kept is " +
                                  std::to_string(record->first_kept));
}

Result<std::size_t> remove_bundles(FileSystem& files, const std::string& directory, std::uint64_t first_kept,
                                   std::size_t at_most) {
  return BundleRemoval(files, directory, first_kept / kTileWidth, at_most).run();
}

// By rising sequence: what superseded another one outlives it, so that no residue comes to mean something.
Result<std::size_t> remove_segments(FileSystem& files, const std::string& journal, std::uint64_t first_kept,
                                    std::size_t at_most) {
  const auto segments = list_segments(files, journal);
  if (!segments.ok()) return segments.error();
  const auto kept = std::find_if(segments->begin(), segments->end(), [first_kept](const Segment& one) {
    return one.first < one.end && one.end > first_kept;
  });
  std::size_t removed = 0;
  for (auto one = segments->begin(); kept != segments->end() && one != kept && removed < at_most; ++one) {
    if (const Status gone = files.remove(one->path); !gone.ok()) return gone.error();
    ++removed;
  }
  return removed;
}

}  // namespace postern::audit
