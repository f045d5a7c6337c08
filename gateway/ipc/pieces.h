// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A text that may be longer than a frame travels in pieces, in order, the last of them marked as such. A text
// that is shorter is one piece; an empty one is one empty piece.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace postern::ipc {

// send(piece, last) for each piece of at most size bytes, at least one.
template <typename Send>
void in_pieces(std::string_view text, std::size_t size, Send send) {
  do {
    const std::string_view piece = text.substr(0, size);
    text.remove_prefix(piece.size());
    send(piece, text.empty());
  } while (!text.empty());
}

// The other end: what has come of a text so far.
class Pieces {
 public:
  explicit Pieces(std::size_t limit) : limit_(limit) {}

  // False: the text is longer than the limit, which is a breach; what there was of it is forgotten.
  [[nodiscard]] bool take(std::string_view piece, bool last) {
    if (whole_) clear();
    if (piece.size() > limit_ - text_.size()) {
      clear();
      return false;
    }
    text_ += piece;
    whole_ = last;
    return true;
  }
  bool whole() const { return whole_; }
  std::string take_whole() {  // only when whole(); then there is none any more
    whole_ = false;
    return std::exchange(text_, {});
  }
  void clear() {
    text_.clear();
    whole_ = false;
  }

 private:
  std::size_t limit_;
  std::string text_;
  bool whole_ = false;
};

}  // namespace postern::ipc
