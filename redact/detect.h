// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The detectors: does a secret begin here? Each is a pure function of a text and a place in it. They are
// asked only where two bytes in a row say that it could be (prefilter.h), so what they cost does not matter to
// text without secrets.
//
// A detector that cannot tell yet says More, and nothing from its beginning on may be shown. Once it has said
// Found the rest is swallowed by a Tail (tail.h), however long it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "redact/kind.h"
#include "redact/tail.h"

namespace postern::redact {

struct View {
  std::string_view text;
  std::string_view before;  // the last bytes before text, as far as they are kept
  bool final = false;       // nothing comes behind text
  Form form = Form::Text;
  std::size_t column = 0;  // bytes between the last newline before text and text
  bool margin = true;      // and all of these are spaces or dashes

  // The byte so many places before at; 0 if there is none.
  char back(std::size_t at, std::size_t by = 1) const {
    if (at >= by) return text[at - by];
    return before.size() >= by - at ? before[before.size() - (by - at)] : '\0';
  }
};

struct Finding {
  enum class State { None, More, Found };
  State state = State::None;
  std::size_t begin = 0;  // from here on nothing may be shown (More), or it is replaced (Found)
  std::size_t end = 0;    // Found: up to here it is certain; the tail goes on
  Kind kind = Kind::Token;
  Tail tail;
  std::string_view bare;  // of a YAML value without quotes: what goes before the token, which needs some
};

struct Pattern {
  using Detect = Finding (*)(const View&, std::size_t begin, const Pattern&);
  std::string_view text;   // how it begins
  std::size_t anchor = 0;  // where in text the two bytes stand that it is looked for by
  Detect detect = nullptr;
  const CharSet* set = nullptr;  // what follows, ...
  std::size_t least = 0;         // and how many of it at least
  bool any_case = false;
  bool within_words = false;  // may have letters or digits in front of it
};

// Nothing that could be the same word stands in front of at. An escape (\n, %22) is no part of a word.
bool begins_word(const View& view, std::size_t at);

// Those that are always on.
const std::vector<Pattern>& built_in_patterns();

// `name: value`, `name=value`, `"name": "value"` of a name that the policy gives. name outlives the pattern.
Pattern named_pattern(std::string_view name);

// That text wherever it stands, within words too. It has at least kLeastLiteral bytes and outlives the pattern.
inline constexpr std::size_t kLeastLiteral = 8;
Pattern literal_pattern(std::string_view literal);

// A value that a key such as "SecretAccessKey" announces: 40 characters of base64 and nothing else.
bool announces_aws_secret(std::string_view key);
Finding find_aws_secret(const View& view);

}  // namespace postern::redact
