// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Changes that a program may safely send again, because it does not know whether the first arrived: the request carries
// an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), and whoever sends the same one again gets the answer
// of the first, and nothing is done twice.
//
// A key belongs to who sent it: one sign-in, one API token, or one peer of the control socket. Answers are kept in
// memory for kRepeatLife, errors too, since an error does not say that nothing was done; they end with the process. What
// was refused before anything was looked at (who asks, their rank, their proof) is not kept.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/crypto.h"
#include "face/call.h"

namespace postern::face {

inline constexpr base::Nanos kRepeatLife = 86'400 * base::kSecond;
inline constexpr std::size_t kRepeatKeyLimit = 128;     // bytes of a key
inline constexpr std::size_t kRepeats = 1'000;          // kept at a time; the oldest goes first
inline constexpr std::size_t kRepeatBytes = 4U << 20U;  // of all answers that are kept; likewise

class Repeats {
 public:
  // The Reply with which the change is to be made, or nothing: then it was answered, with what was answered before or
  // with what is wrong (400 invalid, 409 in_progress, 422 key_reused). Without a key it is reply itself. The answer that
  // the Reply gets may come after this is gone.
  std::optional<Reply> begin(const Call& call, const Reply& reply, base::Nanos now);

  std::size_t size() const { return order_.size(); }

 private:
  struct Entry {
    base::Sha256 request{};  // method, target, preconditions and body
    base::Nanos at = 0;
    std::optional<Response> answer;  // nothing: it is being made
  };
  using EntryPtr = std::shared_ptr<Entry>;

  void forget(base::Nanos now);
  void keep(const EntryPtr& entry, const Response& response);

  std::map<std::string, EntryPtr, std::less<>> by_key_;
  std::deque<std::string> order_;  // of the keys, as they came
  std::size_t bytes_ = 0;
  std::shared_ptr<const bool> life_ = std::make_shared<const bool>(true);
};

}  // namespace postern::face
