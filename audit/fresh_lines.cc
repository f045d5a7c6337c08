// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/fresh_lines.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "base/check.h"

namespace postern::audit {

static_assert(kEventLimit <= std::numeric_limits<std::uint16_t>::max());

FreshLines::Chunk::Chunk() : text(new char[kChunk]), held(new Held[kMostPerChunk]) {}

bool FreshLines::Chunk::has_room(std::size_t line) const {
  return count < kMostPerChunk && kChunk - bytes >= line;
}

FreshLines::Held FreshLines::held_of(std::string_view line, const EventFields* event) {
  Held held{};
  held.size = static_cast<std::uint16_t>(line.size());
  held.is_event = event != nullptr;
  if (event == nullptr) return held;
  const auto part = [&](std::string_view text) {
    if (text.empty()) return Part{};
    return Part{static_cast<std::uint16_t>(text.data() - line.data()),
                static_cast<std::uint16_t>(text.size())};
  };
  held.time = event->time;
  held.type = event->type;
  held.severity = event->severity;
  held.actor = part(event->actor);
  held.session = part(event->session);
  held.detail = part(event->detail);
  return held;
}

EventFields FreshLines::fields_of(std::string_view line, const Held& held) {
  const auto text = [&](Part part) { return line.substr(part.begin, part.size); };
  EventFields event;
  event.time = held.time;
  event.type = held.type;
  event.severity = held.severity;
  event.actor = text(held.actor);
  event.session = text(held.session);
  event.detail = text(held.detail);
  return event;
}

void FreshLines::begin_chunk(std::uint64_t index) {
  while (!chunks_.empty() && (chunks_.size() + 1) * kChunk > most_bytes_) chunks_.pop_front();
  chunks_.push_back(std::make_shared<Chunk>());
  chunks_.back()->first = index;
}

void FreshLines::add(std::uint64_t index, std::string_view line, const EventFields* event) {
  POSTERN_CHECK(line.size() <= kEventLimit);
  std::optional<EventFields> read;
  if (event == nullptr) {
    if (auto head = read_event_head(line); head.ok()) read = *head;
  }
  Held held = held_of(line, read ? &*read : event);
  const std::lock_guard lock(mutex_);
  if (!chunks_.empty() && chunks_.back()->first + chunks_.back()->count != index) chunks_.clear();
  if (chunks_.empty() || !chunks_.back()->has_room(line.size())) begin_chunk(index);
  Chunk& chunk = *chunks_.back();
  std::memcpy(chunk.text.get() + chunk.bytes, line.data(), line.size());
  held.begin = static_cast<std::uint32_t>(chunk.bytes);
  chunk.held[chunk.count] = held;
  chunk.bytes += line.size();
  ++chunk.count;
}

void FreshLines::forget_before(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  while (!chunks_.empty() && chunks_.front()->first + chunks_.front()->count <= index) chunks_.pop_front();
}

std::size_t FreshLines::look_at(std::uint64_t index, std::size_t count, const OnLine& on_line) const {
  struct Piece {
    std::shared_ptr<const Chunk> chunk;
    std::size_t begin, end;
  };
  std::vector<Piece> pieces;
  {
    const std::lock_guard lock(mutex_);
    std::size_t wanted = count;
    for (const std::shared_ptr<Chunk>& chunk : chunks_) {
      const std::uint64_t end = chunk->first + chunk->count;
      if (wanted == 0 || index >= end) continue;
      if (index < chunk->first) break;  // it is gone
      const auto begin = static_cast<std::size_t>(index - chunk->first);
      const std::size_t taken = std::min(wanted, chunk->count - begin);
      pieces.push_back({chunk, begin, begin + taken});
      index += taken;
      wanted -= taken;
    }
  }
  std::size_t shown = 0;
  for (const Piece& piece : pieces) {
    for (std::size_t i = piece.begin; i < piece.end; ++i, ++shown) {
      const Held& held = piece.chunk->held[i];
      const std::string_view line(piece.chunk->text.get() + held.begin, held.size);
      if (!held.is_event) {
        on_line(line, nullptr);
        continue;
      }
      const EventFields event = fields_of(line, held);
      on_line(line, &event);
    }
  }
  return shown;
}

}  // namespace postern::audit
