// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// notifications of postern.yaml: who outside is told of what happens here.
#include <algorithm>
#include <set>

#include "audit/event.h"
#include "base/bytes.h"
#include "gateway/http/request_rules.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::size_t kTargetNameLimit = 63;
constexpr std::size_t kTargetLimit = 16;
constexpr std::size_t kAddressLimit = 254;  // RFC 5321 section 4.5.3.1.3, without the brackets
constexpr std::size_t kReceiverLimit = 20;
constexpr std::size_t kUserLimit = 255;  // RFC 4616: one part of AUTH PLAIN
constexpr std::uint16_t kSubmissions = 465;
constexpr std::uint16_t kSubmission = 587;

bool is_target_name(std::string_view name) {
  return !name.empty() && name.size() <= kTargetNameLimit &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

// An event type, or a family of them: "request.*".
bool is_event_pattern(std::string_view text) {
  if (!text.ends_with(".*")) return audit::event_type_from_name(text).has_value();
  const std::string_view family = text.substr(0, text.size() - 1);
  return std::any_of(audit::all_events().begin(), audit::all_events().end(),
                     [family](const audit::EventText& one) { return one.name.starts_with(family); });
}

class NotificationReader {
 public:
  NotificationReader(ConfigReader& read, Config& config) : read_(read), config_(config) {}

  void all(const YamlNode& root) {
    if (root.find("notifications") == nullptr) return;
    const YamlNode* list = read_.list(root, "notifications", "notifications");
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) target(item);
    if (config_.notifications.size() > kTargetLimit)
      read_.fault(list->mark, "notifications must hold at most " + std::to_string(kTargetLimit) + " targets");
  }

 private:
  void target(const YamlNode& node) {
    if (!read_.is_map(node, "notifications[]")) return;
    NotificationTarget out;
    out.mark = node.mark;
    out.id = config_.next_id();
    name(node, out);
    const bool webhook = node.find("webhook") != nullptr;
    if (webhook == (node.find("email") != nullptr)) {
      read_.fault(node.mark, "a target of notifications needs either webhook or email");
    } else if (webhook) {
      read_webhook(node, out);
    } else {
      read_email(node, out);
    }
    events(node, out);
    tls(node, out);
    config_.notifications.push_back(std::move(out));
  }

  const YamlNode* needed(const YamlNode& node, std::string_view key, const char* such_as) {
    if (node.find(key) == nullptr)
      read_.fault(node.mark, std::string(key) + " is missing, such as " + such_as);
    return read_.text(node, key);
  }

  void name(const YamlNode& node, NotificationTarget& out) {
    const YamlNode* name = needed(node, "name", "pager");
    if (name == nullptr) return;
    out.name = name->scalar;
    if (!is_target_name(out.name)) {
      read_.fault(name->mark,
                  "the name of a target must be lower-case letters, digits, '-' and '.', at most 63, not " +
                      in_quotes(out.name));
    } else if (!names_.insert(out.name).second) {
      read_.fault(name->mark, "two targets are called " + in_quotes(out.name) + ": give one another name");
    }
  }

  void read_webhook(const YamlNode& parent, NotificationTarget& out) {
    const YamlNode* node = read_.map(parent, "webhook", "notifications[].webhook");
    if (node == nullptr) return;
    out.kind = NotificationTarget::Kind::Webhook;
    read_.required_secret(*node, "webhook", "secret_file", "the file with the secret, whsec_ and base64",
                          out.secret);
    const YamlNode* url = needed(*node, "url", "https://hooks.example.org/postern");
    if (url == nullptr) return;
    std::string_view rest = url->scalar;
    const bool https = rest.starts_with("https://");
    if (https) rest.remove_prefix(8);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const auto authority = https ? http::parse_authority(rest.substr(0, slash)) : std::nullopt;
    out.path = slash == rest.size() ? "/" : std::string(rest.substr(slash));
    if (!authority || !http::is_target_text(out.path)) {
      return read_.fault(url->mark,
                         "url must be https://, a host, perhaps a port and a path, such as "
                         "https://hooks.example.org/postern");
    }
    out.authority = *authority;
    if (out.authority.port == 0) out.authority.port = 443;
  }

  void read_email(const YamlNode& parent, NotificationTarget& out) {
    const YamlNode* node = read_.map(parent, "email", "notifications[].email");
    if (node == nullptr) return;
    out.kind = NotificationTarget::Kind::Email;
    if (const YamlNode* server = needed(*node, "server", "mail.example.org:465"); server != nullptr) {
      const auto authority = http::parse_authority(server->scalar);
      if (!authority)
        read_.fault(server->mark,
                    "server must be a host and perhaps a port, such as mail.example.org:465, not " +
                        in_quotes(server->scalar));
      if (authority) out.authority = *authority;
    }
    protection(*node, out);
    if (const YamlNode* user = read_.text(*node, "user"); user != nullptr) login(*node, *user, out);
    if (node->find("user") == nullptr && node->find("password_file") != nullptr)
      read_.fault(node->mark, "password_file is for a user: name the user too");
    if (const YamlNode* from = needed(*node, "from", "postern@example.org"); from != nullptr)
      address(*from, out.from);
    receivers(*node, out);
  }

  // TLS from the first byte on 465, STARTTLS anywhere else, unless it is said. Without TLS there is nothing.
  void protection(const YamlNode& node, NotificationTarget& out) {
    const YamlNode* mode = read_.text(node, "security");
    if (mode != nullptr && mode->scalar != "tls" && mode->scalar != "starttls")
      read_.fault(mode->mark, "security must be tls (from the first byte) or starttls");
    if (mode != nullptr) out.starttls = mode->scalar == "starttls";
    if (mode == nullptr) out.starttls = out.authority.port != kSubmissions && out.authority.port != 0;
    if (out.authority.port == 0) out.authority.port = out.starttls ? kSubmission : kSubmissions;
  }

  void login(const YamlNode& node, const YamlNode& user, NotificationTarget& out) {
    out.user = user.scalar;
    const bool plain =
        out.user.size() <= kUserLimit && base::is_utf8(out.user) &&
        std::none_of(out.user.begin(), out.user.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    if (!plain) read_.fault(user.mark, "user must be one line of at most 255 bytes");
    read_.required_secret(node, "email", "password_file", "the file with the user's password", out.secret);
  }

  void address(const YamlNode& node, std::string& out) {
    out = node.scalar;
    if (!is_mail_address(out))
      read_.fault(node.mark, in_quotes(out) + " is no mail address such as support@example.org");
  }

  void receivers(const YamlNode& node, NotificationTarget& out) {
    const YamlNode* list =
        node.find("to") == nullptr ? nullptr : read_.list(node, "to", "notifications[].email.to");
    if (node.find("to") == nullptr || (list != nullptr && list->items.empty()))
      read_.fault(node.mark, "to is missing: a list of mail addresses");
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) {
      if (read_.is_text(item, "an address")) address(item, out.to.emplace_back());
    }
    if (out.to.size() > kReceiverLimit)
      read_.fault(list->mark, "to must hold at most " + std::to_string(kReceiverLimit) + " addresses");
  }

  void events(const YamlNode& node, NotificationTarget& out) {
    if (node.find("events") != nullptr) {
      const YamlNode* list = read_.list(node, "events", "notifications[].events");
      out.events.clear();
      for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
        const YamlNode& item = list->items[i];
        if (!read_.is_text(item, "an event")) continue;
        if (!is_event_pattern(item.scalar))
          read_.fault(item.mark, in_quotes(item.scalar) +
                                     " is no event of audit/EVENTS.md, such as request.created or request.*");
        out.events.push_back(item.scalar);
      }
    }
    const YamlNode* severity = read_.text(node, "severity");
    if (severity == nullptr) return;
    out.severity = severity->scalar;
    if (!audit::severity_from_name(out.severity) && out.severity != "none")
      read_.fault(severity->mark,
                  "severity must be info, warning, severe or none, not " + in_quotes(out.severity));
  }

  void tls(const YamlNode& parent, NotificationTarget& out) {
    out.tls_name = bare_host(out.authority);
    const YamlNode* node = read_.map(parent, "tls", "notifications[].tls");
    if (node != nullptr) read_outside_tls(read_, *node, "the target", out.roots, out.tls_name);
  }

  ConfigReader& read_;
  Config& config_;
  std::set<std::string> names_;
};

}  // namespace

