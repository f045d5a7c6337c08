// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A queue of bytes in one piece of memory: written at the end, read from the front, bounded by a limit that
// the owner names. Large memory is given back when the queue runs empty, so that an idle connection costs
// little.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace postern::base {

class Buffer {
 public:
  // Memory up to keep bytes is not given back when the queue runs empty: a connection that may be idle for
  // long keeps little, a channel between two processes keeps what a turn needs.
  explicit Buffer(std::size_t limit, std::size_t keep = 2048) : limit_(limit), keep_(keep) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // What is held, oldest byte first. Valid until the next call that is not const.
  std::string_view view() const { return {memory_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  std::size_t room() const { return limit_ - size(); }  // bytes that may still be written
  std::size_t limit() const { return limit_; }

  // Appends all of bytes. False, and nothing written, if there is no room.
  [[nodiscard]] bool write(std::string_view bytes);

  // Room for at least wanted bytes (wanted <= room()) to write into directly; commit() says how many were.
  char* reserve(std::size_t wanted);
  void commit(std::size_t written);

  void consume(std::size_t count);  // count <= size()
  void clear();                     // forgets all and gives the memory back

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t limit_;
  std::size_t keep_;
};

}  // namespace postern::base
