// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is told to people outside about one event, as a webhook's body (Standard Webhooks,
// https://github.com/standard-webhooks/standard-webhooks) and as a mail (RFC 5322). Pure.
//
// What engineers write may stand in it: it is cut, and in a mail it is only ever inside an encoded word (RFC 2047) or the
// body's base64, so that it can end no header line. Left out are targets and bodies of calls: they stand in the log, and
// mail is read in many places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "base/clock.h"

namespace postern::ledger {

struct Notice {
  std::uint64_t index = 0;  // of the event in the log
  std::string id;  // of the event; the notification's too, so that a receiver knows one that comes twice
  base::Micros time = 0;
  audit::EventType type{};
  audit::Severity severity = audit::Severity::Info;
  std::string sentence, subject, engineer, ticket, outcome;
  // Of an update that was announced: when it starts by itself, and why it was missed, was refused or ended as it did.
  std::string start = {}, why = {};
};

inline constexpr std::size_t kNoticeSentence = 600;  // bytes
inline constexpr std::size_t kNoticeWord = 200;      // bytes of a subject, an engineer, a ticket

Notice notice_of(std::uint64_t index, const audit::EventFields& event);

// {"type","timestamp","data":{"event","severity","summary","subject","engineer","ticket"}}
std::string webhook_body(const Notice& notice);
// What is signed of it.
std::string webhook_payload(std::string_view id, std::string_view timestamp, std::string_view body);

struct MailHead {
  std::string from;
  std::vector<std::string> to;  // both checked: no control characters in any
};
std::string mail_message(const Notice& notice, const MailHead& head, base::Micros now);

// Words of RFC 2047, each on a line of its own; short enough that the first fits behind "Subject: ".
std::string encoded_words(std::string_view text);
std::string mail_date(base::Micros time);  // "Sun, 01 Mar 2026 12:00:00 +0000"

}  // namespace postern::ledger
