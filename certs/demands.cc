// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/demands.h"

#include <algorithm>

#include "base/bytes.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;
using base::Ok;

bool may_be_starred(char c) { return c != '@' && c != '/'; }

// The usual search with one way back: a later star takes over from an earlier one, because what lies between them has
// been found where it first could be; a separator ends what a star may stand for, and with it the search.
bool fits(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos && may_be_starred(name[taken])) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string listing(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& each : texts) out += (out.empty() ? "" : ", ") + each;
  return base::printable(out, 200);
}

std::string as_compared(const Name& name) {
  return name.form == Form::Email ? base::to_lower(name.text) : name.text;
}

bool is_identity(const Name& name) { return name.form == Form::Email || name.form == Form::Uri; }

}  // namespace

bool is_demanded(std::string_view name, const Demands& demands) {
  return demands.identities.empty() ||
         std::any_of(demands.identities.begin(), demands.identities.end(),
                     [name](const std::string& pattern) { return fits(pattern, name); });
}

std::optional<Fault> judge_demands(const Candidate& leaf, const Demands& demands) {
  const bool named = std::any_of(leaf.names.begin(), leaf.names.end(), [&](const Name& name) {
    return is_identity(name) && is_demanded(as_compared(name), demands);
  });
  if (!named) {
    std::vector<std::string> has;
    for (const Name& name : leaf.names)
      if (is_identity(name)) has.push_back(name.text);
    return Fault{Rule::IdentityNotDemanded, "is for " + listing(has) + ", and only names like " +
                                                listing(demands.identities) + " count"};
  }
  for (const std::string& purpose : demands.purposes) {
    if (!has_purpose(leaf, purpose))
      return Fault{Rule::PurposeDemanded,
                   "lacks the extended key usage " + purpose + ", which is demanded here"};
  }
  const base::Micros life = leaf.facts.not_after - leaf.facts.not_before;
  if (demands.longest_life > 0 && life > demands.longest_life) {
    return Fault{Rule::LifeTooLong, "was issued for " + base::format_duration(life) + ", and " +
                                        base::format_duration(demands.longest_life) + " is the most here"};
  }
  return std::nullopt;
}

base::Status check_identity_pattern(std::string_view pattern) {
  if (pattern.empty() || pattern.size() > kIdentityPatternSize)
    return fail(Code::Invalid, "a pattern of identities has 1 to 255 bytes");
  const bool printable =
      std::all_of(pattern.begin(), pattern.end(), [](char c) { return c > ' ' && c < 0x7f; });
  const std::size_t scheme = pattern.find("://");
  const bool uri = scheme != std::string_view::npos && scheme > 0;
  const bool email = !uri && std::count(pattern.begin(), pattern.end(), '@') == 1 && pattern.back() != '@' &&
                     pattern.find('/') == std::string_view::npos;
  if (!printable || !(uri || email)) {
    return fail(Code::Invalid,
                "\"" + base::printable(pattern, 80) +
                    "\" is no pattern of e-mail addresses or URIs such as \"*@vendor.example\" or "
                    "\"spiffe://vendor.example/support/*\"");
  }
  if (email && base::to_lower(pattern) != pattern)
    return fail(Code::Invalid,
                "a pattern of e-mail addresses is written in lower case: addresses are compared so");
  return Ok{};
}

bool is_dotted_oid(std::string_view text) {
  if (text.size() < 3 || text.size() > 64 || text.find('.') == std::string_view::npos) return false;
  if (text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos) return false;
  return text.find_first_not_of("0123456789.") == std::string_view::npos && text.front() <= '2';
}

}  // namespace postern::certs
