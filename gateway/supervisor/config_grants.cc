// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// grants of postern.yaml: whose signature makes a grant.
#include <algorithm>

#include "certs/note.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::size_t kGrantSigners = 16;

void read_signer(ConfigReader& read, const YamlNode& item, GrantSigning& out) {
  if (!read.is_text(item, "a signer")) return;
  const auto key = certs::parse_verifier_key(item.scalar);
  if (!key.ok())
    return read.fault(item.mark,
                      "a signer is a verifier key as postern grant key prints it: " + key.error().message);
  if (key->algorithm != certs::NoteAlgorithm::Ed25519)
    return read.fault(item.mark,
                      in_quotes(key->name) +
                          " is the key of a witness, which signs no grants: its last part must begin with A");
  // Two keys of one person under two names would be two signatures; one name for two keys would hide one of them.
  const bool twice = std::any_of(out.signers.begin(), out.signers.end(), [&](const std::string& other) {
    const auto known = certs::parse_verifier_key(other);
    return known.ok() && (known->name == key->name || known->public_key == key->public_key);
  });
  if (twice) read.fault(item.mark, "this key, or one of its name, stands here twice: keep one");
  out.signers.push_back(item.scalar);
}

}  // namespace

void read_grants(ConfigReader& read, const YamlNode& root, Config& config) {
  const YamlNode* node = read.map(root, "grants", "grants");
  if (node == nullptr) return;
  GrantSigning& out = config.grants;
  if (const YamlNode* list = read.list(*node, "signers", "grants.signers"); list != nullptr) {
    for (const YamlNode& item : list->items) read_signer(read, item, out);
    if (list->items.size() > kGrantSigners)
      read.fault(list->mark, "grants.signers must hold at most " + std::to_string(kGrantSigners) + " keys");
  }
  read.flag(*node, "signed_only", out.signed_only);
  if (out.signed_only && out.signers.empty())
    read.fault(node->mark, "grants.signed_only needs grants.signers: without them nobody could be let in");
}

}  // namespace postern::supervisor
