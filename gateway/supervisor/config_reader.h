// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Typed values out of the maps of postern.yaml. A missing key leaves the default that stands in the variable;
// a wrong one is a fault at its place that says what would be right, and reading goes on, so that one run
// finds them all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/yaml.h"
#include "gateway/supervisor/config.h"

namespace postern::supervisor {

inline constexpr base::Micros kMinute = 60 * base::kWallSecond;
inline constexpr base::Micros kHour = 60 * kMinute;

class ConfigReader {
 public:
  // tables: which keys there are; they outlive this.
  ConfigReader(std::vector<base::Fault>& faults, const std::string& folder,
               const std::vector<KeyTable>& tables = config_keys())
      : faults_(faults), folder_(folder), tables_(tables) {}

  void fault(base::Mark mark, std::string message) { faults_.push_back({mark, std::move(message)}); }

  // The map under key, its keys checked against the tables; nullptr if it is missing (no fault) or no map
  // (fault). path names the map: "limits".
  const base::YamlNode* map(const base::YamlNode& parent, std::string_view key, std::string_view path);
  // The same judgement of a node that is at hand.
  bool is_map(const base::YamlNode& node, std::string_view path);
  const base::YamlNode* list(const base::YamlNode& parent, std::string_view key, std::string_view path);

  // A single value, not empty; nullptr if missing (no fault) or something else (fault).
  const base::YamlNode* text(const base::YamlNode& map, std::string_view key);
  bool is_text(const base::YamlNode& node, std::string_view what);

  // besides: what else would be right, for the fault: " or auto".
  void number(const base::YamlNode& map, std::string_view key, int low, int high, int& out,
              std::string_view besides = {});
  void size(const base::YamlNode& map, std::string_view key, std::int64_t low, std::int64_t high,
            std::int64_t& out);
  void duration(const base::YamlNode& map, std::string_view key, base::Micros low, base::Micros high,
                base::Micros& out);
  void flag(const base::YamlNode& map, std::string_view key, bool& out);  // true or false
  void file(const base::YamlNode& map, std::string_view key, FileName& out);
  // A fault at the map if the key is missing. why: "the file with the listener's certificate chain in PEM".
  void required_file(const base::YamlNode& map, std::string_view path, std::string_view key,
                     std::string_view why, FileName& out);

  // The same of a secret: a path, or credential:NAME (secret.h), which stays as it is.
  void secret(const base::YamlNode& map, std::string_view key, FileName& out);
  void required_secret(const base::YamlNode& map, std::string_view path, std::string_view key,
                       std::string_view why, FileName& out);
  // The same of a key that TLS is done with, which may also lie in a token: a PKCS #11 URI, which stays as it is too.
  void required_key(const base::YamlNode& map, std::string_view path, std::string_view key,
                    std::string_view why, FileName& out);

  std::string resolve(const std::string& path) const;  // absolute, from the file's folder

 private:
  bool is_there(const base::YamlNode& map, std::string_view path, std::string_view key, std::string_view why);

  std::vector<base::Fault>& faults_;
  const std::string& folder_;
  const std::vector<KeyTable>& tables_;
};

std::string in_quotes(std::string_view text);  // printable, in double quotes

// A numeric IPv4 or IPv6 address, without brackets.
bool parse_numeric(std::string_view host, bool& v6);

// "16KiB", "64MiB", "2GiB" or bytes. Negative: not one.
std::int64_t parse_size(std::string_view text);
std::string format_size(std::int64_t bytes);

// The part of the file below "component" (config_services.cc), and of it what a service is shown
// (config_credentials.cc).
void read_component(ConfigReader& read, const base::YamlNode& root, Config& config);
void read_credentials(ConfigReader& read, const base::YamlNode& service, Service& out);
// engineer_certificates (config_engineers.cc); after support_authority.
void read_engineers(ConfigReader& read, const base::YamlNode& root, Config& config);
// revocation: hard or soft; what stands in out is kept if the file does not say. Where it says so; nullptr: it does not, or
// something else.
const base::YamlNode* read_revocation(ConfigReader& read, const base::YamlNode& node, certs::Revocation& out);
// crl, which may name one file and places to fetch from, and ocsp; revocation_sources, which says where (config_revocation.cc).
void read_revocation_fetch(ConfigReader& read, const base::YamlNode& map, FileName& file,
                           RevocationFetch& out);
void read_revocation_sources(ConfigReader& read, const base::YamlNode& root, Config& config);
// requests (config_requests.cc).
void read_requests(ConfigReader& read, const base::YamlNode& root, Config& config);
// grants (config_grants.cc).
void read_grants(ConfigReader& read, const base::YamlNode& root, Config& config);
// log.witnesses and witness (config_witnesses.cc); after read_component, whose nodes are numbered first.
void read_witnesses(ConfigReader& read, const base::YamlNode& root, Config& config);
// notifications (config_notifications.cc); after read_witnesses, for the same reason.
void read_notifications(ConfigReader& read, const base::YamlNode& root, Config& config);
// acme (config_acme.cc); after read_notifications.
void read_acme(ConfigReader& read, const base::YamlNode& root, Config& config);
// A listener (config.cc): address, certificates, names, and what else it says. What stands in out stays where it does not.
void read_listener(ConfigReader& read, const base::YamlNode& parent, std::string_view name, Listener& out);
// log.level (config.cc).
void read_log_level(ConfigReader& read, const base::YamlNode& root, base::Level& out);
// "0.0.0.0:80"; key: for the fault.
void read_listen_address(ConfigReader& read, const base::YamlNode& node, std::string_view key, Address& out);
bool is_mail_address(std::string_view text);
// pkcs11 (config_token.cc); after all that name secrets.
void read_pkcs11(ConfigReader& read, const base::YamlNode& root, Config& config);
// openid and admin_openid (config_openid.cc); after read_notifications and second_factor.
void read_openid(ConfigReader& read, const base::YamlNode& root, Config& config);
// mission_control (config_mission.cc); after read_openid.
void read_mission_control(ConfigReader& read, const base::YamlNode& root, Config& config);
// updates of mission_control (config_vendor_updates.cc).
void read_vendor_updates(ConfigReader& read, const base::YamlNode& mission_control, MissionControl& out);
// Of it window and notice (config_windows.cc).
void read_update_windows(ConfigReader& read, const base::YamlNode& updates, MissionControl::Updates& out);
// monitoring (config_monitoring.cc); after read_component.
void read_monitoring(ConfigReader& read, const base::YamlNode& root, Config& config);
// update of a service (config_updates.cc), of which all but this is read; and what holds for all of them together.
std::optional<Update> read_update(ConfigReader& read, const base::YamlNode& service, const Service& so_far);
std::optional<Update> read_own_update(ConfigReader& read, const base::YamlNode& root);
void check_updates(ConfigReader& read, const Config& config);
// Keys are not kept in the state directory, which is the ledger's to change and the console's to read.
void keep_apart(ConfigReader& read, const FileName& folder, const Config& config);
// tls of a place outside: the roots that it is believed by, and the name in its certificate, where they are said.
void read_outside_tls(ConfigReader& read, const base::YamlNode& node, const std::string& whose,
                      FileName& roots, std::string& name);

}  // namespace postern::supervisor
