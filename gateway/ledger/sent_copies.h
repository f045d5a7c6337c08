// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A copy of all that Mission Control is sent, for the customer: sent/current.jsonl in the state directory, an object
// {"time","sent"} a line, sent being the document as it went; when it is kSentFile long it becomes previous.jsonl, and what was
// that before is gone. What cannot be copied is not sent.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "audit/files.h"
#include "base/clock.h"
#include "gateway/loop/loop.h"

namespace postern::ledger {

inline constexpr std::uint64_t kSentFile = 16U << 20U;  // bytes

class SentCopies {
 public:
  // directory: the state's. files outlives the last task on the pool.
  SentCopies(loop::Loop& loop, audit::FileSystem& files, const std::string& directory);
  ~SentCopies();
  SentCopies(const SentCopies&) = delete;
  SentCopies& operator=(const SentCopies&) = delete;

  // One at a time. document: JSON. done: when it is on the medium, or why it is not.
  void keep(base::Micros time, const std::string& document, std::function<void(const base::Status&)> done);

 private:
  struct Files;  // used on the pool alone
  loop::Loop& loop_;
  std::shared_ptr<Files> files_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::ledger
