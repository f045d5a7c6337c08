// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/record.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "audit/crc32c.h"
#include "audit/event.h"
#include "base/bytes.h"

namespace postern::audit {
namespace {

using base::BinaryReader;
using base::Ok;
using base::Result;
using base::Status;

constexpr std::string_view kMagic = "postern1";
constexpr std::string_view kSuffix = ".journal";
constexpr std::size_t kSequenceDigits = 8;
constexpr std::size_t kFirstDigits = 16;
constexpr std::size_t kBlockSize = 256U << 10U;  // several of the longest records
static_assert(kBlockSize > 2 * (kEventLimit + kRecordHeaderSize));

void put(char* out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(value >> (8 * i) & 255U);
}

std::string padded(std::uint64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::optional<Segment> parse_segment_name(std::string_view name) {
  if (name.size() != kSequenceDigits + 1 + kFirstDigits + kSuffix.size()) return std::nullopt;
  const auto sequence = number_of(name.substr(0, kSequenceDigits));
  const auto first = number_of(name.substr(kSequenceDigits + 1, kFirstDigits));
  if (!sequence || !first || segment_name(*sequence, *first) != name) return std::nullopt;
  Segment segment;
  segment.sequence = *sequence;
  segment.first = *first;
  return segment;
}

}  // namespace

std::string encode_segment_header(const SegmentHeader& header) {
  base::BinaryWriter out;
  out.raw(kMagic);
  out.u64(header.sequence);
  out.u64(header.first);
  out.u32(header.lag);
  out.u32(crc32c(out.bytes()));
  return out.bytes();
}

std::optional<SegmentHeader> parse_segment_header(std::string_view bytes) {
  BinaryReader in(bytes);
  SegmentHeader header;
  const bool ours = in.raw(kMagic.size()) == kMagic;
  header.sequence = in.u64();
  header.first = in.u64();
  header.lag = in.u32();
  const std::uint32_t crc = in.u32();
  if (!ours || !in.done() || crc != crc32c(bytes.substr(0, bytes.size() - 4)) || header.lag > header.first) {
    return std::nullopt;
  }
  return header;
}

void append_record(std::string& out, const Record& record) {
  const std::size_t at = out.size();
  std::array<char, kRecordHeaderSize> head{};
  put(&head[4], record.payload.size(), 4);
  put(&head[8], record.index, 8);
  put(&head[16], record.lag, 4);
  out.append(head.data(), head.size());
  out += record.payload;
  put(&out[at], crc32c(std::string_view(out).substr(at + 4)), 4);
}

std::optional<Record> parse_record(std::string_view bytes) {
  if (bytes.size() < kRecordHeaderSize) return std::nullopt;
  BinaryReader in(bytes);
  const std::uint32_t crc = in.u32();
  const std::uint32_t length = in.u32();
  Record record;
  record.index = in.u64();
  record.lag = in.u32();
  if (length == 0 || length > kEventLimit || record.lag > record.index) return std::nullopt;
  record.payload = in.raw(length);
  if (!in.ok() || crc != crc32c(bytes.substr(4, kRecordHeaderSize - 4 + length))) return std::nullopt;
  return record;
}

std::string segment_name(std::uint64_t sequence, std::uint64_t first) {
  return padded(sequence, kSequenceDigits) + "-" + padded(first, kFirstDigits) + std::string(kSuffix);
}

Result<std::vector<Segment>> list_segments(FileSystem& files, const std::string& directory) {
  const auto names = files.list(directory);
  if (!names.ok()) return names.error();
  std::vector<Segment> segments;
  for (const std::string& name : *names) {
    auto segment = parse_segment_name(name);
    if (!segment) continue;
    segment->path = directory + "/" + name;
    segments.push_back(*std::move(segment));
  }
  std::sort(segments.begin(), segments.end(),
            [](const Segment& a, const Segment& b) { return a.sequence < b.sequence; });
  std::uint64_t end = std::numeric_limits<std::uint64_t>::max();
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    segment->end = end;
    end = std::min(end, segment->first);
  }
  return segments;
}

Result<RecordCursor::Step> RecordCursor::next() {
  if (!parse()) {
    if (const Status filled = fill(); !filled.ok()) return filled.error();
    if (!parse()) return block_.empty() ? Step::End : Step::Torn;
  }
  offset_ += kRecordHeaderSize + record_.payload.size();
  ++index_;
  return Step::Record;
}

bool RecordCursor::parse() {
  if (offset_ < block_offset_ || offset_ - block_offset_ >= block_.size()) return false;
  const auto record = parse_record(std::string_view(block_).substr(offset_ - block_offset_));
  if (!record || record->index != index_) return false;
  record_ = *record;
  return true;
}

Status RecordCursor::fill() {
  block_offset_ = offset_;
  block_.resize(kBlockSize);
  std::size_t held = 0;
  while (held < block_.size()) {
    const auto n = file_->read_at(offset_ + held, block_.data() + held, block_.size() - held);
    if (!n.ok()) {
      block_.clear();
      return n.error();
    }
    if (*n == 0) break;
    held += *n;
  }
  block_.resize(held);
  return Ok{};
}

}  // namespace postern::audit
