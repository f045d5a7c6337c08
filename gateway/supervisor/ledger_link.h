// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's own line to the ledger: what happens to roles and configuration becomes events, and a new
// policy is put into force. Events that the ledger has not confirmed are kept and sent again to the next one.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/json.h"
#include "base/ulid.h"
#include "base/unique_fd.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"

namespace postern::supervisor {

inline constexpr std::size_t kMostEventsKept =
    1000;  // unconfirmed; beyond, the oldest is lost and standard error says so

struct LedgerReply {
  bool ok = false;
  base::Json json;  // not ok: {"code", "message", "status"}
};

class LedgerLink {
 public:
  using OnReply = std::function<void(const LedgerReply&)>;

  explicit LedgerLink(loop::Loop& loop);
  ~LedgerLink();
  LedgerLink(const LedgerLink&) = delete;
  LedgerLink& operator=(const LedgerLink&) = delete;

  // The ledger's new life. Commands that the last one did not answer are answered as unavailable.
  void attach(base::UniqueFd socket);

  // actor: "gateway", "admin:root". The subject is the role's name or the file. detail is a JSON object.
  void append(audit::EventType type, std::string_view actor, std::string_view subject,
              const base::Json& detail, std::optional<audit::Severity> severity = {});  // else the type's
  void measured(const base::Json& figures);  // host_figures.h; lost while the ledger is away
  void command(const base::Json& order, OnReply on_reply);
  // policy.set: the text goes ahead of the order, in pieces. At most ipc::kLargestPolicy bytes.
  void put_policy(std::string_view text, const base::Json& order, OnReply on_reply);

  std::size_t unconfirmed() const { return unconfirmed_.size(); }

 private:
  void on_frame(ipc::FromLedger type, std::string_view payload);
  void on_acked(std::uint64_t count);
  void on_reply(std::string_view payload);
  void send_append(const std::string& line);
  void lost();

  loop::Loop& loop_;
  base::UlidMaker ids_;
  std::unique_ptr<ipc::SocketChannel> channel_;
  std::deque<std::string> unconfirmed_;
  std::uint64_t confirmed_ = 0;  // Append frames of this channel
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, OnReply> waiting_;
};

}  // namespace postern::supervisor
