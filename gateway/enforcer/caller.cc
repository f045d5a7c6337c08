// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/caller.h"

#include "gateway/http/cookie.h"

namespace postern::enforcer {
namespace {

http::CookieAnswer session_cookie(const http::RequestHead& head) {
  return http::find_cookie(head.fields.find(http::FieldId::Cookie).value_or(""), "__Host-postern");
}

}  // namespace

const certs::ClientIdentity* certificate_owner(const Site& site, Client& client) {
  if (client.certificates.empty() || !site.verifier) return nullptr;
  if (!std::exchange(client.judged, true)) {
    auto identity = site.verifier->verify(client.certificates, site.loop.wall());
    if (identity.ok())
      client.identity = std::move(*identity);
    else
      client.identity_fault = identity.error().message;
  }
  return client.identity ? &*client.identity : nullptr;
}

const SessionView* find_session(const Site& site, Client& client, const http::RequestHead& head) {
  const http::CookieAnswer cookie = session_cookie(head);
  if (cookie.state == http::CookieState::Found) {
    if (const SessionView* found = site.access.find_by_token(cookie.value); found != nullptr) return found;
  }
  const certs::ClientIdentity* owner = certificate_owner(site, client);
  return owner == nullptr ? nullptr : site.access.find_by_certificate(owner->fingerprint);
}

bool has_session_cookie(const http::RequestHead& head) {
  return session_cookie(head).state != http::CookieState::Absent;
}

}  // namespace postern::enforcer
