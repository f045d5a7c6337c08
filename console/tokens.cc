// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/tokens.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/network.h"
#include "console/expiring.h"

namespace postern::console {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kLongestToken = 128;  // of what is looked at

bool is_open(const accounts::Account* owner) { return owner != nullptr && !owner->locked; }

const accounts::Account* owner_of(const std::vector<accounts::Account>& accounts, const state::Token& token) {
  const auto found = std::find_if(accounts.begin(), accounts.end(), [&](const accounts::Account& account) {
    // An account that was made after the token is another one of the same name.
    return account.name == token.owner && account.added <= token.created;
  });
  return found == accounts.end() ? nullptr : &*found;
}

bool may_come_from(const state::Token& token, std::string_view client) {
  if (token.networks.empty()) return true;
  return std::any_of(token.networks.begin(), token.networks.end(), [&](const std::string& text) {
    const auto network = base::parse_network(text);
    return network && base::contains(*network, host_of(client));
  });
}

Rank rank_of(const state::Token& token, const accounts::Account& owner) {
  return token.admin && owner.rank == Rank::Admin ? Rank::Admin : Rank::Auditor;
}

}  // namespace

std::string host_of(std::string_view client) {
  if (client.starts_with('[')) return std::string(client.substr(1, client.find(']') - 1));
  return std::string(client.substr(0, client.rfind(':')));
}

std::string make_token() {
  return std::string(kTokenBegins) + base::to_base64url(base::random_bytes(kTokenBytes));
}

std::string token_sha256(std::string_view token) { return std::string(base::view(base::sha256(token))); }

TokenVerdict judge_token(const state::State& state, const std::vector<accounts::Account>& accounts,
                         std::string_view text, std::string_view client, base::Micros now) {
  TokenVerdict verdict;
  verdict.why = "no valid token is like that";
  if (!text.starts_with(kTokenBegins) || text.size() > kLongestToken) return verdict;
  const std::string digest = token_sha256(text);
  for (const auto& [id, token] : state.tokens()) {
    if (token.sha256 == digest) verdict.token = &token;
  }
  if (verdict.token == nullptr) return verdict;
  const state::Token& token = *verdict.token;
  const accounts::Account* owner = owner_of(accounts, token);
  if (token.expires <= now) {
    verdict.why = "the token's time is over";
  } else if (owner == nullptr) {
    verdict.why = "the admin whose token it is has no account any more";
  } else if (owner->locked) {
    verdict.why = "the account of the admin whose token it is is locked";
  } else if (!may_come_from(token, client)) {
    verdict.why = "the token is not for the address that it comes from";
  } else {
    Identity identity{owner->name, rank_of(token, *owner), {}, token.created};
    identity.token = token.id;
    identity.token_name = token.name;
    identity.scopes = token.scopes;
    verdict.identity = std::move(identity);
  }
  return verdict;
}

bool token_alive(const state::State& state, const std::vector<accounts::Account>& accounts,
                 std::string_view id, base::Micros now) {
  const auto known = state.tokens().find(id);
  return known != state.tokens().end() && known->second.expires > now &&
         is_open(owner_of(accounts, known->second));
}

void TokenUses::note(const std::string& id, std::string_view client, base::Micros now) {
  if (by_id_.size() >= kMost && !by_id_.contains(id)) by_id_.erase(by_id_.begin());
  by_id_[id] = {host_of(client), now};
}

std::optional<state::Token::Use> TokenUses::last(const state::Token& token) const {
  std::optional<state::Token::Use> newest;
  if (!token.uses.empty()) newest = token.uses.back();
  const auto seen = by_id_.find(token.id);
  if (seen != by_id_.end() && (!newest || newest->at < seen->second.at)) newest = seen->second;
  return newest;
}

base::Json view_token(const state::Token& token, const TokenUses& uses,
                      const std::vector<accounts::Account>& accounts, base::Micros now) {
  base::Json json{{"id", token.id},
                  {"name", token.name},
                  {"admin", token.owner},
                  {"rank", token.admin ? "admin" : "auditor"},
                  {"scopes", token.scopes},
                  {"networks", token.networks},
                  {"created", base::format_time(token.created)},
                  {"not_after", base::format_time(token.expires)},
                  {"usable", token.expires > now && is_open(owner_of(accounts, token))}};
  json.update(time_left(token.expires, now));
  if (const auto use = uses.last(token))
    json["last_used"] = {{"at", base::format_time(use->at)}, {"client", use->client}};
  return json;
}

}  // namespace postern::console
