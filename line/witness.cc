// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/witness.h"

#include "base/json.h"

namespace postern::line {
namespace {

using base::Json;

base::Error not_such(std::string sentence) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(sentence));
}

base::Result<Json> read_object(std::string_view text, std::size_t limit) {
  // In JSON a line end is two bytes, and nothing else of these texts is longer than it was.
  if (text.size() > 2 * limit) return not_such("the document is too long");
  base::Result<Json> json = base::parse_json(text, 4);
  if (!json.ok()) return not_such("the document is not JSON: " + json.error().message);
  if (!json->is_object()) return not_such("the document is no JSON object");
  return json;
}

base::Result<std::string> text_in(const Json& json, const char* key, std::size_t limit) {
  const std::string* text = base::json_text(json, key);
  if (text == nullptr) return not_such("the document has no " + std::string(key));
  if (text->size() > limit)
    return not_such(std::string(key) + " has more than " + std::to_string(limit) + " bytes");
  return *text;
}

}  // namespace

std::string format_checkpoint_request(std::string_view request) {
  return base::dump_json(Json{{"request", request}});
}

base::Result<std::string> parse_checkpoint_request(std::string_view text) {
  const auto json = read_object(text, kCheckpointRequest);
  if (!json.ok()) return json.error();
  return text_in(*json, "request", kCheckpointRequest);
}

std::string format(const CheckpointAnswer& answer) {
  return base::dump_json(Json{{"status", answer.status}, {"body", answer.body}});
}

base::Result<CheckpointAnswer> parse_checkpoint_answer(std::string_view text) {
  const auto json = read_object(text, kCheckpointAnswer);
  if (!json.ok()) return json.error();
  const std::int64_t status = base::json_number_or(*json, "status", 0);
  if (status < 200 || status > 599) return not_such("status is not a number from 200 to 599");
  auto body = text_in(*json, "body", kCheckpointAnswer);
  if (!body.ok()) return body.error();
  return CheckpointAnswer{static_cast<std::uint16_t>(status), *std::move(body)};
}

}  // namespace postern::line
