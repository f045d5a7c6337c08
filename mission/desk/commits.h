// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What was done on the store in one turn of the loop is committed at its end, with one sync for all of it; answers wait for
// that.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/answer/call.h"
#include "gateway/loop/loop.h"
#include "mission/store/store.h"

namespace postern::mission {

class Commits {
 public:
  Commits(loop::Loop& loop, Store& store);
  Commits(const Commits&) = delete;
  Commits& operator=(const Commits&) = delete;

  // Answers once what was done is durable, or with 503 if it could not be made so.
  void reply(answer::Reply reply, answer::Response response);
  void then(std::function<void(bool durable)> done);
  void flush();  // now
  // Why what was last to be written could not be; empty: it was.
  const std::string& problem() const { return problem_; }

 private:
  Store& store_;
  std::string problem_;  // logged once, however long it lasts
  std::vector<std::function<void(bool)>> waiting_;
  std::unique_ptr<loop::Loop::Hook> hook_;
};

// The store cannot be read or written now; logged.
answer::Response store_problem(const base::Error& error);

}  // namespace postern::mission
