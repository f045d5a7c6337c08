// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The live line of the console (server-sent events): tells every open page that the state changed, and what
// new events the log has.
//
//   event: state   data: {"version":n}              permissions or sessions changed: fetch again. At most once
//                                                   per kBeat
//   event: event   data: one event, with index and sentence
//   event: more    data: {"skipped":n}              so many events came at once that they were left out
//   event: ping    data: {}
//
// One reading of the log serves all clients, and with no client it is not read at all. A client that does not read loses events, never state: it is
// told how many.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "console/call.h"
#include "console/log_reader.h"
#include "console/node_states.h"
#include "face/audience.h"
#include "gateway/loop/loop.h"

namespace postern::console {

class Live {
 public:
  static constexpr std::size_t kMostPerBeat = 50;  // events told; a burst beyond is counted
  static constexpr base::Nanos kBeat = 100 * base::kMillisecond;
  static constexpr base::Nanos kPing = 15 * base::kSecond;

  Live(loop::Loop& loop, LogReader& log, NodeStates& nodes);
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  // Reads the newest node events from the index and goes on from where the index ends. Until it succeeds,
  // each beat tries again.
  void start();
  // Brings what is known of nodes up to what the index has, which is a quarter of a second ago. Blocks for that question.
  void look();
  void state_changed(std::uint64_t version);
  // upto: how many events of the log are durable and can be found by a question. Later ones are not told yet.
  void log_grew(std::uint64_t upto);

  bool full() const { return audience_.full(); }
  // One more client. allowed is asked before each beat and ping: false ends the stream (the sign-in has
  // ended).
  std::unique_ptr<Source> open(std::function<bool()> allowed);
  std::size_t clients() const { return audience_.size(); }
  void close_all() { audience_.close_all(); }  // ends every stream

 private:
  void beat();
  void beat_soon();
  bool read_log();
  void ping();
  bool catch_up();

  LogReader& log_;
  NodeStates& nodes_;
  face::Audience audience_;
  bool started_ = false;
  bool state_pending_ = false, log_pending_ = false;
  std::uint64_t version_ = 0;
  std::uint64_t upto_ = 0;
  std::uint64_t next_ = 0;  // index of the first event not yet told
  loop::Timer beat_;
  loop::Timer ping_;
};

}  // namespace postern::console
