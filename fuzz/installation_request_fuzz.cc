// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Certificate requests as installations send them to Mission Control: of one that is believed, its key is certified for the
// URI that was meant, and nothing else of it.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/crypto.h"
#include "certs/certificate.h"
#include "certs/installation_issuer.h"
#include "certs/request.h"

using namespace postern;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr base::Micros kDay = 86'400LL * base::kWallSecond, kNow = 20'000 * kDay;
  constexpr const char* kUri = "spiffe://mission.example.com/installation/01JD7Z3V5T4Q2N8M6K0H1F9C3B";
  static const bool ready = base::init_crypto().ok();
  POSTERN_CHECK(ready);
  static const auto issuer = certs::InstallationIssuer::read(
      *certs::make_installation_authority("mission.example.com", certs::valid_for(kNow, 365 * kDay)),
      "mission.example.com", kNow);
  const auto key = certs::key_of_request({reinterpret_cast<const char*>(data), size});
  if (!key.ok()) return 0;
  const auto made = issuer->issue(kUri, *key, kNow);
  POSTERN_CHECK(made.ok());
  const auto facts = certs::read_chain(*made);
  POSTERN_CHECK(facts.ok() && facts->size() == 1 && facts->front().subject.empty() &&
                facts->front().uris.size() == 1 && facts->front().uris.front() == kUri &&
                facts->front().dns_names.empty() && facts->front().emails.empty() &&
                !facts->front().authority);
  return 0;
}
