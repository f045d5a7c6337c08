// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An event as the ledger's deciders make it: everything but its id, time and the hash of the policy in force,
// which it gets when it is appended.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "base/clock.h"
#include "base/json.h"

namespace postern::ledger {

struct Draft {
  audit::EventType type{};
  std::string actor;
  std::string session;
  std::string subject;
  std::string outcome;
  std::string detail;   // a JSON object
  bool closes = false;  // takes something away: told to everyone at once. All else is told once it is durable
  bool stops = true;    // what it takes away may be under way at a terminator (ipc/stop_word.h)
};

// What draft says of its event; views it. The policy is left to whoever appends.
audit::EventHead head_of(const Draft& draft);

// Writes the detail of an event in the one way that audit::read_event_head reads. Empty texts and lists are
// left out.
class Detail {
 public:
  Detail() : writer_(text_) { writer_.open_object(); }
  Detail(const Detail&) = delete;
  Detail& operator=(const Detail&) = delete;

  Detail& text(std::string_view key, std::string_view value);
  Detail& number(std::string_view key, std::int64_t value);
  Detail& flag(std::string_view key, bool value);
  Detail& time(std::string_view key, const std::optional<base::Micros>& value);
  Detail& document(std::string_view key, const base::Json& value);  // nothing if it is null
  Detail& texts(std::string_view key, const std::vector<std::string>& values);
  std::string done();  // once

 private:
  std::string text_;
  base::JsonWriter writer_;
};

}  // namespace postern::ledger
