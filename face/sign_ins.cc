// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/sign_ins.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::face {
namespace {

constexpr std::size_t kTokenSize = 32;
constexpr std::size_t kTokenText = 43;  // in base64url
constexpr std::size_t kIdSize = 16;

std::string cookie_key(std::string_view cookie) { return base::sha256_hex(cookie); }
std::string new_cookie() { return base::to_base64url(base::random_bytes(kTokenSize)); }

}  // namespace

std::string SignIns::open(const accounts::Account& account, const Origin& origin, base::Nanos now,
                          base::Micros wall) {
  make_room(now);
  const std::string cookie = new_cookie();
  const std::string id = base::to_hex(base::random_bytes(kIdSize));
  Open one;
  one.admin = account.name;
  one.password = account.password;
  one.rank = account.rank;
  one.origin = origin;
  one.since = one.seen_wall = wall;
  one.opened = one.seen = one.proved = now;
  one.cookie = cookie_key(cookie);
  by_cookie_[one.cookie] = id;
  open_[id] = std::move(one);
  return cookie;
}

bool SignIns::alive(const Open& open, base::Nanos now) {
  return now - open.seen < kIdle && now - open.opened < kAbsolute;
}

SignIns::ById::iterator SignIns::end(ById::iterator at) {
  by_cookie_.erase(at->second.cookie);
  by_cookie_.erase(at->second.old_cookie);
  return open_.erase(at);
}

SignIns::Open* SignIns::find_open(const std::string& session) {
  const auto at = open_.find(session);
  return at == open_.end() ? nullptr : &at->second;
}

std::optional<Identity> SignIns::find(std::string_view cookie, base::Nanos now, base::Micros wall) {
  if (cookie.size() != kTokenText) return std::nullopt;
  const std::string key = cookie_key(cookie);
  const auto named = by_cookie_.find(key);
  if (named == by_cookie_.end()) return std::nullopt;
  const auto at = open_.find(named->second);
  Open& one = at->second;
  if (!alive(one, now)) {
    end(at);
    return std::nullopt;
  }
  if (key == one.old_cookie && now >= one.old_until) {
    by_cookie_.erase(named);
    one.old_cookie.clear();
    return std::nullopt;
  }
  one.seen = now;
  one.seen_wall = wall;
  return Identity{one.admin, one.rank, at->first, one.since, one.proved, one.origin.two_factors};
}

bool SignIns::alive(const std::string& session, base::Nanos now) const {
  const auto found = open_.find(session);
  return found != open_.end() && alive(found->second, now);
}

std::string SignIns::prove(const std::string& session, bool two_factors, base::Nanos now) {
  Open* one = find_open(session);
  if (one == nullptr || !alive(*one, now)) return {};
  by_cookie_.erase(one->old_cookie);
  one->old_cookie = one->cookie;
  one->old_until = now + kOldCookie;
  std::string cookie = new_cookie();
  one->cookie = cookie_key(cookie);
  by_cookie_[one->cookie] = session;
  one->proved = now;
  one->origin.two_factors = one->origin.two_factors || two_factors;
  return cookie;
}

std::vector<SignIns::Shown> SignIns::of(std::string_view admin, base::Nanos now) const {
  std::vector<Shown> out;
  for (const auto& [id, one] : open_) {
    if (one.admin == admin && alive(one, now))
      out.push_back({id, one.admin, one.origin, one.since, one.seen_wall});
  }
  std::sort(out.begin(), out.end(), [](const Shown& a, const Shown& b) {
    return a.since != b.since ? a.since > b.since : a.id < b.id;
  });
  return out;
}

void SignIns::close(const std::string& session) {
  if (const auto at = open_.find(session); at != open_.end()) end(at);
}

bool SignIns::close_of(std::string_view admin, const std::string& session) {
  const auto at = open_.find(session);
  if (at == open_.end() || at->second.admin != admin) return false;
  end(at);
  return true;
}

std::size_t SignIns::close_others(std::string_view admin, const std::string& except) {
  const std::size_t before = open_.size();
  for (auto at = open_.begin(); at != open_.end();)
    at = at->second.admin == admin && at->first != except ? end(at) : std::next(at);
  return before - open_.size();
}

template <typename Ends>
std::vector<std::string> SignIns::close_if(Ends ends) {
  std::vector<std::string> ended;
  for (auto at = open_.begin(); at != open_.end();) {
    const bool over = ends(at->second.origin);
    if (over) ended.push_back(at->second.admin);
    at = over ? end(at) : std::next(at);
  }
  return ended;
}

// Back-Channel Logout 1.0 section 2.7.
std::vector<std::string> SignIns::close_departed(const std::string& issuer, const std::string& subject,
                                                 const std::string& sid) {
  return close_if([&](const Origin& origin) {
    if (origin.issuer.empty() || origin.issuer != issuer) return false;
    if (!subject.empty() && origin.subject != subject) return false;
    return sid.empty() ? !subject.empty() : origin.sid == sid;
  });
}

std::vector<std::string> SignIns::close_of_others_than(const std::string& issuer) {
  return close_if([&](const Origin& origin) { return !origin.issuer.empty() && origin.issuer != issuer; });
}

std::string SignIns::holder(const std::string& session, base::Nanos now) const {
  const auto at = open_.find(session);
  return at == open_.end() || !alive(at->second, now) ? std::string() : at->second.admin;
}

void SignIns::expect_password(const std::string& session, const std::string& hash) {
  if (Open* one = find_open(session)) one->expected = hash;
}

std::vector<std::string> SignIns::keep_only(const accounts::Accounts& accounts) {
  std::vector<std::string> ended;
  for (auto at = open_.begin(); at != open_.end();) {
    Open& one = at->second;
    const accounts::Account* account = accounts.find(one.admin);
    if (account != nullptr && !one.expected.empty() && account->password == one.expected)
      one.password = std::exchange(one.expected, {});
    const bool same = account != nullptr && !account->locked && account->rank == one.rank &&
                      account->password == one.password;
    if (!same) ended.push_back(one.admin);
    at = same ? std::next(at) : end(at);
  }
  return ended;
}

void SignIns::set_totp_secret(const std::string& session, std::string secret) {
  if (Open* one = find_open(session)) one->totp_secret = std::move(secret);
}

std::string SignIns::totp_secret(const std::string& session) const {
  const auto at = open_.find(session);
  return at == open_.end() ? std::string() : at->second.totp_secret;
}

void SignIns::has_two_factors(const std::string& session) {
  if (Open* one = find_open(session)) one->origin.two_factors = true;
}

void SignIns::make_room(base::Nanos now) {
  if (open_.size() < kMost) return;
  for (auto at = open_.begin(); at != open_.end();) at = alive(at->second, now) ? std::next(at) : end(at);
  if (open_.size() < kMost) return;
  end(std::min_element(open_.begin(), open_.end(),
                       [](const auto& a, const auto& b) { return a.second.seen < b.second.seen; }));
}

}  // namespace postern::face
