// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/acme_attempts.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/file.h"
#include "gateway/supervisor/expiry.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {
namespace {

constexpr std::size_t kAttemptsFile = 16U << 10U, kAttemptWhy = 600;
constexpr base::Micros kLongestUntilNext = 30LL * kExpiryDay;

std::string attempts_file(const Acme& acme) { return acme.folder.path + "/attempts.json"; }

base::Json time_or_null(base::Micros time) {
  return time == 0 ? base::Json() : base::Json(base::format_time(time));
}

}  // namespace

void AcmeAttempts::failed(const base::Json& said, base::Micros now) {
  why = base::printable(base::json_text_or(said, "why", ""), kAttemptWhy);
  failures = std::min(failures + 1, kMostFailures);
  last = now;
  if (since == 0) since = now;
  const base::Micros wanted = base::json_number_or(said, "next", 0);
  next = wanted == 0 ? 0 : std::clamp(wanted, now, now + kLongestUntilNext);
}

void AcmeAttempts::succeeded(base::Micros now) {
  *this = AcmeAttempts();
  last = now;
}

bool AcmeAttempts::too_late(const certs::CertificateFacts* own) const {
  return failures > 0 && own != nullptr && next >= own->not_after;
}

bool AcmeAttempts::severe(const certs::CertificateFacts* own, base::Micros now) const {
  if (own == nullptr || too_late(own)) return true;
  const base::Micros life = own->not_after - own->not_before;
  if (own->not_after - now < std::min(kExpiresNearDays * kExpiryDay, life / 6)) return true;
  return failures > 1 && now - since >= std::min(kExpiresNearDays * kExpiryDay, life / 12);
}

AcmeAttempts read_attempts(const Acme& acme) {
  const auto text = base::read_file(attempts_file(acme), kAttemptsFile);
  const auto json = text.ok() ? base::parse_json(*text) : base::Result<base::Json>(text.error());
  if (!json.ok() || !json->is_object() ||
      base::json_text_or(*json, "authority", "") != http::to_text(acme.authority))
    return {};
  AcmeAttempts out;
  out.last = base::json_number_or(*json, "last", 0);
  out.failures = static_cast<int>(
      std::clamp<std::int64_t>(base::json_number_or(*json, "failures", 0), 0, kMostFailures));
  out.since = base::json_number_or(*json, "since", 0);
  out.why = base::printable(base::json_text_or(*json, "why", ""), kAttemptWhy);
  out.next = base::json_number_or(*json, "next", 0);
  return out;
}

base::Status write_attempts(const Acme& acme, const AcmeAttempts& attempts) {
  const base::Json json{{"authority", http::to_text(acme.authority)},
                        {"last", attempts.last},
                        {"failures", attempts.failures},
                        {"since", attempts.since},
                        {"why", attempts.why},
                        {"next", attempts.next}};
  return base::write_file(attempts_file(acme), base::dump_json(json) + "\n", 0600);
}

base::Json attempts_json(const AcmeAttempts& attempts, const certs::CertificateFacts* own) {
  base::Json out = base::Json::object();
  const auto put = [&out](const char* key, base::Json value) {
    if (!value.is_null()) out[key] = std::move(value);
  };
  put("last", time_or_null(attempts.last));
  put("next", time_or_null(attempts.next));
  if (attempts.failures == 0) return out;
  out["why"] = attempts.why;
  out["failures"] = attempts.failures;
  put("since", time_or_null(attempts.since));
  if (attempts.too_late(own)) out["too_late"] = true;
  return out;
}

}  // namespace postern::supervisor
