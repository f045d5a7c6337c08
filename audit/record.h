// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a journal segment. Numbers are little-endian.
//
//   segment = header *record
//   header  = "postern1"  u64 sequence  u64 first  u32 lag  u32 crc       32 bytes; crc of the 28 before it
//   record  = u32 crc  u32 length  u64 index  u32 lag  length bytes       crc of all that follows it
//   name    = 8 digits of sequence "-" 16 digits of first ".journal"      00000003-0000000000000050.journal
//
// lag says how many records before this one were not durable when it was appended: index - lag records were.
// That is how recovery tells a write that was torn (never durable: stepped over) from damage (was durable:
// refused).
//
// A segment holds the records from its first up to the lowest first of the segments with a higher sequence;
// what follows in the file is residue and means nothing. So nothing is ever overwritten or cut: what cannot
// be trusted is superseded.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/files.h"
#include "base/result.h"

namespace postern::audit {

inline constexpr std::size_t kSegmentHeaderSize = 32;
inline constexpr std::size_t kRecordHeaderSize = 20;

struct SegmentHeader {
  std::uint64_t sequence = 0;
  std::uint64_t first = 0;
  std::uint32_t lag = 0;
};
std::string encode_segment_header(const SegmentHeader& header);
std::optional<SegmentHeader> parse_segment_header(
    std::string_view bytes);  // exactly kSegmentHeaderSize of them

struct Record {
  std::uint64_t index = 0;
  std::uint32_t lag = 0;
  std::string_view payload;
};
void append_record(std::string& out, const Record& record);

// A record at the front of bytes; nothing if they are too few or wrong.
std::optional<Record> parse_record(std::string_view bytes);

struct Segment {
  std::uint64_t sequence = 0;
  std::uint64_t first = 0;
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();  // exclusive; the highest number: open
  std::string path;
  bool operator==(const Segment&) const = default;
};
std::string segment_name(std::uint64_t sequence, std::uint64_t first);

// All segments of a directory by rising sequence, with their ends; those with end <= first are superseded
// altogether.
base::Result<std::vector<Segment>> list_segments(FileSystem& files, const std::string& directory);

// Reads a segment's records in order, in blocks. At the end it can be asked again: it looks at the file anew.
class RecordCursor {
 public:
  RecordCursor(std::shared_ptr<File> file, std::uint64_t offset, std::uint64_t index)
      : file_(std::move(file)), offset_(offset), index_(index) {}

  // Goes to another place in the same file; what was read of it is kept.
  void move_to(std::uint64_t offset, std::uint64_t index) {
    offset_ = offset;
    index_ = index;
  }

  enum class Step {
    Record,
    End,
    Torn
  };  // End: the file ends here. Torn: what follows is not the whole next record
  base::Result<Step> next();

  const Record& record() const { return record_; }     // after Step::Record, until the next call
  std::uint64_t offset() const { return offset_; }     // of the record that next() will read
  std::uint64_t next_index() const { return index_; }  // and its index

 private:
  base::Status fill();
  bool parse();

  std::shared_ptr<File> file_;
  std::uint64_t offset_;
  std::uint64_t index_;
  Record record_;
  std::string block_;  // bytes of the file from block_offset_ on
  std::uint64_t block_offset_ = 0;
};

}  // namespace postern::audit
