// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A vendor's support authority in a folder, for a machine without a network: it vouches for engineers, takes that back,
// and says so in lists that customers fetch. No file of it is ever overwritten but the newest list.
//
//   authority.pem     its certificate: what customers put into support_authority
//   authority.key     its key, mode 0600, sealed with a passphrase unless that was not wanted (certs/sealed_key.h)
//   register.jsonl    what it did (register.h), mode 0600; held by one program at a time
//   issued/SERIAL.pem each certificate
//   authority.crl     the newest list
//
// Touches the folder, and nothing else but what it is told to read and write. Failures name the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "certs/issue.h"
#include "mission/register.h"

namespace postern::mission {

inline constexpr base::Micros kAuthorityDay = 86'400LL * base::kWallSecond;
inline constexpr base::Micros kLongestEngineer =
    90 * kAuthorityDay;  // short-lived: that is half of revocation
inline constexpr base::Micros kLongestList = 90 * kAuthorityDay;
inline constexpr base::Micros kLongestAuthority = 20LL * 365 * kAuthorityDay;

struct NewAuthority {
  std::string folder, name;
  base::Micros duration = 10LL * 365 * kAuthorityDay;
  certs::KeyType key_type = certs::KeyType::P256;
  std::string passphrase;  // empty: the key lies open, mode 0600
};

// Exists if there is one in the folder; whatever was made is removed again on failure.
base::Status make_authority_folder(const NewAuthority& wanted, base::Micros now);

struct Wish {
  std::string name;
  std::vector<std::string> emails, uris, purposes;  // an e-mail address or a URI at least
  base::Micros duration = 7 * kAuthorityDay;
  std::string request_pem;  // a certificate signing request; empty: a new key is made
  std::string renews;       // for the register
};

struct Given {
  Issued issued;
  std::string certificate_pem;  // the engineer's, then the authority's
  std::string key_pem;          // of a new key; the caller wipes it
};

class Authority {
 public:
  // Opens the register for this program alone (Unavailable: another has it) and reads it.
  static base::Result<Authority> open(const std::string& folder);

  const Register& known() const { return register_; }
  const std::string& certificate_pem() const { return certificate_pem_; }
  bool sealed() const { return sealed_; }
  // For what signs; Denied if it is the wrong one. Whether there is one: sealed().
  base::Status unlock(std::string_view passphrase);

  // After unlock.
  base::Result<Given> issue(const Wish& wish, base::Micros now);
  // The list also lies in authority.crl then.
  base::Result<Listed> list(base::Micros duration, base::Micros now);
  // Needs no key: the next list says it.
  base::Status revoke(const std::string& serial, const std::string& reason, base::Micros now);

 private:
  Authority(std::string folder, base::UniqueFd file, Register known);
  base::Status append(const std::string& line);

  std::string folder_;
  base::UniqueFd file_;  // the register, locked
  Register register_;
  std::string certificate_pem_, key_file_;
  bool sealed_ = false;
  base::Secret key_;  // PEM
};

}  // namespace postern::mission
