// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "redact/tail.h"

#include <utility>

namespace postern::redact {
namespace {

constexpr std::string_view kPemEnd = "-----END ";
// What may stand in a PEM block, as text, in a string of a program, in HTML or percent-encoded.
constexpr CharSet kPemBytes(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n\\\"':,-.()%&#;<>");
constexpr std::size_t kPendingLimit = 4096;

}  // namespace

Tail Tail::run(const CharSet& set) {
  Tail tail;
  tail.what_ = What::Run;
  tail.set_ = &set;
  return tail;
}

Tail Tail::quote(char quote, bool over_lines) {
  Tail tail;
  tail.what_ = What::Quote;
  tail.quote_ = quote;
  tail.over_lines_ = over_lines;
  return tail;
}

Tail Tail::escaped_quote(char quote) {
  Tail tail;
  tail.what_ = What::EscapedQuote;
  tail.quote_ = quote;
  return tail;
}

Tail Tail::pem() {
  Tail tail;
  tail.what_ = What::Pem;
  return tail;
}

Tail Tail::block(std::size_t indent, bool open) {
  Tail tail;
  tail.what_ = What::Block;
  tail.indent_ = indent;
  tail.open_ = open;
  return tail;
}

std::string Tail::take_pending() { return std::exchange(pending_, {}); }

std::size_t Tail::take_run(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && set_->has(text[size])) ++size;
  if (size < text.size()) what_ = What::None;
  return size;
}

std::size_t Tail::take_quote(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (std::exchange(escaped_, false)) continue;
    if (c == '\\' && quote_ == '"') {
      escaped_ = true;
    } else if (c == quote_) {
      if (quote_ == '\'' && i + 1 == text.size()) return i;
      if (quote_ == '\'' && text[i + 1] == '\'') {
        ++i;
        continue;
      }
      what_ = What::None;
      return i;
    } else if (!over_lines_ && (c == '\n' || c == '\r')) {
      what_ = What::None;
      return i;
    }
  }
  return text.size();
}

// In text, the string "a\"b" is written \"a\\\"b\": two backslashes take what they escape with them.
std::size_t Tail::take_escaped(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r') {
      what_ = What::None;
      return i;
    }
    if (nested_ > 0) {
      nested_ = nested_ == 1 && c == '\\' ? 2 : 0;
      continue;
    }
    if (c != '\\') continue;
    if (i + 1 == text.size()) return i;
    if (text[i + 1] == quote_) {
      what_ = What::None;
      return i;
    }
    nested_ = text[++i] == '\\' ? 1 : 0;
  }
  return text.size();
}

// Behind the byte that may be half of what ends it.
bool Tail::goes_on_with(char c) {
  if (what_ == What::Quote) return c == quote_;
  nested_ = c == '\\' ? 1 : 0;
  return c != quote_;
}

std::size_t Tail::take_pem(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!kPemBytes.has(c)) {
      what_ = What::None;
      return i;
    }
    if (label_) {
      // "-----END EC PRIVATE KEY-----": up to the fifth dash, or the end of its line.
      if (c == '\n') {
        what_ = What::None;
        return i;
      }
      matched_ = c == '-' ? matched_ + 1 : 0;
      if (matched_ < 5) continue;
      what_ = What::None;
      return i + 1;
    }
    if (c == kPemEnd[matched_]) {
      label_ = ++matched_ == kPemEnd.size();
      if (label_) matched_ = 0;
    } else if (c != '-') {
      matched_ = 0;
    } else if (matched_ != 5) {
      matched_ = 1;  // after five dashes a sixth changes nothing
    }
  }
  return text.size();
}

std::size_t Tail::take_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return text.size();
  in_margin_ = true;
  column_ = 0;
  return end;
}

// False: the byte is not part of the margin, and what follows is either the block's next line or no part of
// it.
bool Tail::take_margin(char c) {
  if (c == '\n' || c == '\r' || c == ' ') {
    column_ = c == ' ' ? column_ + 1 : 0;
    if (pending_.size() < kPendingLimit) pending_ += c;
    return true;
  }
  in_margin_ = false;
  if (column_ > indent_ || (open_ && column_ == indent_ && c == '-')) return false;
  what_ = What::None;
  return false;
}

}  // namespace postern::redact
