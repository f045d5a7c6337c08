// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A request target through the canonicaliser and through a naive one: the same answer, and the same form.
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "fuzz/naive_target.h"
#include "gateway/http/target.h"

using namespace postern::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string target(reinterpret_cast<const char*>(data), size);
  const bool limited = size > 1000 || std::count(target.begin(), target.end(), '&') > 200;
  if (limited || !target.starts_with('/')) return 0;
  CanonicalTarget ours;
  const Verdict verdict = canonicalise(target, {}, ours);
  const auto naive = naive_canonicalise(target);
  // The naive one does not know all of Unicode's dots: what is refused for them it may pass.
  const bool dots = verdict.sentence == "the path holds what could be read as a dot segment";
  POSTERN_CHECK(verdict.ok() == naive.has_value() || (dots && naive));
  if (!verdict.ok()) return 0;
  POSTERN_CHECK(ours.text() == naive->path + (naive->has_query ? "?" + naive->query : ""));
  POSTERN_CHECK(ours.parameters().size() == naive->parameters.size());
  for (std::size_t i = 0; i < naive->parameters.size(); ++i) {
    POSTERN_CHECK(ours.parameters().all()[i].name == naive->parameters[i].first);
    POSTERN_CHECK(ours.parameters().all()[i].value == naive->parameters[i].second);
  }
  return 0;
}
