// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One-time codes with which installations enrol.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mission/store/certificates.h"
#include "mission/store/installations.h"
#include "mission/store/subject.h"

namespace postern::mission {

inline constexpr std::size_t kMostEnrolments = 10'000;  // codes that nobody has used or withdrawn

struct Enrolment {
  std::string id;        // ULID
  std::string hash;      // SHA-256 of the code, hexadecimal: the code itself is kept nowhere
  std::string customer;  // whose the installation will be
  base::Micros created = 0, expires = 0;
  base::Micros used = 0, withdrawn = 0;  // 0: it was not
  std::string installation = {};         // that it made
};

class Enrolments : public Subject {
 public:
  // Limit: there are kMostEnrolments that nobody has used or withdrawn.
  base::Status add_enrolment(const Enrolment& enrolment);
  base::Result<std::vector<Enrolment>> enrolments();  // the newest first
  // Of the one with that hash, withdrawn or not; nothing: there is none.
  base::Result<std::optional<Enrolment>> enrolment(std::string_view hash);
  // False: there is none, or it was used or withdrawn.
  base::Result<bool> withdraw_enrolment(std::string_view id, base::Micros now);
  // Uses the code up, and makes the installation with its first certificate: all of it or nothing. False: the code was used,
  // withdrawn or over meanwhile. Limit: there are kMostInstallations.
  base::Result<bool> enrol(std::string_view hash, const Installation& installation,
                           const IssuedCertificate& certificate);

 protected:
  using Subject::Subject;
  base::Status forget_codes(base::Micros before);  // that were over or withdrawn

 private:
  // Counted once, and then as they are made here: the limit is one of order, not of exactness.
  std::int64_t installations_ = -1;
};

}  // namespace postern::mission
