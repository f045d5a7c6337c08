// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/recovery.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "audit/record.h"

namespace postern::audit {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Result;
using base::Status;

using Segments = std::vector<Segment>;

// Reads up to size bytes at the offset.
Result<std::string> read_bytes(File& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t held = 0;
  while (held < size) {
    const auto n = file.read_at(offset + held, bytes.data() + held, size - held);
    if (!n.ok()) return n.error();
    if (*n == 0) break;
    held += *n;
  }
  bytes.resize(held);
  return bytes;
}

Result<std::optional<SegmentHeader>> read_header(File& file, const Segment& segment) {
  const auto bytes = read_bytes(file, 0, kSegmentHeaderSize);
  if (!bytes.ok()) return bytes.error();
  auto header = parse_segment_header(*bytes);
  if (header && (header->sequence != segment.sequence || header->first != segment.first)) header.reset();
  return header;
}

// Where the records end that follow each other without a gap.
struct Hole {
  std::size_t segment = 0;   // in Segments
  std::uint64_t offset = 0;  // the first byte that is not a whole record
  std::uint64_t index = 0;   // of the record that should be there
  bool clean = false;        // the last file ends exactly there
};

class Recovery {
 public:
  Recovery(FileSystem& files, Segments segments) : files_(files), segments_(std::move(segments)) {}

  Result<Recovered> run() {
    const auto start = first_to_read();
    if (!start.ok()) return start.error();
    const auto hole = read_from(*start);
    if (!hole.ok()) return hole.error();
    if (!hole->clean) {
      if (const Status status = step_over(*hole); !status.ok()) return status.error();
    } else {
      found_.last = found_.to_sync.back();
      found_.last_end = hole->offset;
      found_.last_first = segments_.back().first;
      found_.last_path = segments_.back().path;
    }
    found_.size = hole->index;
    return std::move(found_);
  }

 private:
  // A segment whose header says that all before it was durable ends the search.
  Result<std::size_t> first_to_read() {
    for (std::size_t i = segments_.size() - 1; i > 0; --i) {
      const auto file = files_.open(segments_[i].path, false);
      if (!file.ok()) return file.error();
      const auto header = read_header(**file, segments_[i]);
      if (!header.ok()) return header.error();
      if (*header && (*header)->lag == 0) return i;
    }
    return std::size_t{0};
  }

  Result<Hole> read_from(std::size_t start) {
    Hole hole{start, 0, segments_[start].first, false};
    for (std::size_t i = start; i < segments_.size(); ++i) {
      const auto file = files_.open(segments_[i].path, true);
      if (!file.ok()) return file.error();
      found_.to_sync.push_back(*file);
      const auto end = read_segment(*file, i);
      if (!end.ok()) return end.error();
      hole = *end;
      if (hole.index != segments_[i].end) break;
    }
    return hole;
  }

  Result<Hole> read_segment(const std::shared_ptr<File>& file, std::size_t i) {
    const Segment& segment = segments_[i];
    const auto header = read_header(*file, segment);
    if (!header.ok()) return header.error();
    if (!*header) return Hole{i, 0, segment.first, false};
    RecordCursor cursor(file, kSegmentHeaderSize, segment.first);
    auto step = RecordCursor::Step::Record;
    while (cursor.next_index() != segment.end && step == RecordCursor::Step::Record) {
      const auto next = cursor.next();
      if (!next.ok()) return next.error();
      step = *next;
    }
    const bool clean = step == RecordCursor::Step::End && i + 1 == segments_.size();
    return Hole{i, cursor.offset(), cursor.next_index(), clean};
  }

  // The hole is a torn write unless something behind it proves that the missing record had been durable.
  Status step_over(const Hole& hole) {
    TornTail tail{segments_[hole.segment].path, hole.offset, 0, hole.index};
    for (std::size_t i = hole.segment; i < segments_.size(); ++i) {
      const std::uint64_t from = i == hole.segment ? hole.offset : 0;
      const auto proven = proven_durable(i, from, hole.index, tail.bytes);
      if (!proven.ok()) return proven.error();
      if (*proven > hole.index) return damaged(hole);
    }
    if (tail.bytes > 0) found_.torn_tail = std::move(tail);
    return Ok{};
  }

  // How many records the header and the whole records from an offset on say were durable, wherever they
  // begin: damage may have hidden where. An event is JSON and holds no NUL, so that nothing a peer sent can
  // look like the head of a record.
  Result<std::uint64_t> proven_durable(std::size_t i, std::uint64_t from, std::uint64_t above,
                                       std::uint64_t& bytes) {
    const auto file = files_.open(segments_[i].path, false);
    if (!file.ok()) return file.error();
    const auto size = (*file)->size();
    if (!size.ok()) return size.error();
    const std::uint64_t rest = *size > from ? *size - from : 0;
    bytes += rest;
    const auto content = read_bytes(**file, from, rest);
    if (!content.ok()) return content.error();
    std::uint64_t proven = 0;
    if (from == 0) {
      const auto header = parse_segment_header(std::string_view(*content).substr(0, kSegmentHeaderSize));
      if (header) proven = header->first - header->lag;
    }
    for (std::size_t at = 0; at + kRecordHeaderSize < content->size(); ++at) {
      const auto record = parse_record(std::string_view(*content).substr(at));
      if (!record || record->index < above) continue;
      proven = std::max(proven, record->index - record->lag);
      at += kRecordHeaderSize + record->payload.size() - 1;
    }
    return proven;
  }

  Status damaged(const Hole& hole) const {
    return fail(Code::Corrupt,
                segments_[hole.segment].path + ": event " + std::to_string(hole.index) + " at offset " +
                    std::to_string(hole.offset) +
                    " was durable and is damaged or missing; nothing was changed: restore the log's "
                    "folder from a copy, or move it aside and start with a new log");
  }

  FileSystem& files_;
  Segments segments_;  // those that hold records, by rising first
  Recovered found_;
};

}  // namespace

Result<std::shared_ptr<File>> take_directory(FileSystem& files, const std::string& directory) {
  if (Status made = files.make_directory(directory); !made.ok()) return made.error();
  const auto slash = directory.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : directory.substr(0, slash + 1);
  if (const Status status = sync_directory(files, parent); !status.ok()) return status.error();
  return files.open_directory(directory, true);
}

Result<Recovered> recover_segments(FileSystem& files, const std::string& directory,
                                   std::uint64_t may_begin_at) {
  auto all = list_segments(files, directory);
  if (!all.ok()) return all.error();
  const std::uint64_t next_sequence = all->empty() ? 1 : all->back().sequence + 1;
  Segments live;
  std::copy_if(all->begin(), all->end(), std::back_inserter(live),
               [](const Segment& s) { return s.first < s.end; });
  if (live.empty() ? may_begin_at > 0 : live.front().first > may_begin_at) {
    return fail(Code::Corrupt, directory + ": the segment with event " + std::to_string(may_begin_at) +
                                   " is missing; restore the log's folder from a copy");
  }
  Result<Recovered> found = live.empty() ? Recovered{} : Recovery(files, std::move(live)).run();
  if (found.ok()) found->next_sequence = next_sequence;
  return found;
}

}  // namespace postern::audit
