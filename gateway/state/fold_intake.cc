// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What events say of the intake: its tokens, and the component's remote gateways that are to be heard from.
#include <algorithm>

#include "base/bytes.h"
#include "gateway/state/state.h"

namespace postern::state {

using base::Json;
using base::json_text_or;
using base::Micros;

std::string remote_gateway_key(std::string_view service, std::string_view gateway) {
  return std::string(service).append("\n").append(gateway);  // neither has a control byte
}

void State::fold_intake(std::string_view type, const Json& detail, Micros at) {
  const std::string id = json_text_or(detail, "token", "");
  if (type != "intake.token_created") {
    intake_tokens_.erase(id);
    return;
  }
  if (id.empty()) return;
  IntakeToken token;
  token.id = id;
  token.name = json_text_or(detail, "name", "");
  token.service = json_text_or(detail, "service", "");
  token.sha256 = base::from_hex(json_text_or(detail, "token_sha256", "")).value_or("");
  token.created = at;
  const std::string expires = json_text_or(detail, "expires", "");
  if (const auto time = base::parse_time(expires); time.ok()) token.expires = *time;
  intake_tokens_.emplace(id, std::move(token));
}

void State::fold_remote_gateway(std::string_view type, const Json& detail, Micros at) {
  const std::string service = json_text_or(detail, "service", "");
  const std::string name = json_text_or(detail, "gateway", "");
  const std::string key = remote_gateway_key(service, name);
  if (name.empty()) return;
  if (type == "remote_gateway.registered") {
    if (!remote_gateways_.contains(key) && remote_gateways_.size() >= kMostRemoteGateways) return;
    remote_gateways_[key] = {name, service, json_text_or(detail, "token", ""), at, 0};
    return;
  }
  const auto known = remote_gateways_.find(key);
  if (known == remote_gateways_.end()) return;
  if (type == "remote_gateway.unregistered") remote_gateways_.erase(known);
  if (type == "remote_gateway.lost") known->second.lost = at;
  if (type == "remote_gateway.returned") known->second.lost = 0;
}

}  // namespace postern::state
