// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/comparison.h"

namespace postern::state {

using base::Json;

Comparison comparison_of(const Json& detail, base::Micros at) {
  const auto text_at = [&detail](const char* key) {
    const auto found = detail.find(key);
    return found == detail.end() ? std::string() : base::dump_json(*found);
  };
  Comparison out;
  out.at = at;
  out.document = text_at("document");
  out.patch = text_at("patch");
  out.changes = base::json_number_or(detail, "changes", 0);
  out.bytes = base::json_number_or(detail, "before_bytes", 0);
  out.sha256 = base::json_text_or(detail, "before_sha256", "");
  out.why = base::json_text_or(detail, "why", "");
  return out;
}

Json to_json(const Comparison& comparison) {
  return {{"compared", comparison.at},
          {"document", comparison.document},
          {"patch", comparison.patch},
          {"changes", comparison.changes},
          {"before_bytes", comparison.bytes},
          {"before_sha256", comparison.sha256},
          {"why", comparison.why}};
}

Comparison comparison_from_json(const Json& json) {
  const base::Micros at = base::json_number_or(json, "compared", 0);
  if (at == 0) return {};  // it was not read: what else stands there is of nothing
  return {at,
          base::json_text_or(json, "document", ""),
          base::json_text_or(json, "patch", ""),
          base::json_number_or(json, "changes", 0),
          base::json_number_or(json, "before_bytes", 0),
          base::json_text_or(json, "before_sha256", ""),
          base::json_text_or(json, "why", "")};
}

Json view(const Comparison& comparison) {
  Json json{{"time", base::format_time(comparison.at)}, {"changes", comparison.changes}};
  for (const auto& [key, text] :
       {std::pair{"document", &comparison.document}, {"patch", &comparison.patch}}) {
    if (auto value = base::parse_json(*text); value.ok()) json[key] = std::move(*value);
  }
  if (comparison.bytes > 0) json["bytes"] = comparison.bytes;
  if (!comparison.sha256.empty()) json["sha256"] = comparison.sha256;
  if (!comparison.why.empty()) json["why"] = comparison.why;
  return json;
}

}  // namespace postern::state
