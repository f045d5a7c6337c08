// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What Mission Control knows for good: one-time codes, installations, their certificates, what they said of themselves. An
// interface, so that what keeps it may be another: now a file of SQLite (sqlite_store.cc).
//
// Acts take effect together with those before them, at commit(): nothing may be answered before that has succeeded. When it
// fails, all acts since the last one are undone. Used from one thread; an act may take as long as a disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "line/protocol.h"

namespace postern::mission {

inline constexpr std::size_t kMostEnrolments = 10'000;  // codes that nobody has used or withdrawn
inline constexpr std::size_t kMostInstallations = 100'000;
inline constexpr std::int64_t kMostEvents = 10'000;  // of one installation that are kept: then the oldest go
inline constexpr std::int64_t kMostEventBytes = 16 << 20;  // likewise
inline constexpr std::size_t kEventsPage = 1'000;          // of one answer

struct Enrolment {
  std::string id;        // ULID
  std::string hash;      // SHA-256 of the code, hexadecimal: the code itself is kept nowhere
  std::string customer;  // whose the installation will be
  base::Micros created = 0, expires = 0;
  base::Micros used = 0, withdrawn = 0;  // 0: it was not
  std::string installation = {};         // that it made
};

struct IssuedCertificate {
  std::string serial;  // hexadecimal
  std::string installation;
  base::Micros issued = 0, until = 0;
  base::Micros first_seen = 0;   // used on the line; 0: never
  std::string replaced_by = {};  // serial
  std::string key = {};          // SHA-256 of its SubjectPublicKeyInfo, hexadecimal
};

enum class Standing : std::uint8_t {
  New,   // never had its orders' stream open
  Up,    // it has, or had less than line::kSilence ago
  Late,  // it has not for longer
  Retired,
};
std::string_view to_text(Standing standing);  // "new"

struct Installation {
  std::string id, customer;
  std::string version;  // of Postern, as it said when it enrolled
  base::Micros enrolled = 0;
  Standing standing = Standing::New;
  base::Micros since = 0;  // of that standing
  base::Micros heard = 0;  // when its last request came, as far as is written down
  std::int64_t events = 0, event_bytes = 0;
};

struct LatestReport {
  line::Report report;
  base::Micros received = 0;
};

// What an installation reported as an event, or what Mission Control itself noticed about one.
struct StoredEvent {
  std::int64_t number = 0;  // rises in the order of arrival
  std::string installation, id;
  bool own = false;  // Mission Control's
  std::string type;
  base::Micros time = 0, received = 0;
  base::Json body = base::Json::object();
};

class Store {
 public:
  virtual ~Store() = default;

  // Limit: there are kMostEnrolments that nobody has used or withdrawn.
  virtual base::Status add_enrolment(const Enrolment& enrolment) = 0;
  virtual base::Result<std::vector<Enrolment>> enrolments() = 0;  // the newest first
  // Of the one with that hash, withdrawn or not; nothing: there is none.
  virtual base::Result<std::optional<Enrolment>> enrolment(std::string_view hash) = 0;
  // False: there is none, or it was used or withdrawn.
  virtual base::Result<bool> withdraw_enrolment(std::string_view id, base::Micros now) = 0;
  // Uses the code up, and makes the installation with its first certificate: all of it or nothing. False: the code was used,
  // withdrawn or over meanwhile. Limit: there are kMostInstallations.
  virtual base::Result<bool> enrol(std::string_view hash, const Installation& installation,
                                   const IssuedCertificate& certificate) = 0;

  virtual base::Result<std::optional<Installation>> installation(std::string_view id) = 0;
  virtual base::Result<std::vector<Installation>> installations() = 0;
  // Also of a retired one, whose standing stays.
  virtual base::Status note_heard(std::string_view id, base::Micros now) = 0;
  virtual base::Status set_standing(std::string_view id, Standing standing, base::Micros since) = 0;

  virtual base::Result<std::optional<IssuedCertificate>> certificate(std::string_view serial) = 0;
  virtual base::Result<std::vector<IssuedCertificate>> certificates(std::string_view installation) = 0;
  virtual base::Status note_certificate_seen(std::string_view serial, base::Micros now) = 0;
  virtual base::Status renew(std::string_view replaced, const IssuedCertificate& fresh) = 0;

  // Any report but an event: the newest of its kind stays.
  virtual base::Status keep_latest(std::string_view installation, const line::Report& report,
                                   base::Micros now) = 0;
  virtual base::Result<std::vector<LatestReport>> latest(std::string_view installation) = 0;
  // False: it was there before, or is one of those that retention took away.
  virtual base::Result<bool> keep_event(const StoredEvent& event) = 0;
  // The newest first, below that number (0: all). installation empty: of all.
  virtual base::Result<std::vector<StoredEvent>> events(std::string_view installation, std::int64_t below,
                                                        std::size_t most) = 0;
  // Some of them; true: there may be more, call again. Events that were received before then; codes that were over or withdrawn before.
  virtual base::Result<bool> forget(base::Micros events_before, base::Micros codes_before) = 0;

  virtual base::Status commit() = 0;
};

// path: a file, made if it is not there. Corrupt: it is another version's, or damaged.
base::Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path);

}  // namespace postern::mission
