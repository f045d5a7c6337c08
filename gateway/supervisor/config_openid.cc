// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// openid and admin_openid of postern.yaml: the provider by whom engineers may sign in, and the one by whom admins may. They are
// read by the same words, and have nothing else in common.
#include <algorithm>

#include "base/bytes.h"
#include "gateway/supervisor/config_reader.h"
#include "openid/discovery.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::size_t kOpenIdHostLimit = 8;    // of one provider
constexpr std::size_t kOpenIdListLimit = 64;   // scopes, groups, acr, amr
constexpr std::size_t kOpenIdTextLimit = 255;  // bytes of one of them, and of the client's id
constexpr base::Micros kLongestSkew = 300 * base::kWallSecond;
constexpr base::Micros kLongestAge = 30LL * 86400 * base::kWallSecond;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kOpenIdTextLimit && base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

class OpenIdReader {
 public:
  OpenIdReader(ConfigReader& read, Config& config, bool admins)
      : read_(read),
        config_(config),
        out_(admins ? config.admin_openid : config.openid),
        admins_(admins),
        name_(admins ? "admin_openid" : "openid") {}

  void all(const YamlNode& root) {
    const YamlNode* node = read_.map(root, name_, name_);
    if (node == nullptr) return;
    out_.mark = node->mark;
    issuer(*node);
    word(*node, "client_id", out_.client_id);
    if (out_.client_id.empty() && node->find("client_id") == nullptr)
      read_.fault(node->mark, "client_id is missing: by which the provider knows this gateway");
    read_.secret(*node, "client_secret_file", out_.secret);
    read_.secret(*node, "client_key_file", out_.key);
    if (!out_.secret.path.empty() && !out_.key.path.empty())
      read_.fault(out_.key.mark, name_ + " has client_secret_file and client_key_file: give one of them");
    words(*node, "scopes", out_.scopes, true);
    if (std::find(out_.scopes.begin(), out_.scopes.end(), "openid") == out_.scopes.end())
      read_.fault(node->mark, "scopes must name openid");
    name_claim(*node);
    word(*node, "groups_claim", out_.groups_claim);
    words(*node, "acr", out_.acr, true);
    words(*node, "amr", out_.amr, false);
    if (admins_)
      of_admins(*node);
    else
      of_engineers(*node);
    read_.duration(*node, "max_age", base::kWallSecond, kLongestAge, out_.max_age);
    read_.duration(*node, "clock_skew", base::kWallSecond, kLongestSkew, out_.clock_skew);
    hosts(*node);
    if (const YamlNode* tls = read_.map(*node, "tls", name_ + ".tls"); tls != nullptr) {
      std::string name;  // each host's certificate is for that host
      read_outside_tls(read_, *tls, "the provider", out_.roots, name);
    }
  }

 private:
  void of_engineers(const YamlNode& node) {
    words(node, "groups", out_.groups, false);
    roles(node, {"viewer", "user", "admin"});
    read_.flag(node, "provision", out_.provision);
    if (out_.provision && out_.groups.empty() && out_.roles.empty())
      read_.fault(
          node.mark,
          "provision needs groups or roles: without them everybody whom the provider knows would come in");
  }

  void of_admins(const YamlNode& node) {
    roles(node, {"admin", "auditor"});
    if (out_.roles.empty() && node.find("roles") == nullptr)
      read_.fault(
          node.mark,
          "roles is missing: which of the provider's groups are admins and which auditors, such as "
          "{admin: [postern-admins], auditor: [audit]}; without it everybody or nobody would come in");
    words(node, "local_accounts", config_.local_accounts, false);
    if (node.find("local_accounts") != nullptr && config_.local_accounts.empty())
      read_.fault(node.mark,
                  "local_accounts must name an account at least: the one by which somebody gets in while the "
                  "provider is away");
    if (config_.second_factor_required && out_.acr.empty() && out_.amr.empty())
      read_.fault(
          node.mark,
          "second_factor is required, so admin_openid needs acr or amr: what the provider must say of "
          "a sign-in that was more than a password");
    // No engineer's identity is one on the admin side (docs/THREATS.md, promise 8).
    if (out_.configured() && out_.issuer == config_.openid.issuer)
      read_.fault(
          node.mark,
          "admin_openid has the issuer of openid: admins and engineers cannot have the same provider; "
          "one whose realms or tenants have issuers of their own can serve both");
  }

