// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/fetcher.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "gateway/http/authority.h"
#include "gateway/http/request_rules.h"
#include "gateway/link/jitter.h"

namespace postern::link {
namespace {

using base::Code;
using base::Json;

constexpr base::Micros kFetchFirstAgain = 30 * base::kWallSecond, kFetchLastAgain = 3600 * base::kWallSecond;
constexpr int kFetchDoublings = 7;  // from the one to the other
constexpr std::string_view kOcspRequest = "application/ocsp-request";
constexpr std::string_view kFetchProtocol = "http/1.1";
constexpr std::int64_t kLongestFetch = 8LL << 20U;  // whatever the part says

base::Result<Fetch> read_fetch(const Json& json, const base::Clock& clock) {
  Fetch out;
  out.id = static_cast<std::uint32_t>(base::json_number_or(json, "id", 0));
  out.name = base::json_text_or(json, "name", "");
  out.host = base::json_text_or(json, "host", "");
  out.target = base::json_text_or(json, "target", "");
  out.tls_name = base::json_text_or(json, "tls_name", "");
  out.request = base::from_base64(base::json_text_or(json, "request", "")).value_or(std::string());
  out.limit = static_cast<std::size_t>(
      std::clamp<std::int64_t>(base::json_number_or(json, "limit", 0), 1, kLongestFetch));
  out.every = base::json_number_or(json, "every_us", 0);
  out.held.from = base::json_number_or(json, "held_from", 0);
  out.held.until = base::json_number_or(json, "held_until", 0);
  out.fetched = base::json_number_or(json, "fetched", 0);
  out.asked = static_cast<std::uint64_t>(base::json_number_or(json, "asked", 0));
  if (out.name.empty() || !http::is_authority(out.host) || !http::is_target_text(out.target))
    return base::fail(Code::Invalid, "what is to be fetched of the link's configuration is not sound");
  if (!base::json_bool_or(json, "https", false)) return out;
  auto context =
      tls::ClientContext::make({base::json_text_or(json, "roots", ""), std::string(kFetchProtocol)}, clock);
  if (!context.ok()) return base::fail(context.error().code, out.name + ": " + context.error().message);
  out.tls = std::move(*context);
  return out;
}

std::string not_answered(int status) {
  const bool redirects = status >= 300 && status < 400;
  return "it answered " + std::to_string(status) +
         (redirects ? ", and redirects are not followed: name the address that it leads to" : "");
}

}  // namespace

base::Result<std::vector<Fetch>> read_fetches(const Json& part, const base::Clock& clock) {
  std::vector<Fetch> out;
  for (const Json& json : part.value("fetches", Json::array())) {
    auto one = read_fetch(json, clock);
    if (!one.ok()) return one.error();
    out.push_back(std::move(*one));
  }
  return out;
}

base::Micros fetch_again(certs::StapleTimes times, base::Micros now, base::Micros every, double chance) {
  const base::Micros whole = times.until - times.from;
  base::Micros at = times.from + whole / 2 + share(whole / 8, chance);
  if (every > 0) at = std::min(at, now + every - share(every / 8, chance));
  return std::max(at, now + (every > 0 ? std::min(kFetchLeast, every) : kFetchLeast));
}

base::Micros fetch_after_failure(int failures, double chance) {
  const int doublings = std::clamp(failures - 1, 0, kFetchDoublings);
  const base::Micros wait = std::min(kFetchFirstAgain << doublings, kFetchLastAgain);
  return wait + share(wait / 2, chance);
}

struct Fetcher::One {
  Fetch fetch;
  loop::Timer timer;
  std::uint64_t under_way = 0;  // 0: nothing is
  std::unique_ptr<Call> call;
  int failures = 0;      // in a row
  bool waiting = false;  // in waiting_

