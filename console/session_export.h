// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// All events of one session, as a file, however long it was: made while it is sent, a page of the log at a time.
//
//   json    {"session":{..},"events":[..],"changes":[..]}   one document; the events are byte for byte the lines
//           of the log; the changes are the details of those of type exchange.changed, in their order: what each
//           call changed, and the call that would undo it where that is known
//   jsonl   the lines themselves
//   ocsf    a line per event as the Open Cybersecurity Schema Framework has it (audit/ocsf.h)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "console/call.h"
#include "console/log_reader.h"

namespace postern::console {

enum class ExportFormat { Json, JsonLines, Csv, Har, Ocsf };
std::optional<ExportFormat> parse_export_format(std::string_view text);

struct ExportFacts {
  std::string id;          // of the session
  base::Json session;      // as the API shows it
  std::string public_url;  // in front of each target in a HAR
};
// log must live as long as the response.
Response make_export(LogReader& log, ExportFormat format, const ExportFacts& facts);

}  // namespace postern::console
