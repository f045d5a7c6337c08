// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The one way in which the console changes anything: a command to the ledger, in the name of who asked. The
// ledger judges the values; here only the form of the request is judged.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "console/call.h"
#include "console/parts.h"

namespace postern::console {

using face::as_it_is;
using face::read_body;
using face::Then;

// Sends arguments (an object) as that command, then answers with what then makes of the ledger's reply, or
// with its refusal.
void send_command(Parts& parts, const CallPtr& call, std::string_view name, base::Json arguments,
                  const Reply& reply, Then then);

// The same in the name of somebody who is not signed in, but has shown who they are.
void send_command_as(Parts& parts, const CallPtr& call, std::string_view actor, std::string_view name,
                     base::Json arguments, const Reply& reply, Then then);

// What a change cut: {"sessions","exchanges","slowest_us"}, from the ledger's reply.
base::Json cut_of(const base::Json& reply);

// Why the state cannot be shown: the ledger has not been heard of. Nothing while it can.
std::optional<Response> state_problem(const Parts& parts);

// Notes that somebody reads the log, unless that same reading was noted a moment ago. False: it cannot be
// noted, so it must not be read.
struct Reading {
  std::string_view what;  // "events", "sessions", "export"
  std::string filter;     // as asked, without paging
  std::int64_t events = -1;
  bool always = false;  // an export is never the same reading twice
};
[[nodiscard]] bool note_reading(Parts& parts, const Call& call, const Reading& reading);
Response unrecorded_problem();

// Asks the log on another thread, then answers with what then makes of what was found, or with why nothing could be.
template <typename Found>
void ask_log(Parts& parts, const Reply& reply, std::function<base::Result<Found>(LogReader& log)> look,
             std::function<Response(const Found& found)> then);

// Why a question to the log has no answer: 400 for what cannot be read of it, else the log is unavailable.
Response log_problem(const base::Error& error);

Response too_many_searches();

template <typename Found>
void ask_log(Parts& parts, const Reply& reply, std::function<base::Result<Found>(LogReader& log)> look,
             std::function<Response(const Found& found)> then) {
  const auto found = std::make_shared<std::optional<base::Result<Found>>>();
  const bool asked =
      parts.searches.ask([look = std::move(look), found](LogReader& log) { found->emplace(look(log)); },
                         [found, reply, then = std::move(then)] {
                           reply((*found)->ok() ? then(***found) : log_problem((*found)->error()));
                         });
  if (!asked) reply(too_many_searches());
}

}  // namespace postern::console
