// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// engineer_certificates of postern.yaml: what is demanded of the certificates that support_authority vouches for, and
// how it is known that one was taken back.
#include "certs/demands.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr base::Micros kLongestLife = 10LL * 365 * 24 * kHour;

void read_identities(ConfigReader& read, const YamlNode& node, std::vector<std::string>& out) {
  const YamlNode* list = read.list(node, "identities", "engineer_certificates.identities");
  if (list == nullptr) return;
  for (const YamlNode& item : list->items) {
    if (!read.is_text(item, "an identity")) continue;
    const base::Status sound = certs::check_identity_pattern(item.scalar);
    if (!sound.ok()) read.fault(item.mark, sound.error().message);
    out.push_back(item.scalar);
  }
  if (out.empty() || out.size() > certs::kIdentityPatternsLimit)
    read.fault(list->mark, "engineer_certificates.identities must hold 1 to " +
                               std::to_string(certs::kIdentityPatternsLimit) + " patterns");
}

void read_purposes(ConfigReader& read, const YamlNode& node, std::vector<std::string>& out) {
  const YamlNode* list = read.list(node, "purposes", "engineer_certificates.purposes");
  if (list == nullptr) return;
  for (const YamlNode& item : list->items) {
    if (!read.is_text(item, "a purpose")) continue;
    if (!certs::is_dotted_oid(item.scalar))
      read.fault(item.mark,
                 "a purpose must be the dotted number of an extended key usage, such as "
                 "1.3.6.1.4.1.55555.1, not " +
                     in_quotes(item.scalar));
    out.push_back(item.scalar);
  }
  if (out.size() > certs::kPurposesLimit)
    read.fault(list->mark, "engineer_certificates.purposes must hold at most " +
                               std::to_string(certs::kPurposesLimit) + " purposes");
}

}  // namespace

const YamlNode* read_revocation(ConfigReader& read, const YamlNode& node, certs::Revocation& out) {
  const YamlNode* wanted = read.text(node, "revocation");
  if (wanted == nullptr) return nullptr;
  out = wanted->scalar == "hard" ? certs::Revocation::Hard : certs::Revocation::Soft;
  if (wanted->scalar == "hard" || wanted->scalar == "soft") return wanted;
  read.fault(wanted->mark, "revocation must be hard or soft, not " + in_quotes(wanted->scalar));
  return nullptr;
}

void read_engineers(ConfigReader& read, const YamlNode& root, Config& config) {
  const YamlNode* node = read.map(root, "engineer_certificates", "engineer_certificates");
  if (node == nullptr) return;
  EngineerCertificates& out = config.engineers;
  if (config.support_authority.path.empty())
    read.fault(node->mark,
               "engineer_certificates needs support_authority: without it no certificate is asked for");
  read_revocation_fetch(read, *node, out.crl, out.fetch);
  const bool known = !out.crl.path.empty() || out.fetch.any();
  if (known) out.revocation = certs::Revocation::Hard;
  const YamlNode* revocation = read_revocation(read, *node, out.revocation);
  if (revocation != nullptr && out.revocation == certs::Revocation::Hard && !known)
    read.fault(revocation->mark,
               "revocation: hard needs crl, the authorities' lists of revoked certificates, or ocsp: true");
  read_identities(read, *node, out.demands.identities);
  read_purposes(read, *node, out.demands.purposes);
  read.duration(*node, "longest_life", kHour, kLongestLife, out.demands.longest_life);
}

}  // namespace postern::supervisor
