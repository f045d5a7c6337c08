// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Lists of revoked certificates (CRLs) in a file of the configuration: read and checked as all material is, looked at
// again every kCrlsEvery, because who fetches them fetches often, and said to be over in time. One that is over is no
// fault of the configuration, as an expired certificate is none: what it then means is revocation's affair.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "certs/revocation.h"
#include "certs/verify.h"

namespace postern::supervisor {

// Of one file as PEM, and of those of all services together: with the nodes' roots (kRootsText) they must fit into an
// enforcer's part (ipc::kControlFrame).
inline constexpr std::size_t kCrlText = 2U << 20U, kServiceCrlsText = 1U << 20U;
// In a file, and fetched beside it: together no more than read_crls takes.
inline constexpr std::size_t kCrlsOfAFile = certs::kCrlsLimit / 2;
inline constexpr base::Nanos kCrlsEvery = 10 * base::kSecond;

struct Crls {
  std::string pem;  // of all, one after another; empty: there is no file
  std::vector<certs::CrlFacts> lists;
};

// Invalid, Limit or the system's, and names the file. authorities: in PEM, sound.
base::Result<Crls> load_crls(const std::string& path, const std::string& authorities);

// [{"issuer","number","from","until","revoked","over"}]
base::Json crls_json(const Crls& crls, base::Micros now);

// Of each authority the list that is good for longest: due once when less than a quarter of its time is left, and every
// day when it is over. Keeps that in memory, as ExpiryWatch does. Pure.
class CrlWatch {
 public:
  struct Due {
    certs::CrlFacts facts;
    bool over = false;
  };
  // name: whose certificates the lists are about.
  std::vector<Due> look(const std::string& name, const Crls& crls, base::Micros now);

 private:
  std::map<std::string, std::int64_t> told_;  // by name, issuer and end: 0, or the day
};

}  // namespace postern::supervisor
