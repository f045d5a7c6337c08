// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a role counts of itself: a page of memory that it shares with the supervisor, which made it, and which reads it
// when the console wants to show /metrics. The role writes numbers and nothing else, so nothing that an engineer
// chose can leave this way; whoever reads takes them for claims of that role, no more.
//
// A process has one page. Until attach() it is memory of its own that nobody reads: a role's parts count without
// being told where. Only the thread of the loop counts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/ipc/shared_page.h"

namespace postern::ipc {

enum class Figure : std::uint16_t {
  // terminator
  Connections,
  ConnectionsAccepted,
  ConnectionsRefused,
  HandshakesFull,
  HandshakesResumed,
  HandshakesFailed,
  RequestsHttp1,
  RequestsHttp2,
  BytesReceived,
  BytesSent,
  // enforcer
  ExchangesUnderWay,
  ComponentConnections,
  ComponentConnects,
  RecordsWaiting,
  // ledger
  Appends,
  Commands,
  // keeper
  KeeperRequests,
  // intake
  IntakeEvents,
  IntakeKnown,
  IntakeInvalid,
  IntakeLimited,
  IntakeRefused,
  // whoever has a channel of exchanges
  FramesReceived,
  WakeUps,
  ChannelWaiting,
};
inline constexpr std::size_t kFigures = static_cast<std::size_t>(Figure::ChannelWaiting) + 1;

enum class Timing : std::uint16_t { BeforeForwarding, Component, Transfer, LogSync };
inline constexpr std::size_t kTimings = static_cast<std::size_t>(Timing::LogSync) + 1;

// Upper bounds of the buckets of a timing, in microseconds; one more bucket has what is above.
inline constexpr std::array<std::int64_t, 12> kTimingBounds{
    50, 100, 250, 500, 1'000, 2'500, 10'000, 50'000, 250'000, 1'000'000, 10'000'000, 60'000'000};

struct TimingFigures {
  std::array<std::uint64_t, kTimingBounds.size() + 1> counts{};  // not summed up
  std::uint64_t micros = 0;                                      // of all together
};
struct RoleFigures {
  std::array<std::uint64_t, kFigures> values{};
  std::array<TimingFigures, kTimings> timings{};
};

// --- in the role

void count(Figure figure, std::uint64_t more = 1);
void level(Figure figure, std::uint64_t now_is);  // of what goes up and down
void time(Timing timing, base::Nanos took);
// At most once, before anybody counts. Invalid: it is not such a page.
base::Status attach_figures(base::UniqueFd page);

// --- in the supervisor

class FiguresPage {
 public:
  static base::Result<std::unique_ptr<FiguresPage>> make();
  base::Result<base::UniqueFd> share() const;  // for the role
  RoleFigures read() const;

 private:
  explicit FiguresPage(SharedPage page) : page_(std::move(page)) {}
  SharedPage page_;
};

}  // namespace postern::ipc
