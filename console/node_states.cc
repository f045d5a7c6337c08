// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/node_states.h"

#include <algorithm>

namespace postern::console {

void NodeStates::take(const base::Json& event) {
  const std::string type = base::json_text_or(event, "type", "");
  const base::Json detail = event.value("detail", base::Json::object());
  std::string time = base::json_text_or(event, "time", "");
  if (type == "config.changed") configured_ = std::max(configured_, time);
  if (type == "node.credential_refused" || type == "node.credential_accepted")
    return take_credential(type == "node.credential_refused", detail, time);
  if (type != "node.up" && type != "node.down") return;
  const std::pair key(base::json_text_or(detail, "service", ""), base::json_text_or(detail, "node", ""));
  if (const auto known = seen_.find(key); known != seen_.end() && known->second.time > time) return;
  if (seen_.size() >= kMost) seen_.clear();
  seen_[key] = {type == "node.up", std::move(time), base::json_text_or(detail, "reason", "")};
}

void NodeStates::take_credential(bool refused, const base::Json& detail, const std::string& time) {
  if (credentials_.size() >= kMost) credentials_.clear();
  Said& said =
      credentials_[{base::json_text_or(detail, "service", ""), base::json_text_or(detail, "node", ""),
                    base::json_text_or(detail, "credential", "")}];
  if (said.time <= time) said = {refused, time};
}

base::Json NodeStates::refused_credentials(const std::string& service, const std::string& url) const {
  base::Json out = base::Json::array();
  for (auto it = credentials_.lower_bound({service, url, ""}); it != credentials_.end(); ++it) {
    if (std::get<0>(it->first) != service || std::get<1>(it->first) != url) break;
    if (it->second.refused && it->second.time > configured_) out.push_back(std::get<2>(it->first));
  }
  return out;
}

base::Json NodeStates::of(const std::string& service, const std::string& url) const {
  const auto found = seen_.find({service, url});
  if (found == seen_.end()) return {{"state", "not_checked"}};
  const Seen& seen = found->second;
  base::Json json{{"state", seen.up ? "up" : "down"}, {"since", seen.time}};
  if (!seen.reason.empty()) json["reason"] = seen.reason;
  return json;
}

}  // namespace postern::console
