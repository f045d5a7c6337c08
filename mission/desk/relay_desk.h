// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the relay asks (mission/relay/relay.h): one thing. Its exchange is a request for a name, in whose conversation the
// engineer's bytes go down and the installation's come up.
#pragma once

#include "gateway/answer/answerer.h"
#include "mission/desk/tunnels.h"

namespace postern::mission {

class RelayDesk final : public answer::Answerer {
 public:
  explicit RelayDesk(Tunnels& tunnels) : tunnels_(tunnels) {}

  void answer(std::shared_ptr<answer::Call> call, answer::Reply reply) override;
  answer::Response refuse(const answer::Call& call, base::Refusal refusal, std::string_view why) override;
  std::string_view place() const override { return "the relay"; }
  bool converses(const answer::Call& call) const override;

  // POST /join?name=NAME
  static constexpr std::string_view kJoinPath = "/join";
  static constexpr std::string_view kHost = "relay";

 private:
  Tunnels& tunnels_;
};

}  // namespace postern::mission
