// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The exchange protocol from a terminator's side, as exchange_protocol.h says it, written down a second time and naively:
// what an enforcer or a face may hold against the terminator, and the supervisor kills it for. It is stricter than they are.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/ipc/exchange_protocol.h"

namespace postern::terminator {

class ProtocolJudge {
 public:
  using Type = ipc::ExchangeFrame;

  // What the terminator said. Empty: it may say so.
  std::string heard(Type type, std::uint64_t id, std::string_view payload) {
    switch (type) {
      case Type::ConnectionOpened:
        return opened(id, payload);
      case Type::ConnectionClosed:
        return closed(id);
      case Type::RequestHead:
        return begun(id, payload);
      case Type::RequestRefused:
        return refused(id, payload);
      case Type::ConnectionsRefused:
        return "";
      default:
        break;
    }
    const auto it = exchanges_.find(id);
    if (it == exchanges_.end()) return "a frame for no exchange";
    return of_exchange(type, it->second, id, payload);
  }

  // What it was told.
  void said(Type type, std::uint64_t id, std::string_view payload) {
    const auto it = exchanges_.find(id);
    if (it == exchanges_.end()) return;
    if (type == Type::ResponseBody) {
      it->second.uncredited += payload.size();
      it->second.handed += payload.size() + (it->second.frames ? kLongerHeader : 0);
    }
    if (type == Type::ResponseEnd) it->second.answered = true;
    if (type == Type::RequestCredit) it->second.credit += base::BinaryReader(payload).u32();
    ipc::ResponseHead head;
    if (type == Type::ResponseHead && ipc::decode(payload, head))
      it->second.frames = head.body == ipc::BodyKind::Frames;
  }

  std::size_t most_at_once() const { return most_; }  // exchanges of one connection

 private:
  struct Exchange {
    std::uint64_t connection = 0;
    ipc::BodyKind body = ipc::BodyKind::None;
    std::uint64_t left = 0;  // of a sized body
    std::uint64_t credit = ipc::kInitialCredit, uncredited = 0;
    bool frames = false;  // it was told that it is a WebSocket now
    bool ended = false;   // its request: RequestEnd, RequestRefused, or it has no body
    bool gone = false;
    bool answered = false;  // it was told the end
    std::uint64_t handed = 0, received = 0;
  };
  static constexpr std::uint64_t kLongerHeader = 14;  // of a frame on the wire than between the doors

  std::string opened(std::uint64_t id, std::string_view payload) {
    ipc::ConnectionOpened wire;
    if (!ipc::decode(payload, wire)) return "a connection that cannot be read";
    return connections_.emplace(id, 0).second ? "" : "a connection that was opened twice";
  }
  std::string closed(std::uint64_t id) {
    const auto it = connections_.find(id);
    if (it == connections_.end()) return "the end of no connection";
    if (it->second > 0) return "the end of a connection before that of its exchanges";
    connections_.erase(it);
    return "";
  }
  std::string begin(std::uint64_t id, std::uint64_t connection) {
    const auto it = connections_.find(connection);
    if (it == connections_.end()) return "an exchange of no connection";
    if (id <= last_) return "an exchange whose number does not rise";
    if (it->second >= ipc::kMostConcurrent) return "one exchange too many of a connection";
    last_ = id;
    most_ = std::max(most_, ++it->second);
    exchanges_[id].connection = connection;
    return "";
  }
  std::string begun(std::uint64_t id, std::string_view payload) {
    ipc::RequestHead wire;
    if (!ipc::decode(payload, wire)) return "a head that cannot be read";
    if (const std::string why = begin(id, wire.connection); !why.empty()) return why;
    Exchange& exchange = exchanges_.at(id);
    exchange.body = wire.body;
    exchange.left = wire.length;
    exchange.ended = wire.body == ipc::BodyKind::None;
    return "";
  }
  std::string refused(std::uint64_t id, std::string_view payload) {
    ipc::RequestRefused wire;
    if (!ipc::decode(payload, wire)) return "a refusal that cannot be read";
    if (const auto it = exchanges_.find(id); it != exchanges_.end()) {
      if (it->second.gone) return "a refusal after the client has gone";
      return std::exchange(it->second.ended, true) ? "a refusal of a request that has ended" : "";
    }
    std::string why = begin(id, wire.connection);
    if (why.empty()) exchanges_.at(id).ended = true;
    return why;
  }
  std::string of_exchange(Type type, Exchange& exchange, std::uint64_t id, std::string_view payload) {
    if (exchange.gone && type != Type::ExchangeDone) return "a word after the client has gone";
    switch (type) {
      case Type::RequestBody:
        return body(exchange, payload);
      case Type::RequestEnd: {
        std::vector<ipc::WireField> trailers;
        if (!ipc::decode_trailers(payload, trailers)) return "trailers that cannot be read";
        if (exchange.body == ipc::BodyKind::Frames) return "an end of a WebSocket's request";
        if (exchange.body == ipc::BodyKind::Sized && exchange.left > 0) return "an end before the body's";
        return std::exchange(exchange.ended, true) ? "an end of a request that has ended" : "";
      }
      case Type::ResponseCredit: {
        const std::uint32_t bytes = base::BinaryReader(payload).u32();
        if (bytes > exchange.uncredited) return "more credit than was used";
        exchange.uncredited -= bytes;
        return "";
      }
      case Type::ClientGone:
        exchange.gone = true;
        return "";
      case Type::ExchangeDone: {
        ipc::ExchangeDone wire;
        if (!ipc::decode(payload, wire) || wire.ended < 0) return "an end that cannot be read";
        if (wire.complete && !exchange.answered) return "a complete answer that has no end";
        if (wire.response_bytes > exchange.handed || wire.after_cut > wire.response_bytes)
          return "more of an answer than it was told";
        if (wire.request_bytes > exchange.received + ipc::kBodyPiece) return "more of a request than it said";
        --connections_.at(exchange.connection);
        exchanges_.erase(id);
        return "";
      }
      default:
        return "a frame that a terminator does not send";
    }
  }
  std::string body(Exchange& exchange, std::string_view payload) {
    if (exchange.ended) return "a body behind its end";
    if (exchange.body == ipc::BodyKind::Frames && !exchange.frames)
      return "a frame before there is a WebSocket";
    if (payload.empty() || payload.size() > ipc::kBodyPiece) return "a piece of a size that none has";
    if (payload.size() > exchange.credit) return "more body than its credit";
    if (exchange.body == ipc::BodyKind::Sized && payload.size() > exchange.left)
      return "more body than its head says";
    exchange.credit -= payload.size();
    exchange.received += payload.size();
    if (exchange.body == ipc::BodyKind::Sized) exchange.left -= payload.size();
    return "";
  }

  std::map<std::uint64_t, std::size_t> connections_;  // and how many exchanges each has
  std::map<std::uint64_t, Exchange> exchanges_;
  std::uint64_t last_ = 0;
  std::size_t most_ = 0;
};

}  // namespace postern::terminator
