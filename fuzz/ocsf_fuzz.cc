// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Any line of a log's files as an event of OCSF: what is no event is refused, what is one becomes one line of JSON.
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/ocsf.h"
#include "base/check.h"
#include "base/json.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  std::string out;
  if (!audit::append_ocsf(out, line).ok()) {
    POSTERN_CHECK(out.empty());
    return 0;
  }
  POSTERN_CHECK(out.find('\n') == out.size() - 1);
  const auto json = base::parse_json(std::string_view(out).substr(0, out.size() - 1));
  POSTERN_CHECK(json.ok() && json->at("type_uid") ==
                                 json->at("class_uid").get<int>() * 100 + json->at("activity_id").get<int>());
  return 0;
}
