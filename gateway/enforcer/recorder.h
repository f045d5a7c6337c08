// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Writes the events of exchanges. What peers sent is cut to a bound and escaped; nothing of a body, no
// credential and no cookie is in them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/refusal.h"
#include "base/ulid.h"
#include "gateway/enforcer/ledger_client.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/loop/loop.h"
#include "redact/marks.h"

namespace postern::enforcer {

struct Forwarded {
  std::string_view session, engineer, policy;
  std::string_view method, target, capability, operation, klass, client, service, node;
  std::string_view relay;       // that the client came through; empty: it came itself
  std::string_view credential;  // which one of the service's; empty: none
  std::string_view part_of;     // event of the call that this reading belongs to; empty: it is a call itself
  std::string_view hold;        // waiting call that this reading is for; empty: none
  std::uint64_t exchange = 0;
  bool websocket = false;  // asks for one
};

// A WebSocket that the component has agreed to.
struct Opened {
  std::string_view session, engineer, capability, policy;
  std::string_view forwarded, target;
  std::string_view subprotocol, extensions;  // empty: none
};

struct Completed {
  std::string_view session, engineer, capability, policy;
  std::string_view forwarded;  // id of the exchange.forwarded event
  int status = 0;              // 0: the component gave none
  // Of the response: what the terminator says that it sent, and what it was handed.
  std::uint64_t request_bytes = 0, response_bytes = 0, handed_bytes = 0;
  base::Nanos duration = 0;
  base::Nanos component = 0;    // from the request's first byte to the response's head
  std::string_view outcome;     // audit/EVENTS.md lists them
  std::string_view code;        // of what ended it, for component_failed, not_forwarded and refused
  std::string_view cut_reason;  // code, for cut
  base::Nanos cut = -1;         // from the command to the last byte; below 0: it was not cut by one
  std::uint64_t bytes_after_cut = 0;
  bool retried = false;
  std::string_view protocol;  // in which the component was asked; empty: it was not
  redact::Counts redacted;    // what was taken out of the response
  // Of a WebSocket that was open.
  std::int64_t messages_in = -1, messages_out = -1;  // of the client, of the component; below 0: it was none
  std::uint16_t client_close = 0, component_close = 0;  // codes; 0: it sent no Close
  std::string_view closed_by;                           // whose Close was the first; empty: nobody's
};

struct Refused {
  std::string_view session, engineer, policy;
  std::string_view method, target, client, why, nearest, capability;
  std::string_view relay;  // as Forwarded
  base::Refusal refusal = base::Refusal::Malformed;
  int status = 0;
};

struct Changed {
  std::string_view session, engineer, capability, policy;
  std::string_view forwarded, method, target;
  std::string_view read;  // target of the document
  std::uint64_t before_bytes = 0, after_bytes = 0;
  std::string_view before_sha256, after_sha256;
  std::string_view patch;  // complete JSON; empty: none
  std::int64_t operations = 0;
  std::string_view undo;  // complete JSON; empty: not known
  std::string_view why;   // there is no patch
};

struct Limited {  // refusals that were counted
  std::string_view limit, client, engineer, session, first;
  std::uint64_t count = 0;
  base::Nanos window = 0;
};

class Recorder {
 public:
  Recorder(loop::Loop& loop, LedgerClient& ledger) : loop_(loop), ledger_(ledger) {}

  std::string next_id() { return ulids_.make(loop_.wall()); }
  // The number is the ledger client's, for when_durable.
  std::uint64_t forwarded(std::string_view id, const Forwarded& event, bool wants_durable);
  void opened(const Opened& event);
  void completed(const Completed& event);
  void changed(const Changed& event);
  void refused(std::string_view id, const Refused& event);
  void limited(const Limited& event);
  void credential(bool accepted, std::string_view service, std::string_view url, std::string_view which,
                  std::string_view why);
  void node(bool up, std::string_view service, std::string_view url, std::string_view why);

 private:
  audit::EventHead head_of(audit::EventType type, std::string_view id) const;
  void name_actor(std::string_view engineer);
  std::uint64_t append(const audit::EventHead& head, const ipc::Append& append);
  void append_of_node(audit::EventType type, std::string_view service, std::string_view url,
                      std::string_view outcome);

  loop::Loop& loop_;
  LedgerClient& ledger_;
  base::UlidMaker ulids_;
  std::string detail_, line_, actor_, id_;
};

}  // namespace postern::enforcer
