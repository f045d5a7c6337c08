// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Brings a request target to its one canonical form, or refuses it (DESIGN section 4 step 2). What policy
// judges and what the component is sent is this form; docs/HTTP.md says for each byte what becomes of it.
//
//   GET /api/v1/label/%6aob/values?match[]=up%7bjob=%22a%22%7d&&x=1+2
//   path   /api/v1/label/job/values
//   query  match%5B%5D=up%7Bjob%3D%22a%22%7D&x=1%202
//
// Gained: each resource has one name, so that a rule cannot be walked around by spelling. Given up: a
// component that tells
// "%3A" from ":" in a path, or an empty parameter from none, cannot be reached in full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/http/authority.h"
#include "gateway/http/parameters.h"
#include "gateway/http/verdict.h"

namespace postern::http {

struct TargetRules {
  std::span<const Authority> ours = {};  // what an absolute target may name; anything else is wrong_host
  std::size_t path = 4096;               // limits, in bytes as sent; beyond: target_too_long
  std::size_t segment = 1024;
  std::size_t query = 8192;
  std::size_t parameters = 256;
  // %2F in a path. Off: refused. On: kept, and CanonicalTarget::encoded_slash() tells, so that the caller can
  // refuse it once it knows the operation.
  bool encoded_slash = false;
};

// A resource: neither copied nor moved; give it to canonicalise() again and again.
class CanonicalTarget {
 public:
  CanonicalTarget() = default;
  CanonicalTarget(const CanonicalTarget&) = delete;
  CanonicalTarget& operator=(const CanonicalTarget&) = delete;

  std::string_view text() const { return text_; }  // path[?query]: what the component is sent
  std::string_view path() const { return std::string_view(text_).substr(0, path_size_); }  // begins with '/'
  std::string_view query() const {  // without '?'; empty if there is none
    return path_size_ == text_.size() ? std::string_view() : std::string_view(text_).substr(path_size_ + 1);
  }
  std::string_view authority() const {
    return authority_;
  }  // of an absolute target, as sent; otherwise empty
  const Parameters& parameters() const { return parameters_; }  // of the query, in order, decoded
  bool encoded_slash() const { return encoded_slash_; }
  void forget();  // as if new, and gives its memory back

 private:
  friend Verdict canonicalise(std::string_view target, const TargetRules& rules, CanonicalTarget& out);
  void clear();
  Verdict take(std::string_view target, const TargetRules& rules);

  std::string text_, authority_;
  std::size_t path_size_ = 0;
  bool encoded_slash_ = false;
  Parameters parameters_;
};

// target: the request line's. After a refusal out is empty.
Verdict canonicalise(std::string_view target, const TargetRules& rules, CanonicalTarget& out);

// Decodes percent-encoding of a canonical path or segment; what is not canonical comes out unchanged.
std::string percent_decode(std::string_view canonical);

}  // namespace postern::http
