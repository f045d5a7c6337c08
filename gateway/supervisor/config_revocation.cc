// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// crl, ocsp and revocation_sources of postern.yaml: where it is learned that certificates were taken back.
#include <algorithm>

#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::size_t kMostLists = 8;
constexpr std::size_t kMostSourceHosts = 32;
constexpr base::Micros kShortestEvery = 10 * base::kWallSecond, kLongestFetchEvery = 7 * 24 * kHour;
constexpr base::Micros kLongestWait = 30 * base::kWallSecond;
constexpr std::string_view kFromCertificate = "from_certificate";

bool is_address(std::string_view text) { return text.find("://") != std::string_view::npos; }

void read_source(ConfigReader& read, const YamlNode& item, FileName& file, RevocationFetch& out) {
  if (!read.is_text(item, "crl")) return;
  if (item.scalar == kFromCertificate) {
    out.from_certificate = true;
  } else if (is_address(item.scalar)) {
    const auto address = http::parse_web_address(item.scalar);
    if (!address)
      return read.fault(item.mark,
                        "crl must be a file, from_certificate, or an http:// or https:// address such as "
                        "http://pki.example.org/support.crl, not " +
                            in_quotes(item.scalar));
    const bool twice = std::any_of(out.lists.begin(), out.lists.end(),
                                   [&](const CrlAddress& one) { return one.url == item.scalar; });
    if (twice) return read.fault(item.mark, in_quotes(item.scalar) + " stands here twice: keep one");
    out.lists.push_back({item.scalar, *address, item.mark});
  } else if (!file.path.empty()) {
    read.fault(item.mark, "crl must name one file at most: put all lists into it");
  } else {
    file = {read.resolve(item.scalar), item.mark};
  }
}

}  // namespace

void read_revocation_fetch(ConfigReader& read, const YamlNode& map, FileName& file, RevocationFetch& out) {
  read.flag(map, "ocsp", out.ocsp);
  const YamlNode* crl = map.find("crl");
  if (crl == nullptr) return;
  out.mark = crl->mark;
  if (!crl->is_list()) return read_source(read, *crl, file, out);
  for (const YamlNode& item : crl->items) read_source(read, item, file, out);
  if (crl->items.empty() || crl->items.size() > kMostLists)
    read.fault(crl->mark, "crl must name 1 to " + std::to_string(kMostLists) + " sources");
}

void read_revocation_sources(ConfigReader& read, const YamlNode& root, Config& config) {
  const YamlNode* node = read.map(root, "revocation_sources", "revocation_sources");
  if (node == nullptr) return;
  RevocationSources& out = config.revocation_sources;
  out.mark = node->mark;
  if (const YamlNode* hosts = read.list(*node, "hosts", "revocation_sources.hosts"); hosts != nullptr) {
    for (const YamlNode& item : hosts->items) {
      if (!read.is_text(item, "a host")) continue;
      const auto authority = http::parse_authority(item.scalar);
      if (!authority)
        read.fault(item.mark,
                   "a host must be a name or an address, and perhaps a port, such as "
                   "ocsp.example.org or pki.example.org:8080, not " +
                       in_quotes(item.scalar));
      else
        out.hosts.push_back(*authority);
    }
    if (hosts->items.size() > kMostSourceHosts)
      read.fault(hosts->mark,
                 "revocation_sources.hosts must hold at most " + std::to_string(kMostSourceHosts) + " hosts");
  }
  read.file(*node, "roots", out.roots);
  read.duration(*node, "every", kShortestEvery, kLongestFetchEvery, out.every);
  read.duration(*node, "wait", base::kWallSecond / 10, kLongestWait, out.wait);
}

bool RevocationSources::names(const http::WebAddress& address) const {
  return std::any_of(hosts.begin(), hosts.end(), [&](const http::Authority& one) {
    const std::uint16_t usual = address.https ? 443 : 80;
    return one.host == address.authority.host && (one.port == 0 ? usual : one.port) == address.authority.port;
  });
}

}  // namespace postern::supervisor
