// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The key that signs a log's checkpoints: in the keeper's memory, or in a token (certs/key_elsewhere.h).
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "certs/note.h"
#include "gateway/keeper/token_key.h"

namespace postern::keeper {

class LogSigner {
 public:
  // content: the file's, of either form; path: for messages. token: nullptr if there is none; it outlives this. That a token's key is
  // the verifier key's is found out: it signs something random. Invalid, Denied, or the token's.
  static base::Result<LogSigner> read(std::string_view content, const std::string& path, token::Token* token);

  const certs::VerifierKey& verifier() const { return verifier_; }
  base::Result<std::string> signature_line(std::string_view text) const;  // of a note, with its newline

 private:
  LogSigner(certs::VerifierKey verifier, std::variant<base::Secret, TokenUse> key)
      : verifier_(std::move(verifier)), key_(std::move(key)) {}

  certs::VerifierKey verifier_;
  std::variant<base::Secret, TokenUse> key_;
};

}  // namespace postern::keeper
