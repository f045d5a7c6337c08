// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission_control: where the vendor's Mission Control is, how it is recognised, and which way leads there.
#include "gateway/http/request_rules.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::uint16_t kProxyPort = 3128;
constexpr std::size_t kProxyUserLimit = 255;

// scheme://host[:port], with nothing behind it but a slash.
std::optional<http::Authority> address_of(std::string_view text, std::string_view scheme,
                                          std::uint16_t port) {
  if (!text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  std::optional<http::Authority> out = http::parse_authority(text);
  if (out && out->port == 0) out->port = port;
  return out;
}

class MissionReader {
 public:
  MissionReader(ConfigReader& read, Config& config) : read_(read), config_(config) {}

  void all(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "mission_control", "mission_control");
    if (node == nullptr) return;
    MissionControl& out = config_.mission_control.emplace();
    out.id = config_.next_id() - 1;
    out.mark = node->mark;
    url(*node, out);
    read_.required_file(*node, "mission_control", "folder",
                        "where this installation's key and certificate are kept", out.folder);
    keep_apart(read_, out.folder, config_);
    if (config_.acme && config_.acme->folder.path == out.folder.path)
      read_.fault(out.folder.mark, "folder must be another than acme's: each keeps a certificate of its own");
    read_.flag(*node, "tunnel", out.tunnel);
    read_vendor_updates(read_, *node, out);
    tls(*node, out);
    proxy(*node, out);
  }

 private:
  void url(const YamlNode& node, MissionControl& out) {
    if (node.find("url") == nullptr)
      read_.fault(node.mark,
                  "mission_control needs url: the vendor's address, such as https://mission.vendor.example");
    const YamlNode* text = read_.text(node, "url");
    if (text == nullptr) return;
    out.url = text->scalar;
    const auto authority = address_of(out.url, "https://", 443);
    if (!authority)
      return read_.fault(text->mark,
                         "url must be an https:// address without a path, such as "
                         "https://mission.vendor.example, not " +
                             in_quotes(out.url));
    out.authority = *authority;
    out.tls_name = bare_host(out.authority);
  }

  void tls(const YamlNode& parent, MissionControl& out) {
    const YamlNode* node = read_.map(parent, "tls", "mission_control.tls");
    if (node == nullptr) return;
    read_outside_tls(read_, *node, "Mission Control", out.roots, out.tls_name);
    read_revocation(read_, *node, out.revocation);
  }

  void proxy(const YamlNode& parent, MissionControl& out) {
    const YamlNode* node = read_.map(parent, "proxy", "mission_control.proxy");
    if (node == nullptr) return;
    MissionControl::Proxy& way = out.proxy.emplace();
    if (node->find("url") == nullptr)
      read_.fault(node->mark, "proxy needs url: such as http://proxy.example:3128");
    if (const YamlNode* text = read_.text(*node, "url"); text != nullptr) {
      const auto authority = address_of(text->scalar, "http://", kProxyPort);
      if (authority) way.authority = *authority;
      if (!authority)
        read_.fault(text->mark,
                    "a proxy's url must be an http:// address such as http://proxy.example:3128, not " +
                        in_quotes(text->scalar));
    }
    if (const YamlNode* user = read_.text(*node, "user"); user != nullptr) {
      way.user = user->scalar;
      if (way.user.size() > kProxyUserLimit || way.user.find(':') != std::string::npos)
        read_.fault(user->mark, "a proxy's user must have 255 bytes at most, and no colon");
      read_.required_secret(*node, "mission_control.proxy", "password_file",
                            "the file with the user's password", way.password);
    } else if (const YamlNode* password = node->find("password_file"); password != nullptr) {
      read_.fault(password->mark, "password_file needs user: whose password it is");
    }
  }

  ConfigReader& read_;
  Config& config_;
};

}  // namespace

void read_mission_control(ConfigReader& read, const YamlNode& root, Config& config) {
  MissionReader(read, config).all(root);
}

}  // namespace postern::supervisor
