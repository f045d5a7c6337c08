// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Events for other tools. Input is always lines of the journal, in its order.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace postern::audit {

// The lines as they are, each with a newline: byte for byte the leaves of the log.
void append_json_line(std::string& out, std::string_view line);
std::string to_json_lines(std::span<const std::string> lines);

// RFC 4180: CRLF, every value quoted. A value that a spreadsheet would take for a formula (it begins with = +
// - @ TAB or CR) gets an apostrophe in front. Columns: csv_header(). Invalid if the line is not an event.
std::string_view csv_header();
base::Status append_csv(std::string& out, std::string_view line);
base::Result<std::string> to_csv(std::span<const std::string> lines);

// HAR 1.2 of one session from its exchange.* events; other events in lines are passed over. What the log does
// not hold is said in HAR's own way: no header fields and no bodies, sizes -1 where unknown. Refused
// exchanges are entries too, with the status that Postern answered. Our own knowledge stands in fields
// beginning with an underscore, as HAR allows (_event, _capability, _code, _cut_us ...).
//
// Written while the lines come: begin(), add() for each line, end(). An entry is written once its exchange has
// completed, in the order in which they began. Of those that wait for that at most kHarHeld are kept; beyond,
// entries behind one that is still open (a WebSocket, say) are written before it, and if all of them are open, the
// oldest is written as it stands.
struct HarOptions {
  std::string origin = "https://postern.invalid";  // scheme and authority in front of each target
  std::string version;                             // of Postern, as creator
};
inline constexpr std::size_t kHarHeld = 1'000;

class HarWriter {
 public:
  explicit HarWriter(HarOptions options);
  ~HarWriter();
  HarWriter(const HarWriter&) = delete;
  HarWriter& operator=(const HarWriter&) = delete;

  void begin(std::string& out);
  base::Status add(std::string& out, std::string_view line);  // Invalid if the line is not an event
  void end(std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::audit
