// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where a secret ends: bytes in, how many of them still belong to it. Holds nothing but where it stands, so
// that a secret may be of any length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern::redact {

// A set of bytes, made at compile time.
class CharSet {
 public:
  constexpr CharSet(std::string_view members, bool except = false) {  // NOLINT(google-explicit-constructor)
    for (bool& one : in_) one = except;
    for (const char c : members) in_[static_cast<unsigned char>(c)] = !except;
  }
  constexpr bool has(char c) const { return in_[static_cast<unsigned char>(c)]; }

 private:
  bool in_[256] = {};
};

inline constexpr CharSet kDigit("0123456789");

class Tail {
 public:
  enum class What : std::uint8_t {
    None,          // it has ended
    Run,           // while bytes are of a set
    Quote,         // up to a quote: \ takes the next byte with it, and '' in single quotes is no end
    EscapedQuote,  // up to \" : JSON within text
    Pem,           // up to the line that ends a PEM block, or to what cannot be part of one
    Block,         // to the end of the line, and over the following lines that are indented further (YAML)
  };
  Tail() = default;
  static Tail run(const CharSet& set);
  static Tail quote(char quote, bool over_lines);
  static Tail escaped_quote(char quote);
  static Tail pem();
  // open: nothing stands behind the colon, so that a list at the same indent is its value, too.
  static Tail block(std::size_t indent, bool open);

  bool ended() const { return what_ == What::None; }
  // How many bytes of text belong to the secret; ended() says whether it ends there. hashed is called with
  // what counts for the token.
  template <typename Hashed>
  std::size_t take(std::string_view text, Hashed hashed);
  // What was taken but stands behind the secret: a closing quote, or the newlines and the indent of the line
  // after a block.
  std::string take_pending();

 private:
  std::size_t take_run(std::string_view text);
  // Up to the end, or up to a last byte that may be half of what ends it.
  std::size_t take_quote(std::string_view text);
  std::size_t take_escaped(std::string_view text);
  bool goes_on_with(char c);
  template <typename Hashed>
  std::size_t take_quoted(std::string_view text, Hashed hashed);
  std::size_t take_pem(std::string_view text);
  // Stops in front of what is to be hashed by itself.
  std::size_t take_line(std::string_view text);
  bool take_margin(char c);

  What what_ = What::None;
  const CharSet* set_ = nullptr;
  char quote_ = '\0';
  bool over_lines_ = false;
  bool escaped_ = false;     // the last byte was a backslash
  std::uint8_t nested_ = 0;  // of JSON within text: how much of "\\\\" and what it escapes has been read
  std::size_t matched_ = 0;  // bytes of what ends a PEM block
  bool label_ = false;       // within the line that ends it
  std::size_t indent_ = 0, column_ = 0;
  bool open_ = false;
  bool in_margin_ = false;
  std::string pending_;
};

template <typename Hashed>
std::size_t Tail::take_quoted(std::string_view text, Hashed hashed) {
  if (text.empty()) return 0;
  if (!pending_.empty()) {
    if (!goes_on_with(text.front())) {
      what_ = What::None;
      return 0;
    }
    hashed(std::string_view(pending_));
    pending_.clear();
    hashed(text.substr(0, 1));
    return 1;
  }
  const std::size_t size = what_ == What::Quote ? take_quote(text) : take_escaped(text);
  hashed(text.substr(0, size));
  if (what_ == What::None || size == text.size()) return size;
  pending_ = text[size];
  return size + 1;
}

template <typename Hashed>
std::size_t Tail::take(std::string_view text, Hashed hashed) {
  if (what_ == What::Block) {
    std::size_t at = 0;
    while (at < text.size() && what_ != What::None) {
      if (in_margin_) {
        if (!take_margin(text[at])) continue;  // the state has changed, the byte is still there
        ++at;
        continue;
      }
      if (!pending_.empty()) {
        hashed(std::string_view(pending_));
        pending_.clear();
      }
      const std::size_t size = take_line(text.substr(at));
      hashed(text.substr(at, size));
      at += size;
    }
    return at;
  }
  std::size_t size = 0;
  switch (what_) {
    case What::Run:
      size = take_run(text);
      break;
    case What::Quote:
    case What::EscapedQuote:
      return take_quoted(text, hashed);
    case What::Pem:
      size = take_pem(text);
      break;
    default:
      break;
  }
  hashed(text.substr(0, size));
  return size;
}

}  // namespace postern::redact
