// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/journal_reader.h"

#include <algorithm>
#include <array>
#include <optional>

#include "audit/record.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;
using Step = RecordCursor::Step;

constexpr std::uint64_t kMarkEvery =
    64;  // records between two remembered offsets: 8 bytes for about 30 KiB of log

// A segment with what is known of where its records begin.
struct OpenSegment {
  Segment segment;
  std::shared_ptr<File> file;        // opened at the first use
  std::vector<std::uint64_t> marks;  // offset of record first + kMarkEvery * i
};

Status open_segment(FileSystem& files, OpenSegment& open) {
  if (open.file != nullptr) return Ok{};
  auto file = files.open(open.segment.path, false);
  if (!file.ok()) return file.error();
  open.file = *std::move(file);
  open.marks.assign(1, kSegmentHeaderSize);
  return Ok{};
}

// One step on, remembering each kMarkEvery-th offset.
Result<Step> step(OpenSegment& open, RecordCursor& cursor) {
  const std::uint64_t offset = cursor.offset();
  const std::uint64_t nth = cursor.next_index() - open.segment.first;
  auto taken = cursor.next();
  const bool mark = nth % kMarkEvery == 0 && nth / kMarkEvery == open.marks.size();
  if (mark && taken.ok() && *taken == Step::Record) open.marks.push_back(offset);
  return taken;
}

}  // namespace

struct JournalReader::State {
  FileSystem& files;
  std::string directory;
  std::vector<Segment> listed;           // the directory at the last look
  std::vector<OpenSegment> segments;     // those that hold records, by rising first
  std::optional<RecordCursor> tail;      // stands behind the last whole record of the last segment
  std::optional<RecordCursor> position;  // where the last read() ended, in segments[position_segment]
  std::size_t position_segment = 0;
  std::uint64_t size = 0;

  State(FileSystem& f, std::string d) : files(f), directory(std::move(d)) {}

  Status follow_tail() {
    if (!tail) return Ok{};
    for (;;) {
      const auto taken = step(segments.back(), *tail);
      if (!taken.ok()) return taken.error();
      size = tail->next_index();
      if (*taken != Step::Record) return Ok{};
    }
  }

  // Takes over what the directory holds now. True if the last segment is another one than before.
  Result<bool> list() {
    auto found = list_segments(files, directory);
    if (!found.ok()) return found.error();
    if (*found == listed) return false;
    listed = *std::move(found);
    return take_over();
  }

  Result<bool> take_over() {
    const std::uint64_t last = segments.empty() ? 0 : segments.back().segment.sequence;
    std::vector<OpenSegment> now;
    for (const Segment& segment : listed) {
      if (segment.first >= segment.end) continue;
      const auto known = std::find_if(segments.begin(), segments.end(), [&](const OpenSegment& open) {
        return open.segment.sequence == segment.sequence;
      });
      now.push_back(known == segments.end() ? OpenSegment{} : std::move(*known));
      now.back().segment = segment;
    }
    segments = std::move(now);
    position.reset();
    if (segments.empty() || segments.back().segment.sequence == last) return false;
    if (const Status status = restart_tail(); !status.ok()) {
      listed.clear();  // the next look begins from nothing
      segments.clear();
      tail.reset();
      return status.error();
    }
    return true;
  }

  Status restart_tail() {
    OpenSegment& open = segments.back();
    if (Status status = open_segment(files, open); !status.ok()) return status;
    tail.emplace(open.file, kSegmentHeaderSize, open.segment.first);
    return Ok{};
  }

