// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/peer.h"

#include "base/log.h"

namespace postern::ledger {

Peer::Peer(loop::Loop& loop, std::uint64_t number, Sender sender, std::uint32_t index, base::UniqueFd socket,
           Calls calls)
    : number_(number),
      sender_(sender),
      index_(index),
      calls_(std::move(calls)),
      channel_(
          loop, std::move(socket), {ipc::kLedgerFrame, kQueue},
          [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) {
            calls_.on_frame(*this, static_cast<ipc::ToLedger>(type), payload);
          },
          [this](const base::Error& why) {
            base::log_info("the channel of " + name() + " ended: " + why.message);
            gone_ = true;
            calls_.on_gone(*this);
          }) {}

std::string Peer::name() const { return std::string(to_text(sender_)) + "." + std::to_string(index_); }

void Peer::send_bytes(ipc::FromLedger type, std::string_view payload) {
  if (!gone_) channel_.send(static_cast<std::uint16_t>(type), payload);
}

void Peer::flush() {
  if (!gone_) channel_.flush();
}

void Peer::close() {
  if (gone_) return;
  gone_ = true;
  channel_.close();
  calls_.on_gone(*this);
}

void Peer::durable(std::uint64_t upto) {
  const std::uint64_t before = acked_;
  while (!unacked_.empty() && unacked_.front() <= upto) {
    unacked_.pop_front();
    ++acked_;
  }
  if (acked_ != before) send(ipc::FromLedger::Acked, ipc::Acked{acked_});
}

}  // namespace postern::ledger
