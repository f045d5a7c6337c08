// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/redaction.h"

#include <algorithm>
#include <unordered_map>

#include "base/bytes.h"
#include "redact/rules.h"

namespace postern::policy {
namespace {

constexpr std::size_t kHeaderLength = 64;

// A token of RFC 9110 section 5.6.2, in lower case.
bool is_header_name(std::string_view name) {
  for (const char c : name) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!word && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
  }
  return !name.empty() && name.size() <= kHeaderLength;
}

template <typename Item>
bool has_all(const std::vector<Item>& ours, const std::vector<Item>& theirs) {
  return ours == theirs || std::all_of(theirs.begin(), theirs.end(), [&ours](const Item& one) {
           return std::find(ours.begin(), ours.end(), one) != ours.end();
         });
}

class RedactionParser {
 public:
  explicit RedactionParser(Reader& reader) : reader_(reader) {}

  Redaction parse(const base::YamlNode& list) {
    if (!reader_.is_list(list, "redact")) return {};
    if (list.items.size() > kRedactionLimit) {
      reader_.fault(list.items[kRedactionLimit].mark,
                    "redact has more than " + std::to_string(kRedactionLimit) + " items");
      return {};
    }
    const std::size_t before = reader_.faults().size();
    for (const base::YamlNode& item : list.items) take(item);
    if (reader_.faults().size() != before) return std::move(out_);
    out_.rules = redact::Rules::make(out_.paths);
    if (out_.rules == nullptr) {
      reader_.fault(list.mark, "the paths of redact have more than " + std::to_string(redact::kMostStates) +
                                   " steps together: write $..name where a name says enough");
    }
    return std::move(out_);
  }

 private:
  void take(const base::YamlNode& item) {
    if (!item.is_map() || item.entries.size() != 1) {
      return reader_.fault(item.mark,
                           "an item of redact is json: PATH or header: NAME, such as json: $..password");
    }
    reader_.only_keys(item, "an item of redact", {"json", "header"});
    const auto& [key, mark, value] = item.entries.front();
    if (key != "json" && key != "header") return;
    if (!value.is_scalar())
      return reader_.fault(value.mark, key + " must be a text, not " + std::string(value.kind_name()));
    const auto [found, fresh] = seen_.emplace(key + " " + value.scalar, mark.line);
    if (!fresh) {
      return reader_.fault(mark, in_quotes(value.scalar) + " is in redact already, at line " +
                                     std::to_string(found->second) + ": keep one");
    }
    if (key == "json")
      take_path(value);
    else
      take_header(value);
  }

  void take_path(const base::YamlNode& value) {
    auto path = redact::parse_path(value.scalar);
    if (path.ok())
      out_.paths.push_back(std::move(*path));
    else
      reader_.fault(value.mark, in_quotes(value.scalar) + ", " + path.error().message);
  }

  void take_header(const base::YamlNode& value) {
    std::string name = base::to_lower(value.scalar);
    if (is_header_name(name))
      out_.headers.push_back(std::move(name));
    else
      reader_.fault(value.mark, in_quotes(value.scalar) + " is not the name of a header field");
  }

  Reader& reader_;
  Redaction out_;
  std::unordered_map<std::string, int> seen_;
};

}  // namespace

bool Redaction::covers(const Redaction& other) const {
  return has_all(paths, other.paths) && has_all(headers, other.headers);
}

Redaction parse_redaction(Reader& reader, const base::YamlNode* node) {
  if (node != nullptr) return RedactionParser(reader).parse(*node);
  Redaction none;
  none.rules = redact::Rules::make({});
  return none;
}

}  // namespace postern::policy
