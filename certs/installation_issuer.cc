// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/installation_issuer.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

#include "certs/certificate.h"
#include "certs/issuer.h"
#include "certs/strength.h"

namespace postern::certs {

using base::Code;
using base::fail;

base::Result<Credentials> make_installation_authority(const std::string& domain, Validity validity) {
  Template wanted;
  wanted.common_name = "Installations of " + domain.substr(0, 40);
  wanted.validity = validity;
  wanted.authority = true;
  wanted.client_auth = true;
  wanted.permitted_uri_host = domain;
  return issue(wanted, nullptr);
}

struct InstallationIssuer::Held {
  Issuer issuer;
  base::Micros until = 0;
  std::string key_id;
};

InstallationIssuer::InstallationIssuer(std::unique_ptr<Held> held) : held_(std::move(held)) {}
InstallationIssuer::InstallationIssuer(InstallationIssuer&& other) noexcept = default;
InstallationIssuer& InstallationIssuer::operator=(InstallationIssuer&& other) noexcept = default;
InstallationIssuer::~InstallationIssuer() = default;

base::Result<InstallationIssuer> InstallationIssuer::read(const Credentials& authority,
                                                          std::string_view domain, base::Micros now) {
  auto issuer = read_issuer(authority);
  if (!issuer.ok()) return issuer.error();
  const CertificateFacts facts = facts_of(issuer->certificate.get());
  if (!facts.authority) return fail(Code::Invalid, facts.subject + " is not an authority");
  if (facts.not_after <= now)
    return fail(Code::Invalid, "the installations' authority ended on " + base::format_time(facts.not_after));
  if (permitted_uri_host_of(issuer->certificate.get()) != domain)
    return fail(Code::Invalid, "the installations' authority is not one for " + std::string(domain));
  auto held = std::make_unique<Held>();
  held->issuer = *std::move(issuer);
  held->until = facts.not_after;
  held->key_id = facts.key_id;
  return InstallationIssuer(std::move(held));
}

base::Result<std::string> InstallationIssuer::issue(const std::string& uri, std::string_view key_der,
                                                    base::Micros now) const {
  const auto* next = reinterpret_cast<const unsigned char*>(key_der.data());
  const auto* const end = next + key_der.size();
  const KeyPtr key(d2i_PUBKEY(nullptr, &next, static_cast<long>(key_der.size())));
  if (key == nullptr || next != end) return fail(Code::Invalid, "the key is none");
  if (const auto fault = judge_key(key.get())) return fail(Code::Invalid, "the request " + fault->what);
  if (key_id_of(key.get()) == held_->key_id) return fail(Code::Invalid, "the key is the authority's own");
  Template wanted;
  wanted.client_auth = true;
  wanted.uris = {uri};
  wanted.validity = valid_for(now, kInstallationLife);
  wanted.validity.not_after = std::min(wanted.validity.not_after, held_->until);
  return issue_for_key(wanted, key.get(), held_->issuer);
}

}  // namespace postern::certs
