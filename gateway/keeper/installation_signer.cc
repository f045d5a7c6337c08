// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/installation_signer.h"

#include "base/ulid.h"
#include "line/protocol.h"

namespace postern::keeper {

using base::Code;
using base::fail;

base::Status InstallationSigner::set(const certs::Credentials& authority, const std::string& domain,
                                     base::Micros now) {
  if (issuer_) return fail(Code::Exists, "there is an authority for installations already");
  auto issuer = certs::InstallationIssuer::read(authority, domain, now);
  if (!issuer.ok()) return issuer.error();
  issuer_ = *std::move(issuer);
  domain_ = domain;
  return base::Ok{};
}

base::Result<std::string> InstallationSigner::issue(std::string_view id, std::string_view key,
                                                    base::Micros now) const {
  if (!issuer_) return fail(Code::Denied, "there is no authority for installations");
  if (!base::is_ulid(id)) return fail(Code::Denied, "the installation's id is none");
  auto made = issuer_->issue(line::uri_of({domain_, std::string(id)}), key, now);
  if (!made.ok()) return fail(Code::Denied, made.error().message);
  return made;
}

}  // namespace postern::keeper
