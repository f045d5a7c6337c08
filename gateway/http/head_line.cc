// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/head_line.h"

#include <algorithm>

#include "gateway/http/chars.h"

namespace postern::http {
namespace {

// Only called for a line that Fields did not take: says which rule it broke.
Verdict explain(std::string_view line, std::string_view name) {
  if (line.front() == ' ' || line.front() == '\t')
    return malformed("a field line begins with white space (line folding)");
  if (name.size() == line.size()) return malformed("a field line has no colon");
  if (name.empty()) return malformed("a field has no name");
  if (name.back() == ' ' || name.back() == '\t') return malformed("white space stands before a colon");
  if (!is_token(name)) return malformed("a field name is not a token");
  return malformed("a field value holds a control character");
}

}  // namespace

HeadLine next_line(std::string_view bytes, std::size_t& begin, std::size_t& scanned, std::size_t limit) {
  const std::string_view window = bytes.substr(0, limit);
  const std::size_t lf = window.find('\n', scanned);
  if (lf == std::string_view::npos) {
    // An end that could only lie past the limit is too long already, though its bytes are not here yet: the
    // answer is the same however the bytes are cut.
    if (bytes.size() >= limit) return {HeadLine::State::TooLong, {}};
    scanned = std::max(scanned, bytes.size());
    return {};
  }
  if (lf == begin || window[lf - 1] != '\r') return {HeadLine::State::BareLf, {}};
  const std::string_view text = window.substr(begin, lf - 1 - begin);
  begin = scanned = lf + 1;
  return {HeadLine::State::Line, text};
}

Verdict take_field_line(std::string_view line, std::size_t limit, Fields& fields) {
  const std::string_view name = line.substr(0, line.find(':'));
  const bool added = name.size() < line.size() && fields.add(name, trim(line.substr(name.size() + 1)));
  if (!added) return explain(line, name);
  if (fields.size() > limit)
    return refused(base::Refusal::HeadTooLarge, "the head has more fields than the limit");
  return accepted();
}

}  // namespace postern::http
