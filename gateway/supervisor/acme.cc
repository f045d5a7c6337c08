// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/acme.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/secret_file.h"
#include "certs/chain_order.h"
#include "certs/keeper_protocol.h"
#include "certs/private_key.h"
#include "certs/verify.h"
#include "gateway/proc/spawn.h"
#include "gateway/supervisor/acme_attempts.h"
#include "gateway/supervisor/staples.h"

namespace postern::supervisor {
namespace {

constexpr std::size_t kIssuedText = 64U << 10U;  // as of every certificate of a listener
constexpr std::string_view kAcmeDescriptor = "key.acme";

std::string account_file(const Acme& acme) { return acme.folder.path + "/account.key"; }
std::string next_file(const Acme& acme) { return acme.folder.path + "/next.key"; }
std::string certificate_file(const Acme& acme) { return acme.folder.path + "/certificate.pem"; }
std::string key_file(const Acme& acme, std::string_view key_id) {
  return acme.folder.path + "/" + base::to_hex(key_id) + ".key";
}

// Runs in the copy. Empty, or what is wrong.
std::string make_missing(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) return {};
  base::Result<std::string> made = certs::make_private_key();
  if (!made.ok()) return made.error().message;
  const base::Status written = base::write_file(path, *made, 0600);
  base::wipe(*made);
  return written.ok() ? std::string() : written.error().message;
}

std::string prepare_keys(const Acme& acme) {
  struct stat info {};
  const std::string& folder = acme.folder.path;
  if (::stat(folder.c_str(), &info) != 0) return base::fail_errno(folder, errno).message;
  if (!S_ISDIR(info.st_mode)) return folder + " is no folder";
  if ((info.st_mode & 077U) != 0)
    return folder + " can be read or changed by others than its owner; run: chmod 700 " + folder;
  std::string wrong = make_missing(account_file(acme));
  return wrong.empty() ? make_missing(next_file(acme)) : wrong;
}

// Runs in the copy.
std::string wrong_with_issued(const Acme& acme, const std::string& chain_pem, std::string_view key_pem,
                              base::Micros now) {
  const auto key = certs::read_private_key(key_pem, next_file(acme));
  if (!key.ok()) return key.error().message;
  if (auto pair = certs::check_pair(key->get(), next_file(acme), chain_pem); !pair.ok())
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

void remove_others(const Acme& acme, const std::string& kept) {
  DIR* folder = ::opendir(acme.folder.path.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string path = acme.folder.path + "/" + entry->d_name;
    const std::string_view name = entry->d_name;
    const bool of_certificate = name.size() == 2 * certs::kKeyIdSize + 4 && name.ends_with(".key");
    if (of_certificate && path != kept) ::unlink(path.c_str());
  }
  ::closedir(folder);
}

// Runs in the copy. The key first: the certificate's renaming puts both in force.
std::string take(const Acme& acme, std::string_view given, base::Micros now) {
  if (given.size() > kIssuedText) return "its chain is longer than 64 KiB";
  base::Result<certs::OrderedChain> chain = certs::order_chain(given);
  if (!chain.ok()) return chain.error().message;
  base::Result<std::string> key = base::read_file(next_file(acme), certs::kKeyFileLimit);
  if (!key.ok()) return key.error().message;
  std::string wrong = wrong_with_issued(acme, chain->pem, *key, now);
  if (wrong.empty()) {
    const std::string own = key_file(acme, certs::read_chain(chain->pem)->front().key_id);
    base::Status done = base::write_file(own, *key, 0600);
    if (done.ok()) done = base::write_file(certificate_file(acme), chain->pem, 0644);
    if (!done.ok()) wrong = done.error().message;
    if (done.ok() && ::unlink(next_file(acme).c_str()) == 0) remove_others(acme, own);
  }
  base::wipe(*key);
  return wrong;
}

std::string wrong_with_pair(const base::UniqueFd& fd, const std::string& path, const std::string& pem) {
  base::Result<std::string> text = base::read_open_file(fd.get(), path, certs::kKeyFileLimit);
  if (!text.ok()) return text.error().message;
  const auto key = certs::read_private_key(*text, path);
  base::wipe(*text);
  if (!key.ok()) return key.error().message;
  const base::Status pair = certs::check_pair(key->get(), path, pem);
  return pair.ok() ? std::string() : pair.error().message;
}

base::Status in_copy(const std::function<std::string()>& work, base::Code code) {
  const base::Result<std::string> wrong = proc::ask_copy(work);
  if (!wrong.ok()) return wrong.error();
  if (wrong->empty()) return base::Ok{};
  return base::fail(code, *wrong);
}

base::Status add_certificate(const Acme& acme, bool staple, Material& material) {
  base::Result<std::string> pem = base::read_file(certificate_file(acme), kIssuedText);
  if (!pem.ok()) return pem.error().code == base::Code::NotFound ? base::Status(base::Ok{}) : pem.error();
  const auto chain = certs::read_chain(*pem);
  if (!chain.ok())
    return base::fail(base::Code::Invalid, certificate_file(acme) + ": " + chain.error().message);
  ListenerCertificate one;
  one.pem = std::move(*pem);
  one.leaf = chain->front();
  one.certificate_path = certificate_file(acme);
  one.key_path = key_file(acme, one.leaf.key_id);
  one.descriptor = kAcmeDescriptor;
  base::Result<base::UniqueFd> key = base::open_secret_file(one.key_path, "a key", base::own_secret_place());
  if (!key.ok()) return key.error();
  one.key = std::move(key).value();
  base::Status pair =
      in_copy([&] { return wrong_with_pair(one.key, one.key_path, one.pem); }, base::Code::Invalid);
  if (!pair.ok()) return pair;
  plan_staple(staple, one);
  material.support.certificates.insert(material.support.certificates.begin(), std::move(one));
  return base::Ok{};
}

}  // namespace

base::Status open_acme(const Acme& acme, bool staple, Material& material) {
  auto& own = material.support.certificates;
  std::erase_if(own, [](const ListenerCertificate& one) { return one.descriptor == kAcmeDescriptor; });
  base::Status ready = in_copy([&] { return prepare_keys(acme); }, base::Code::Invalid);
  if (!ready.ok()) return ready;
  base::Result<base::UniqueFd> account =
      base::open_secret_file(account_file(acme), "a key", base::own_secret_place());
  if (!account.ok()) return account.error();
  base::Result<base::UniqueFd> next =
      base::open_secret_file(next_file(acme), "a key", base::own_secret_place());
  if (!next.ok()) return next.error();
  material.acme.account = std::move(account).value();
  material.acme.next = std::move(next).value();
  return add_certificate(acme, staple, material);
}

base::Status take_acme(const Acme& acme, std::string_view chain_pem, base::Micros now) {
  return in_copy([&] { return take(acme, chain_pem, now); }, base::Code::Denied);
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
                 {"next", {{"fd", "acme.next"}, {"path", next_file(acme)}}}};
  if (material.acme.secret.valid())
    out["secret"] = {{"fd", "acme.secret"}, {"path", acme.external_secret.path}};
  return out;
}

}  // namespace postern::supervisor
