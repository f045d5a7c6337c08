// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The gate before the table of admin.h, for the page behind the admin listener and for the control socket: who asks, whether the
// request may come from where it comes from, whether their rank is enough; the page's files. What a request changed is durable
// before it is answered. A client's certificate means nothing here.
#pragma once

#include <memory>
#include <string_view>

#include "gateway/answer/answerer.h"
#include "mission/desk/admin.h"

namespace postern::mission {

class AdminSite final : public answer::Answerer {
 public:
  explicit AdminSite(AdminParts& parts) : parts_(parts) {}
  AdminSite(const AdminSite&) = delete;
  AdminSite& operator=(const AdminSite&) = delete;

  void answer(std::shared_ptr<answer::Call> call, answer::Reply reply) override;
  answer::Response refuse(const answer::Call& call, base::Refusal refusal, std::string_view why) override;
  std::string_view place() const override { return "Mission Control"; }
  std::size_t body_limit(const answer::Call&) const override { return 64U << 10U; }

 private:
  void answer_api(const std::shared_ptr<answer::Call>& call, const answer::Reply& reply);
  AdminParts& parts_;
};

// Manner and cookies of this face.
face::Manner people_manner();

}  // namespace postern::mission
