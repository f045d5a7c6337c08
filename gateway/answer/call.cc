// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer/call.h"

namespace postern::answer {

const std::shared_ptr<const std::vector<std::string>>& no_certificates() {
  static const auto none = std::make_shared<const std::vector<std::string>>();
  return none;
}

std::string Call::parameter(std::string_view name) const {
  return std::string(target.parameters().only(name).value_or(std::string_view()));
}

Response json_response(const base::Json& json, int status) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = base::dump_json(json);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response problem(int status, std::string_view code, std::string_view title, std::string_view detail) {
  base::OrderedJson json{{"type", "about:blank"}, {"title", title}, {"status", status}, {"code", code}};
  if (!detail.empty()) json["detail"] = detail;
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = base::dump_json(json);
  return response;
}

Response problem(base::Refusal refusal, std::string_view detail) {
  const base::RefusalText& text = base::text_of(refusal);
  return problem(text.status, text.code, text.title, detail.empty() ? text.remedy : detail);
}

}  // namespace postern::answer
