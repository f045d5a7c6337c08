// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Names and values of a query or of a form, decoded once, with storage that is used again.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/verdict.h"

namespace postern::http {

struct Parameter {
  std::string_view name;   // decoded: UTF-8, no control characters
  std::string_view value;  // decoded: UTF-8, no control characters except TAB, LF and CR
};

// A resource: views point into it. Neither copied nor moved; clear() and use it again.
class Parameters {
 public:
  Parameters() = default;
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  std::span<const Parameter> all() const { return parameters_; }
  std::size_t size() const { return parameters_.size(); }
  // The value of the only parameter of that name; nothing if there is none, or more than one: who doubles a
  // parameter that matters does not get to choose which one counts.
  std::optional<std::string_view> only(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  // Forgets all and makes room for decoded text of that size, so that views stay valid while it fills.
  void reset(std::size_t decoded_size);
  void forget();  // as if new, and gives its memory back
  // Where the decoded bytes go. Never grows past what reset() was told.
  std::string& arena() { return arena_; }
  // The last bytes of the arena, from name_begin, are a name up to value_begin and then a value.
  void push(std::size_t name_begin, std::size_t value_begin);

 private:
  std::string arena_;
  std::vector<Parameter> parameters_;
};

// Reads name=value pairs between '&' into out and appends them to canonical in the one form that target.h
// describes: unreserved characters plain, '+' and "%20" as "%20", hexadecimal digits in upper case, no empty
// pairs. Refuses with code what cannot be decoded to one meaning; more than most pairs are refused too.
Verdict parse_parameters(std::string_view text, std::size_t most, base::Refusal code, std::string& canonical,
                         Parameters& out);

}  // namespace postern::http
