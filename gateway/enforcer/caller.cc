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
  if (client.certificates->empty() || !site.verifier) return nullptr;
  const base::Micros now = site.loop.wall();
  const bool over = client.identity && client.identity->until <= now;
  if (!std::exchange(client.judged, true) || over) {
    certs::ClientAnswer answer = site.verifier->judge(*client.certificates, now);
    client.identity = std::move(answer.identity);
    client.asks = answer.asks;
    if (answer.failure) {
      client.identity_fault = answer.failure->sentence;
      site.certificate_watch.refused(client.certificates->front(), *answer.failure);
    }
  }
  return client.identity ? &*client.identity : nullptr;
}

bool asks_about_certificate(const Site& site, const Client& client) {
  return site.settings->asks && client.judged && client.asks;
}

const SessionView* find_session(const Site& site, Client& client, const http::RequestHead& head) {
  if (!client.proposal.empty()) return site.access.find(client.proposal);
  const http::CookieAnswer cookie = session_cookie(head);
  if (cookie.state == http::CookieState::Found) {
    if (const SessionView* found = site.access.find_by_token(cookie.value); found != nullptr) return found;
  }
  const certs::ClientIdentity* owner = certificate_owner(site, client);
  if (owner == nullptr) return nullptr;
  const SessionView* found = site.access.find_by_certificate(owner->fingerprint);
  if (found != nullptr) site.certificate_watch.keep(*owner, *client.certificates);
  return found;
}

bool has_session_cookie(const http::RequestHead& head) {
  return session_cookie(head).state != http::CookieState::Absent;
}

}  // namespace postern::enforcer
