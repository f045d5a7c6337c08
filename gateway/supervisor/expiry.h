// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificates of ours and when they run out: those that the listeners and the component's nodes are shown, with the
// intermediates that go with them, and the support authority's, without which no engineer's certificate is good.
//
// An ExpiryWatch says of which an event is due: when one comes below a threshold, and below the last threshold once a
// day. It keeps that in memory, so a supervisor that was started anew says it again. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

inline constexpr base::Micros kExpiryDay = 24LL * 3600 * base::kWallSecond;
inline constexpr std::int64_t kExpiresSoonDays = 30;  // a warning
inline constexpr std::int64_t kExpiresNearDays = 7;   // severe, and said every day
// Of one whose whole life is short these are a quarter of it, and a twelfth.
inline constexpr base::Nanos kExpiryEvery = 3600 * base::kSecond;  // between two looks

struct OwnCertificate {
  std::string what;  // "listener", "support_authority", "credential"
  std::string name;  // "the admin listener", "prometheus, role viewer": for people
  std::string file;
  certs::CertificateFacts facts;  // of the chain the one that runs out first
};
// For people: "the support listener", and of its further certificates "the support listener, a.example, RSA 2048".
std::string listener_name(const std::string& listener, const Material& material,
                          const ListenerCertificate& one);

std::vector<OwnCertificate> own_certificates(const Config& config, const Material& material);

// Whole days that are left; 0 when it is less than one, or over.
std::int64_t days_left(const certs::CertificateFacts& facts, base::Micros now);

// [{"what","name","file","subject","not_after","sha256"}]
base::Json certificates_json(const std::vector<OwnCertificate>& certificates);

class ExpiryWatch {
 public:
  // Those that are to be told now; each with the severity of its threshold.
  struct Due {
    const OwnCertificate* certificate = nullptr;
    std::int64_t days = 0;
    bool severe = false;
  };
  std::vector<Due> look(const std::vector<OwnCertificate>& certificates, base::Micros now);

 private:
  // What was told of a certificate, by what it is for and its fingerprint: at which threshold, or on which day.
  std::map<std::string, std::int64_t> told_;
};

}  // namespace postern::supervisor
