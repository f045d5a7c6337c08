// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/expiry.h"

#include <algorithm>

#include "certs/certificate.h"

namespace postern::supervisor {
namespace {

// The first of the chain to run out: with it the whole of it is worth nothing. leaf: if the rest cannot be read.
certs::CertificateFacts first_to_expire(const std::string& pem, const certs::CertificateFacts& leaf) {
  const auto chain = certs::read_chain(pem);
  if (!chain.ok() || chain->empty()) return leaf;
  return *std::min_element(chain->begin(), chain->end(),
                           [](const auto& a, const auto& b) { return a.not_after < b.not_after; });
}

std::string name_of(const Service& service, const Credential& credential) {
  return "service " + service.name + (credential.role.empty() ? "" : ", role " + credential.role);
}

}  // namespace

std::string listener_name(const std::string& listener, const Material& material,
                          const ListenerCertificate& one) {
  const std::string name = "the " + listener + " listener";
  if (&one == &material.listener(listener).certificates.front()) return name;
  return name + ", " + (one.leaf.dns_names.empty() ? one.leaf.subject : one.leaf.dns_names.front()) + ", " +
         one.leaf.key_type;
}

std::vector<OwnCertificate> own_certificates(const Config& config, const Material& material) {
  std::vector<OwnCertificate> out;
  for (const char* listener : {"support", "admin", "intake"}) {
    for (const ListenerCertificate& one : material.listener(listener).certificates)
      out.push_back({"listener", listener_name(listener, material, one), one.certificate_path,
                     first_to_expire(one.pem, one.leaf)});
  }
  if (!material.support_authority_pem.empty()) {
    // Each is trusted by itself.
    const auto authorities = certs::read_chain(material.support_authority_pem);
    for (const certs::CertificateFacts& one :
         authorities.ok() ? *authorities : std::vector<certs::CertificateFacts>())
      out.push_back({"support_authority", "the support authority", config.support_authority.path, one});
  }
  for (const Service& service : config.services) {
    for (const Credential& credential : service.credentials) {
      const ClientKey* key = material.client_key(credential.descriptor(service.name));
      if (key == nullptr) continue;
      out.push_back({"credential", name_of(service, credential), credential.certificate.path,
                     first_to_expire(key->certificate_pem, key->certificate)});
    }
  }
  return out;
}

std::int64_t days_left(const certs::CertificateFacts& facts, base::Micros now) {
  return facts.not_after <= now ? 0 : (facts.not_after - now) / kExpiryDay;
}

base::Json certificates_json(const std::vector<OwnCertificate>& certificates) {
  base::Json out = base::Json::array();
  for (const OwnCertificate& one : certificates) {
    out.push_back({{"what", one.what},
                   {"name", one.name},
                   {"file", one.file},
                   {"subject", one.facts.subject},
                   {"not_after", base::format_time(one.facts.not_after)},
                   {"sha256", one.facts.fingerprint}});
  }
  return out;
}

std::vector<ExpiryWatch::Due> ExpiryWatch::look(const std::vector<OwnCertificate>& certificates,
                                                base::Micros now) {
  std::vector<Due> due;
  std::map<std::string, std::int64_t> told;
  for (const OwnCertificate& one : certificates) {
    const std::int64_t left = days_left(one.facts, now);
    // Of a certificate for a few days, which is renewed in time all the same, a quarter and a twelfth of its time.
    const base::Micros life = one.facts.not_after - one.facts.not_before, rest = one.facts.not_after - now;
    if (rest >= std::min(kExpiresSoonDays * kExpiryDay, life / 4)) continue;
    const bool near = rest < std::min(kExpiresNearDays * kExpiryDay, life / 12);
    // The first threshold is told once, as 0; from the last one on, each day has its own number.
    const std::int64_t stage = near ? now / kExpiryDay : 0;
    const std::string key = one.what + " " + one.name + " " + one.facts.fingerprint;
    const auto before = told_.find(key);
    if (before == told_.end() || before->second != stage) due.push_back({&one, left, near});
    told[key] = stage;
  }
  told_ = std::move(told);
  return due;
}

}  // namespace postern::supervisor
