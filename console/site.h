// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The gate between both faces and the API: who asks, whether the request may come from where it comes from,
// whether their rank is enough; the page and its assets; the fields that every answer carries.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "console/call.h"
#include "console/parts.h"
#include "console/router.h"
#include "face/gate.h"
#include "gateway/answer/answerer.h"

namespace postern::console {

struct Route;

class Site final : public answer::Answerer {
 public:
  explicit Site(Parts& parts) : parts_(parts) {}
  // Answers exactly once, perhaps later. call->identity is set by the control socket and by nobody else.
  void answer(std::shared_ptr<Call> call, Reply reply) override;
  Response refuse(const Call& call, base::Refusal refusal, std::string_view why) override;
  std::string_view place() const override { return "the console"; }

 private:
  void answer_api(std::shared_ptr<Call> call, const Reply& reply);
  Response asset(const Call& call);
  std::optional<Response> proof_problem(const Route& route, const Call& call) const;
  bool has_token(const Call& call) const;
  std::optional<Response> take_token(Call& call, const Route& route);
  Parts& parts_;
};

}  // namespace postern::console
