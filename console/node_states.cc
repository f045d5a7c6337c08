// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/node_states.h"

namespace postern::console {

void NodeStates::take(const base::Json& event) {
  const std::string type = base::json_text_or(event, "type", "");
  if (type != "node.up" && type != "node.down") return;
  const base::Json detail = event.value("detail", base::Json::object());
  const std::pair key(base::json_text_or(detail, "service", ""), base::json_text_or(detail, "node", ""));
  std::string time = base::json_text_or(event, "time", "");
  if (const auto known = seen_.find(key); known != seen_.end() && known->second.time > time) return;
  if (seen_.size() >= kMost) seen_.clear();
  seen_[key] = {type == "node.up", std::move(time), base::json_text_or(detail, "reason", "")};
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
