// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// pkcs11 of postern.yaml: the module through which keys in a token are used. Which keys those are stands where keys are
// named.
#include "gateway/supervisor/config_reader.h"
#include "gateway/supervisor/secret.h"
#include "gateway/token/settings.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::size_t kPkcs11ListLimit = 16;  // variables, and paths

class Pkcs11Reader {
 public:
  Pkcs11Reader(ConfigReader& read, Pkcs11& out) : read_(read), out_(out) {}

  void all(const YamlNode& node) {
    out_.mark = node.mark;
    module(node);
    read_.required_secret(node, "pkcs11", "pin", "the file with the token's PIN, or credential:NAME",
                          out_.pin);
    each(node, "environment", [this](const YamlNode& item) {
      if (!token::is_variable(item.scalar))
        return read_.fault(
            item.mark,
            "environment holds NAME=VALUE such as SOFTHSM2_CONF=/etc/softhsm2.conf, and nothing that "
            "the loader or OpenSSL obeys, not " +
                in_quotes(item.scalar));
      out_.environment.push_back(item.scalar);
    });
    each(node, "paths", [this](const YamlNode& item) {
      if (!item.scalar.starts_with('/') || item.scalar == "/")
        return read_.fault(item.mark,
                           "paths holds absolute paths of folders or files, and not all of them, not " +
                               in_quotes(item.scalar));
      out_.paths.push_back({item.scalar, item.mark});
    });
  }

 private:
  void module(const YamlNode& node) {
    if (node.find("module") == nullptr)
      read_.fault(
          node.mark,
          "pkcs11 needs module: the path of the token's library, such as /usr/lib/softhsm/libsofthsm2.so");
    const YamlNode* path = read_.text(node, "module");
    if (path == nullptr) return;
    out_.module = {path->scalar, path->mark};
    if (!path->scalar.starts_with('/'))
      read_.fault(path->mark, "module must be an absolute path, not " + in_quotes(path->scalar));
  }

  template <typename Take>
  void each(const YamlNode& node, std::string_view key, Take take) {
    const YamlNode* list = read_.list(node, key, "pkcs11." + std::string(key));
    if (list == nullptr) return;
    if (list->items.size() > kPkcs11ListLimit)
      return read_.fault(list->mark, "pkcs11." + std::string(key) + " must hold at most " +
                                         std::to_string(kPkcs11ListLimit));
    for (const YamlNode& item : list->items) {
      if (read_.is_text(item, std::string(key))) take(item);
    }
  }

  ConfigReader& read_;
  Pkcs11& out_;
};

}  // namespace

void read_pkcs11(ConfigReader& read, const YamlNode& root, Config& config) {
  const YamlNode* node = read.map(root, "pkcs11", "pkcs11");
  if (node != nullptr) Pkcs11Reader(read, config.pkcs11.emplace()).all(*node);
  if (root.find("pkcs11") != nullptr) return;
  for (const NamedSecret& one : secrets_of(config)) {
    if (one.source == kTokenSource)
      read.fault(one.mark, one.key + " lies in a token: say with pkcs11 through which module it is used");
  }
}

}  // namespace postern::supervisor
