// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// API tokens. The console makes their text and shows it once; here only its SHA-256 is known.
#include <algorithm>

#include "base/bytes.h"
#include "base/network.h"
#include "gateway/ledger/deciding.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using state::Token;

constexpr std::size_t kMostTokens = 200;
constexpr std::size_t kMostNetworks = 16;
constexpr base::Micros kLongestToken = 366LL * 24 * 3600 * base::kWallSecond;  // a year, a leap one too
constexpr base::Micros kDefaultToken = 90LL * 24 * 3600 * base::kWallSecond;
// A use from an address that is known is an event again after this.
constexpr base::Micros kUsedAgain = 24LL * 3600 * base::kWallSecond;
constexpr std::string_view kScopes[] = {"engineers", "permissions", "policy", "read", "requests", "sessions"};

// Sorted, each once.
bool read_scopes(const Order& order, std::vector<std::string>& out) {
  if (!order.texts("scopes", out)) return false;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return !out.empty() && std::all_of(out.begin(), out.end(), [](const std::string& scope) {
    return std::find(std::begin(kScopes), std::end(kScopes), scope) != std::end(kScopes);
  });
}

bool read_networks(const Order& order, std::vector<std::string>& out) {
  return order.texts("networks", out) && out.size() <= kMostNetworks &&
         std::all_of(out.begin(), out.end(),
                     [](const std::string& text) { return base::parse_network(text).has_value(); });
}

Detail& put_token(Detail& detail, const Token& token) {
  return detail.text("token", token.id).text("name", token.name).text("admin", token.owner);
}

Draft draft_token(EventType type, const Token& token, const std::string& actor, std::string_view client) {
  Draft draft{
      type, actor, {}, token.id, {}, {}, type == EventType::TokenRevoked || type == EventType::TokenExpired};
  Detail detail;
  put_token(detail, token).text("client", client);
  draft.detail = detail.done();
  return draft;
}

Draft draft_created(const Token& token, const Order& order) {
  Draft draft{EventType::TokenCreated, order.actor, {}, token.id, {}, {}, false};
  Detail detail;
  put_token(detail, token)
      .text("rank", token.admin ? "admin" : "auditor")
      .texts("scopes", token.scopes)
      .texts("networks", token.networks)
      .text("token_sha256", base::to_hex(token.sha256))
      .time("expires", token.expires)
      .text("client", order.from);
  draft.detail = detail.done();
  return draft;
}

bool is_taken(const state::State& state, const Token& wanted) {
  return std::any_of(state.tokens().begin(), state.tokens().end(), [&](const auto& known) {
    return known.second.owner == wanted.owner && known.second.name == wanted.name;
  });
}

const Token* find_token(const Context& context, const std::string& id) {
  const auto known = context.state.tokens().find(id);
  return known == context.state.tokens().end() ? nullptr : &known->second;
}

}  // namespace

Decision decide_token_create(const Context& context, const Order& order) {
  Token token;
  token.name = order.text("name");
  token.owner = order.text("admin");
  token.sha256 = base::from_hex(order.text("token_sha256")).value_or("");
  const std::string rank = order.has("rank") ? order.text("rank") : "auditor";
  token.admin = rank == "admin";
  if (!is_engineer_name(token.name))
    return invalid(
        "name must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit");
  if (token.owner.empty() || !is_plain_text(token.owner, kLongestPeerText) || token.sha256.size() != 32)
    return invalid("admin and token_sha256 are missing");
  if (rank != "admin" && rank != "auditor") return invalid("rank must be admin or auditor");
  if (!read_scopes(order, token.scopes))
    return invalid("scopes must be some of read, requests, permissions, sessions, policy, engineers");
  if (!token.admin && token.scopes != std::vector<std::string>{"read"})
    return invalid("an auditor reads and changes nothing: the rank auditor has the scope read alone");
  if (!read_networks(order, token.networks))
    return invalid(
        "networks must be at most 16 ranges such as 192.0.2.0/24, without bits beyond their length");
  token.expires = context.now + kDefaultToken;
  if (order.has("expires")) {
    const auto until = base::parse_until(order.text("expires"), context.now);
    if (!until.ok()) return invalid("expires: " + until.error().message);
    token.expires = *until;
  }
  if (token.expires > context.now + kLongestToken) return invalid("a token may live for a year at most");
  if (is_taken(context.state, token))
    return conflict("this admin has a token of that name already; revoke it first");
  if (context.state.tokens().size() >= kMostTokens)
    return refuse(base::Refusal::LimitReached, "there are too many tokens; revoke one first");
  if (!context.log_writable) return log_closed();
  token.id = context.ids.make(context.now);
  Decision decision;
  decision.events.push_back(draft_created(token, order));
  decision.reply = {{"id", token.id}};
  return decision;
}

Decision decide_token_revoke(const Context& context, const Order& order) {
  const Token* known = find_token(context, order.text("id"));
  if (known == nullptr) return not_found("no valid token has that id");
  Decision decision;
  decision.events.push_back(draft_token(EventType::TokenRevoked, *known, order.actor, order.from));
  decision.reply = {{"id", known->id}};
  return decision;
}

// The console asks for it more often than there is something to say.
Decision decide_token_use(const Context& context, const Order& order) {
  const Token* known = find_token(context, order.text("id"));
  if (known == nullptr) return not_found("no valid token has that id");
  const std::string client = order.text("client");
  for (const Token::Use& use : known->uses) {
    if (use.client == client && use.at + kUsedAgain > context.now) return unchanged({{"id", known->id}});
  }
  if (!context.log_writable) return log_closed();
  Decision decision;
  decision.events.push_back(draft_token(EventType::TokenUsed, *known, order.actor, client));
  decision.reply = {{"id", known->id}};
  return decision;
}

void expire_tokens(const Context& context, Decision& into) {
  for (const auto& [id, token] : context.state.tokens()) {
    if (token.expires <= context.now)
      into.events.push_back(draft_token(EventType::TokenExpired, token, "gateway", ""));
  }
}

}  // namespace postern::ledger