  void issuer(const YamlNode& node) {
    const YamlNode* text = read_.text(node, "issuer");
    if (text == nullptr) {
      if (node.find("issuer") == nullptr)
        read_.fault(node.mark, "issuer is missing, such as https://login.example.org/realm");
      return;
    }
    const auto address = openid::parse_address(text->scalar);
    if (!address || address->target.find('?') != std::string::npos) {
      return read_.fault(text->mark,
                         "issuer must be https://, a host, perhaps a port and a path, such as "
                         "https://login.example.org/realm");
    }
    out_.issuer = text->scalar;
    add_host(address->authority);
  }

  void hosts(const YamlNode& node) {
    if (node.find("hosts") == nullptr) return;
    const YamlNode* list = read_.list(node, "hosts", name_ + ".hosts");
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "a host")) continue;
      const auto address = openid::parse_address("https://" + item.scalar);
      if (!address || address->target != "/" || item.scalar.ends_with('/'))
        read_.fault(item.mark, "a host of " + name_ +
                                   ".hosts is a name and perhaps a port, such as keys.example.org, not " +
                                   in_quotes(item.scalar));
      else
        add_host(address->authority);
    }
    if (out_.hosts.size() > kOpenIdHostLimit)
      read_.fault(list->mark,
                  name_ + ".hosts must hold fewer than " + std::to_string(kOpenIdHostLimit) + " hosts");
  }

  void add_host(const http::Authority& authority) {
    const bool known = std::any_of(out_.hosts.begin(), out_.hosts.end(),
                                   [&](const OpenId::Host& one) { return one.authority == authority; });
    if (!known) out_.hosts.push_back({config_.next_id(), authority});
  }

  void roles(const YamlNode& node, const std::vector<std::string>& known) {
    const YamlNode* map = read_.map(node, "roles", name_ + ".roles");
    if (map == nullptr) return;
    std::string all;
    for (const std::string& role : known) {
      all += (all.empty() ? "" : role == known.back() ? " or " : ", ") + role;
      if (map->find(role) != nullptr) words(*map, role, out_.roles[role], true);
    }
    if (out_.roles.empty()) read_.fault(map->mark, name_ + ".roles names no role: " + all);
  }

  void name_claim(const YamlNode& node) {
    const YamlNode* text = read_.text(node, "name_claim");
    if (text == nullptr) return;
    out_.name_claim = text->scalar;
    if (out_.name_claim != "email" && out_.name_claim != "preferred_username" && out_.name_claim != "sub")
      read_.fault(text->mark,
                  "name_claim must be email, preferred_username or sub, not " + in_quotes(text->scalar));
  }

  void word(const YamlNode& node, std::string_view key, std::string& out) {
    const YamlNode* text = read_.text(node, key);
    if (text == nullptr) return;
    out = text->scalar;
    if (!is_word(out)) read_.fault(text->mark, std::string(key) + " must be one line of at most 255 bytes");
  }

  // single: joined with spaces for the provider, so that none may hold one.
  void words(const YamlNode& node, std::string_view key, std::vector<std::string>& out, bool single) {
    if (node.find(key) == nullptr) return;
    const YamlNode* list = read_.list(node, key, name_ + "." + std::string(key));
    out.clear();
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "an entry")) continue;
      if (!is_word(item.scalar) || (single && item.scalar.find(' ') != std::string::npos))
        read_.fault(item.mark, in_quotes(item.scalar) + " cannot be an entry of " + std::string(key));
      out.push_back(item.scalar);
    }
    if (out.size() > kOpenIdListLimit)
      read_.fault(list->mark,
                  std::string(key) + " must hold at most " + std::to_string(kOpenIdListLimit) + " entries");
  }

  ConfigReader& read_;
  Config& config_;
  OpenId& out_;
  const bool admins_;
  const std::string name_;
};

}  // namespace

void read_openid(ConfigReader& read, const YamlNode& root, Config& config) {
  OpenIdReader(read, config, false).all(root);
  OpenIdReader(read, config, true).all(root);
}

}  // namespace postern::supervisor
