// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The intake: its tokens, what nodes of the component send with them, and remote gateways that are not heard from. The intake's
// role has read it all already; here it is read again, from what that role may have made of it.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "base/bytes.h"
#include "gateway/ledger/deciding.h"
#include "gateway/ledger/intake_memory.h"
#include "intake/batch.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using base::Json;
using state::IntakeToken;
using state::RemoteGateway;

constexpr base::Micros kLongestIntakeToken = 10LL * 366 * kDay;
constexpr base::Micros kSkewSaid = base::kWallSecond;  // from there on
constexpr std::int64_t kMostNoted = 1'000'000'000;

std::string actor_of_token(const IntakeToken& token) { return "component:" + token.name; }

Draft draft_intake_token(EventType type, const IntakeToken& token, const std::string& actor,
                         std::string_view client) {
  Draft draft{type, actor, {}, token.id, {}, {}, type != EventType::IntakeTokenCreated};
  draft.stops = false;  // nothing of it is at a terminator of engineers
  Detail detail;
  detail.text("token", token.id).text("name", token.name);
  if (type == EventType::IntakeTokenCreated) {
    detail.text("service", token.service).text("token_sha256", base::to_hex(token.sha256));
    if (token.expires != 0) detail.time("expires", token.expires);
  }
  draft.detail = detail.text("client", client).done();
  return draft;
}

const IntakeToken* find_intake_token(const Context& context, const std::string& id) {
  const auto known = context.state.intake_tokens().find(id);
  return known == context.state.intake_tokens().end() ? nullptr : &known->second;
}

Draft draft_of_sent(const intake::Event& event, EventType type, const IntakeToken& token, std::int64_t skew,
                    std::string_view client) {
  const bool gateway = !event.gateway.empty();
  Draft draft{type, actor_of_token(token), {}, gateway ? event.gateway : event.node, {}, {}, false};
  Detail detail;
  detail.text("token", token.id)
      .text("service", event.service)
      .text("node", gateway ? std::string() : event.node);
  detail.text("gateway", event.gateway).text("event", event.id).time("at", event.time);
  if (std::abs(skew) >= kSkewSaid) detail.number("skew_us", skew);
  detail.text("client", client);
  if (!event.said.empty()) detail.document("said", event.said);
  draft.detail = detail.done();
  return draft;
}

Draft draft_remote_gateway(EventType type, const RemoteGateway& gateway, const char* key,
                           base::Micros duration) {
  Draft draft{type, "gateway", {}, gateway.name, {}, {}, false};
  draft.detail = Detail()
                     .text("token", gateway.token)
                     .text("service", gateway.service)
                     .text("gateway", gateway.name)
                     .number(key, duration)
                     .done();
  return draft;
}

// One batch, event by event.
class Taking {
 public:
  Taking(const Context& context, const IntakeToken& token, const Order& order)
      : context_(context), token_(token), order_(order) {}

  Decision all(intake::Batch batch) {
    const std::int64_t skew = batch.sent ? *batch.sent - context_.now : 0;
    for (intake::Event& event : batch.events) {
      if (auto refused = one(event, skew)) return std::move(*refused);
    }
    out_.reply = {{"taken", taken_}, {"known", known_}, {"time", base::format_time(context_.now)}};
    if (!unregistered_.empty()) out_.reply["unregistered"] = unregistered_;
    if (std::abs(skew) >= kSkewSaid) out_.reply["skew_us"] = skew;
    return std::move(out_);
  }

 private:
  std::optional<Decision> one(intake::Event& event, std::int64_t skew) {
    if (!token_.service.empty() && !event.service.empty() && event.service != token_.service)
      return refuse(403, "denied",
                    "event " + event.id + ": this token is for the service " + token_.service + " alone");
    if (event.service.empty()) event.service = token_.service;
    const std::string key = state::remote_gateway_key(event.service, event.gateway);
    if (event.type == intake::kHeartbeat) {
      beat(event, key);
      return std::nullopt;
    }
    if (context_.intake != nullptr && context_.intake->has(token_.id, event.id)) {
      ++known_;
      return std::nullopt;
    }
    const auto type = audit::event_type_from_name(event.type);
    if (!type) return invalid("event " + event.id + ": no event of the log is of its type");
    if (*type == EventType::RemoteGatewayRegistered) {
      const bool is_first = registering_.insert(key).second;
      if (is_first && !context_.state.remote_gateways().contains(key) && ++registered_ > room())
        return refuse(base::Refusal::LimitReached,
                      "2,000 remote gateways are registered: unregister those that there are no more");
      out_.heard.push_back(key);
    }
    out_.events.push_back(draft_of_sent(event, *type, token_, skew, order_.from));
    ++taken_;
    return std::nullopt;
  }

  std::size_t room() const { return state::kMostRemoteGateways - context_.state.remote_gateways().size(); }

