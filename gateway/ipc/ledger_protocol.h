// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the ledger and the roles that write to it say to each other, over a SocketChannel.
//
//   role -> ledger
//     Append     an event line (made by the role)
//     Command    id, JSON {command, actor, ...}
//     Applied    version, exchanges cut, slowest
//     Activity   u32 count, that many texts: the sessions seen since the last one
//     Receiving  a session, and the bytes of responses that its exchanges here have received so far and no Append has
//                counted yet (enforcer only; replaces what was said before)
//     Policy     a policy's text, in pieces, for the policy.set that follows (supervisor only)
//     Cookie     a cookie of the component has changed (enforcer only); passed on to the other enforcers as it is,
//                and kept nowhere
//     Delivered  id, and what came of an errand (link only)
//     NodeTaskDone  id, JSON: what came of a NodeTask (enforcer only)
//     Measured   JSON: how a node of the component is (enforcer 0 only), or this host (supervisor only); kept, and no event
//
//   ledger -> role
//     State      version, the stop word (stop_word.h), the whole state as JSON (first, and after a gap)
//     Change     version, the stop word, when commanded, the event that changes the state
//     AcceptedPolicy  the policy text that was accepted last, in pieces, ahead of the Policy that waits to be accepted;
//                empty if it cannot be read. A Policy without one is accepted
//     Policy     the policy text now in force, in pieces
//     LogStatus  may events be written, and if not why
//     Acked      how many Append frames of this channel are durable
//     Reply      id, ok, JSON, id of the event that the command made
//     Size       events written so far (console only, thinned)
//     Cookie     what another enforcer told (enforcer only)
//     Jars       tell all cookies that you keep: one of the others has come anew (enforcer only; empty)
//     Accounts   who may sign in to the console, in pieces: accounts/account.h (console only)
//     Published  how far the log's files are, their key, and what hinders them (console only)
//     Witnessing who witnesses our log and whose logs we witness, as JSON (console only)
//     IntakeTokens  JSON: the tokens that count, by their hashes (intake only)
//     NodeTask   id, JSON: something to do about a node of the component that is being updated, or about what Mission Control proposed
//                (enforcer only)
//     Errand     id, to which of the configured places, the body of a request (link only)
//
// Order is kept per channel. An Append is never answered alone: Acked counts. A role keeps what is not acked
// and sends it again to a restarted ledger, which drops what it has (by event id).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace postern::ipc {

enum class ToLedger : std::uint16_t {
  Append = 1,
  Command = 2,
  Applied = 3,
  Activity = 4,
  Policy = 5,
  Cookie = 6,
  Receiving = 7,
  Measured = 8,
  Delivered = 20,
  NodeTaskDone = 30,
};
enum class FromLedger : std::uint16_t {
  State = 33,
  Change = 34,
  Policy = 35,
  LogStatus = 36,
  Acked = 37,
  Reply = 38,
  Size = 39,
  Cookie = 40,
  Jars = 41,
  Published = 42,
  Accounts = 43,
  Witnessing = 50,
  Errand = 51,
  AcceptedPolicy = 60,
  IntakeTokens = 61,
  NodeTask = 70,
};

// What an appended event means for the counters of its session: the ledger sums up a visit without parsing
// its events.
enum class AppendKind : std::uint8_t { Other = 0, Forwarded = 1, Completed = 2, Refused = 3 };

