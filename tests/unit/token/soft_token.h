// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A token of SoftHSM in a folder of its own, for as long as this lives. The module learns of the folder by $SOFTHSM2_CONF, when it
// is opened.
#pragma once

#include <string>

namespace postern::token {

class SoftToken {
 public:
  static constexpr const char* kModule = "/usr/lib/softhsm/libsofthsm2.so";
  static constexpr const char* kPin = "1234";

  SoftToken();
  ~SoftToken();
  SoftToken(const SoftToken&) = delete;
  SoftToken& operator=(const SoftToken&) = delete;

  // A private key (PKCS#8, PEM) under a label and an id (hexadecimal).
  void add(const std::string& label, const std::string& id, const std::string& key_pem) const;
  // By another program, as a person would: what clears the flag that a wrong PIN set.
  void log_in_by_hand() const;
  static std::string uri(const std::string& rest) { return "pkcs11:token=test;" + rest; }

  // A key and a certificate for it that it signed itself, by the openssl command. kind: "rsa:2048", "P-256", "ed25519" ..
  struct Pair {
    std::string key_pem, certificate_pem;
  };
  Pair make_pair(const std::string& kind, const std::string& name) const;

 private:
  std::string folder_;
};

}  // namespace postern::token
