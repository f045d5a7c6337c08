// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/control/config_store.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/bytes.h"
#include "gateway/http/authority.h"

namespace postern::mission {
namespace {

using base::YamlNode;
using supervisor::ConfigReader;

constexpr base::Micros kConnect = 5 * base::kWallSecond;
// A server that is cut off without a word is noticed after this, however little there is to ask it.
constexpr int kIdleSeconds = 10, kProbeSeconds = 5;
constexpr unsigned kUnacknowledged = 15'000;  // milliseconds
constexpr std::size_t kNameLimit = 63;        // PostgreSQL's own, of what it calls identifiers

void read_name(ConfigReader& read, const YamlNode& map, std::string_view key, std::string& out) {
  const YamlNode* node = read.text(map, key);
  if (node == nullptr) {
    if (map.find(key) == nullptr) read.fault(map.mark, "store.postgresql needs " + std::string(key));
    return;
  }
  out = node->scalar;
  if (out.size() > kNameLimit || !base::is_utf8(out) ||
      std::any_of(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    read.fault(node->mark, std::string(key) + " must be a name of at most 63 bytes, as PostgreSQL has it");
}

void read_host(ConfigReader& read, const YamlNode& map, StoreConfig& out) {
  const YamlNode* node = read.text(map, "host");
  if (node == nullptr) {
    if (map.find("host") == nullptr)
      read.fault(map.mark,
                 "store.postgresql needs host: a name, an address, or the folder of its Unix socket");
    return;
  }
  out.host = node->scalar;
  bool v6 = false;
  const auto name = http::parse_authority(out.host);
  if (!out.local() && !supervisor::parse_numeric(out.host, v6) && !(name && name->port == 0))
    read.fault(node->mark, "host must be a DNS name, an address or an absolute path, without a port, not " +
                               supervisor::in_quotes(out.host));
  if (out.local() && out.where().size() >= sizeof sockaddr_un::sun_path)
    read.fault(node->mark, "the folder of a Unix socket must be a shorter path");
}

void read_postgresql(ConfigReader& read, const YamlNode& map, StoreConfig& out) {
  out.postgresql = true;
  read.number(map, "port", 1, 65535, out.port);
  read_host(read, map, out);
  read_name(read, map, "database", out.database);
  read_name(read, map, "user", out.user);
  read.secret(map, "password_file", out.password);
  read.file(map, "certificate", out.certificate);
  read.secret(map, "key", out.key);
  if (out.certificate.path.empty() != out.key.path.empty())
    read.fault(map.mark, "certificate and key of store.postgresql go together");
  if (const YamlNode* tls = read.map(map, "tls", "store.postgresql.tls"); tls != nullptr)
    supervisor::read_outside_tls(read, *tls, "PostgreSQL", out.roots, out.tls_name);
  if (out.host.empty()) return;
  if (!out.local() && out.roots.path.empty())
    read.fault(
        map.mark,
        "store.postgresql needs tls: {roots: FILE}, the authority of its certificate: over a network it is "
        "always verified");
  if (out.local() && (map.find("tls") != nullptr || !out.certificate.path.empty()))
    read.fault(map.mark, "tls and certificate are for a network: a Unix socket has none of it");
}

base::Result<base::UniqueFd> connect_locally(const std::string& path) {
  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return base::fail_errno("socket", errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return base::fail_errno("no connection to " + path, errno);
  return socket;
}

void notice_silence(int fd) {
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kIdleSeconds, sizeof kIdleSeconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeSeconds, sizeof kProbeSeconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledged, sizeof kUnacknowledged);
}

}  // namespace

std::string StoreConfig::where() const {
  if (local()) return host + "/.s.PGSQL." + std::to_string(port);
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

void read_store(ConfigReader& read, const YamlNode& root, StoreConfig& out) {
  const YamlNode* node = root.find("store");
  if (node == nullptr) return;
  if (node->is_scalar()) {
    if (node->scalar != "sqlite")
      read.fault(node->mark, "store must be sqlite, or a map with postgresql, not " +
                                 supervisor::in_quotes(node->scalar));
    return;
  }
  const YamlNode* map = read.map(root, "store", "store");
  if (map == nullptr) return;
  const YamlNode* postgresql = read.map(*map, "postgresql", "store.postgresql");
  if (postgresql != nullptr) return read_postgresql(read, *postgresql, out);
  if (map->find("postgresql") == nullptr)
    read.fault(map->mark, "store must be sqlite, or a map with postgresql");
}

base::Json store_part(const StoreConfig& config, const StoreMaterial& material) {
  if (!config.postgresql) return nullptr;
  return {{"host", config.local() || config.tls_name.empty() ? config.host : config.tls_name},
          {"where", config.where()},
          {"port", config.port},
          {"database", config.database},
          {"user", config.user},
          {"roots", material.roots_pem},
          {"certificate", material.certificate_pem}};
}

void connect_store(supervisor::Connector& connector, const StoreConfig& config,
                   std::function<void(base::Result<base::UniqueFd>)> done) {
  if (config.local()) return done(connect_locally(config.where()));
  connector.connect(*http::parse_authority(config.where()), kConnect,
                    [done = std::move(done)](base::Result<base::UniqueFd> socket) {
                      if (socket.ok()) notice_silence(socket->get());
                      done(std::move(socket));
                    });
}

}  // namespace postern::mission