  // Puts position before the record.
  Status seek(std::uint64_t index) {
    const auto after = std::upper_bound(
        segments.begin(), segments.end(), index,
        [](std::uint64_t wanted, const OpenSegment& open) { return wanted < open.segment.first; });
    if (after == segments.begin())
      return fail(Code::NotFound, "event " + std::to_string(index) + " was removed from " + directory);
    const auto wanted = static_cast<std::size_t>(after - segments.begin()) - 1;
    OpenSegment& open = segments[wanted];
    if (!position || position_segment != wanted) {
      if (Status status = open_segment(files, open); !status.ok()) return status;
      if (Status status = check_header(open); !status.ok()) return status;
      position.emplace(open.file, kSegmentHeaderSize, open.segment.first);
      position_segment = wanted;
    }
    const std::uint64_t nth = index - open.segment.first;
    const std::uint64_t mark = std::min<std::uint64_t>(nth / kMarkEvery, open.marks.size() - 1);
    const std::uint64_t at_mark = open.segment.first + mark * kMarkEvery;
    const bool on_the_way = position->next_index() >= at_mark && position->next_index() <= index;
    if (!on_the_way) position->move_to(open.marks[mark], at_mark);
    while (position->next_index() < index) {
      if (Status status = advance(); !status.ok()) return status;
    }
    return Ok{};
  }

  static Status check_header(OpenSegment& open) {
    std::array<char, kSegmentHeaderSize> bytes{};
    const auto n = open.file->read_at(0, bytes.data(), bytes.size());
    if (!n.ok()) return n.error();
    const auto header = parse_segment_header({bytes.data(), *n});
    if (header && header->sequence == open.segment.sequence && header->first == open.segment.first)
      return Ok{};
    return fail(Code::Corrupt, open.segment.path + ": its header is damaged");
  }

  // position must stand before a record that is there.
  Status advance() {
    OpenSegment& open = segments[position_segment];
    const auto taken = step(open, *position);
    if (!taken.ok()) return taken.error();
    if (*taken == Step::Record) return Ok{};
    const std::string where =
        std::to_string(position->next_index()) + " at offset " + std::to_string(position->offset());
    position.reset();
    return fail(Code::Corrupt, open.segment.path + ": event " + where + " is damaged or missing");
  }

  // Puts position behind the record, which it then holds.
  Status go_to(std::uint64_t index) {
    const bool here =
        position && position->next_index() == index && index < segments[position_segment].segment.end;
    if (Status status = here ? Ok{} : seek(index); !status.ok()) return status;
    return advance();
  }

  Result<std::string_view> line_at(std::uint64_t index) {
    Status status = go_to(index);
    if (!status.ok()) {
      // The writer may have gone on in another segment since the last look.
      if (const auto changed = list(); !changed.ok()) return changed.error();
      status = go_to(index);
    }
    if (!status.ok()) return status.error();
    return position->record().payload;
  }
};

JournalReader::JournalReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
JournalReader::~JournalReader() = default;

Result<std::unique_ptr<JournalReader>> JournalReader::open(FileSystem& files, const std::string& directory) {
  std::unique_ptr<JournalReader> reader(new JournalReader(std::make_unique<State>(files, directory)));
  if (const Status status = reader->refresh(); !status.ok()) return status.error();
  return reader;
}

Status JournalReader::refresh() {
  for (;;) {
    if (Status status = state_->follow_tail(); !status.ok()) return status;
    const auto changed = state_->list();
    if (!changed.ok()) return changed.error();
    if (!*changed) return Ok{};
  }
}

std::uint64_t JournalReader::size() const { return state_->size; }

std::uint64_t JournalReader::first() const {
  return state_->segments.empty() ? 0 : state_->segments.front().segment.first;
}

Result<std::vector<std::string>> JournalReader::read(std::uint64_t index, std::size_t count) {
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  for (; lines.size() < count && index < state_->size && bytes < kReadBytes; ++index) {
    const auto line = state_->line_at(index);
    if (!line.ok()) return line.error();
    bytes += line->size();
    lines.emplace_back(*line);
  }
  return lines;
}

Status JournalReader::look_at(std::span<const std::uint64_t> indices, const OnLine& on_line) {
  for (const std::uint64_t index : indices) {
    if (index >= state_->size) continue;
    const auto line = state_->line_at(index);
    if (line.ok()) on_line(index, *line);
    if (!line.ok() && line.error().code != Code::NotFound) return line.error();
  }
  return Ok{};
}

Result<std::string> JournalReader::read_one(std::uint64_t index) {
  auto lines = read(index, 1);
  if (!lines.ok()) return lines.error();
  if (lines->empty()) return fail(Code::NotFound, "the log has no event " + std::to_string(index));
  return std::move(lines->front());
}

}  // namespace postern::audit
