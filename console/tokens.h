// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// API tokens of admins, as a script shows them: "Authorization: Bearer postern_..." with 32 random bytes in base64url.
// The log and the state have the SHA-256 of the whole text and nothing more.
//
// A token is worth something while the state has it, its time is not over, it comes from where it may, and its owner
// has an account; it never has a higher rank than that. It opens what its scopes say (router.h) and nothing that is
// about accounts or tokens.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/account.h"
#include "base/json.h"
#include "console/call.h"
#include "gateway/state/state.h"

namespace postern::console {

inline constexpr std::string_view kTokenBegins = "postern_";

std::string make_token();
std::string token_sha256(std::string_view token);  // 32 bytes

// Of a client's "address:port": without the port, an IPv6 address without its brackets.
std::string host_of(std::string_view client);

struct TokenVerdict {
  const state::Token* token = nullptr;  // known, also where it is refused
  std::optional<Identity> identity;     // nothing: refused
  std::string_view why;                 // then: in a sentence, for the log and for whoever has the token
};
// client: "address:port". Pure; the time that it takes says nothing about which tokens there are.
TokenVerdict judge_token(const state::State& state, const std::vector<accounts::Account>& accounts,
                         std::string_view text, std::string_view client, base::Micros now);

// Whether what began with that token may go on: its id, and its owner as before.
bool token_alive(const state::State& state, const std::vector<accounts::Account>& accounts,
                 std::string_view id, base::Micros now);

// When each token was used last, as this console saw it: finer than the log has it, and gone with the process.
class TokenUses {
 public:
  static constexpr std::size_t kMost = 1'000;
  void note(const std::string& id, std::string_view client, base::Micros now);
  std::optional<state::Token::Use> last(const state::Token& token) const;

 private:
  std::map<std::string, state::Token::Use> by_id_;
};

// As the API answers (openapi.json: Token).
base::Json view_token(const state::Token& token, const TokenUses& uses,
                      const std::vector<accounts::Account>& accounts, base::Micros now);

}  // namespace postern::console
