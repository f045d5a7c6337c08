// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/store_link.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "gateway/loop/dispose_later.h"

namespace postern::mission {

using State = PostgresDatabase::State;

StoreLink::StoreLink(loop::Loop& loop, PostgresDatabase& database, Connect connect, Events events)
    : loop_(loop),
      database_(database),
      connect_(std::move(connect)),
      events_(std::move(events)),
      again_(loop, [this] { start(); }),
      deadline_(loop, [this] {
        database_.give_up("it did not greet within " + std::to_string(kGreeting / base::kSecond) +
                          " seconds");
        lost(database_.why());
      }) {
  hook_ = loop_.at_turn_end(loop::Stage::Record, [this] { return database_.deliver(events_.heard); });
  database_.on_lost([this] { lost(database_.why()); });
}

StoreLink::~StoreLink() { database_.on_lost(nullptr); }

void StoreLink::start() {
  connect_([this, here = std::weak_ptr<bool>(here_)](base::Result<base::UniqueFd> socket) {
    if (!here.expired()) take(std::move(socket));
  });
}

void StoreLink::take(base::Result<base::UniqueFd> socket) {
  if (!socket.ok()) {
    database_.give_up(socket.error().message);
    return lost(database_.why());
  }
  deadline_.start(kGreeting);
  go_on(database_.start(*std::move(socket)));
}

void StoreLink::go_on(State state) {
  if (state == State::Lost) return lost(database_.why());
  if (poller_ == nullptr)
    poller_ = std::make_unique<loop::Poller>(loop_, database_.socket(), [this](unsigned) { on_readiness(); });
  poller_->want(state == State::WantsToWrite ? loop::kWritable : loop::kReadable);
  if (state != State::Ready) return;
  deadline_.stop();
  wait_ = kFirstWait;
  base::log_info("PostgreSQL is there");
  said_.clear();
  events_.ready();
}

void StoreLink::on_readiness() {
  if (database_.state() != State::Ready) return go_on(database_.advance());
  database_.listen([this](std::string_view text) { events_.heard(text); });
}

// Perhaps within a call of the poller; libpq's socket is open until start().
void StoreLink::lost(const std::string& why) {
  if (poller_ != nullptr) poller_->want(0);
  loop::dispose_later(loop_, std::move(poller_));
  deadline_.stop();
  if (said_ != why) base::log_error("PostgreSQL is away, and reports are refused until it is back: " + why);
  said_ = why;
  again_.start(wait_);
  wait_ = std::min(2 * wait_, kLongestWait);
}

}  // namespace postern::mission