struct Append {
  bool wants_durable = false;  // somebody waits for Acked: sync now, not with the next timer
  AppendKind kind = AppendKind::Other;
  std::string_view session;         // ULID or empty
  std::uint64_t request_bytes = 0;  // for Completed
  std::uint64_t response_bytes = 0;
  std::uint64_t redacted = 0;  // secrets taken out of the response
  std::string_view line;       // the event, as write_event made it
};
struct Command {
  std::uint64_t id = 0;  // chosen by the sender, answered by Reply
  std::string_view json;
};
struct Applied {
  std::uint64_t version = 0;
  std::uint32_t cut = 0;         // exchanges cut because of it
  std::uint64_t slowest_ns = 0;  // from the command to the last of them being cut at the terminator
};
struct Receiving {
  std::string_view session;
  std::uint64_t bytes = 0;
};
// {"service","node","state":"up"|"down"|"unknown","why"*,"version"*,"numbers":{name: number}} of an enforcer (readings.h);
// of the supervisor: host_figures.h.
struct Measured {
  std::string_view json;
};
inline constexpr std::size_t kMeasuredFrame = 32U << 10U;  // bytes of its JSON at most
struct Change {
  std::uint64_t version = 0;
  std::int64_t commanded = 0;  // monotonic nanoseconds
  bool wants_applied =
      false;  // an enforcer answers with Applied when it has cut what this closes; nobody else does
  std::string_view line;
  std::uint64_t stop = 0;  // for this change the stop word was raised to it; 0: it was not
};
struct StateSnapshot {  // in pieces of at most kLedgerPiece
  std::uint64_t version = 0;
  bool last = true;
  std::string_view json;
  std::uint64_t stop = 0;  // as the word was when this was told
};
struct PolicyPiece {  // in pieces of at most kLedgerPiece
  bool last = true;
  std::string_view text;
};
struct AccountsPiece {  // in pieces of at most kLedgerPiece
  bool last = true;
  std::string_view text;
};
struct LogStatus {
  bool writable = false;
  std::string_view reason;
};
struct Acked {
  std::uint64_t count = 0;  // Append frames of this channel, from its beginning, that are durable
};
struct Reply {
  std::uint64_t id = 0;
  bool ok = false;
  std::string_view json;  // ok: the answer; otherwise {"code","message","status"}
  // What the command made: the opening of a session, otherwise the first event. Empty: none, or it is not in
  // the log yet.
  std::string_view event;
};
struct Size {
  std::uint64_t written = 0;
  std::uint64_t durable = 0;
  std::uint64_t indexed = 0;
};

// A cookie that the component set for a session, as gateway/enforcer/cookie_jar.h keeps it.
struct Cookie {
  std::string_view session, service, account;
  std::string_view name, value, path;
  std::uint64_t version = 0;
  std::int64_t expires = 0;  // microseconds of the wall clock; 0: with the session
  bool secure = false;
  bool deleted = false;
};

inline constexpr std::size_t kCookieFrame = 16U << 10U;  // bytes of a Cookie at most
struct Published {
  std::uint64_t size = 0;         // events under the last checkpoint
  std::int64_t at = 0;            // when it was published, in microseconds; 0: before this ledger
  std::string_view verifier_key;  // empty while the keeper has not told it
  std::string_view problem;       // why there is no newer one; empty: nothing hinders it
};

// {"witnesses": [..], "witness": {..} or null}, as they stand in status.
struct Witnessing {
  std::string_view json;
};
// [{"id","name","service","sha256": hexadecimal,"expires": microseconds, or 0}]
struct IntakeTokens {
  std::string_view json;
};
// Something to bring to a place outside that the configuration names: a POST, of text or of a webhook, or a mail, as the
// place is. The link carries it and says once what came of it; it neither reads nor makes bodies. At most one per place is
// under way.
// kAdminLink: the index of the link that reaches the identity provider of admins, and nothing else.
inline constexpr std::uint32_t kAdminLink = 1000;
struct Errand {
  std::uint64_t id = 0;
  std::string_view place;  // its name
  std::string_view body;   // at most kErrandBody bytes
  std::string_view webhook_id = {}, webhook_timestamp = {},
                   webhook_signature = {};  // header fields, of a webhook alone
};
// {"do":"look"|"drain"|"call","service","node"} and of drain {"limit_us","least_us"}, of call {"list":"update"|"roll-back","step",
// "version","before"}: which of the configuration's calls, never what is sent (enforcer/node_tasks.h). Answered once, unless the
// channel ends: {"healthy","why"*,"version"*}, {"cut"}, {"ok","status"*,"why"*,"tail"*,"bytes"}.
// Or {"do":"judge"|"compare"|"propose", ...} about what Mission Control proposed (enforcer/proposed_calls.h): compare and propose name a
// proposal of the state, in which alone the call stands. What compare reads comes as the command proposal.compare, ahead of NodeTaskDone.
struct NodeTask {
  std::uint64_t id = 0;
  std::string_view json;
};
struct NodeTaskDone {
  std::uint64_t id = 0;
  std::string_view json;
};
inline constexpr std::size_t kNodeTaskFrame = 16U << 10U;  // bytes of the JSON at most
struct Delivered {
  std::uint64_t id = 0;
  std::uint16_t status = 0;  // of the answer; 0: there was none
  std::string_view
      body;  // of the answer, at most kDeliveredBody bytes; without an answer: why, in a sentence
};
inline constexpr std::size_t kErrandBody = 128U << 10U;
inline constexpr std::size_t kDeliveredBody = 256U << 10U;  // as much as a document of the line has
// What an answer has that is longer than it may be: its bytes are not here, and a sentence is. Of updates alone.
inline constexpr std::uint16_t kTooLongAnswer = 413;
// Of no errand: Mission Control has something to ask (line/asks.h). 200 and nothing, and nothing of it is here.
inline constexpr std::uint64_t kAsksDelivered = 0;

