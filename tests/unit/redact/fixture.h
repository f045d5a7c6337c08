// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Redacts a text whole, and in pieces cut at every place: the result must be the same.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/crypto.h"
#include "redact/redactor.h"
#include "redact/rules.h"
#include "redact/scanner.h"

namespace postern::redact {

inline const std::string kKey(base::KeyedHash::kKeySize, 'k');

inline std::shared_ptr<const Rules> rules_of(std::initializer_list<std::string_view> texts) {
  std::vector<Path> paths;
  for (const std::string_view text : texts) {
    auto path = parse_path(text);
    EXPECT_TRUE(path.ok()) << text;
    paths.push_back(std::move(*path));
  }
  return Rules::make(paths);
}

struct Redacted {
  std::string text;
  Counts counts;
};

inline Redacted redact_in_pieces(Form form, const std::shared_ptr<const Rules>& rules, std::string_view text,
                                 std::initializer_list<std::size_t> cuts, std::size_t step = 0) {
  Redactor redactor(form, rules, kKey);
  Redacted out;
  std::size_t at = 0;
  for (const std::size_t cut : cuts) {
    redactor.feed(text.substr(at, cut - at), out.text);
    at = cut;
  }
  if (step == 0) step = text.size() + 1;
  for (; at < text.size(); at += step) redactor.feed(text.substr(at, step), out.text);
  redactor.finish(out.text);
  out.counts = redactor.counts();
  return out;
}

// Cut at every place, into single bytes, and into threes.
inline Redacted redact_everywhere(Form form, const std::shared_ptr<const Rules>& rules,
                                  std::string_view text) {
  Redacted whole = redact_in_pieces(form, rules, text, {});
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const Redacted cut_once = redact_in_pieces(form, rules, text, {cut});
    EXPECT_EQ(cut_once.text, whole.text) << "cut at " << cut;
    EXPECT_EQ(cut_once.counts.total, whole.counts.total);
  }
  for (const std::size_t step : {1U, 3U})
    EXPECT_EQ(redact_in_pieces(form, rules, text, {}, step).text, whole.text) << "pieces of " << step;
  return whole;
}

inline std::string token_of(std::string_view value) {
  return "[redacted:" + base::to_hex(base::keyed_hash(kKey, value).substr(0, 6)) + "]";
}

}  // namespace postern::redact
