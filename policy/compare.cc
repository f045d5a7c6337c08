// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/compare.h"

#include <algorithm>

#include "policy/reader.h"

namespace postern::policy {
namespace {

bool single(const ValueRule& rule) { return rule.constrains() && !rule.repeat; }

bool values_implied(const ValueRule& strict, const ValueRule& loose) {
  if (!strict.one_of.empty()) {
    return std::all_of(strict.one_of.begin(), strict.one_of.end(),
                       [&](const std::string& value) { return loose.accepts(value); });
  }
  if (!loose.one_of.empty()) return false;
  if (loose.pattern != nullptr && strict.matches != loose.matches) return false;
  return loose.max_length == 0 || (strict.max_length != 0 && strict.max_length <= loose.max_length);
}

bool implied(const ValueRule& strict, const ValueRule& loose) {
  if (loose.required && !strict.required) return false;
  if (single(loose) && !single(strict)) return false;
  return values_implied(strict, loose);
}

const ValueRule* find(const std::vector<ValueRule>& rules, const std::string& name) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const ValueRule& rule) { return rule.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

bool paths_implied(const Constraints& strict, const Constraints& loose) {
  return std::all_of(loose.path.begin(), loose.path.end(), [&](const PathRule& want) {
    return std::any_of(strict.path.begin(), strict.path.end(), [&](const PathRule& have) {
      return have.segment == want.segment && values_implied(have.value, want.value);
    });
  });
}

bool queries_implied(const Constraints& strict, const Constraints& loose) {
  for (const ValueRule& want : loose.query) {
    const ValueRule* have = find(strict.query, want.name);
    const bool refused_whole = have == nullptr && !strict.other_query && !want.required;
    if (!refused_whole && (have == nullptr || !implied(*have, want))) return false;
  }
  if (loose.other_query) return true;
  return !strict.other_query &&
         std::all_of(strict.query.begin(), strict.query.end(),
                     [&](const ValueRule& rule) { return find(loose.query, rule.name) != nullptr; });
}

bool takes_body(const Constraints& constraints, Method method) {
  if (constraints.body == BodyRule::ByMethod) return (bit(method) & kBodyMethods) != 0;
  return constraints.body == BodyRule::Allowed;
}

bool bodies_implied(const Constraints& strict, const Constraints& loose, Method method) {
  if (!takes_body(strict, method)) return true;
  if (!takes_body(loose, method) || strict.max_size > loose.max_size) return false;
  if (loose.content_types.empty()) return true;
  const auto& wanted = loose.content_types;
  return !strict.content_types.empty() &&
         std::all_of(strict.content_types.begin(), strict.content_types.end(), [&](const std::string& type) {
           return std::find(wanted.begin(), wanted.end(), type) != wanted.end();
         });
}

// An end that is not written counts as none.
bool no_later(base::Micros strict, base::Micros loose) {
  return loose == 0 || (strict != 0 && strict <= loose);
}

bool ends_no_later(const Lasting& strict, const Lasting& loose) {
  return no_later(strict.max_idle, loose.max_idle) && no_later(strict.max_time, loose.max_time);
}

bool websockets_implied(const Constraints& strict, const Constraints& loose) {
  if (!strict.websocket || !loose.websocket) return !strict.websocket && !loose.websocket;
  const WebSocketRule& a = *strict.websocket;
  const WebSocketRule& b = *loose.websocket;
  return a.subprotocols.empty() == b.subprotocols.empty() &&
         std::includes(b.subprotocols.begin(), b.subprotocols.end(), a.subprotocols.begin(),
                       a.subprotocols.end()) &&
         (!a.compression || b.compression) && a.max_message <= b.max_message &&
         ends_no_later(a.lasting, b.lasting);
}

std::string list(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : ", ") + in_quotes(value);
  return out;
}

void value_words(const std::string& what, const ValueRule& rule, std::vector<std::string>& out) {
  const std::string begin = what + " parameter " + in_quotes(rule.name);
  if (!rule.one_of.empty()) out.push_back(begin + " must be one of " + list(rule.one_of));
  if (rule.pattern != nullptr) out.push_back(begin + " must match " + in_quotes(rule.matches));
  if (rule.max_length != 0)
    out.push_back(begin + " has at most " + std::to_string(rule.max_length) + " bytes");
  if (rule.required) out.push_back(begin + " is required");
  if (rule.repeat) out.push_back(begin + " may repeat");
  if (!rule.constrains()) out.push_back(begin + " may be anything");
}

void lasting_words(const std::string& what, const Lasting& lasting, std::vector<std::string>& out) {
  if (lasting.max_idle != 0)
    out.push_back(what + "idle for at most " + base::format_duration(lasting.max_idle));
  if (lasting.max_time != 0)
    out.push_back(what + "open for at most " + base::format_duration(lasting.max_time));
}

void websocket_words(const WebSocketRule& rule, std::vector<std::string>& out) {
  out.emplace_back("a WebSocket");
  if (!rule.subprotocols.empty()) out.push_back("of a subprotocol out of " + list(rule.subprotocols));
  if (rule.compression) out.emplace_back("compressed, where both ends want that");
  out.push_back("messages of at most " + std::to_string(rule.max_message) + " bytes");
  lasting_words("", rule.lasting, out);
}

}  // namespace

bool at_least_as_strict(const Constraints& strict, const Constraints& loose, Method method) {
  return paths_implied(strict, loose) && queries_implied(strict, loose) &&
         bodies_implied(strict, loose, method) && websockets_implied(strict, loose) &&
         ends_no_later(strict.response, loose.response);
}

std::vector<std::string> in_words(const Constraints& constraints) {
  std::vector<std::string> out;
  for (const PathRule& rule : constraints.path) value_words("path", rule.value, out);
  for (const ValueRule& rule : constraints.query) value_words("query", rule, out);
  if (!constraints.other_query) out.emplace_back("no other query parameter");
  if (constraints.body == BodyRule::None) out.emplace_back("no body");
  if (constraints.body == BodyRule::Allowed) out.emplace_back("a body");
  if (!constraints.content_types.empty()) out.push_back("a body of type " + list(constraints.content_types));
  if (constraints.max_size != kNoBodyLimit) {
    out.push_back("a body of at most " + std::to_string(constraints.max_size) + " bytes");
  }
  if (constraints.websocket) websocket_words(*constraints.websocket, out);
  lasting_words("a response ", constraints.response, out);
  return out;
}

}  // namespace postern::policy
