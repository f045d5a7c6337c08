// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/commits.h"

#include <utility>

#include "base/log.h"

namespace postern::mission {
namespace {

constexpr const char* kRetrySeconds = "5";  // as often as PostgreSQL is looked for

answer::Response store_unavailable(std::string_view title, std::string_view what) {
  answer::Response out = answer::problem(503, "store_unavailable", title, what);
  out.fields.emplace_back("retry-after", kRetrySeconds);
  return out;
}

}  // namespace

Commits::Commits(loop::Loop& loop, Store& store)
    : store_(store), hook_(loop.at_turn_end(loop::Stage::Record, [this] {
        const bool found = !waiting_.empty();
        flush();
        return found;
      })) {}

void Commits::then(std::function<void(bool)> done) { waiting_.push_back(std::move(done)); }

void Commits::reply(answer::Reply reply, answer::Response response) {
  // std::function copies; a response is moved once.
  auto kept = std::make_shared<answer::Response>(std::move(response));
  then([reply = std::move(reply), kept](bool durable) {
    if (durable) return reply(std::move(*kept));
    reply(store_unavailable("Mission Control cannot write now",
                            "nothing of this request was kept: try again later"));
  });
}

void Commits::flush() {
  const bool wrote = store_.writes();
  const base::Status done = store_.commit();
  if (!done.ok() && problem_.empty())
    base::log_error("the store cannot be written, nothing is taken until it can: " + done.error().message);
  // A turn in which nothing was to be written says nothing.
  if (done.ok() && wrote && !std::exchange(problem_, {}).empty())
    base::log_info("the store can be written again");
  if (!done.ok()) problem_ = done.error().message;
  for (const auto& one : std::exchange(waiting_, {})) one(done.ok());
}

answer::Response store_problem(const base::Error& error) {
  // That it is away is said once, by who keeps the connection (store_link.h).
  const bool away = error.code == base::Code::Closed;
  base::log(away ? base::Level::Debug : base::Level::Error, "the store: " + error.message);
  return store_unavailable("Mission Control cannot read or write now", "try again later");
}

}  // namespace postern::mission
