// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/desk.h"

#include "base/log.h"

namespace postern::mission {

void Desk::answer(std::shared_ptr<answer::Call> call, answer::Reply reply) { line_.answer(call, reply); }

// Who shows no certificate can only enrol, and what that takes is short.
std::size_t Desk::body_limit(const answer::Call& call) const {
  constexpr std::size_t kStrangers = 16U << 10U;
  static_assert(kStrangers > line::kRequestPem + 1024);
  if (call.local) return answer::kRequestBodyLimit;
  return call.certificates->empty() ? kStrangers : line::kDocumentLimit;
}

answer::Response Desk::refuse(const answer::Call& call, base::Refusal refusal, std::string_view why) {
  base::log(base::Level::Debug, "a request from " + call.client + " was refused: " + std::string(why));
  return answer::problem(refusal, why);
}

}  // namespace postern::mission
