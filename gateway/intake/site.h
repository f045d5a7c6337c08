// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the intake answers: POST /intake/v1/events with a token, GET /intake/v1/schema.json, and nothing else. Who has no token that
// counts is answered before the body comes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/answer/answerer.h"
#include "gateway/intake/doorkeeper.h"
#include "gateway/intake/ledger_client.h"
#include "gateway/loop/loop.h"
#include "intake/batch.h"

namespace postern::intake {

class Site final : public answer::Answerer {
 public:
  Site(loop::Loop& loop, Doorkeeper& doorkeeper, LedgerClient& ledger);

  void answer(std::shared_ptr<answer::Call> call, answer::Reply reply) override;
  answer::Response refuse(const answer::Call& call, base::Refusal refusal, std::string_view why) override;
  std::string_view place() const override { return "the intake"; }
  std::size_t body_limit(const answer::Call& call) const override;

  // Takes no more: the gateway is stopping.
  void drain() { draining_ = true; }

 private:
  answer::Response judge(const answer::Call& call, const answer::Reply& reply, bool& pending);
  answer::Response take(const answer::Call& call, const answer::Reply& reply, bool& pending);
  answer::Response no_token(const answer::Call& call);
  void tell_of_refusals();

  loop::Loop& loop_;
  Doorkeeper& doorkeeper_;
  LedgerClient& ledger_;
  bool draining_ = false;
  loop::Timer timer_;
};

}  // namespace postern::intake
