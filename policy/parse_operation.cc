// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/parse_operation.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::policy {
namespace {

constexpr std::size_t kPatternLimit =
    4'096;  // different expressions in one policy: at most 1 GiB if all ran full
constexpr std::uint64_t kBodySizeLimit = std::uint64_t{1} << 40U;
constexpr MethodSet kUnsafe = bit(Method::Post) | bit(Method::Put) | bit(Method::Patch) | bit(Method::Delete);

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
  });
}

bool is_http_token(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || is_token({&c, 1}) ||
           std::string_view("%'*`|~").find(c) != std::string_view::npos;
  });
}

bool is_media_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_token(text.substr(0, slash)) &&
         is_token(text.substr(slash + 1));
}

std::string method_fault(std::string_view word) {
  if (word == "ANY") return "an operation is one method: list each one that is meant; ANY is for never only";
  if (word == "CONNECT" || word == "TRACE") return std::string(word) + " is refused always: leave it out";
  const std::vector<std::string_view> known{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  std::string upper(word);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  if (parse_method(upper)) return "methods are upper case: write " + upper;
  return in_quotes(word) + " is not a method; known are GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
}

}  // namespace

std::string_view split_call(Reader& reader, const base::YamlNode& node, Template& path) {
  const std::string_view text = node.scalar;
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 >= text.size() || text[space + 1] == ' ') {
    reader.fault(node.mark, in_quotes(text) + " is not METHOD /path, with one space between them");
    return {};
  }
  base::Mark place = node.mark;
  place.column += static_cast<int>(space) + 1 + (node.quoted ? 1 : 0);
  path = parse_template(text.substr(space + 1), place, reader.faults());
  return text.substr(0, space);
}

Operation OperationParser::parse(const base::YamlNode& node, Class klass) {
  Operation operation;
  operation.mark = node.mark;
  if (node.is_scalar()) {
    take_call(node, operation);
    check_class(operation, klass);
    return operation;
  }
  if (!node.is_map()) {
    reader_.fault(node.mark, "an operation is METHOD /path, or a map with call: METHOD /path, not " +
                                 std::string(node.kind_name()));
    return operation;
  }
  reader_.only_keys(
      node, "an operation",
      {"call", "title", "safe", "parameters", "body", "before", "hold", "websocket", "response"});
  const base::YamlNode* call = node.find("call");
  if (call == nullptr || !call->is_scalar()) {
    reader_.fault(call == nullptr ? node.mark : call->mark, "an operation needs call: METHOD /path");
  } else {
    take_call(*call, operation);
  }
  operation.title = reader_.text(node, "title", kTitleLength);
  operation.safe = reader_.flag(node, "safe");
  operation.hold = reader_.flag(node, "hold");
  if (const base::YamlNode* parameters = node.find("parameters")) take_parameters(*parameters, operation);
  if (const base::YamlNode* body = node.find("body")) take_body(*body, operation.constraints);
  if (const base::YamlNode* websocket = node.find("websocket")) take_websocket(*websocket, node, operation);
  if (const base::YamlNode* response = node.find("response")) take_response(*response, node, operation);
  check_class(operation, klass);
  check_hold(node, klass);
  if (const base::YamlNode* before = node.find("before")) take_before(*before, klass, operation);
  return operation;
}

void OperationParser::take_before(const base::YamlNode& node, Class klass, Operation& operation) {
  if (klass != Class::Write)
    return reader_.fault(node.mark, "before is for calls that change something: capabilities of class write");
  if (!node.is_scalar())
    return reader_.fault(node.mark, "before is GET /path, not " + std::string(node.kind_name()));
  Template path;
  const std::string_view word = split_call(reader_, node, path);
  if (word.empty()) return;
  if (word != "GET") return reader_.fault(node.mark, "before is read with GET, and nothing else");
  if (path.tail) return reader_.fault(node.mark, "before names one document: ** could be any");
  for (const Segment& segment : path.segments) {
    const auto& known = operation.path.segments;
    const bool there = !segment.parameter || std::any_of(known.begin(), known.end(), [&](const Segment& s) {
      return s.parameter && s.text == segment.text;
    });
    if (!there)
      reader_.fault(node.mark, "the call has no {" + segment.text + "} that could stand in its before");
  }
  operation.before = std::move(path);
}

