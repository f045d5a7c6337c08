// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One role at the other end of a channel: who it is, and how many of its events are durable.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/pieces.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/ledger/decide_command.h"

namespace postern::ledger {

class Peer final : public loop::Disposable {
 public:
  struct Calls {
    std::function<void(Peer&, ipc::ToLedger type, std::string_view payload)> on_frame;
    std::function<void(Peer&)> on_gone;  // once; the owner disposes of it later, not from here
  };

  Peer(loop::Loop& loop, std::uint64_t number, Sender sender, std::uint32_t index, base::UniqueFd socket,
       Calls calls);

  std::uint64_t number() const { return number_; }  // never used twice by one ledger
  Sender sender() const { return sender_; }
  std::uint32_t index() const { return index_; }
  std::string name() const;  // "enforcer.1"
  bool gone() const { return gone_; }
  // Whether it is told the state and the policy.
  bool follows() const { return sender_ == Sender::Enforcer || sender_ == Sender::Console; }

  template <typename Message>
  void send(ipc::FromLedger type, const Message& message) {
    scratch_.clear();
    ipc::encode(message, scratch_);
    send_bytes(type, scratch_.bytes());
  }
  void send_bytes(ipc::FromLedger type, std::string_view payload);
  // Text in pieces of kLedgerPiece, at least one; make(piece, last) is a message of the protocol.
  template <typename Make>
  void send_pieces(ipc::FromLedger type, std::string_view text, Make make) {
    ipc::in_pieces(text, ipc::kLedgerPiece,
                   [&](std::string_view piece, bool last) { send(type, make(piece, last)); });
  }
  void flush();
  void close();
  // From on_frame: there is no room for what it sent. It comes again after go_on().
  void hold_back() { channel_.hold_back(); }
  void go_on() {
    if (!gone_) channel_.resume();
  }

  // The policy that it sends, for its next policy.set.
  ipc::Pieces& policy() { return policy_; }

  // One more Append of it: durable once the journal is durable up to this count.
  void appended(std::uint64_t durable_at) { unacked_.push_back(durable_at); }
  void durable(std::uint64_t upto);  // tells it what is new

 private:
  // What waits for a slow reader: a state of ten thousand sessions, and the end of each of them, fit several
  // times; and two policies.
  static constexpr std::size_t kQueue = (64U << 20U) + 2 * ipc::kLargestPolicy;

  std::uint64_t number_;
  Sender sender_;
  std::uint32_t index_;
  Calls calls_;
  bool gone_ = false;
  std::uint64_t acked_ = 0;
  std::deque<std::uint64_t> unacked_;
  ipc::Pieces policy_{ipc::kLargestPolicy};
  base::BinaryWriter scratch_;
  ipc::SocketChannel channel_;
};

}  // namespace postern::ledger
