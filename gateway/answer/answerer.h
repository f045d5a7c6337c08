// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What answers the requests that come through a face: the console of a gateway, the desk of Mission Control.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "gateway/answer/call.h"

namespace postern::answer {

class Answerer {
 public:
  virtual ~Answerer() = default;
  // Answers exactly once, perhaps later.
  virtual void answer(std::shared_ptr<Call> call, Reply reply) = 0;
  // What a face refuses by itself (not valid HTTP, too large), dressed like any other answer and noted.
  virtual Response refuse(const Call& call, base::Refusal refusal, std::string_view why) = 0;
  virtual std::string_view place() const = 0;  // for sentences: "the console"
  // Bytes of the request's body; beyond: 413. kRequestBodyLimit at most.
  virtual std::size_t body_limit(const Call& call) const {
    (void)call;
    return kRequestBodyLimit;
  }
  // Asked of a request whose body has no length: whether it is answered at once, while the body goes on. An answer without a
  // sink wants none of it.
  virtual bool converses(const Call& call) const {
    (void)call;
    return false;
  }
};

}  // namespace postern::answer