inline constexpr std::size_t kLedgerFrame = 1U << 20U;    // payload of a frame at most
inline constexpr std::size_t kLargestEvent = 65'535;      // bytes of an event line at most
inline constexpr std::size_t kLedgerPiece = 512U << 10U;  // bytes of one piece of a state or a policy
inline constexpr std::size_t kLargestState = 64U << 20U;  // bytes of all pieces of a state
// Bytes of all pieces of a policy: what a YAML file may have (base/yaml.h). 100,000 operations are about 5 MB.
inline constexpr std::size_t kLargestPolicy = 32U << 20U;

void encode(const Append& m, base::BinaryWriter& out);
void encode(const Command& m, base::BinaryWriter& out);
void encode(const Applied& m, base::BinaryWriter& out);
void encode(const Receiving& m, base::BinaryWriter& out);
void encode(const Measured& m, base::BinaryWriter& out);
void encode(const NodeTask& m, base::BinaryWriter& out);
void encode(const NodeTaskDone& m, base::BinaryWriter& out);
void encode(const Change& m, base::BinaryWriter& out);
void encode(const StateSnapshot& m, base::BinaryWriter& out);
void encode(const PolicyPiece& m, base::BinaryWriter& out);
void encode(const AccountsPiece& m, base::BinaryWriter& out);
void encode(const LogStatus& m, base::BinaryWriter& out);
void encode(const Acked& m, base::BinaryWriter& out);
void encode(const Reply& m, base::BinaryWriter& out);
void encode(const Size& m, base::BinaryWriter& out);
void encode(const Cookie& m, base::BinaryWriter& out);
void encode(const Published& m, base::BinaryWriter& out);
void encode(const Witnessing& m, base::BinaryWriter& out);
void encode(const IntakeTokens& m, base::BinaryWriter& out);
void encode(const Errand& m, base::BinaryWriter& out);
void encode(const Delivered& m, base::BinaryWriter& out);
[[nodiscard]] bool decode(std::string_view payload, Append& m);
[[nodiscard]] bool decode(std::string_view payload, Command& m);
[[nodiscard]] bool decode(std::string_view payload, Applied& m);
[[nodiscard]] bool decode(std::string_view payload, Receiving& m);
[[nodiscard]] bool decode(std::string_view payload, Measured& m);
[[nodiscard]] bool decode(std::string_view payload, NodeTask& m);
[[nodiscard]] bool decode(std::string_view payload, NodeTaskDone& m);
[[nodiscard]] bool decode(std::string_view payload, Change& m);
[[nodiscard]] bool decode(std::string_view payload, StateSnapshot& m);
[[nodiscard]] bool decode(std::string_view payload, PolicyPiece& m);
[[nodiscard]] bool decode(std::string_view payload, AccountsPiece& m);
[[nodiscard]] bool decode(std::string_view payload, LogStatus& m);
[[nodiscard]] bool decode(std::string_view payload, Acked& m);
[[nodiscard]] bool decode(std::string_view payload, Reply& m);
[[nodiscard]] bool decode(std::string_view payload, Size& m);
[[nodiscard]] bool decode(std::string_view payload, Cookie& m);
[[nodiscard]] bool decode(std::string_view payload, Published& m);
[[nodiscard]] bool decode(std::string_view payload, Witnessing& m);
[[nodiscard]] bool decode(std::string_view payload, IntakeTokens& m);
[[nodiscard]] bool decode(std::string_view payload, Errand& m);
[[nodiscard]] bool decode(std::string_view payload, Delivered& m);

}  // namespace postern::ipc
