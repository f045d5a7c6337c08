// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/stapler.h"

#include <algorithm>

#include "base/log.h"
#include "gateway/link/jitter.h"

namespace postern::link {
namespace {

constexpr base::Micros kStapleFirstAgain = 30 * base::kWallSecond,
                       kStapleLastAgain = 3600 * base::kWallSecond;
constexpr int kStapleDoublings = 7;  // from the one to the other
constexpr std::string_view kOcspRequest = "application/ocsp-request";
constexpr std::size_t kOcspAnswerLimit = 32U << 10U;  // certs::kOcspSizeLimit

}  // namespace

base::Micros staple_refresh(certs::StapleTimes times, base::Micros now, double chance) {
  const base::Micros whole = times.until - times.from;
  return std::max(times.from + whole / 2 + share(whole / 8, chance), now + kStapleLeast);
}

base::Micros staple_again_after(int failures, double chance) {
  const int doublings = std::clamp(failures - 1, 0, kStapleDoublings);
  const base::Micros wait = std::min(kStapleFirstAgain << doublings, kStapleLastAgain);
  return wait + share(wait / 2, chance);
}

struct Stapler::One {
  Place place;
  loop::Timer timer;
  std::uint64_t under_way = 0;  // 0: nothing is
  std::unique_ptr<Call> call;
  int failures = 0;  // in a row

  One(loop::Loop& loop, const std::function<void(One&)>& due) : timer(loop, [this, due] { due(*this); }) {}
};

Stapler::Stapler(loop::Loop& loop, Connect connect, Tell tell)
    : loop_(loop), connect_(std::move(connect)), tell_(std::move(tell)) {}

Stapler::~Stapler() { *alive_ = false; }

void Stapler::configure(const Settings& settings) {
  auto before = std::move(all_);
  all_.clear();
  for (const Place& place : settings.places) {
    if (place.carriage != Carriage::Ocsp) continue;
    auto known = before.extract(place.name);
    if (!known.empty()) {
      known.mapped()->place = place;
      all_.insert(std::move(known));
      continue;
    }
    auto one = std::make_unique<One>(loop_, [this](One& due) { begin(due); });
    one->place = place;
    const bool held = place.staple.held.until > loop_.wall();
    const base::Micros at =
        held ? staple_refresh(place.staple.held, loop_.wall(), random_part()) : loop_.wall();
    one->timer.start((at - loop_.wall()) * 1000);
    all_.emplace(place.name, std::move(one));
  }
  for (auto& [name, one] : before) drop(*one);
}

void Stapler::drop(One& one) {
  one.under_way = 0;
  if (one.call != nullptr) loop_.dispose(std::move(one.call));
}

void Stapler::begin(One& one) {
  drop(one);
  one.under_way = next_id_++;
  connect_(one.place.id, [this, name = one.place.name, id = one.under_way,
                          alive = alive_](base::Result<base::UniqueFd> socket) {
    if (*alive) connected(name, id, std::move(socket));
  });
}

void Stapler::connected(const std::string& name, std::uint64_t id, base::Result<base::UniqueFd> socket) {
  const auto found = all_.find(name);
  if (found == all_.end() || found->second->under_way != id) return;  // dropped meanwhile
  if (!socket.ok()) return ended(name, id, socket.error());
  const Place& place = found->second->place;
  Call::Limits limits;
  limits.body = kOcspAnswerLimit;
  found->second->call = std::make_unique<Call>(
      loop_, std::move(*socket), nullptr,
      Question{place.host, place.target, kOcspRequest, place.staple.request}, limits,
      [this, name, id](base::Result<Answer> answer) { ended(name, id, std::move(answer)); });
}

void Stapler::ended(const std::string& name, std::uint64_t id, base::Result<Answer> answer) {
  const auto found = all_.find(name);
  if (found == all_.end() || found->second->under_way != id) return;
  One& one = *found->second;
  drop(one);
  const base::Micros now = loop_.wall();
  if (answer.ok() && answer->status != 200)
    answer = base::fail(base::Code::Unavailable, "it answered " + std::to_string(answer->status));
  base::Result<certs::StapleTimes> times = base::fail(base::Code::Unavailable, "");
  if (answer.ok()) {
    times = certs::judge_staple(one.place.staple.chain_pem, answer->body, now);
  } else {
    times = answer.error();
  }
  if (times.ok()) {
    one.failures = 0;
    one.timer.start((staple_refresh(*times, now, random_part()) - now) * 1000);
    return tell_(name, std::move(answer->body));
  }
  one.timer.start(staple_again_after(++one.failures, random_part()) * 1000);
  if (one.failures == 1) return tell_(name, times.error());
  base::log_info(name + ": still no OCSP response: " + times.error().message);
}

}  // namespace postern::link
