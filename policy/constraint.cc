// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/constraint.h"

#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <iterator>

namespace postern::policy {
namespace {

class Re2Pattern final : public Pattern {
 public:
  explicit Re2Pattern(std::string_view text)
      : expression_(re2::StringPiece(text.data(), text.size()), options()) {}

  bool matches(std::string_view value) const override {
    return RE2::FullMatch(re2::StringPiece(value.data(), value.size()), expression_);
  }
  const RE2& expression() const { return expression_; }

 private:
  static RE2::Options options() {
    RE2::Options options;
    options.set_max_mem(kPatternMemory);
    options.set_never_capture(true);
    options.set_log_errors(false);
    return options;
  }

  RE2 expression_;
};

}  // namespace

std::shared_ptr<const Pattern> Pattern::make(std::string_view text, std::string& error) {
  if (text.size() > kPatternLength) {
    error = "it is longer than " + std::to_string(kPatternLength) + " bytes";
    return nullptr;
  }
  auto pattern = std::make_shared<Re2Pattern>(text);
  if (pattern->expression().ok()) return pattern;
  error = pattern->expression().error();
  return nullptr;
}

std::string Pattern::quote(std::string_view literal) {
  return RE2::QuoteMeta(re2::StringPiece(literal.data(), literal.size()));
}

bool ValueRule::accepts(std::string_view value) const {
  if (max_length != 0 && value.size() > max_length) return false;
  if (!one_of.empty() && !std::binary_search(one_of.begin(), one_of.end(), value, std::less<>()))
    return false;
  return pattern == nullptr || pattern->matches(value);
}

bool ValueRule::operator==(const ValueRule& other) const {
  return name == other.name && matches == other.matches &&
         (pattern == nullptr) == (other.pattern == nullptr) && one_of == other.one_of &&
         max_length == other.max_length && required == other.required && repeat == other.repeat;
}

Lasting Lasting::both(const Lasting& other) const {
  const auto least = [](base::Micros a, base::Micros b) { return a == 0 || b == 0 ? a + b : std::min(a, b); };
  return {least(max_idle, other.max_idle), least(max_time, other.max_time)};
}

WebSocketRule WebSocketRule::both(const WebSocketRule& other) const {
  WebSocketRule out;
  std::set_intersection(subprotocols.begin(), subprotocols.end(), other.subprotocols.begin(),
                        other.subprotocols.end(), std::back_inserter(out.subprotocols));
  out.compression = compression && other.compression;
  out.max_message = std::min(max_message, other.max_message);
  out.lasting = lasting.both(other.lasting);
  return out;
}

bool Constraints::trivial() const { return *this == Constraints{}; }

}  // namespace postern::policy
