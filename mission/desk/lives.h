// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The streams of orders that are open, at most one per installation, and what follows from them: who is up, and who has been
// silent too long.
//
// A life is one run of an installation's link, by the ULID that it gave itself. Another stream of the same life takes the
// place of the one before. Another life is refused while the first is there: one of the two is a copy, and the first is told.
// That holds on all servers of one store together: each stream is claimed there (store/lines.h).
// A life whose connection has ended makes room at once; one that is cut off without a word does when the kernel gives its
// connection up (control/supervisor.cc: after line::kSilence).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "gateway/answer/call.h"
#include "line/protocol.h"
#include "mission/desk/parts.h"

namespace postern::mission {

class Lives {
 public:
  static constexpr base::Nanos kPulseEvery = 25 * base::kSecond;  // less than line::kPulse
  static constexpr base::Nanos kTwiceTold = 60 * base::kSecond;   // between two that are told and recorded
  static constexpr std::size_t kUnread = 64U << 10U;              // bytes of a stream that nobody reads

  explicit Lives(Parts& parts);
  ~Lives();
  Lives(const Lives&) = delete;
  Lives& operator=(const Lives&) = delete;

  struct Newcomer {
    std::string installation, life, client;
    base::Micros until = 0;  // of its certificate: the stream ends then
  };
  // nullptr: another life is there.
  std::unique_ptr<answer::Source> open(const Newcomer& newcomer);
  // Within the act that retires it: its line ends when that is for good, here or on another server.
  void retire(const std::string& installation);
  void end_retired();  // those of ours that are
  // Told of each installation whose line was ended for good here, because it was retired.
  void on_end(std::function<void(const std::string& installation)> ended) { ended_ = std::move(ended); }
  // To whoever has its orders, here or on another server: once it is committed there, it is sent. False: nobody has.
  base::Result<bool> tell(const std::string& installation, const line::Order& order);

  // Of several servers (peers.h).
  void do_task(const std::string& installation, std::string_view task);  // that one of them left for us
  void adopt(const std::string& server);  // it is gone: its installations are late unless they come
  void claim_again();                     // what we wrote of our streams is gone

  void end_all();  // we stop

  // Call every second or so: pulses, ends, standings.
  void look();
  // Who was up when we were last here, and has not come back yet.
  base::Status resume();

  bool connected(const std::string& installation) const;
  // Another life of it was refused within the last minute or two.
  bool contested(const std::string& installation) const;
  // The life that is there, and from where: {"life","client"}; null: none.
  base::Json life_of(const std::string& installation) const;
  std::size_t size() const;

 private:
  class Stream;
  struct Queue;
  struct Live;
  struct Table;
  void closed(const std::string& installation, const Queue* queue);
  void push(Live& live, const std::string& line);
  void push(Live& live, const line::Order& order);
  void end(const std::string& installation);
  bool claim(const std::string& installation, Live& live);
  bool settle(const std::string& installation, Live& live);
  void write_up(const std::string& installation, const Live& live);
  void write_late(const std::string& installation);
  bool may_tell_twice(const std::string& installation);
  void tell_twice(const OpenLine& first, const Live& other);
  void leave(const std::string& installation, const std::string& claim);
  void expect(const std::string& installation, const std::string& server);

  Parts& parts_;
  std::function<void(const std::string&)> ended_;
  std::shared_ptr<Table> state_;  // streams outlive nobody, but may be destroyed after this
};

}  // namespace postern::mission
