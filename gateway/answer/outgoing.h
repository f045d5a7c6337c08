// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The body of a response on its way out, whether it lies there or is made as it goes. Both faces take from it
// what their peer has room for.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/answer/call.h"

namespace postern::answer {

class Outgoing {
 public:
  // wake: called when a source that waited has something again; only notes that.
  Outgoing(Response response, std::function<void()> wake);

  const Response& head() const { return response_; }
  bool streamed() const { return response_.source != nullptr; }  // its length is not known beforehand

  // The next bytes, at most most; empty if there are none now. Valid until the next call.
  std::string_view next(std::size_t most);
  void consume(std::size_t size);  // of what next() gave
  bool done() const;               // all was consumed
  bool failed() const { return failed_; }

 private:
  Response response_;
  std::string made_;          // by the source, not yet consumed
  std::size_t consumed_ = 0;  // of made_, or of the response's bytes
  bool ended_ = false;        // the source has nothing more
  bool failed_ = false;
};

}  // namespace postern::answer
