// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A folder with a certificate that somebody else issues, and its keys. Private keys are made, and a new certificate is judged,
// in short-lived copies of this process: it never holds a key, nor parses what came from the network.
//
//   next.key                   that the next certificate is for
//   certificate.pem, HEX.key   the certificate in use, and its key, HEX being the SHA-256 of the public one: so both change
//                              with the renaming of one file, and no crash leaves a key with another's certificate
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "certs/certificate.h"
#include "certs/openssl_ptr.h"

namespace postern::supervisor {

inline constexpr std::size_t kIssuedText = 64U
                                           << 10U;  // bytes of a chain, as of every certificate of a listener

// Does the work in a copy, which says what is wrong, or nothing.
base::Status in_copy(const std::function<std::string()>& work, base::Code code);

class IssuedFolder {
 public:
  explicit IssuedFolder(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  std::string next_file() const { return path_ + "/next.key"; }
  std::string certificate_file() const { return path_ + "/certificate.pem"; }
  std::string key_file(std::string_view key_id) const;

  // Run in a copy. Each says what is wrong, or nothing.
  // Judges the folder, removes a next key that is in force already, and makes those of its files that are missing: private keys.
  std::string prepare(std::initializer_list<std::string> keys) const;
  // chain_text: as it was sent. judge is given its chain, leaf first, in PEM, and the key that it was asked for; if nothing is
  // wrong with it, it is in force with its key when this returns, and the next certificate needs a new one.
  using Judge = std::function<std::string(const std::string& chain_pem, std::string_view key_pem)>;
  std::string take(std::string_view chain_text, const Judge& judge) const;

  // Likewise run in a copy.
  base::Result<certs::KeyPtr> read_next_key() const;

  // The certificate in use; nothing: there is none yet. Its key was seen to fit.
  struct Issued {
    std::string pem;
    certs::CertificateFacts leaf;
    base::UniqueFd key;
  };
  base::Result<std::optional<Issued>> open() const;

 private:
  std::string drop_key_in_force() const;
  void remove_other_keys(const std::string& kept) const;
  std::string path_;
};

}  // namespace postern::supervisor
