// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/acme.h"

#include <algorithm>
#include <optional>

#include "base/secret_file.h"
#include "certs/private_key.h"
#include "certs/verify.h"
#include "gateway/supervisor/acme_attempts.h"
#include "gateway/supervisor/issued_folder.h"
#include "gateway/supervisor/staples.h"

namespace postern::supervisor {
namespace {

constexpr std::string_view kAcmeDescriptor = "key.acme";

std::string account_file(const Acme& acme) { return acme.folder.path + "/account.key"; }
IssuedFolder folder_of(const Acme& acme) { return IssuedFolder(acme.folder.path); }

// Runs in the copy.
std::string wrong_with_issued(const Acme& acme, const std::string& chain_pem, std::string_view key_pem,
                              base::Micros now) {
  const auto key = certs::read_private_key(key_pem, folder_of(acme).next_file());
  if (!key.ok()) return key.error().message;
  if (auto pair = certs::check_pair(key->get(), folder_of(acme).next_file(), chain_pem); !pair.ok())
    return "it is for another key than the one that it was ordered for";
  const auto chain = certs::pem_to_der(chain_pem);
  if (!chain.ok()) return chain.error().message;
  // Whom clients believe is theirs to say: the rules are judged below the last of what the authority sent.
  const auto verifier = certs::Verifier::make(certs::der_to_pem(chain->back()));
  if (!verifier.ok()) return verifier.error().message;
  for (const std::string& name : acme.names) {
    certs::Question question;
    question.host = name;
    question.now = now;
    const certs::Verdict verdict = verifier->judge(*chain, question, {});
    if (verdict.good()) continue;
    const bool of_time =
        verdict.failure->rule == certs::Rule::NotYetValid || verdict.failure->rule == certs::Rule::Expired;
    return verdict.failure->sentence +
           (of_time ? ", although it has just been issued: the clock here, which says " +
                          base::format_time(now) + ", or the authority's is wrong"
                    : "");
  }
  return {};
}

base::Status add_certificate(const Acme& acme, bool staple, Material& material) {
  const IssuedFolder folder = folder_of(acme);
  base::Result<std::optional<IssuedFolder::Issued>> issued = folder.open();
  if (!issued.ok()) return std::move(issued).error();
  if (!*issued) return base::Ok{};
  ListenerCertificate one;
  one.pem = std::move((*issued)->pem);
  one.leaf = std::move((*issued)->leaf);
  one.certificate_path = folder.certificate_file();
  one.key_path = folder.key_file(one.leaf.key_id);
  one.descriptor = kAcmeDescriptor;
  one.key = std::move((*issued)->key);
  plan_staple(staple, one);
  material.support.certificates.insert(material.support.certificates.begin(), std::move(one));
  return base::Ok{};
}

}  // namespace

base::Status open_acme(const Acme& acme, bool staple, Material& material) {
  auto& own = material.support.certificates;
  std::erase_if(own, [](const ListenerCertificate& one) { return one.descriptor == kAcmeDescriptor; });
  base::Status ready = in_copy(
      [&] {
        return folder_of(acme).prepare({account_file(acme), folder_of(acme).next_file()});
      },
      base::Code::Invalid);
  if (!ready.ok()) return ready;
  base::Result<base::UniqueFd> account =
      base::open_secret_file(account_file(acme), "a key", base::own_secret_place());
  if (!account.ok()) return account.error();
  base::Result<base::UniqueFd> next =
      base::open_secret_file(folder_of(acme).next_file(), "a key", base::own_secret_place());
  if (!next.ok()) return next.error();
  material.acme.account = std::move(account).value();
  material.acme.next = std::move(next).value();
  return add_certificate(acme, staple, material);
}

base::Status take_acme(const Acme& acme, std::string_view chain_pem, base::Micros now) {
  const auto judge = [&](const std::string& chain, std::string_view key) {
    return wrong_with_issued(acme, chain, key, now);
  };
  return in_copy([&] { return folder_of(acme).take(chain_pem, judge); }, base::Code::Denied);
}

const ListenerCertificate* acme_certificate(const Material& material) {
  const auto& own = material.support.certificates;
  return !own.empty() && own.front().descriptor == kAcmeDescriptor ? &own.front() : nullptr;
}

base::Json acme_link_part(const Acme& acme, const Material& material) {
  const AcmeAttempts attempts = read_attempts(acme);
  http::Authority host = acme.authority;
  if (host.port == 443) host.port = 0;
  const ListenerCertificate* own = acme_certificate(material);
  return {{"id", acme.id},
          {"host", http::to_text(host)},
          {"target", acme.target},
          {"tls_name", acme.tls_name},
          {"challenge", acme.challenge_type()},
          {"roots", material.acme.roots_pem},
          {"from", own == nullptr ? 0 : own->leaf.not_before},
          {"until", own == nullptr ? 0 : own->leaf.not_after},
          {"asked", material.acme.asked},
          {"failures", attempts.failures},
          {"next", attempts.failures == 0 ? 0 : attempts.next}};
}

base::Json acme_keeper_part(const Acme& acme, const Material& material) {
  base::Json out{{"names", acme.names},
                 {"contact", acme.contact},
                 {"external_id", acme.external_id},
                 {"folder", acme.folder.path},
                 {"account", {{"fd", "acme.account"}, {"path", account_file(acme)}}},
                 {"next", {{"fd", "acme.next"}, {"path", folder_of(acme).next_file()}}}};
  if (material.acme.secret.valid())
    out["secret"] = {{"fd", "acme.secret"}, {"path", acme.external_secret.path}};
  return out;
}

}  // namespace postern::supervisor