void OperationParser::check_hold(const base::YamlNode& map, Class klass) {
  const base::YamlNode* hold = map.find("hold");
  if (hold == nullptr || klass == Class::Write) return;
  reader_.fault(hold->mark,
                "hold is for capabilities of class write: what only reads changes nothing that an "
                "admin would have to let pass");
}

void OperationParser::take_call(const base::YamlNode& node, Operation& operation) {
  operation.mark = node.mark;
  const std::string_view word = split_call(reader_, node, operation.path);
  if (word.empty()) return;
  if (const auto method = parse_method(word)) {
    operation.method = *method;
  } else {
    reader_.fault(node.mark, method_fault(word));
  }
}

void OperationParser::check_class(const Operation& operation, Class klass) {
  if (klass == Class::Read && operation.constraints.websocket && !operation.safe) {
    return reader_.fault(
        operation.mark,
        "a WebSocket carries whatever the engineer sends, and this capability is of class read: "
        "move it to one of class write, or, if its messages only ask, say safe: true");
  }
  if (klass == Class::Write || operation.safe || (bit(operation.method) & kUnsafe) == 0) return;
  const std::string method(to_text(operation.method));
  reader_.fault(
      operation.mark,
      method +
          " can change something, and this capability is of class read: move it to one of class write, "
          "or, if this call only asks, write { call: " +
          operation.text() + ", safe: true }");
}

void OperationParser::take_parameters(const base::YamlNode& node, Operation& operation) {
  if (!reader_.is_map(node, "parameters")) return;
  reader_.only_keys(node, "parameters", {"path", "query", "other"});
  operation.constraints.other_query = false;
  if (const base::YamlNode* other = node.find("other")) {
    operation.constraints.other_query = other->is_scalar() && other->scalar == "allow";
    const bool known = other->is_scalar() && (other->scalar == "allow" || other->scalar == "refuse");
    if (!known)
      reader_.fault(other->mark,
                    "other must be refuse or allow: what becomes of query parameters without a rule");
  }
  if (const base::YamlNode* path = node.find("path")) take_path_rules(*path, operation);
  if (const base::YamlNode* query = node.find("query")) take_query_rules(*query, operation.constraints);
}

// "websocket: {}" opens one with nothing but the bounds that each has.
void OperationParser::take_websocket(const base::YamlNode& node, const base::YamlNode& map,
                                     Operation& operation) {
  WebSocketRule& rule = operation.constraints.websocket.emplace();
  if (operation.method != Method::Get) reader_.fault(node.mark, "a WebSocket is asked for with GET");
  for (const std::string_view other : {"hold", "before", "body"}) {
    if (const base::YamlNode* found = map.find(other))
      reader_.fault(found->mark,
                    std::string(other) + " is for calls: a WebSocket is one call that stays open");
  }
  if (!reader_.is_map(node, "websocket")) return;
  reader_.only_keys(node, "websocket",
                    {"subprotocols", "compression", "max_message", "max_idle", "max_time"});
  if (const base::YamlNode* names = node.find("subprotocols")) take_subprotocols(*names, rule);
  if (const base::YamlNode* compression = node.find("compression")) {
    rule.compression = compression->is_scalar() && compression->scalar == "pass";
    if (!rule.compression && (!compression->is_scalar() || compression->scalar != "remove"))
      reader_.fault(compression->mark, "compression must be remove or pass");
  }
  if (node.find("max_message") != nullptr)
    rule.max_message = reader_.number(node, "max_message", 1, kMostMessage);
  rule.lasting = lasting(node);
}

