// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/log_signer.h"

#include "base/crypto.h"
#include "certs/key_elsewhere.h"

namespace postern::keeper {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kLogChallenge =
    64;  // random bytes that a token's key signs to prove that it is the one

base::Error no_log_key(const std::string& path, const std::string& why) {
  return fail(Code::Invalid, path + " is no key for the log: " + why);
}

}  // namespace

base::Result<LogSigner> LogSigner::read(std::string_view content, const std::string& path,
                                        token::Token* token) {
  if (!certs::is_key_elsewhere(content)) {
    auto key = certs::parse_signer_key(content.substr(0, content.find_last_not_of("\r\n ") + 1));
    if (!key.ok()) return no_log_key(path, key.error().message);
    certs::VerifierKey verifier = certs::verifier_of(*key);
    return LogSigner(std::move(verifier), std::move(key->seed));
  }
  auto named = certs::parse_key_elsewhere(content);
  if (!named.ok()) return no_log_key(path, named.error().message);
  if (token == nullptr) return no_log_key(path, named->place + " lies in a token, and there is no module");
  const auto found = token->find(named->place);
  if (!found.ok()) return found.error();
  LogSigner out(std::move(named->verifier), TokenUse{token, *found});
  const std::string challenge = base::random_bytes(kLogChallenge);
  const auto signature = token->sign(**found, token::Mechanism::Eddsa, challenge);
  if (!signature.ok()) return signature.error();
  if (!base::ed25519_verify(out.verifier_.public_key, challenge, *signature))
    return no_log_key(path,
                      named->place + " is not the private part of the verifier key that stands before it");
  return out;
}

base::Result<std::string> LogSigner::signature_line(std::string_view text) const {
  if (const auto* seed = std::get_if<base::Secret>(&key_))
    return certs::line_of_signature(verifier_, base::ed25519_sign(*seed, text));
  const TokenUse& use = std::get<TokenUse>(key_);
  const auto signature = use.token->sign(*use.key, token::Mechanism::Eddsa, text);
  if (!signature.ok()) return signature.error();
  if (signature->size() != base::kEd25519SignatureSize)
    return fail(Code::Internal, "the token's signature is none");
  return certs::line_of_signature(verifier_, *signature);
}

}  // namespace postern::keeper
