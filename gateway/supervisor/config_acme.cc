// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// acme: a certificate of the support listener that an authority issues and renews (RFC 8555).
#include <algorithm>

#include "base/bytes.h"
#include "certs/names.h"
#include "gateway/http/request_rules.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::size_t kContactLimit = 10, kAccountNameLimit = 255;
constexpr std::size_t kNamesSize =
    2000;  // bytes of all names: the order must fit into what the keeper answers

class AcmeReader {
 public:
  AcmeReader(ConfigReader& read, Config& config) : read_(read), config_(config) {}

  void all(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "acme", "acme");
    if (node == nullptr) return;
    Acme& out = config_.acme.emplace();
    out.id = config_.next_id() - 1;
    out.mark = node->mark;
    directory(*node, out);
    names(*node, out);
    read_.required_file(*node, "acme", "folder", "where the account's key and the certificate are kept",
                        out.folder);
    keep_apart(read_, out.folder, config_);
    challenge(*node, out);
    contact(*node, out);
    bool agreed = false;
    read_.flag(*node, "terms_agreed", agreed);
    if (!agreed)
      read_.fault(node->mark,
                  "acme needs terms_agreed: true, once somebody has read the authority's terms of service");
    external_account(*node, out);
    tls(*node, out);
  }

 private:
  void directory(const YamlNode& node, Acme& out) {
    if (node.find("directory") == nullptr)
      read_.fault(node.mark,
                  "acme needs directory: the authority's address, such as https://acme.example/directory");
    const YamlNode* text = read_.text(node, "directory");
    if (text == nullptr) return;
    out.url = text->scalar;
    std::string_view rest = out.url;
    const bool https = rest.starts_with("https://");
    if (https) rest.remove_prefix(8);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const auto authority = https ? http::parse_authority(rest.substr(0, slash)) : std::nullopt;
    out.target = slash == rest.size() ? "/" : std::string(rest.substr(slash));
    if (!authority || !http::is_target_text(out.target)) {
      return read_.fault(
          text->mark, "directory must be an https:// address such as https://acme.example/directory, not " +
                          in_quotes(out.url));
    }
    out.authority = *authority;
    if (out.authority.port == 0) out.authority.port = 443;
  }

  void names(const YamlNode& node, Acme& out) {
    const YamlNode* list = read_.list(node, "names", "acme.names");
    if (list == nullptr) {
      if (node.find("names") == nullptr)
        read_.fault(node.mark,
                    "acme needs names: those that the certificate is for, such as [support.example.org]");
      return;
    }
    std::size_t size = 0;
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "a name")) continue;
      size += item.scalar.size();
      out.names.push_back(base::to_lower(item.scalar));
      if (!certs::is_dns_name(item.scalar))
        read_.fault(item.mark,
                    "a name must be a DNS name such as support.example.org, not " + in_quotes(item.scalar));
    }
    if (list->items.empty() || list->items.size() > kAcmeNameLimit || size > kNamesSize) {
      read_.fault(list->mark, "acme.names must hold 1 to " + std::to_string(kAcmeNameLimit) + " names, of " +
                                  std::to_string(kNamesSize) + " bytes in all");
    }
  }

  void challenge(const YamlNode& node, Acme& out) {
    out.challenge = {"0.0.0.0", 80, false};
    if (const YamlNode* type = read_.text(node, "challenge"); type != nullptr) {
      out.by_tls = type->scalar == "tls-alpn-01";
      if (!out.by_tls && type->scalar != "http-01")
        read_.fault(type->mark, "challenge must be http-01 or tls-alpn-01, not " + in_quotes(type->scalar));
    }
    const YamlNode* address = read_.text(node, "challenge_address");
    if (address == nullptr) return;
    read_listen_address(read_, *address, "challenge_address", out.challenge);
    if (out.by_tls)
      read_.fault(address->mark,
                  "challenge_address is for http-01: tls-alpn-01 is answered by the support listener");
  }

  void contact(const YamlNode& node, Acme& out) {
    const YamlNode* list = read_.list(node, "contact", "acme.contact");
    if (list == nullptr) return;
    if (list->items.size() > kContactLimit)
      read_.fault(list->mark,
                  "acme.contact must hold " + std::to_string(kContactLimit) + " mail addresses at most");
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "an address")) continue;
      if (is_mail_address(item.scalar)) {
        out.contact.push_back("mailto:" + item.scalar);
      } else {
        read_.fault(item.mark,
                    in_quotes(item.scalar) + " is no mail address such as certificates@example.org");
      }
    }
  }

  void external_account(const YamlNode& parent, Acme& out) {
    const YamlNode* node = read_.map(parent, "external_account", "acme.external_account");
    if (node == nullptr) return;
    const YamlNode* id = read_.text(*node, "key_id");
    if (node->find("key_id") == nullptr)
      read_.fault(node->mark, "external_account needs key_id: as the authority gave it");
    if (id != nullptr) out.external_id = id->scalar;
    if (out.external_id.size() > kAccountNameLimit || !base::is_utf8(out.external_id))
      read_.fault(id->mark, "key_id must be text of " + std::to_string(kAccountNameLimit) + " bytes at most");
    read_.required_secret(*node, "acme.external_account", "secret_file",
                          "the file with its key, in base64url", out.external_secret);
  }

  void tls(const YamlNode& parent, Acme& out) {
    out.tls_name = bare_host(out.authority);
    const YamlNode* node = read_.map(parent, "tls", "acme.tls");
    if (node != nullptr) read_outside_tls(read_, *node, "the authority's server", out.roots, out.tls_name);
  }

  ConfigReader& read_;
  Config& config_;
};

}  // namespace

void read_acme(ConfigReader& read, const YamlNode& root, Config& config) {
  AcmeReader(read, config).all(root);
}

}  // namespace postern::supervisor