void OperationParser::take_response(const base::YamlNode& node, const base::YamlNode& map,
                                    Operation& operation) {
  if (map.find("websocket") != nullptr)
    return reader_.fault(node.mark,
                         "response is for calls: how long a WebSocket may last stands in websocket");
  if (!reader_.is_map(node, "response")) return;
  reader_.only_keys(node, "response", {"max_idle", "max_time"});
  operation.constraints.response = lasting(node);
}

Lasting OperationParser::lasting(const base::YamlNode& map) {
  return {duration(map, "max_idle"), duration(map, "max_time")};
}

void OperationParser::take_subprotocols(const base::YamlNode& node, WebSocketRule& rule) {
  for (const base::YamlNode* name : reader_.texts(node, "subprotocols", kSubprotocolLimit)) {
    if (!is_http_token(name->scalar))
      reader_.fault(name->mark, in_quotes(name->scalar) + " is not a subprotocol's name such as graphql-ws");
    rule.subprotocols.push_back(name->scalar);
  }
  std::sort(rule.subprotocols.begin(), rule.subprotocols.end());
  const auto twice = std::adjacent_find(rule.subprotocols.begin(), rule.subprotocols.end());
  if (twice != rule.subprotocols.end())
    reader_.fault(node.mark, "subprotocols has " + in_quotes(*twice) + " twice: keep one");
}

// 0 where it is missing or wrong.
base::Micros OperationParser::duration(const base::YamlNode& map, std::string_view key) {
  const base::YamlNode* node = map.find(key);
  if (node == nullptr) return 0;
  const base::Result<base::Micros> parsed =
      node->is_scalar() ? base::parse_duration(node->scalar) : base::Result<base::Micros>(0);
  if (parsed.ok() && *parsed >= base::kWallSecond && *parsed <= kLongestLasting) return *parsed;
  reader_.fault(node->mark, std::string(key) + " must be a duration such as 90s, 10m or 8h, from 1s to 30d");
  return 0;
}

void OperationParser::take_path_rules(const base::YamlNode& map, Operation& operation) {
  if (!reader_.is_map(map, "parameters.path")) return;
  for (const auto& entry : map.entries) {
    const auto& segments = operation.path.segments;
    const auto found = std::find_if(segments.begin(), segments.end(),
                                    [&](const Segment& s) { return s.parameter && s.text == entry.key; });
    if (found == segments.end()) {
      std::vector<std::string_view> names;
      for (const Segment& segment : segments) {
        if (segment.parameter) names.push_back(segment.text);
      }
      reader_.fault(entry.mark, "the path of this operation has no {" + base::printable(entry.key, 64) + "}" +
                                    did_you_mean(entry.key, names));
      continue;
    }
    operation.constraints.path.push_back(
        {static_cast<int>(found - segments.begin()), value_rule(entry.key, entry.value, false)});
  }
  std::sort(operation.constraints.path.begin(), operation.constraints.path.end(),
            [](const PathRule& a, const PathRule& b) { return a.segment < b.segment; });
}

void OperationParser::take_query_rules(const base::YamlNode& map, Constraints& constraints) {
  if (!reader_.is_map(map, "parameters.query")) return;
  if (map.entries.size() > kParameterRules) {
    reader_.fault(map.mark, "parameters.query has more than " + std::to_string(kParameterRules) + " rules");
    return;
  }
  for (const auto& entry : map.entries) constraints.query.push_back(value_rule(entry.key, entry.value, true));
  std::sort(constraints.query.begin(), constraints.query.end(),
            [](const ValueRule& a, const ValueRule& b) { return a.name < b.name; });
}

