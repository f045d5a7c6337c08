// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// component.services of postern.yaml: what is protected, and where it runs.
#include <algorithm>
#include <charconv>
#include <map>

#include "base/bytes.h"
#include "gateway/http/chars.h"
#include "gateway/http/field_id.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::kWallSecond;
using base::YamlNode;

constexpr std::size_t kServiceNameLimit = 63;
constexpr std::string_view kOurPath = "/.postern/";

bool is_name_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_service_name(std::string_view name) {
  if (name.empty() || name.size() > kServiceNameLimit || !is_name_byte(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_name_byte(c) || c == '-'; });
}

// Visible ASCII without what a path would have to escape or what would start a query; no empty and no dot
// segments.
bool is_plain_path(std::string_view path) {
  for (const char c : path) {
    if (c <= ' ' || c >= 0x7f || std::string_view("?#%\\;\"<>^`{|}").find(c) != std::string_view::npos)
      return false;
  }
  return path.find("//") == std::string_view::npos && path.find("/./") == std::string_view::npos &&
         path.find("/../") == std::string_view::npos;
}

// Of one connection or of the message's framing: never passed on, whatever a configuration says.
bool frames_message(std::string_view lower_case_name) {
  const http::FieldId id = http::identify(lower_case_name);
  return http::rule_of(id).hop_by_hop || id == http::FieldId::Host || id == http::FieldId::ContentLength ||
         id == http::FieldId::TransferEncoding || id == http::FieldId::Expect;
}

class Services {
 public:
  Services(ConfigReader& read, Config& config) : read_(read), config_(config) {}

