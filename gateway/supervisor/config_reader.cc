// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/config_reader.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "gateway/supervisor/secret.h"
#include "gateway/token/settings.h"
#include "policy/reader.h"

namespace postern::supervisor {
namespace {

constexpr std::size_t kTextLimit = 4096;  // bytes of one value: PATH_MAX

constexpr std::array<std::pair<std::string_view, int>, 3> kUnits{{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};

const std::vector<std::string_view>& keys_of(const std::vector<KeyTable>& tables, std::string_view path) {
  static const std::vector<std::string_view> none;
  for (const KeyTable& table : tables) {
    if (table.map == path) return table.keys;
  }
  return none;
}

std::string listing(const std::vector<std::string_view>& keys) {
  std::string out;
  for (const std::string_view key : keys) out += (out.empty() ? "" : ", ") + std::string(key);
  return out;
}

std::string range(const std::string& low, const std::string& high) {
  return "between " + low + " and " + high;
}

// Digits only: no sign, no spaces, nothing behind.
bool parse_whole(std::string_view text, std::int64_t& value) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string in_quotes(std::string_view text) { return '"' + base::printable(text, 80) + '"'; }

bool parse_numeric(std::string_view host, bool& v6) {
  const std::string text(host);
  std::array<unsigned char, 16> bytes{};
  v6 = ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
  return v6 || ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1;
}

std::int64_t parse_size(std::string_view text) {
  int shift = 0;
  for (const auto& [unit, bits] : kUnits) {
    if (!text.ends_with(unit)) continue;
    shift = bits;
    text.remove_suffix(unit.size());
    break;
  }
  std::int64_t value = 0;
  if (!parse_whole(text, value) || value > (INT64_MAX >> shift)) return -1;
  return value << shift;
}

std::string format_size(std::int64_t bytes) {
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    const std::int64_t whole = std::int64_t{1} << unit->second;
    if (bytes >= whole && bytes % whole == 0) return std::to_string(bytes / whole) + std::string(unit->first);
  }
  return std::to_string(bytes);
}

bool ConfigReader::is_map(const base::YamlNode& node, std::string_view path) {
  const std::vector<std::string_view>& known = keys_of(tables_, path);
  const std::string name = path.empty() ? "the file" : std::string(path);
  if (!node.is_map()) {
    fault(node.mark,
          name + " must be a map with the keys " + listing(known) + ", not " + std::string(node.kind_name()));
    return false;
  }
  for (const base::YamlNode::Entry& entry : node.entries) {
    bool found = false;
    for (const std::string_view key : known) found = found || key == entry.key;
    if (found) continue;
    const std::string hint = policy::did_you_mean(entry.key, known);
    fault(entry.mark, "there is no key " + in_quotes(entry.key) + " in " + name +
                          (hint.empty() ? ": the keys are " + listing(known) : hint));
  }
  return true;
}

const base::YamlNode* ConfigReader::map(const base::YamlNode& parent, std::string_view key,
                                        std::string_view path) {
  const base::YamlNode* node = parent.find(key);
  return node != nullptr && is_map(*node, path) ? node : nullptr;
}

const base::YamlNode* ConfigReader::list(const base::YamlNode& parent, std::string_view key,
                                         std::string_view path) {
  const base::YamlNode* node = parent.find(key);
  if (node == nullptr || node->is_list()) return node;
  fault(node->mark, std::string(path) + " must be a list, not " + std::string(node->kind_name()));
  return nullptr;
}

bool ConfigReader::is_text(const base::YamlNode& node, std::string_view what) {
  if (node.is_scalar() && !node.scalar.empty() && node.scalar.size() <= kTextLimit) return true;
  const bool too_long = node.is_scalar() && node.scalar.size() > kTextLimit;
  const std::string is = too_long ? "more than " + std::to_string(kTextLimit) + " bytes"
                                  : (node.is_scalar() ? "empty" : std::string(node.kind_name()));
  fault(node.mark, std::string(what) + " must be a single value, not " + is);
  return false;
}

const base::YamlNode* ConfigReader::text(const base::YamlNode& map, std::string_view key) {
  const base::YamlNode* node = map.find(key);
  return node != nullptr && is_text(*node, key) ? node : nullptr;
}

void ConfigReader::number(const base::YamlNode& map, std::string_view key, int low, int high, int& out,
                          std::string_view besides) {
  const base::YamlNode* node = text(map, key);
  if (node == nullptr) return;
  std::int64_t value = 0;
  if (!parse_whole(node->scalar, value) || value < low || value > high) {
    return fault(node->mark, std::string(key) + " must be a whole number " +
                                 range(std::to_string(low), std::to_string(high)) + std::string(besides) +
                                 ", not " + in_quotes(node->scalar));
  }
  out = static_cast<int>(value);
}

void ConfigReader::size(const base::YamlNode& map, std::string_view key, std::int64_t low, std::int64_t high,
                        std::int64_t& out) {
  const base::YamlNode* node = text(map, key);
  if (node == nullptr) return;
  const std::int64_t value = parse_size(node->scalar);
  if (value < low || value > high) {
    return fault(node->mark, std::string(key) + " must be a size such as 16KiB or 64MiB, " +
                                 range(format_size(low), format_size(high)) + ", not " +
                                 in_quotes(node->scalar));
  }
  out = value;
}

void ConfigReader::duration(const base::YamlNode& map, std::string_view key, base::Micros low,
                            base::Micros high, base::Micros& out) {
  const base::YamlNode* node = text(map, key);
  if (node == nullptr) return;
  const base::Result<base::Micros> value = base::parse_duration(node->scalar);
  if (!value.ok() || *value < low || *value > high) {
    return fault(node->mark, std::string(key) + " must be a duration such as 30s, 15m or 8h, " +
                                 range(base::format_duration(low), base::format_duration(high)) + ", not " +
                                 in_quotes(node->scalar));
  }
  out = *value;
}

std::string ConfigReader::resolve(const std::string& path) const {
  return path.starts_with('/') ? path : folder_ + "/" + path;
}

void ConfigReader::flag(const base::YamlNode& map, std::string_view key, bool& out) {
  const base::YamlNode* node = text(map, key);
  if (node == nullptr) return;
  if (node->scalar != "true" && node->scalar != "false")
    return fault(node->mark, std::string(key) + " must be true or false, not " + in_quotes(node->scalar));
  out = node->scalar == "true";
}

void ConfigReader::file(const base::YamlNode& map, std::string_view key, FileName& out) {
  const base::YamlNode* node = text(map, key);
  if (node == nullptr) return;
  out = {resolve(node->scalar), node->mark};
}

void ConfigReader::required_file(const base::YamlNode& map, std::string_view path, std::string_view key,
                                 std::string_view why, FileName& out) {
  if (is_there(map, path, key, why)) file(map, key, out);
}

void ConfigReader::secret(const base::YamlNode& map, std::string_view key, FileName& out) {
  const base::YamlNode* node = text(map, key);
  if (node == nullptr) return;
  if (token::is_uri(node->scalar)) {
    return fault(node->mark,
                 std::string(key) +
                     " cannot lie in a token: only keys of listeners and of client certificates can, not " +
                     in_quotes(node->scalar));
  }
  if (!is_credential(node->scalar)) return file(map, key, out);
  if (const std::string wrong = wrong_with_credential(node->scalar); !wrong.empty())
    return fault(node->mark, std::string(key) + ": " + wrong + ", not " + in_quotes(node->scalar));
  out = {node->scalar, node->mark};
}

void ConfigReader::required_secret(const base::YamlNode& map, std::string_view path, std::string_view key,
                                   std::string_view why, FileName& out) {
  if (is_there(map, path, key, why)) secret(map, key, out);
}

void ConfigReader::required_key(const base::YamlNode& map, std::string_view path, std::string_view key,
                                std::string_view why, FileName& out) {
  const base::YamlNode* node = map.find(key);
  if (node == nullptr || !node->is_scalar() || !token::is_uri(node->scalar))
    return required_secret(map, path, key, why, out);
  if (const std::string wrong = token::wrong_with_uri(node->scalar); !wrong.empty())
    return fault(node->mark, std::string(key) + ": the URI " + wrong);
  out = {node->scalar, node->mark};
}

bool ConfigReader::is_there(const base::YamlNode& map, std::string_view path, std::string_view key,
                            std::string_view why) {
  if (map.find(key) != nullptr) return true;
  fault(map.mark, std::string(path) + " needs " + std::string(key) + ": " + std::string(why));
  return false;
}

void keep_apart(ConfigReader& read, const FileName& folder, const Config& config) {
  const std::string& state = config.state_directory.path;
  if (!folder.path.empty() && (folder.path + "/").starts_with(state + "/"))
    read.fault(folder.mark, "folder must not be within the state directory, which other processes read");
}

}  // namespace postern::supervisor
