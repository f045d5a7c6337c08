// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/reader.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/bytes.h"

namespace postern::policy {
namespace {

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string in_quotes(std::string_view text) { return "\"" + base::printable(text, 80) + "\""; }

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  // Two mistakes, so that swapped letters are found; one in a short word, three in a long one.
  std::size_t least = (word.size() < 4 ? 1 : std::clamp<std::size_t>(word.size() / 3, 2, 3)) + 1;
  for (const std::string_view candidate : candidates) {
    if (word.size() > 64 || candidate.size() > 64) continue;
    const std::size_t d = distance(base::to_lower(word), candidate);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best.empty() ? "" : ", did you mean " + in_quotes(best) + "?";
}

bool Reader::is_map(const base::YamlNode& node, std::string_view what) {
  if (node.is_map()) return true;
  fault(node.mark,
        std::string(what) + " must be a map of keys and values, not " + std::string(node.kind_name()));
  return false;
}

bool Reader::is_list(const base::YamlNode& node, std::string_view what) {
  if (node.is_list()) return true;
  fault(node.mark, std::string(what) + " must be a list, not " + std::string(node.kind_name()));
  return false;
}

void Reader::only_keys(const base::YamlNode& map, std::string_view what,
                       std::initializer_list<std::string_view> known) {
  for (const auto& entry : map.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    std::string message = "unknown key " + in_quotes(entry.key) + " in " + std::string(what);
    const std::string guess = did_you_mean(entry.key, known);
    if (guess.empty()) {
      message += "; known are";
      for (const std::string_view key : known)
        message += (key == *known.begin() ? " " : ", ") + std::string(key);
    }
    fault(entry.mark, message + guess);
  }
}

std::string Reader::text(const base::YamlNode& map, std::string_view key, std::size_t limit) {
  const base::YamlNode* node = map.find(key);
  if (node == nullptr) return {};
  if (!node->is_scalar()) {
    fault(node->mark, std::string(key) + " must be a text, not " + std::string(node->kind_name()));
    return {};
  }
  if (node->scalar.empty()) fault(node->mark, std::string(key) + " is empty: say something or leave it out");
  if (node->scalar.size() > limit) {
    fault(node->mark, std::string(key) + " is longer than " + std::to_string(limit) + " bytes");
  }
  return node->scalar;
}

bool Reader::flag(const base::YamlNode& map, std::string_view key) {
  const base::YamlNode* node = map.find(key);
  if (node == nullptr) return false;
  const bool plain = node->is_scalar() && !node->quoted;
  if (plain && (node->scalar == "true" || node->scalar == "false")) return node->scalar == "true";
  fault(node->mark, std::string(key) + " must be true or false");
  return false;
}

std::uint64_t Reader::number(const base::YamlNode& map, std::string_view key, std::uint64_t low,
                             std::uint64_t high) {
  const base::YamlNode* node = map.find(key);
  if (node == nullptr) return 0;
  std::uint64_t value = 0;
  const char* const end = node->scalar.data() + node->scalar.size();
  const auto [stop, error] = std::from_chars(node->scalar.data(), end, value);
  const bool whole = node->is_scalar() && !node->quoted && error == std::errc{} && stop == end;
  if (whole && value >= low && value <= high) return value;
  fault(node->mark, std::string(key) + " must be a whole number from " + std::to_string(low) + " to " +
                        std::to_string(high));
  return 0;
}

std::vector<const base::YamlNode*> Reader::texts(const base::YamlNode& list, std::string_view what,
                                                 std::size_t limit) {
  std::vector<const base::YamlNode*> out;
  if (!is_list(list, what)) return out;
  if (list.items.size() > limit) {
    fault(list.items[limit].mark, std::string(what) + " has more than " + std::to_string(limit) + " items");
    return out;
  }
  for (const base::YamlNode& item : list.items) {
    if (item.is_scalar()) {
      out.push_back(&item);
    } else {
      fault(item.mark,
            "an item of " + std::string(what) + " must be a text, not " + std::string(item.kind_name()));
    }
  }
  return out;
}

}  // namespace postern::policy