ValueRule OperationParser::value_rule(const std::string& name, const base::YamlNode& node, bool query) {
  ValueRule rule;
  rule.name = name;
  if (!reader_.is_map(node, "the rule for " + in_quotes(name) + " ({} lets any value pass)")) return rule;
  if (query) {
    reader_.only_keys(node, "the rule of a query parameter",
                      {"matches", "one_of", "max_length", "required", "repeat"});
  } else {
    reader_.only_keys(node, "the rule of a path parameter", {"matches", "one_of", "max_length"});
  }
  if (const base::YamlNode* choices = node.find("one_of")) take_choices(*choices, rule);
  if (const base::YamlNode* pattern = node.find("matches")) take_pattern(*pattern, rule);
  if (!rule.one_of.empty() && rule.pattern != nullptr) {
    reader_.fault(node.mark, "the rule for " + in_quotes(name) +
                                 " has both matches and one_of: keep the one that is meant");
  }
  rule.max_length = reader_.number(node, "max_length", 1, 1U << 20U);
  rule.required = query && reader_.flag(node, "required");
  rule.repeat = query && reader_.flag(node, "repeat");
  return rule;
}

void OperationParser::take_choices(const base::YamlNode& node, ValueRule& rule) {
  for (const base::YamlNode* choice : reader_.texts(node, "one_of", kChoiceLimit))
    rule.one_of.push_back(choice->scalar);
  std::sort(rule.one_of.begin(), rule.one_of.end());
  const auto twice = std::adjacent_find(rule.one_of.begin(), rule.one_of.end());
  if (twice != rule.one_of.end())
    reader_.fault(node.mark, "one_of has " + in_quotes(*twice) + " twice: keep one");
  if (node.is_list() && node.items.empty())
    reader_.fault(node.mark, "one_of is empty, so that nothing could pass: name the values");
}

void OperationParser::take_pattern(const base::YamlNode& node, ValueRule& rule) {
  if (!node.is_scalar()) {
    reader_.fault(node.mark, "matches must be a regular expression, not " + std::string(node.kind_name()));
    return;
  }
  rule.matches = node.scalar;
  std::shared_ptr<const Pattern>& pattern = patterns_[node.scalar];
  if (pattern == nullptr && patterns_.size() > kPatternLimit) {
    reader_.fault(node.mark, "the policy has more than " + std::to_string(kPatternLimit) +
                                 " different regular expressions");
  } else if (pattern == nullptr) {
    std::string error;
    pattern = Pattern::make(node.scalar, error);
    if (pattern == nullptr) {
      reader_.fault(node.mark, "not a regular expression in RE2 syntax: " + base::printable(error, 120) +
                                   " (the whole value must match)");
    }
  }
  rule.pattern = pattern;
}

void OperationParser::take_body(const base::YamlNode& node, Constraints& constraints) {
  if (node.is_scalar() && node.scalar == "none") {
    constraints.body = BodyRule::None;
    return;
  }
  if (!node.is_map()) {
    reader_.fault(node.mark,
                  "body is none, or a map with content_types and max_size ({} lets any body pass), not " +
                      std::string(node.is_scalar() ? in_quotes(node.scalar) : node.kind_name()));
    return;
  }
  constraints.body = BodyRule::Allowed;
  reader_.only_keys(node, "body", {"content_types", "max_size"});
  if (const base::YamlNode* types = node.find("content_types")) take_content_types(*types, constraints);
  if (node.find("max_size") != nullptr) {
    constraints.max_size = reader_.number(node, "max_size", 1, kBodySizeLimit);
  }
}

void OperationParser::take_content_types(const base::YamlNode& node, Constraints& constraints) {
  for (const base::YamlNode* type : reader_.texts(node, "content_types", kParameterRules)) {
    const std::string lower = base::to_lower(type->scalar);
    if (!is_media_type(lower)) {
      reader_.fault(type->mark,
                    in_quotes(type->scalar) +
                        " is not type/subtype such as application/json, without parameters or wildcards");
    }
    constraints.content_types.push_back(lower);
  }
  if (node.is_list() && node.items.empty())
    reader_.fault(node.mark, "content_types is empty: name some, or write body: none");
}

}  // namespace postern::policy
