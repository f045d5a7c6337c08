// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Pages that follow something live (server-sent events). A page that does not read loses what is called "event", never the newest
// "state": it is told how many it missed ("more").
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "face/call.h"

namespace postern::face {

class Audience {
 public:
  static constexpr std::size_t kMost = 50;
  static constexpr std::size_t kMostQueued = 256U << 10U;  // bytes that wait for one page

  Audience() = default;
  Audience(const Audience&) = delete;
  Audience& operator=(const Audience&) = delete;

  bool full() const { return streams_.size() >= kMost; }
  std::size_t size() const { return streams_.size(); }
  // One more. allowed is asked by ask(): false ends the stream (the sign-in has ended).
  std::unique_ptr<Source> open(std::function<bool()> allowed);
  void tell(std::string_view event, const std::string& data);  // a JSON document
  void ask();
  void close_all();

 private:
  class Stream;
  friend class Stream;
  std::vector<Stream*> streams_;  // owned by whoever sends them; they leave when they die
};

// The answer that such a stream is the body of; without one for a HEAD, which must not take the place of a page.
Response stream_response(std::unique_ptr<Source> source);

}  // namespace postern::face
