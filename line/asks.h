// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What people at Mission Control ask of an installation, and where it stands there.
//
// Mission Control has its say in the answer to a heartbeat (protocol.h, Taken): the object under the heartbeat's id may have
//
//   {"asks": [Ask, ...]}     all that is not over as Mission Control knows it, the oldest first, kMostAsks at most
//
//   Ask {"id": ULID, "kind": "request"|"proposal", "by": a person of Mission Control's, "reason", "ticket"*,
//        "stands"*: the state that it heard last, "withdrawn"*: true,
//        of a request:  "engineer", "role" | "capabilities": [..], "start"*, "duration"*   (as people write them: "8h", RFC 3339)
//        of a proposal: "call": Call, "undo"*: Call, what takes the call back, "watch_us"*: how long to watch health}
//   Call {"method", "target": path and query, "content_type"*, "body"*: text}
//
// The call of undo may have the marks ${answer.NAME} in its target and its body (state/proposal.h): they stand for members of what the component
// answers to the first call. They are text here: the installation judges their form, and they are never filled anywhere else.
//
// and the installation tells the state of each that is not as "stands" says, in a report of the kind standing:
//
//   {"ask": ULID, "state", "note"*: for people, "until"*: a time}
//
// A standing is all that is told of it: nothing of what the component has or answers.
//
// So an ask may come any number of times, and a state may be told any number of times, whatever breaks in between: an ask is one
// by its id, and both sides come to agree. Order::Asks says that there is something new, and changes nothing by itself.
//
// Both come from outside: an Ask is judged alone, so that one which cannot be read does not hide the others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::line {

inline constexpr std::size_t kMostAsks = 64;           // of one answer
inline constexpr std::size_t kAsksBytes = 96U << 10U;  // of all in one answer, which the link carries whole
inline constexpr std::size_t kAskBody = 16U << 10U;    // bytes of a call's body
inline constexpr std::size_t kAskTarget = 4U << 10U;   // of its target
inline constexpr std::size_t kAskText = 2000;          // of a reason, a ticket, a note
inline constexpr std::size_t kAskName = 200;           // of a person, an engineer, a role, a capability
inline constexpr std::size_t kAskCapabilities = 100;   // in one request
inline constexpr base::Micros kLongestWatch = 24LL * 3600 * base::kWallSecond;

enum class AskKind : std::uint8_t { Request, Proposal };
std::string_view to_text(AskKind kind);  // "request"

struct AskedCall {
  std::string method, target, content_type, body;
  bool operator==(const AskedCall&) const = default;
};

struct Ask {
  std::string id;  // ULID
  AskKind kind = AskKind::Request;
  std::string by, reason, ticket;
  std::string stands;  // what Mission Control knows of its state; empty: nothing
  bool withdrawn = false;
  // Of a request.
  std::string engineer, role, start, duration;
  std::vector<std::string> capabilities;
  // Of a proposal.
  AskedCall call;
  std::optional<AskedCall> undo;
  base::Micros watch = 0;
  bool operator==(const Ask&) const = default;
};
base::Json to_json(const Ask& ask);
base::Result<Ask> parse_ask(const base::Json& json);

struct FaultyAsk {
  std::string id;  // empty: it has none
  std::optional<AskKind> kind;
  std::string by, why;
};
struct Asks {
  std::vector<Ask> good;
  std::vector<FaultyAsk> faulty;
};
// answer: an object of Taken::answers. Without "asks" there is nothing in it.
Asks parse_asks(const base::Json& answer);

// Of an ask where it was asked.
//   not_taken   it was not taken in; note says why: nobody switched that on, a wrong form, too many
//   pending     it waits for an admin
//   approved    of a request: access is there until...; of a proposal: it is being applied
//   refused expired withdrawn
//   ended                            of a request: the access that it gave is over
//   applied failed unknown undone rolled_back   of a proposal; unknown: nobody knows whether the component got it
struct Standing {
  std::string ask, state, note;
  base::Micros until = 0;
  bool operator==(const Standing&) const = default;
};
base::Json to_json(const Standing& standing);
base::Result<Standing> parse_standing(const base::Json& json);
// Whether nothing can follow: Mission Control need not ask any more.
bool is_over(std::string_view state);

}  // namespace postern::line
