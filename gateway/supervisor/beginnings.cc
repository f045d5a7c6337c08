// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/beginnings.h"

#include <fcntl.h>

#include <utility>

#include "base/bytes.h"
#include "gateway/supervisor/crew.h"
#include "gateway/supervisor/parts.h"
#include "gateway/supervisor/secret.h"

namespace postern::supervisor {
namespace {

using base::Json;

base::UniqueFd duplicate(const base::UniqueFd& fd) {
  return base::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

// What signs webhooks goes to the keeper, what signs in to mail servers to the link.
template <typename Give>
void give_notification_secrets(const Given& given, NotificationTarget::Kind kind, const Give& give) {
  for (const NotificationTarget& target : given.config.notifications) {
    for (const CredentialFile& file : given.material.notification_secrets) {
      if (target.kind == kind && file.name == target.descriptor()) give(file.name, file.fd);
    }
  }
}

}  // namespace

Config as_bound(const Config& config, const Sockets& sockets) {
  Config out = config;
  out.support.address = sockets.support_address;
  out.admin.address = sockets.admin_address;
  if (out.intake) out.intake->listener.address = sockets.intake_address;
  return out;
}

std::string_view listener_of(const Child& terminator) {
  if (terminator.index() == kIntakeIndex) return "intake";
  return terminator.index() == kAdminIndex ? "admin" : "support";
}

bool is_admin_link(const Child& child) { return child.kind() == "link" && child.index() == kAdminIndex; }

Json part_of(const Child& child, const Given& given) {
  const Config bound = as_bound(given.config, given.sockets);
  if (child.kind() == "keeper") return keeper_part(bound, given.material);
  if (child.kind() == "ledger") return ledger_part(bound, given.material);
  if (child.kind() == "enforcer") {
    Json part = enforcer_part(bound, given.material, child.index());
    part["redaction_key"] = base::to_hex(given.redaction_key);
    return part;
  }
  if (child.kind() == "console") return console_part(bound, given.material);
  if (child.kind() == "intake") return intake_part(bound);
  if (is_admin_link(child)) return admin_link_part(bound, given.material);
  if (child.kind() == "link") return link_part(bound, given.material);
  return terminator_part(bound, given.material, listener_of(child));
}

Child::Beginning beginning_of(const Child& child, const Given& given) {
  Child::Beginning out;
  out.config = part_of(child, given);
  out.config["sandbox"] = to_text(given.config.sandbox);
  const auto give = [&out](std::string name, const base::UniqueFd& fd) {
    out.names.push_back(std::move(name));
    out.fds.push_back(duplicate(fd));
  };
  if (child.kind() == "terminator") give("listener", given.sockets.listener(listener_of(child)));
  if (child.kind() == "ledger" && given.sockets.runner.valid()) give("runner", given.sockets.runner);
  if (child.kind() == "console") give("control", given.sockets.control);
  if (child.kind() == "keeper") {
    for (const ListenerMaterial* listener :
         {&given.material.support, &given.material.admin, &given.material.intake}) {
      for (const ListenerCertificate& one : listener->certificates) {
        if (one.key.valid()) give(one.descriptor, one.key);
      }
    }
    give("key.pass", given.material.pass_key);
    give("key.log", given.material.log_keys.current);
    if (given.material.log_keys.next.valid()) give("key.log.next", given.material.log_keys.next);
    for (const ClientKey& one : given.material.client_keys) {
      if (one.key.valid()) give(one.name, one.key);
    }
    if (given.material.token_pin.valid()) {
      give("pkcs11.pin", given.material.token_pin);
      if (given.refused_pin && is_as_it_was(given.material.token_pin, *given.refused_pin))
        out.config["pkcs11"]["pin_refused"] = true;
    }
    if (given.material.witness_key.valid()) give("key.witness", given.material.witness_key);
    if (given.material.openid_key.valid()) give("key.openid", given.material.openid_key);
    if (given.material.admin_openid_key.valid()) give("key.admin_openid", given.material.admin_openid_key);
    give_notification_secrets(given, NotificationTarget::Kind::Webhook, give);
  }
  if (child.kind() == "keeper" && given.material.acme.account.valid()) {
    give("acme.account", given.material.acme.account);
    give("acme.next", given.material.acme.next);
    if (given.material.acme.secret.valid()) give("acme.secret", given.material.acme.secret);
  }
  if (child.kind() == "keeper" && given.material.line.key.valid())
    give(MissionControl::kKeyDescriptor, given.material.line.key);
  if (is_admin_link(child) && given.material.admin_openid_secret.valid())
    give(OpenId::kSecretDescriptor, given.material.admin_openid_secret);
  if (child.kind() == "link" && !is_admin_link(child)) {
    if (given.material.line.proxy_password.valid())
      give(MissionControl::kPasswordDescriptor, given.material.line.proxy_password);
    give_notification_secrets(given, NotificationTarget::Kind::Email, give);
    if (given.material.openid_secret.valid()) give(OpenId::kSecretDescriptor, given.material.openid_secret);
    if (given.sockets.challenge.valid()) give("challenge", given.sockets.challenge);
  }
  if (child.kind() == "enforcer") {
    for (const CredentialFile& file : given.material.credentials) give(file.name, file.fd);
  }
  return out;
}

}  // namespace postern::supervisor
