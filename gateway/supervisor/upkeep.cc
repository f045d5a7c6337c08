// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/upkeep.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "gateway/supervisor/acme.h"
#include "gateway/supervisor/staples.h"

namespace postern::supervisor {
namespace {

using base::Json;

// What the link says of the next renewal is shown; it is of a certificate for at most so long.
constexpr base::Micros kLongestLifeOfOurs = 3650 * kExpiryDay;

// Of the certificate in use; nullptr: there is none yet.
const certs::CertificateFacts* facts_of_acme(const Material& material) {
  const ListenerCertificate* own = acme_certificate(material);
  return own == nullptr ? nullptr : &own->leaf;
}

bool is_of(const ListenerMaterial& listener, const ListenerCertificate& one) {
  return std::any_of(listener.certificates.begin(), listener.certificates.end(),
                     [&](const ListenerCertificate& other) { return &other == &one; });
}

}  // namespace

void Upkeep::prepare(const Material& running, const Config& wanted, Material& material) {
  if (wanted.acme) {
    acme_attempts_ = read_attempts(*wanted.acme);
    material.acme.asked = running.acme.asked;
    const base::Status opened = open_acme(*wanted.acme, wanted.support.staple, material);
    if (!opened.ok()) on_acme_failed(*wanted.acme, {{"why", opened.error().message}}, facts_of_acme(running));
  }
  number_staples(running, material, next_node_);
  read_staples(material, wanted.state_directory.path, calls_.now());
}

void Upkeep::adopt(const Config& wanted, Material& material) {
  config_ = &wanted;
  material_ = &material;
}

Json Upkeep::on_acme(const Json& said) {
  if (!config_->acme) return {{"ok", false}, {"why", "the configuration orders none any more"}};
  if (!acme_words_.take(calls_.monotonic()))
    return {{"ok", false}, {"why", "it is said more often than anybody asks an authority"}};
  const std::string chain = base::json_text_or(said, "chain", "");
  if (said.contains("due")) {
    const base::Micros before = acme_attempts_.next;
    acme_attempts_.next =
        std::clamp<base::Micros>(base::json_number_or(said, "due", 0), 0, calls_.now() + kLongestLifeOfOurs);
    if (acme_attempts_.next != before) keep_attempts(*config_->acme);
    return {{"ok", true}};
  }
  if (chain.empty()) {
    on_acme_failed(*config_->acme, said, facts_of_acme(*material_));
    return {{"ok", true}};
  }
  const bool renewal = acme_certificate(*material_) != nullptr;
  base::Status taken = take_acme(*config_->acme, chain, calls_.now());
  if (taken.ok()) taken = open_acme(*config_->acme, config_->support.staple, *material_);
  if (!taken.ok()) return {{"ok", false}, {"why", taken.error().message}};
  acme_attempts_.succeeded(calls_.now());
  keep_attempts(*config_->acme);
  prepare_new_staples();
  const ListenerCertificate& own = *acme_certificate(*material_);
  calls_.record(renewal ? audit::EventType::CertificateRenewed : audit::EventType::CertificateIssued,
                own.leaf.subject.empty() ? own.leaf.dns_names.front() : own.leaf.subject,
                {{"name", "the support listener"},
                 {"names", own.leaf.dns_names},
                 {"issuer", own.leaf.issuer},
                 {"expires", base::format_time(own.leaf.not_after)},
                 {"authority", config_->acme->authority.host}},
                {});
  calls_.new_certificate();
  tell_of_expiry();
  return {{"ok", true}};
}

void Upkeep::prepare_new_staples() {
  number_staples(*material_, *material_, next_node_);
  read_staples(*material_, config_->state_directory.path, calls_.now());
}

void Upkeep::on_acme_failed(const Acme& acme, const Json& said, const certs::CertificateFacts* own) {
  const base::Micros now = calls_.now();
  acme_attempts_.failed(said, now);
  keep_attempts(acme);
  Json detail{{"name", "the support listener"},
              {"names", acme.names},
              {"authority", acme.authority.host},
              {"why", acme_attempts_.why},
              {"failures", acme_attempts_.failures}};
  acme_words_.say_unrecorded(detail);
  if (acme_attempts_.next > 0) detail["next"] = base::format_time(acme_attempts_.next);
  if (acme_attempts_.too_late(own)) detail["expires"] = base::format_time(own->not_after);
  calls_.record(audit::EventType::CertificateFailed, acme.names.front(), detail,
                acme_attempts_.severe(own, now) ? audit::Severity::Severe : audit::Severity::Warning);
}

void Upkeep::keep_attempts(const Acme& acme) const {
  if (base::Status kept = write_attempts(acme, acme_attempts_); !kept.ok())
    base::log_warning("what came of asking for a certificate is forgotten with this process: " +
                      kept.error().message);
}

Json Upkeep::renew() {
  if (!config_->acme || !material_->acme.account.valid())
    return {{"ok", false}, {"message", "the configuration orders no certificate (acme)"}};
  ++material_->acme.asked;
  acme_words_.pace = {};  // what comes of it is listened to
  calls_.tell_link();
  return {{"ok", true}, {"names", config_->acme->names}};
}

base::Result<certs::StapleTimes> Upkeep::on_staple(const std::string& name,
                                                   const base::Result<std::string>& response) {
  ListenerCertificate* const one = find_stapled(*material_, name);
  const base::Micros now = calls_.now();
  const bool had = !one->staple->response.empty() && one->staple->times.until > now;
  const base::Status taken = response.ok() ? take_staple(*one, *response, config_->state_directory.path, now)
                                           : base::Status(response.error());
  const std::string listener = is_of(material_->intake, *one)  ? "intake"
                               : is_of(material_->admin, *one) ? "admin"
                                                               : "support";
  Json detail{{"name", listener_name(listener, *material_, *one)}, {"responder", one->staple->url}};
  if (!taken.ok()) {
    detail["why"] = taken.error().message;
    const bool severe = one->demands_staple && !had;
    const bool first = one->staple->failures == 0;
    one->staple->failures = std::min(one->staple->failures + 1, kMostFailures);
    if (first && calls_.may_record(name, severe, detail))
      calls_.record(audit::EventType::CertificateStapleFailed, one->leaf.subject, detail,
                    severe ? audit::Severity::Severe : audit::Severity::Warning);
    return taken.error();
  }
  one->staple->failures = 0;
  detail["expires"] = base::format_time(one->staple->times.until);
  if (!had) calls_.record(audit::EventType::CertificateStapled, one->leaf.subject, detail, {});
  calls_.new_staple(listener);
  return one->staple->times;
}

void Upkeep::tell_of_expiry() {
  const std::vector<OwnCertificate> own = own_certificates(*config_, *material_);
  for (const ExpiryWatch::Due& due : expiry_.look(own, calls_.now())) {
    const OwnCertificate& one = *due.certificate;
    calls_.record(audit::EventType::CertificateExpiring, one.facts.subject,
                  {{"what", one.what},
                   {"name", one.name},
                   {"file", one.file},
                   {"expires", base::format_time(one.facts.not_after)},
                   {"days", due.days}},
                  due.severe ? audit::Severity::Severe : audit::Severity::Warning);
  }
}

void Upkeep::tell_of_flaws() {
  for (const char* listener : {"support", "admin", "intake"}) {
    for (const ListenerCertificate& one : material_->listener(listener).certificates) {
      for (const Flaw& flaw : one.flaws) {
        if (!told_flaws_.insert(one.leaf.fingerprint + " " + flaw.why).second) continue;
        calls_.record(audit::EventType::CertificateFlawed, one.leaf.subject,
                      {{"what", "listener"},
                       {"name", listener_name(listener, *material_, one)},
                       {"file", one.certificate_path},
                       {"problem", flaw.problem},
                       {"why", flaw.why}},
                      {});
      }
    }
  }
}

Json Upkeep::acme_status() const {
  if (!config_->acme) return nullptr;
  Json out{{"names", config_->acme->names},
           {"authority", config_->acme->authority.host},
           {"challenge", config_->acme->challenge_type()}};
  const certs::CertificateFacts* own = facts_of_acme(*material_);
  if (own != nullptr) out["not_after"] = base::format_time(own->not_after);
  out.update(attempts_json(acme_attempts_, own));
  return out;
}

}  // namespace postern::supervisor
