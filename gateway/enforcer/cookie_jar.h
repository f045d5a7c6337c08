// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The component's cookies: kept here, sent back on the requests of the session that they were set for, never seen
// by an engineer (RFC 6265 section 5.3 and 5.4, with a service for a host). A session that works as another role,
// and so with another credential, has other cookies. Values are wiped when they go.
//
// Several enforcers serve one session, so each change is told to the others (ipc::Cookie, passed on by the
// ledger, in no event). Of two changes of one cookie the later one wins everywhere, whatever the order in which
// they come; one that deletes it is remembered for a while, so that an older one does not bring it back.
//
// Pure: the time is given. Bounded: past a limit, the cookie that was set longest ago goes; past the limit of all
// jars, the jar that was used longest ago.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "gateway/ipc/ledger_protocol.h"

namespace postern::enforcer {

class CookieJars {
 public:
  static constexpr std::size_t kMostCookies = 50;                       // of a jar
  static constexpr std::size_t kJarBytes = 16U << 10U;                  // names and values: they fit a head
  static constexpr std::size_t kAllBytes = 64U << 20U;                  // of all jars, with their overhead
  static constexpr base::Micros kDeletedKept = 60 * base::kWallSecond;  // longer than two tellings can cross

  using Tell = std::function<void(const ipc::Cookie&)>;
  explicit CookieJars(Tell tell) : tell_(std::move(tell)) {}
  ~CookieJars();
  CookieJars(const CookieJars&) = delete;
  CookieJars& operator=(const CookieJars&) = delete;

  // Whose cookies: account is the role of the credential that was shown.
  struct Owner {
    std::string_view session, service, account;
  };
  // Where the answer came from: the host without its port, lower case, and whether what is sent there is safe
  // from others: TLS, or this machine.
  struct Origin {
    std::string_view host, path;
    bool secure = false;
  };
  // A Set-Cookie field of an answer. Told to the others if it changes anything.
  void take(const Owner& owner, std::string_view field, const Origin& origin, base::Micros now);
  // What another enforcer told.
  void merge(const ipc::Cookie& cookie, base::Micros now);
  // The value of the Cookie field for a request; empty: none. The caller wipes it.
  std::string header(const Owner& owner, std::string_view path, bool secure, base::Micros now);

  void end(std::string_view session);
  void keep(const std::function<bool(std::string_view session)>& lives);
  void tell_all() const;  // to one that has come anew

  std::size_t jars() const { return jars_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string name, value, path;
    std::uint64_t version = 0;  // microseconds of the wall clock when it was set: later wins
    base::Micros created = 0;
    std::int64_t expires = 0;  // 0: with the session
    bool secure = false;
    bool deleted = false;
    std::size_t bytes() const { return name.size() + value.size(); }
  };
  struct Jar {
    std::string session, service, account;
    std::vector<Entry> entries;
    std::list<std::string>::iterator used;
  };
  Jar& jar_of(const Owner& owner);
  static Entry* find(Jar& jar, const Entry& like);
  static bool says_the_same(const Entry& present, const Entry& entry);
  const Entry* put(Jar& jar, Entry entry);
  void prune(Jar& jar, base::Micros now);
  void shrink(Jar& jar);
  void forget(Jar& jar, std::size_t index);
  void drop(const std::string& key);
  void shrink_all();
  static ipc::Cookie message(const Jar& jar, const Entry& entry);

  Tell tell_;
  std::unordered_map<std::string, Jar> jars_;
  std::list<std::string> by_use_;  // keys; the first was used longest ago
  std::size_t bytes_ = 0;
};

}  // namespace postern::enforcer
