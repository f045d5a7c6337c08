// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Writes HTML such that outside text can only ever become text. Markup is a type that nothing but a string
// literal can become, at compile time; everything else passes escape_html. There is no third way in.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace postern::enforcer {

// For element content and for attribute values in double quotes. & < > " ' become references. Bytes that are
// no UTF-8, control characters except TAB and LF, and characters that change the direction of writing (a
// target could otherwise be made to read as another one) each become U+FFFD.
void escape_html(std::string& out, std::string_view text);

class Markup {
 public:
  consteval Markup(const char* literal) : text_(literal) {}  // NOLINT(google-explicit-constructor)
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

class Html {
 public:
  Html& raw(Markup markup) {
    out_.append(markup.text());
    return *this;
  }
  Html& text(std::string_view outside) {
    escape_html(out_, outside);
    return *this;
  }
  Html& number(long long value) {
    out_.append(std::to_string(value));
    return *this;
  }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace postern::enforcer
