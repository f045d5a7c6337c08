// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/cookie_jar.h"

#include <algorithm>

#include "base/crypto.h"
#include "gateway/http/set_cookie.h"

namespace postern::enforcer {
namespace {

constexpr std::size_t kEntryOverhead = 256, kJarOverhead = 512;  // bytes beside names and values, about

std::string key_of(const CookieJars::Owner& owner) {
  std::string key(owner.session);
  key.append(1, '\0').append(owner.service).append(1, '\0').append(owner.account);
  return key;
}

bool expired(std::int64_t expires, base::Micros now) { return expires != 0 && expires <= now; }

}  // namespace

CookieJars::~CookieJars() {
  while (!by_use_.empty()) drop(std::string(by_use_.front()));
}

CookieJars::Jar& CookieJars::jar_of(const Owner& owner) {
  std::string key = key_of(owner);
  const auto [it, fresh] = jars_.try_emplace(key);
  Jar& jar = it->second;
  if (fresh) {
    jar.session = owner.session;
    jar.service = owner.service;
    jar.account = owner.account;
    jar.used = by_use_.insert(by_use_.end(), std::move(key));
    bytes_ += kJarOverhead;
  } else {
    by_use_.splice(by_use_.end(), by_use_, jar.used);
  }
  return jar;
}

void CookieJars::take(const Owner& owner, std::string_view field, const Origin& origin, base::Micros now) {
  const auto cookie = http::parse_set_cookie(field, now);
  if (!cookie) return;
  if (!cookie->domain.empty() && !http::cookie_domain_matches(origin.host, cookie->domain)) return;
  if (cookie->secure && !origin.secure) return;  // it came over a way on which it may not go back
  Entry entry;
  entry.name = cookie->name;
  entry.path = cookie->path.empty() ? http::default_cookie_path(origin.path) : cookie->path;
  entry.version = static_cast<std::uint64_t>(now);
  entry.created = now;
  entry.secure = cookie->secure;
  entry.deleted = cookie->expires && *cookie->expires <= now;
  entry.expires = entry.deleted ? now + kDeletedKept : cookie->expires.value_or(0);
  if (!entry.deleted) entry.value = cookie->value;
  Jar& jar = jar_of(owner);
  prune(jar, now);
  const Entry* present = find(jar, entry);
  if (present != nullptr && says_the_same(*present, entry)) return base::wipe(entry.value);
  if (present != nullptr) entry.version = std::max(entry.version, present->version + 1);
  if (present == nullptr && entry.deleted && jar.entries.empty()) return drop(key_of(owner));
  if (const Entry* stored = put(jar, std::move(entry)); stored != nullptr) tell_(message(jar, *stored));
  shrink(jar);
  shrink_all();
}

void CookieJars::merge(const ipc::Cookie& cookie, base::Micros now) {
  if (expired(cookie.expires, now)) return;
  Entry entry;
  entry.name = cookie.name;
  entry.value = cookie.value;
  entry.path = cookie.path;
  entry.version = cookie.version;
  entry.created = static_cast<base::Micros>(cookie.version);
  entry.expires = cookie.expires;
  entry.secure = cookie.secure;
  entry.deleted = cookie.deleted;
  Jar& jar = jar_of({cookie.session, cookie.service, cookie.account});
  prune(jar, now);
  put(jar, std::move(entry));
  shrink(jar);
  shrink_all();
}

std::string CookieJars::header(const Owner& owner, std::string_view path, bool secure, base::Micros now) {
  std::string out;
  if (jars_.empty()) return out;
  const auto it = jars_.find(key_of(owner));
  if (it == jars_.end()) return out;
  by_use_.splice(by_use_.end(), by_use_, it->second.used);
  std::vector<const Entry*> sent;
  for (const Entry& entry : it->second.entries) {
    const bool alive = !entry.deleted && !expired(entry.expires, now) && (secure || !entry.secure);
    if (alive && http::cookie_path_matches(path, entry.path)) sent.push_back(&entry);
  }
  std::sort(sent.begin(), sent.end(), [](const Entry* a, const Entry* b) {
    if (a->path.size() != b->path.size()) return a->path.size() > b->path.size();
    return std::pair(a->created, std::string_view(a->name)) <
           std::pair(b->created, std::string_view(b->name));
  });
  out.reserve(kJarBytes + kMostCookies * 3);
  for (const Entry* entry : sent)
    out.append(out.empty() ? "" : "; ").append(entry->name).append("=").append(entry->value);
  return out;
}

void CookieJars::end(std::string_view session) {
  keep([&](std::string_view other) { return other != session; });
}

void CookieJars::keep(const std::function<bool(std::string_view)>& lives) {
  std::vector<std::string> gone;
  for (const auto& [key, jar] : jars_) {
    if (!lives(jar.session)) gone.push_back(key);
  }
  for (const std::string& key : gone) drop(key);
}

void CookieJars::tell_all() const {
  for (const auto& [key, jar] : jars_) {
    for (const Entry& entry : jar.entries) tell_(message(jar, entry));
  }
}

CookieJars::Entry* CookieJars::find(Jar& jar, const Entry& like) {
  for (Entry& entry : jar.entries) {
    if (entry.name == like.name && entry.path == like.path) return &entry;
  }
  return nullptr;
}

// A life that is prolonged with each answer is told now and then.
bool CookieJars::says_the_same(const Entry& present, const Entry& entry) {
  if (present.deleted && entry.deleted) return true;
  return present.deleted == entry.deleted && present.secure == entry.secure && present.value == entry.value &&
         (present.expires == 0) == (entry.expires == 0) && entry.expires >= present.expires &&
         entry.expires < present.expires + kDeletedKept;
}

// nullptr: what is there is newer.
const CookieJars::Entry* CookieJars::put(Jar& jar, Entry entry) {
  Entry* present = find(jar, entry);
  if (present == nullptr) {
    bytes_ += entry.bytes() + kEntryOverhead;
    return &jar.entries.emplace_back(std::move(entry));
  }
  if (present->version >= entry.version) {
    base::wipe(entry.value);
    return nullptr;
  }
  bytes_ += entry.bytes();
  bytes_ -= present->bytes();
  if (!present->deleted) entry.created = present->created;
  base::wipe(present->value);
  *present = std::move(entry);
  return present;
}

void CookieJars::forget(Jar& jar, std::size_t index) {
  Entry& entry = jar.entries[index];
  bytes_ -= entry.bytes() + kEntryOverhead;
  base::wipe(entry.value);
  jar.entries.erase(jar.entries.begin() + static_cast<std::ptrdiff_t>(index));
}

void CookieJars::prune(Jar& jar, base::Micros now) {
  for (std::size_t i = jar.entries.size(); i-- > 0;) {
    if (expired(jar.entries[i].expires, now)) forget(jar, i);
  }
}

void CookieJars::shrink(Jar& jar) {
  const auto too_much = [&] {
    std::size_t bytes = 0;
    for (const Entry& entry : jar.entries) bytes += entry.bytes();
    return jar.entries.size() > kMostCookies || bytes > kJarBytes;
  };
  while (too_much()) {
    const auto oldest =
        std::min_element(jar.entries.begin(), jar.entries.end(),
                         [](const Entry& a, const Entry& b) { return a.version < b.version; });
    forget(jar, static_cast<std::size_t>(oldest - jar.entries.begin()));
  }
}

void CookieJars::shrink_all() {
  while (bytes_ > kAllBytes && by_use_.size() > 1) drop(std::string(by_use_.front()));
}

void CookieJars::drop(const std::string& key) {
  const auto it = jars_.find(key);
  if (it == jars_.end()) return;
  while (!it->second.entries.empty()) forget(it->second, it->second.entries.size() - 1);
  by_use_.erase(it->second.used);
  bytes_ -= kJarOverhead;
  jars_.erase(it);
}

ipc::Cookie CookieJars::message(const Jar& jar, const Entry& entry) {
  ipc::Cookie out;
  out.session = jar.session;
  out.service = jar.service;
  out.account = jar.account;
  out.name = entry.name;
  out.value = entry.value;
  out.path = entry.path;
  out.version = entry.version;
  out.expires = entry.expires;
  out.secure = entry.secure;
  out.deleted = entry.deleted;
  return out;
}

}  // namespace postern::enforcer