  // No event: they come again and again. What they change is.
  void beat(const intake::Event& event, const std::string& key) {
    ++taken_;
    const auto known = context_.state.remote_gateways().find(key);
    const bool is_new = registering_.contains(key);
    if (known == context_.state.remote_gateways().end()) {
      if (!is_new) unregistered_.push_back(event.gateway);
      return;
    }
    out_.heard.push_back(key);
    if (is_new || known->second.lost == 0 || context_.intake == nullptr || ++beats_[key] > 1) return;
    if (context_.intake->times_heard(key) + 1 < kReturnsAfter) return;
    out_.events.push_back(draft_remote_gateway(EventType::RemoteGatewayReturned, known->second, "lost_us",
                                               std::max<base::Micros>(0, context_.now - known->second.lost)));
  }

  const Context& context_;
  const IntakeToken& token_;
  const Order& order_;
  Decision out_;
  std::int64_t taken_ = 0, known_ = 0;
  std::size_t registered_ = 0;
  std::set<std::string> registering_;  // by this batch
  std::map<std::string, int> beats_;
  std::vector<std::string> unregistered_;
};

}  // namespace

Decision decide_intake_token_create(const Context& context, const Order& order) {
  IntakeToken token;
  token.name = order.text("name");
  token.service = order.text("service");
  token.sha256 = base::from_hex(order.text("token_sha256")).value_or("");
  if (!is_engineer_name(token.name))
    return invalid(
        "name must be 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit");
  if (token.sha256.size() != 32) return invalid("token_sha256 is missing");
  if (!token.service.empty() && !intake::is_name(token.service))
    return invalid("service must be a name of 1 to 128 bytes without control characters");
  if (order.has("expires")) {
    const auto until = base::parse_until(order.text("expires"), context.now);
    if (!until.ok()) return invalid("expires: " + until.error().message);
    if (*until > context.now + kLongestIntakeToken)
      return invalid("an end may be ten years away at most; without one it does not end");
    token.expires = *until;
  }
  const auto& all = context.state.intake_tokens();
  if (std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.second.name == token.name; }))
    return conflict("there is an intake token of that name already; revoke it first");
  if (all.size() >= kMostIntakeTokens)
    return refuse(base::Refusal::LimitReached, "there are 64 intake tokens; revoke one first");
  if (!context.log_writable) return log_closed();
  token.id = context.ids.make(context.now);
  Decision decision;
  decision.events.push_back(
      draft_intake_token(EventType::IntakeTokenCreated, token, order.actor, order.from));
  decision.reply = {{"id", token.id}};
  return decision;
}

Decision decide_intake_token_revoke(const Context& context, const Order& order) {
  const IntakeToken* known = find_intake_token(context, order.text("id"));
  if (known == nullptr) return not_found("no intake token has that id");
  Decision decision;
  decision.events.push_back(
      draft_intake_token(EventType::IntakeTokenRevoked, *known, order.actor, order.from));
  decision.reply = {{"id", known->id}};
  return decision;
}

Decision decide_intake_take(const Context& context, const Order& order) {
  const IntakeToken* token = find_intake_token(context, order.text("token"));
  if (token == nullptr || !token->good(context.now))
    return refuse(401, "token", "the token was revoked, or its time is over");
  if (!context.log_writable) return log_closed();
  const auto batch = order.arguments.find("batch");
  auto read = intake::read_batch(batch == order.arguments.end() ? Json() : *batch, context.now);
  if (!read.ok()) return invalid(read.error().message);
  return Taking(context, *token, order).all(*std::move(read));
}

// What the intake refused by itself, counted.
Decision decide_intake_note(const Context& context, const Order& order) {
  const std::int64_t count = base::json_number_or(order.arguments, "count", 0);
  const std::int64_t window = base::json_number_or(order.arguments, "window_us", 0);
  if (count <= 0 || count > kMostNoted || window < 0) return invalid("count and window_us are missing");
  Decision decision;
  const std::string id = order.text("token");
  if (id.empty()) {
    Draft draft{EventType::IntakeRefused, "gateway", {}, order.from, {}, {}, false};
    draft.detail =
        Detail().number("count", count).number("window_us", window).text("client", order.from).done();
    decision.events.push_back(std::move(draft));
    return decision;
  }
  const IntakeToken* token = find_intake_token(context, id);
  if (token == nullptr) return not_found("no intake token has that id");
  Draft draft{EventType::IntakeLimited, "gateway", {}, token->id, {}, {}, false};
  draft.detail = Detail()
                     .text("token", token->id)
                     .text("name", token->name)
                     .number("count", count)
                     .number("window_us", window)
                     .text("client", order.from)
                     .done();
  decision.events.push_back(std::move(draft));
  return decision;
}

void expire_intake(const Context& context, Decision& into) {
  for (const auto& [id, token] : context.state.intake_tokens()) {
    if (!token.good(context.now))
      into.events.push_back(draft_intake_token(EventType::IntakeTokenExpired, token, "gateway", ""));
  }
  if (context.intake == nullptr) return;
  for (const auto& [key, gateway] : context.state.remote_gateways()) {
    if (gateway.lost != 0) continue;
    const base::Micros silent = context.intake->silent_for(key);
    if (silent < context.limits.intake_lost_after) continue;
    into.events.push_back(draft_remote_gateway(EventType::RemoteGatewayLost, gateway, "silent_us", silent));
  }
}

}  // namespace postern::ledger