// What RFC 5321 calls a dot-string, an at sign and a domain; no quoted local parts, no comments, ASCII only.
bool is_mail_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || at > 64 || text.size() > kAddressLimit) return false;
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  const auto atom = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  };
  if (!std::all_of(local.begin(), local.end(), atom) || local.front() == '.' || local.back() == '.' ||
      local.find("..") != std::string_view::npos)
    return false;
  const auto host = http::parse_authority(domain);
  return host && host->port == 0 && !host->host.starts_with('[');
}

void read_outside_tls(ConfigReader& read, const YamlNode& node, const std::string& whose, FileName& roots,
                      std::string& name) {
  const YamlNode* file = node.find("roots");
  if (file != nullptr && (!file->is_scalar() || file->scalar != "system")) read.file(node, "roots", roots);
  const YamlNode* text = read.text(node, "name");
  if (text == nullptr) return;
  bool v6 = false;
  const auto host = http::parse_authority(text->scalar);
  if (!parse_numeric(text->scalar, v6) && !(host && host->port == 0)) {
    return read.fault(text->mark, "name must be the DNS name or address in the certificate of " + whose +
                                      ", not " + in_quotes(text->scalar));
  }
  name = base::to_lower(text->scalar);
}

void read_notifications(ConfigReader& read, const YamlNode& root, Config& config) {
  NotificationReader(read, config).all(root);
}

}  // namespace postern::supervisor
