// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Where the scanner and the full parser both take a line, they agree, and everything else copes with it.
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "audit/export.h"
#include "audit/sentence.h"
#include "base/check.h"
#include "base/json.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto event = audit::read_event_head(line);
  if (!event.ok()) return 0;
  const auto json = base::parse_json(line);
  if (!json.ok()) return 0;  // the scanner does not look at the grammar of detail
  POSTERN_CHECK(json->size() <= 11 && base::json_text_or(*json, "id", "") == event->id);
  POSTERN_CHECK(base::json_text_or(*json, "type", "") == audit::text_of(event->type).name);
  POSTERN_CHECK(*base::parse_json(event->detail) == json->at("detail"));
  const std::string actor = audit::unescape(event->actor);
  const std::string session = audit::unescape(event->session);
  const std::string subject = audit::unescape(event->subject);
  const std::string outcome = audit::unescape(event->outcome);
  const std::string policy = audit::unescape(event->policy);
  std::string again;
  audit::write_event(
      again, {event->id, event->time, event->type, event->severity, actor, session, subject, outcome, policy},
      event->detail);
  POSTERN_CHECK(audit::read_event_head(again)->id == event->id);
  std::string csv, har;
  POSTERN_CHECK(audit::describe(line).ok() && audit::append_csv(csv, line).ok());
  audit::HarWriter writer({});
  writer.begin(har);
  POSTERN_CHECK(writer.add(har, line).ok());
  writer.end(har);
  POSTERN_CHECK(base::parse_json(har).ok());
  return 0;
}
