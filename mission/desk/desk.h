// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What answers on the line: installations, and whoever wants to become one.
#pragma once

#include "gateway/answer/answerer.h"
#include "mission/desk/line_api.h"

namespace postern::mission {

class Desk final : public answer::Answerer {
 public:
  Desk(Parts& parts, Lives& lives, Tunnels& tunnels) : line_(parts, lives, tunnels) {}

  void answer(std::shared_ptr<answer::Call> call, answer::Reply reply) override;
  answer::Response refuse(const answer::Call& call, base::Refusal refusal, std::string_view why) override;
  std::string_view place() const override { return "Mission Control"; }
  std::size_t body_limit(const answer::Call& call) const override;
  bool converses(const answer::Call& call) const override { return line_.converses(call); }

 private:
  LineApi line_;
};

}  // namespace postern::mission
