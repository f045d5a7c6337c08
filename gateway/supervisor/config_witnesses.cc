// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// log.witnesses and witness of postern.yaml: who cosigns our log, and whose logs we cosign.
#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "certs/note.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::size_t kWitnessNameLimit = 63;

bool is_witness_name(std::string_view name) {
  return !name.empty() && name.size() <= kWitnessNameLimit &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

// Visible ASCII without what a target would have to escape; no empty and no dot segments.
bool is_plain_prefix(std::string_view path) {
  for (const char c : path) {
    if (c <= ' ' || c >= 0x7f || std::string_view("?#%\\;\"<>^`{|}").find(c) != std::string_view::npos)
      return false;
  }
  const std::string closed = std::string(path) + "/";
  return closed.find("//") == std::string::npos && closed.find("/./") == std::string::npos &&
         closed.find("/../") == std::string::npos;
}

bool is_this_machine(const http::Authority& authority) {
  if (authority.host == "localhost" || authority.host == "[::1]") return true;
  bool v6 = false;
  return authority.host.starts_with("127.") && parse_numeric(authority.host, v6);
}

class WitnessReader {
 public:
  WitnessReader(ConfigReader& read, Config& config) : read_(read), config_(config) {}

  void ours(const YamlNode& root) {
    const YamlNode* log = root.find("log");
    if (log == nullptr || log->find("witnesses") == nullptr) return;
    const YamlNode* list = read_.list(*log, "witnesses", "log.witnesses");
    if (list == nullptr) return;
    line_ = root.find("mission_control") != nullptr;
    for (const YamlNode& item : list->items) one_of_ours(item);
    if (config_.log_witnesses.size() > kLogWitnessLimit)
      read_.fault(list->mark,
                  "log.witnesses must hold at most " + std::to_string(kLogWitnessLimit) + " witnesses");
  }

  void for_others(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "witness", "witness");
    if (node == nullptr) return;
    read_.required_secret(*node, "witness", "key", "the file that postern audit witness-key makes",
                          config_.witness_key);
    const YamlNode* list = read_.list(*node, "logs", "witness.logs");
    if (list == nullptr && node->find("logs") == nullptr)
      read_.fault(node->mark, "witness needs logs: the verifier keys of the logs to cosign");
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) {
      if (read_.is_text(item, "a log")) log_key(item);
    }
    if (config_.witnessed_logs.size() > kWitnessedLogLimit)
      read_.fault(list->mark,
                  "witness.logs must hold at most " + std::to_string(kWitnessedLogLimit) + " logs");
  }

 private:
  void one_of_ours(const YamlNode& node) {
    if (!read_.is_map(node, "log.witnesses[]")) return;
    LogWitness out;
    out.mark = node.mark;
    out.id = static_cast<std::uint32_t>(config_.nodes() + config_.log_witnesses.size());
    name(node, out);
    read_.flag(node, "mission_control", out.mission_control);
    if (out.mission_control) {
      over_the_line(node);
      key(node, out);
    } else {
      url(node, out);
      key(node, out);
      tls(node, out);
    }
    config_.log_witnesses.push_back(std::move(out));
  }

  void over_the_line(const YamlNode& node) {
    for (const char* key : {"url", "tls"}) {
      if (const YamlNode* found = node.find(key); found != nullptr)
        read_.fault(found->mark, "a witness with mission_control: true is asked over the line: remove " +
                                     std::string(key));
    }
    if (!line_)
      read_.fault(
          node.mark,
          "a witness with mission_control: true needs mission_control: the line that it is asked over");
    if (std::exchange(asked_over_line_, true))
      read_.fault(node.mark, "two witnesses have mission_control: true: keep one");
  }

  const YamlNode* needed(const YamlNode& node, std::string_view key, const char* such_as) {
    if (node.find(key) == nullptr)
      read_.fault(node.mark, "a witness needs " + std::string(key) + " such as " + such_as);
    return read_.text(node, key);
  }

  void name(const YamlNode& node, LogWitness& out) {
    const YamlNode* name = needed(node, "name", "north");
    if (name == nullptr) return;
    out.name = name->scalar;
    if (!is_witness_name(out.name)) {
      read_.fault(name->mark,
                  "the name of a witness must be lower-case letters, digits, '-' and '.', at most 63, not " +
                      in_quotes(out.name));
    } else if (!names_.insert(out.name).second) {
      read_.fault(name->mark, "two witnesses are called " + in_quotes(out.name) + ": give one another name");
    }
  }

  void url(const YamlNode& node, LogWitness& out) {
    const YamlNode* url = needed(node, "url", "https://witness.example.org/witness");
    if (url == nullptr) return;
    std::string_view rest = url->scalar;
    while (rest.ends_with('/')) rest.remove_suffix(1);
    out.url = rest;
    out.https = rest.starts_with("https://");
    const bool scheme = out.https || rest.starts_with("http://");
    if (scheme) rest.remove_prefix(out.https ? 8 : 7);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const auto authority = scheme ? http::parse_authority(rest.substr(0, slash)) : std::nullopt;
    out.path = rest.substr(slash);
    if (!authority || !is_plain_prefix(out.path)) {
      return read_.fault(url->mark,
                         "url must be https://, a host, perhaps a port and a path, such as "
                         "https://witness.example.org/witness, not " +
                             in_quotes(url->scalar));
    }
    out.authority = *authority;
    if (!out.https && !is_this_machine(out.authority)) {
      read_.fault(url->mark, "url must begin with https:// unless the witness is on this machine, not " +
                                 in_quotes(url->scalar));
    }
    if (out.authority.port == 0) out.authority.port = out.https ? 443 : 80;
  }

  void key(const YamlNode& node, LogWitness& out) {
    const YamlNode* text = needed(node, "verifier_key", "witness/0a1b2c3d4e5f6071+8293a4b5+BAf..");
    if (text == nullptr) return;
    const auto key = certs::parse_verifier_key(text->scalar);
    if (!key.ok()) return read_.fault(text->mark, "verifier_key: " + key.error().message);
    if (key->algorithm != certs::NoteAlgorithm::Cosignature)
      return read_.fault(
          text->mark, "verifier_key is the key of a log, not of a witness: its last part must begin with B");
    out.verifier_key = text->scalar;
    if (!ids_.insert(key->id).second) read_.fault(text->mark, "two witnesses have this key: keep one");
  }

  void tls(const YamlNode& parent, LogWitness& out) {
    out.tls_name = bare_host(out.authority);
    const YamlNode* node = read_.map(parent, "tls", "log.witnesses[].tls");
    if (node == nullptr) return;
    if (!out.https) read_.fault(node->mark, "tls is for a url that begins with https://: remove it");
    read_outside_tls(read_, *node, "the witness", out.roots, out.tls_name);
  }

  void log_key(const YamlNode& item) {
    const auto key = certs::parse_verifier_key(item.scalar);
    if (!key.ok()) return read_.fault(item.mark, "the verifier key of a log: " + key.error().message);
    if (key->algorithm != certs::NoteAlgorithm::Ed25519)
      return read_.fault(item.mark,
                         "this is the key of a witness, not of a log: its last part must begin with A");
    if (!origins_.insert(key->name).second)
      return read_.fault(item.mark, "the log " + in_quotes(key->name) + " stands here twice: keep one");
    config_.witnessed_logs.push_back(item.scalar);
  }

  ConfigReader& read_;
  Config& config_;
  std::set<std::string> names_, origins_;
  std::set<std::uint32_t> ids_;
  bool line_ = false, asked_over_line_ = false;
};

}  // namespace

void read_witnesses(ConfigReader& read, const YamlNode& root, Config& config) {
  WitnessReader reader(read, config);
  reader.ours(root);
  reader.for_others(root);
}

}  // namespace postern::supervisor
