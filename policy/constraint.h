// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an operation demands of the parameters and of the body of a request. Values are judged
// percent-decoded. A parameter that must satisfy something may be given once only, unless its rule says
// repeat: components disagree on which of two values counts, so a check of one of them would be no check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "policy/template.h"

namespace postern::policy {

inline constexpr std::size_t kParameterRules = 64;          // per operation
inline constexpr std::size_t kChoiceLimit = 1'024;          // values of one_of
inline constexpr std::size_t kPatternLength = 1'024;        // bytes of a regular expression
inline constexpr std::size_t kPatternMemory = 256U << 10U;  // bytes that one compiled expression may take
inline constexpr std::size_t kPathValueLength = 1'024;      // a longer constrained path parameter is refused
inline constexpr std::uint64_t kNoBodyLimit = ~std::uint64_t{0};

// A regular expression (RE2 syntax) that must match a whole value. Time is linear in the value, memory
// bounded; threads may share it.
class Pattern {
 public:
  // Null and a reason in error if text is not one.
  static std::shared_ptr<const Pattern> make(std::string_view text, std::string& error);
  static std::string quote(std::string_view literal);  // an expression that matches literal and nothing else
  virtual ~Pattern() = default;
  virtual bool matches(std::string_view value) const = 0;
};

struct ValueRule {
  std::string name;
  std::string matches;                     // the expression as written; empty if there is none
  std::shared_ptr<const Pattern> pattern;  // null if there is none
  std::vector<std::string> one_of;         // sorted; empty if any value will do
  std::size_t max_length = 0;              // bytes; 0 if any length will do
  bool required = false;                   // query only; a path parameter is always there
  bool repeat = false;  // query only: may be given several times, each value must satisfy the rule

  bool constrains() const { return pattern != nullptr || !one_of.empty() || max_length != 0; }
  bool accepts(std::string_view value) const;
  bool operator==(const ValueRule& other) const;  // as written
};

struct PathRule {
  int segment = 0;  // index of the {name} in its template
  ValueRule value;
  bool operator==(const PathRule&) const = default;
};

// May carry a body where nothing is written about it.
inline constexpr MethodSet kBodyMethods = bit(Method::Post) | bit(Method::Put) | bit(Method::Patch);

enum class BodyRule : std::uint8_t {
  ByMethod,  // not written: kBodyMethods
  None,
  Allowed,
};

inline constexpr base::Micros kLongestLasting = 30LL * 24 * 3600 * base::kWallSecond;

// How long something that has no end of its own may stay open.
struct Lasting {
  base::Micros max_idle = 0;  // between two pieces; 0: as long as the configuration says
  base::Micros max_time = 0;  // from its beginning; 0: as long as the session

  Lasting both(const Lasting& other) const;  // the shorter of each
  bool operator==(const Lasting&) const = default;
};

inline constexpr std::size_t kSubprotocolLimit = 32;  // names
inline constexpr std::uint64_t kDefaultMessage = 1U << 20U, kMostMessage = std::uint64_t{1} << 30U;

// What a WebSocket may be. An operation that has one opens WebSockets and nothing else.
struct WebSocketRule {
  // Sorted. The client must ask for one of them, and others that it asks for are not passed on; empty: it must
  // not ask for any.
  std::vector<std::string> subprotocols;
  bool compression =
      false;  // permessage-deflate may be agreed on; secrets are not found in what is compressed
  std::uint64_t max_message = kDefaultMessage;  // bytes, either way
  Lasting lasting;                              // a frame either way is a piece

  // Only what both let pass.
  WebSocketRule both(const WebSocketRule& other) const;
  bool operator==(const WebSocketRule&) const = default;
};

struct Constraints {
  std::vector<PathRule> path;
  std::vector<ValueRule> query;
  bool other_query = true;  // query parameters without a rule are let pass
  BodyRule body = BodyRule::ByMethod;
  std::vector<std::string> content_types;  // lower case "type/subtype"; empty if any will do
  std::uint64_t max_size = kNoBodyLimit;   // bytes
  std::optional<WebSocketRule> websocket;
  Lasting response;  // from its head on: its body

  bool trivial() const;  // demands nothing beyond the default
  bool operator==(const Constraints&) const = default;
};

}  // namespace postern::policy