  One(loop::Loop& loop, const std::function<void(One&)>& due) : timer(loop, [this, due] { due(*this); }) {}
};

Fetcher::Fetcher(loop::Loop& loop, Connect connect, Tell tell)
    : loop_(loop), connect_(std::move(connect)), tell_(std::move(tell)) {}

Fetcher::~Fetcher() { *alive_ = false; }

void Fetcher::configure(std::vector<Fetch> fetches) {
  auto before = std::move(all_);
  all_.clear();
  for (Fetch& fetch : fetches) {
    const std::string name = fetch.name;
    auto known = before.extract(name);
    if (!known.empty()) {
      One& one = *known.mapped();
      const bool now = fetch.asked > one.fetch.asked && one.under_way == 0;
      one.fetch = std::move(fetch);
      if (now) one.timer.start(0);
      all_.insert(std::move(known));
      continue;
    }
    auto one = std::make_unique<One>(loop_, [this](One& due) { begin(due); });
    const base::Micros now = loop_.wall(), since = fetch.fetched > 0 ? std::min(fetch.fetched, now) : now;
    const bool held = fetch.held.until > now;
    const base::Micros at =
        held ? std::max(fetch_again(fetch.held, since, fetch.every, random_part()), now) : now;
    one->fetch = std::move(fetch);
    one->timer.start((at - now) * 1000);
    all_.insert_or_assign(name, std::move(one));
  }
  for (auto& [name, one] : before) drop(*one);
  begin_waiting();
}

void Fetcher::drop(One& one) {
  one.under_way = 0;
  if (one.call != nullptr) loop_.dispose(std::move(one.call));
}

Fetcher::One* Fetcher::find(const std::string& name, std::uint64_t id) {
  const auto found = all_.find(name);
  return found == all_.end() || found->second->under_way != id ? nullptr : found->second.get();
}

std::size_t Fetcher::under_way() const {
  return static_cast<std::size_t>(
      std::count_if(all_.begin(), all_.end(), [](const auto& one) { return one.second->under_way != 0; }));
}

// By their timers: begin() looks again whether there is room.
void Fetcher::begin_waiting() {
  for (std::size_t busy = under_way(); busy < kAtOnce && !waiting_.empty(); waiting_.pop_front()) {
    const auto found = all_.find(waiting_.front());
    if (found == all_.end() || !std::exchange(found->second->waiting, false)) continue;
    found->second->timer.start(0);
    ++busy;
  }
}

void Fetcher::begin(One& one) {
  drop(one);
  if (under_way() >= kAtOnce) {
    if (!std::exchange(one.waiting, true)) waiting_.push_back(one.fetch.name);
    return;
  }
  one.waiting = false;  // where its own timer was first
  one.under_way = next_id_++;
  connect_(one.fetch.id, [this, name = one.fetch.name, id = one.under_way,
                          alive = alive_](base::Result<base::UniqueFd> socket) {
    if (*alive) connected(name, id, std::move(socket));
  });
}

void Fetcher::connected(const std::string& name, std::uint64_t id, base::Result<base::UniqueFd> socket) {
  One* const one = find(name, id);
  if (one == nullptr) return;  // dropped meanwhile
  if (!socket.ok()) return ended(name, id, socket.error());
  auto call = make_call(one->fetch, id, std::move(*socket));
  if (!call.ok()) return ended(name, id, call.error());
  one->call = std::move(*call);
}

base::Result<std::unique_ptr<Call>> Fetcher::make_call(const Fetch& fetch, std::uint64_t id,
                                                       base::UniqueFd socket) {
  std::unique_ptr<tls::Session> session;
  if (fetch.tls != nullptr) {
    auto started = fetch.tls->start(fetch.tls_name);
    if (!started.ok()) return started.error();
    session = std::move(*started);
  }
  Call::Limits limits;
  limits.body = fetch.limit;
  Question question{fetch.host, fetch.target, kOcspRequest, fetch.request};
  if (fetch.request.empty()) question.method = http::Method::Get;
  return std::make_unique<Call>(
      loop_, std::move(socket), std::move(session), question, limits,
      [this, name = fetch.name, id](base::Result<Answer> answer) { ended(name, id, std::move(answer)); });
}

void Fetcher::ended(const std::string& name, std::uint64_t id, base::Result<Answer> answer) {
  One* const one = find(name, id);
  if (one == nullptr) return;
  if (one->call != nullptr) loop_.dispose(std::move(one->call));
  if (answer.ok() && answer->status != 200)
    answer = base::fail(Code::Unavailable, not_answered(answer->status));
  base::Result<std::string> body =
      answer.ok() ? base::Result<std::string>(std::move(answer->body)) : answer.error();
  tell_(name, std::move(body), one->failures + 1,
        [this, name, id, alive = alive_](const base::Result<certs::StapleTimes>& times) {
          if (*alive) judged(name, id, times);
        });
}

void Fetcher::judged(const std::string& name, std::uint64_t id,
                     const base::Result<certs::StapleTimes>& times) {
  One* const one = find(name, id);
  if (one == nullptr) return;
  one->under_way = 0;
  begin_waiting();
  const base::Micros now = loop_.wall();
  if (times.ok()) {
    one->failures = 0;
    one->timer.start((fetch_again(*times, now, one->fetch.every, random_part()) - now) * 1000);
    return;
  }
  one->timer.start(fetch_after_failure(++one->failures, random_part()) * 1000);
  base::log_info(name + " was not fetched: " + times.error().message);
}

}  // namespace postern::link