  void component(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "component", "component");
    const YamlNode* list = node == nullptr ? nullptr : read_.list(*node, "services", "component.services");
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) service(item);
    if (config_.services.size() > kServiceLimit) {
      read_.fault(list->mark,
                  "component.services must hold at most " + std::to_string(kServiceLimit) + " services");
    }
    if (config_.nodes() > kNodeLimit) {
      read_.fault(list->mark,
                  "all services together must have at most " + std::to_string(kNodeLimit) + " nodes");
    }
    if (config_.credentials() > kCredentialLimit) {
      read_.fault(list->mark, "all services together must have at most " + std::to_string(kCredentialLimit) +
                                  " credentials");
    }
  }

 private:
  void service(const YamlNode& node) {
    if (!read_.is_map(node, "component.services[]")) return;
    Service out;
    out.mark = node.mark;
    service_name(node, out);
    service_path(node, out);
    if (const YamlNode* host = read_.text(node, "host"); host != nullptr) {
      out.host = host->scalar;
      if (!http::is_authority(host->scalar)) {
        read_.fault(host->mark,
                    "host must be a host or host:port to send to the nodes, not " + in_quotes(host->scalar));
      }
    }
    nodes(node, out);
    health(node, out.health);
    tls(node, out);
    http2(node, out);
    strip(node, out);
    read_credentials(read_, node, out);
    out.update = read_update(read_, node, out);
    config_.services.push_back(std::move(out));
  }

  void service_name(const YamlNode& node, Service& out) {
    if (node.find("name") == nullptr)
      return read_.fault(node.mark, "a service needs a name such as prometheus");
    const YamlNode* name = read_.text(node, "name");
    if (name == nullptr) return;
    out.name = name->scalar;
    if (!is_service_name(out.name)) {
      read_.fault(name->mark,
                  "the name of a service must be lower-case letters, digits and '-', at most 63, not " +
                      in_quotes(out.name));
    }
    if (!names_.emplace(out.name, name->mark).second) {
      read_.fault(name->mark, "the service " + in_quotes(out.name) + " stands on line " +
                                  std::to_string(names_.at(out.name).line) +
                                  " already: give this one another name");
    }
  }

  void service_path(const YamlNode& node, Service& out) {
    if (node.find("path") == nullptr)
      return read_.fault(node.mark, "a service needs a path such as /prometheus/");
    const YamlNode* path = read_.text(node, "path");
    if (path == nullptr) return;
    out.path = path->scalar;
    if (!out.path.starts_with('/') || !out.path.ends_with('/') || !is_plain_path(out.path)) {
      return read_.fault(path->mark,
                         "the path of a service must begin and end with '/', such as /prometheus/, not " +
                             in_quotes(out.path));
    }
    if (out.path.starts_with(kOurPath)) {
      return read_.fault(path->mark, "paths below /.postern/ are Postern's own: choose another");
    }
    if (!paths_.emplace(out.path, path->mark).second) {
      read_.fault(path->mark, "the path " + in_quotes(out.path) + " belongs to the service on line " +
                                  std::to_string(paths_.at(out.path).line) +
                                  " already: two services need two paths");
    }
  }

  void nodes(const YamlNode& node, Service& out) {
    const YamlNode* list = read_.list(node, "nodes", "nodes");
    if (list == nullptr || list->items.empty()) {
      if (list != nullptr || node.find("nodes") == nullptr) {
        read_.fault(node.mark, "a service needs nodes such as [http://127.0.0.1:9090]");
      }
      return;
    }
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "a node")) continue;
      Node one;
      if (!parse_node(item, one)) continue;
      const auto same = [&](const Node& other) {
        return other.authority == one.authority && other.https == one.https;
      };
      if (std::any_of(out.nodes.begin(), out.nodes.end(), same)) {
        read_.fault(item.mark, "the node " + in_quotes(item.scalar) + " stands here twice: keep one");
      }
      out.nodes.push_back(std::move(one));
    }
  }

  bool parse_node(const YamlNode& item, Node& out) {
    std::string_view rest = item.scalar;
    out.https = rest.starts_with("https://");
    const bool scheme = out.https || rest.starts_with("http://");
    if (scheme) rest.remove_prefix(out.https ? 8 : 7);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    const std::optional<http::Authority> authority = scheme ? http::parse_authority(rest) : std::nullopt;
    if (!authority) {
      read_.fault(
          item.mark,
          "a node must be http:// or https://, a host and perhaps a port, and nothing behind, such as "
          "http://127.0.0.1:9090, not " +
              in_quotes(item.scalar));
      return false;
    }
    out.id = next_node_++;
    out.url = item.scalar;
    out.authority = *authority;
    if (out.authority.port == 0) out.authority.port = out.https ? 443 : 80;
    out.mark = item.mark;
    return true;
  }

  void health(const YamlNode& parent, Health& out) {
    const YamlNode* node = read_.map(parent, "health", "component.services[].health");
    if (node == nullptr) return;
    if (node->find("path") == nullptr)
      return read_.fault(node->mark, "health needs a path such as /-/healthy");
    if (const YamlNode* path = read_.text(*node, "path"); path != nullptr) {
      out.path = path->scalar;
      if (!out.path.starts_with('/') || !is_plain_path(out.path)) {
        read_.fault(path->mark,
                    "the path of a health check must begin with '/' and have no query, such as /-/healthy");
      }
    }
    read_.duration(*node, "interval", kWallSecond, kHour, out.interval);
    read_.duration(*node, "timeout", kWallSecond / 10, 5 * kMinute, out.timeout);
    if (out.timeout > out.interval) {
      read_.fault(node->mark, "the timeout of a health check (" + base::format_duration(out.timeout) +
                                  ") must not be longer than its interval (" +
                                  base::format_duration(out.interval) + ")");
    }
    if (const YamlNode* status = read_.text(*node, "status"); status != nullptr) health_status(*status, out);
  }

  void health_status(const YamlNode& node, Health& out) {
    const std::string_view text = node.scalar;
    const auto code = [](std::string_view digits) {
      int value = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      const bool sound = digits.size() == 3 && error == std::errc() && end == digits.data() + 3;
      return sound && value >= 100 && value <= 599 ? value : 0;
    };
    const std::size_t dash = text.find('-');
    const int from = code(text.substr(0, dash));
    const int to = dash == std::string_view::npos ? from : code(text.substr(dash + 1));
    if (from == 0 || to == 0 || to < from) {
      return read_.fault(
          node.mark,
          "status must be what a healthy node answers, such as 200 or 200-399, not " + in_quotes(text));
    }
    out.status_from = from;
    out.status_to = to;
  }

  void tls(const YamlNode& parent, Service& out) {
    const YamlNode* node = read_.map(parent, "tls", "component.services[].tls");
    if (node == nullptr) return;
    if (std::none_of(out.nodes.begin(), out.nodes.end(), [](const Node& n) { return n.https; })) {
      read_.fault(node->mark,
                  "tls is for nodes that begin with https://, and this service has none: remove it");
    }
    const YamlNode* roots = node->find("roots");
    if (roots != nullptr && (!roots->is_scalar() || roots->scalar != "system"))
      read_.file(*node, "roots", out.roots);
    if (const YamlNode* name = read_.text(*node, "name"); name != nullptr) tls_name(*name, out);
    read_revocation_fetch(read_, *node, out.crl, out.revocation_fetch);
    if (out.revocation_fetch.from_certificate && out.roots.path.empty())
      read_.fault(
          out.revocation_fetch.mark,
          "crl: from_certificate needs tls.roots: the file with the certificates of the nodes' authorities");
    read_revocation(read_, *node, out.revocation);
  }

  void tls_name(const YamlNode& name, Service& out) {
    bool v6 = false;
    const std::optional<http::Authority> host = http::parse_authority(name.scalar);
    if (!parse_numeric(name.scalar, v6) && !(host && host->port == 0)) {
      return read_.fault(name.mark, "name must be the DNS name or address in the nodes' certificates, not " +
                                        in_quotes(name.scalar));
    }
    out.tls_name = base::to_lower(name.scalar);
  }

  void http2(const YamlNode& parent, Service& out) {
    const YamlNode* node = read_.text(parent, "http2");
    if (node == nullptr) return;
    out.http2 = node->scalar;
    if (out.http2 == "auto" || out.http2 == "off") return;
    if (out.http2 != "prior-knowledge") {
      return read_.fault(node->mark,
                         "http2 must be auto, off, or prior-knowledge, not " + in_quotes(out.http2));
    }
    if (std::any_of(out.nodes.begin(), out.nodes.end(), [](const Node& n) { return n.https; })) {
      read_.fault(node->mark,
                  "http2: prior-knowledge is for nodes that begin with http://; those that begin with "
                  "https:// say in "
                  "the TLS handshake whether they speak HTTP/2: remove it");
    }
  }

  void strip(const YamlNode& parent, Service& out) {
    const YamlNode* node = read_.map(parent, "strip", "component.services[].strip");
    if (node == nullptr) return;
    fields(*node, "request", out.strip_request);
    fields(*node, "response", out.strip_response);
  }

  void fields(const YamlNode& parent, std::string_view key, std::vector<std::string>& out) {
    const YamlNode* list = read_.list(parent, key, "strip." + std::string(key));
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) {
      if (!read_.is_text(item, "a field")) continue;
      if (!http::is_token(item.scalar)) {
        read_.fault(item.mark, "a field must be the name of a header field, such as x-internal-token, not " +
                                   in_quotes(item.scalar));
        continue;
      }
      std::string name = base::to_lower(item.scalar);
      if (frames_message(name)) {
        read_.fault(item.mark, "the field " + in_quotes(name) +
                                   " says how a message is carried; Postern writes it anew on each side: "
                                   "remove it here");
      } else if (std::find(out.begin(), out.end(), name) != out.end()) {
        read_.fault(item.mark, "the field " + in_quotes(name) + " stands here twice: keep one");
      }
      out.push_back(std::move(name));
    }
  }

  ConfigReader& read_;
  Config& config_;
  std::uint32_t next_node_ = 0;
  std::map<std::string, base::Mark, std::less<>> names_, paths_;  // of the services so far
};

}  // namespace

void read_component(ConfigReader& read, const YamlNode& root, Config& config) {
  Services(read, config).component(root);
}

}  // namespace postern::supervisor
