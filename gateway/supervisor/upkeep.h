// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's part in the upkeep of our own certificates: what the link had issued for us, or why not (acme.h,
// acme_attempts.h), the OCSP responses that are shown with them (staples.h), and that people are told when one runs out
// (expiry.h) or has a flaw. Owns what is known of attempts, and what was told; the certificates themselves are in Material.
// What came from the network is judged in copies of this process.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "audit/event.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/supervisor/acme_attempts.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/expiry.h"
#include "gateway/supervisor/material.h"
#include "gateway/supervisor/paced_events.h"

namespace postern::supervisor {

class Upkeep {
 public:
  // Words of the link about an order: it waits a minute after a failure, and says two things about one that went well.
  static constexpr base::Rate kAcmeWords{10, 30 * base::kSecond};

  struct Calls {
    std::function<void(audit::EventType type, const std::string& subject, const base::Json& detail,
                       std::optional<audit::Severity> severity)>  // else the type's
        record;
    // Whether what the link caused under a name is recorded (link_words.h).
    std::function<bool(const std::string& name, bool severe, base::Json& detail)> may_record;
    std::function<void()> tell_link;  // its part has changed
    // So have the parts of all who know of the support listener's certificates, of which another is in use.
    std::function<void()> new_certificate;
    std::function<void(std::string_view listener)> new_staple;  // so have those of the listener's terminators
    std::function<base::Micros()> now;
    std::function<base::Nanos()> monotonic;
  };
  // next_node: as of number_staples; it outlives this.
  Upkeep(Calls calls, std::uint32_t& next_node) : calls_(std::move(calls)), next_node_(next_node) {}

  // At the start, and with each reload: running is the material that is replaced. A folder of certificates that is of no use is
  // recorded as an attempt that failed.
  void prepare(const Material& running, const Config& wanted, Material& material);
  // What prepare() prepared is in force: both outlive this, or the next call.
  void adopt(const Config& wanted, Material& material);

  // What the link had issued: {"chain"}, or why not: {"why", ..as AcmeAttempts::failed}, or when it asks next: {"due"}.
  // {"ok":true} or {"ok":false, "why"}: what came is not taken, and the one in use stays. What comes faster than a link that
  // waits as it should (link/acme.h) says it changes nothing.
  base::Json on_acme(const base::Json& said);
  // "postern cert renew": {"ok":true, "names"} or {"ok":false, "message"}.
  base::Json renew();
  // The response that the link fetched for a certificate that find_stapled() knows by this name, or why not. An error says in one sentence why it is of no use: what is at hand stays.
  base::Result<certs::StapleTimes> on_staple(const std::string& name,
                                             const base::Result<std::string>& response);

  void tell_of_expiry();  // every kExpiryEvery, and when the certificates have changed
  // Once of each certificate, however often the configuration is read again.
  void tell_of_flaws();

  // Null: none is ordered. Else {"names", "authority", "challenge", "not_after"*, ..as attempts_json}
  base::Json acme_status() const;

 private:
  void on_acme_failed(const Acme& acme, const base::Json& said, const certs::CertificateFacts* own);
  void keep_attempts(const Acme& acme) const;
  void prepare_new_staples();

  Calls calls_;
  std::uint32_t& next_node_;
  const Config* config_ = nullptr;
  Material* material_ = nullptr;
  AcmeAttempts acme_attempts_;
  PacedEvents acme_words_{kAcmeWords};  // of the link
  ExpiryWatch expiry_;
  std::set<std::string> told_flaws_;
};

}  // namespace postern::supervisor
