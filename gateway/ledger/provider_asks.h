// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the identity provider is asked, through the link (gateway/link/openid_client.h): commands of the
// families openid.* and admin_openid.* wait here, each for its own provider's answer, and are decided then. The link verifies
// tokens, since it alone speaks to the provider; what its claims mean here is the ledger's (decide_session.cc,
// decide_admin_openid.cc).
//
// A sign-in is used once: its state is remembered for as long as a browser may come back with it. After a restart of the
// ledger nothing is remembered, and the provider, which redeems a code once, stands alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"

namespace postern::ledger {

// The ledger's part of the configuration: {"openid": null or {"issuer", "name_claim", "groups": [..], "provision",
// "roles": {"viewer": [..], "user": [..], "admin": [..]}}}.
struct OpenIdTerms {
  std::string issuer;      // empty: there is no provider
  std::string name_claim;  // "email", "preferred_username", "sub"
  std::vector<std::string> groups;
  bool provision = false;
  // Which groups give which role, the highest first; empty: groups give none, and limit nothing.
  std::vector<std::pair<std::string, std::vector<std::string>>> roles = {};
};
// section: "openid", or "admin_openid", whose roles are those of the console and which has neither groups nor provision.
OpenIdTerms parse_openid_terms(const base::Json& part, const char* section);

// Of engineers, from an enforcer: "openid.*"; of admins, from the console: "admin_openid.*".
bool is_openid_command(std::string_view command);
bool is_admin_openid_command(std::string_view command);

// In an order whose question was answered: {"status", "why"*}, and what was said; {} where there is nothing of the kind.
base::Json provider_answer(const base::Json& order);
base::Json provider_claims(const base::Json& order);
// Whether the claims' groups name one of these.
bool names_one_of(const base::Json& claims, const std::vector<std::string>& groups);

class ProviderAsks {
 public:
  using Carry = std::function<bool(const ipc::Errand&)>;  // false: there is no link now
  using Answered =
      std::function<void(base::Json answer)>;  // {"status", "body": object} or {"status", "why": sentence}

  ProviderAsks(const base::Clock& clock, Carry carry) : clock_(clock), carry_(std::move(carry)) {}

  // question: the body of an errand. Answered once, perhaps at once.
  void ask(const base::Json& question, Answered then);
  bool take(const ipc::Delivered& delivered);  // false: of an errand that was never given
  void link_gone();
  void look();  // now and then: gives up on who does not answer

  // False if a sign-in with that state was tried before, or too many were of late.
  bool first_use(const std::string& state);

  static constexpr std::uint64_t kFirstErrand = std::uint64_t{1}
                                                << 63U;            // those of notices have smaller numbers
  static constexpr base::Nanos kPatience = 30 * base::kSecond;     // the link gives up sooner
  static constexpr std::size_t kMostAsked = 64;                    // under way
  static constexpr base::Nanos kRemembered = 900 * base::kSecond;  // longer than a browser may take
  static constexpr std::size_t kMostRemembered = 20'000;

 private:
  struct Asked {
    base::Nanos deadline = 0;
    Answered then;
  };
  void answer_all(bool all, const char* why);

  const base::Clock& clock_;
  Carry carry_;
  std::map<std::uint64_t, Asked> asked_;
  std::uint64_t last_ = kFirstErrand;
  std::map<std::string, base::Nanos, std::less<>> used_;  // SHA-256 of a state -> when it may be forgotten
};

}  // namespace postern::ledger
