// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// component.services[].credential of postern.yaml: what nodes are shown to let a request in, by file reference
// alone.
#include <algorithm>

#include "base/bytes.h"
#include "gateway/http/chars.h"
#include "gateway/http/field_id.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::string_view kPath = "component.services[].credential";
constexpr std::string_view kKinds =
    "bearer: {file: ..}, basic: {user: .., password_file: ..}, header: {name: .., value_file: ..} or "
    "client_certificate: {certificate: .., key: ..}";

std::string below(std::string_view key) { return std::string(kPath) + "." + std::string(key); }

class Credentials {
 public:
  Credentials(ConfigReader& read, Service& out) : read_(read), out_(out) {}

  void read(const YamlNode& service) {
    const YamlNode* node = read_.map(service, "credential", kPath);
    if (node == nullptr) return;
    const YamlNode* roles = node->find("roles");
    if (roles == nullptr || kinds(*node) > 0) one(*node, "");
    if (roles == nullptr || !read_.is_map(*roles, below("roles"))) return;
    for (const std::string_view role : {"viewer", "user", "admin"}) {
      const YamlNode* own = roles->find(role);
      if (own != nullptr && read_.is_map(*own, below("roles." + std::string(role)))) one(*own, role);
    }
  }

 private:
  static int kinds(const YamlNode& node) {
    int count = 0;
    for (const char* kind : {"bearer", "basic", "header", "client_certificate"})
      count += node.find(kind) != nullptr ? 1 : 0;
    return count;
  }

  void one(const YamlNode& node, std::string_view role) {
    if (kinds(node) != 1)
      return read_.fault(node.mark, "a credential is exactly one of " + std::string(kKinds));
    Credential out;
    out.role = role;
    if (const YamlNode* map = read_.map(node, "bearer", below("bearer")); map != nullptr) {
      file(*map, "bearer", "file", "the file that holds the token", out);
    }
    if (const YamlNode* map = read_.map(node, "basic", below("basic")); map != nullptr) {
      out.kind = http::CredentialKind::Basic;
      user(*map, out);
      file(*map, "basic", "password_file", "the file that holds the password", out);
    }
    if (const YamlNode* map = read_.map(node, "header", below("header")); map != nullptr) {
      out.kind = http::CredentialKind::Header;
      field(*map, out);
      file(*map, "header", "value_file", "the file that holds the field's value", out);
    }
    if (const YamlNode* map = read_.map(node, "client_certificate", below("client_certificate"));
        map != nullptr) {
      certificate(*map, out);
    }
    out_.credentials.push_back(std::move(out));
  }

  void certificate(const YamlNode& map, Credential& out) {
    read_.required_file(map, below("client_certificate"), "certificate",
                        "the file with the chain in PEM that the nodes are shown", out.certificate);
    file(map, "client_certificate", "key", "the file with its private key in PEM", out);
    if (std::all_of(out_.nodes.begin(), out_.nodes.end(), [](const Node& n) { return n.https; })) return;
    read_.fault(
        map.mark,
        "a client certificate is shown in a TLS handshake: this service needs nodes that all begin with "
        "https://");
  }

  void file(const YamlNode& map, std::string_view kind, std::string_view key, std::string_view why,
            Credential& out) {
    if (out.is_certificate()) return read_.required_key(map, below(kind), key, why, out.file);
    read_.required_secret(map, below(kind), key, why, out.file);
  }

  void user(const YamlNode& map, Credential& out) {
    const YamlNode* node = read_.text(map, "user");
    if (map.find("user") == nullptr)
      read_.fault(map.mark, below("basic") + " needs user: the component's account");
    if (node == nullptr) return;
    out.user = node->scalar;
    if (!http::is_basic_user(out.user)) {
      read_.fault(node->mark, "user must be a name without a colon, not " + in_quotes(out.user));
    }
  }

  void field(const YamlNode& map, Credential& out) {
    const YamlNode* node = read_.text(map, "name");
    if (map.find("name") == nullptr)
      read_.fault(map.mark, below("header") + " needs name: the header field, such as x-api-key");
    if (node == nullptr) return;
    out.field = base::to_lower(node->scalar);
    const http::FieldId id = http::identify(out.field);
    const bool framing = http::rule_of(id).hop_by_hop || id == http::FieldId::Host ||
                         id == http::FieldId::ContentLength || id == http::FieldId::TransferEncoding ||
                         id == http::FieldId::Expect || id == http::FieldId::Cookie;
    if (!http::is_token(node->scalar) || framing) {
      read_.fault(node->mark,
                  "name must be a header field that carries a credential, such as x-api-key, not " +
                      in_quotes(node->scalar));
    }
  }

  ConfigReader& read_;
  Service& out_;
};

}  // namespace

void read_credentials(ConfigReader& read, const YamlNode& service, Service& out) {
  Credentials(read, out).read(service);
}

}  // namespace postern::supervisor
