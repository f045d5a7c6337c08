// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/relay_desk.h"

#include "base/log.h"

namespace postern::mission {

bool RelayDesk::converses(const answer::Call& call) const {
  return call.method == http::Method::Post && call.target.path() == kJoinPath;
}

void RelayDesk::answer(std::shared_ptr<answer::Call> call, answer::Reply reply) {
  if (!converses(*call))
    return reply(refusal(404, "not_found", "There is nothing here", "this is for the relay"));
  tunnels_.join(std::move(call), reply);
}

answer::Response RelayDesk::refuse(const answer::Call& call, base::Refusal refusal, std::string_view why) {
  base::log(base::Level::Debug, "an engineer at " + call.client + " is not relayed: " + std::string(why));
  return answer::problem(refusal, why);
}

}  // namespace postern::mission
