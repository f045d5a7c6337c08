// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A token through its PKCS #11 module (OASIS PKCS #11 2.40, EdDSA as in 3.0): logs in once, finds private keys by their
// URIs, and has signatures made. The module is code of others in our process: it is loaded once and stays, and may start no thread.
//
// A PIN that the token calls wrong is never tried again, by this object or by a later process: tokens lock themselves after
// a few wrong ones. A token that says that its last PIN was wrong (CKF_USER_PIN_COUNT_LOW, or one of the flags after it) is
// not logged in to, until somebody has given it the right one by hand.
//
// A session that the token ended is opened anew, with a login, and the signature asked for once more: once, and not again within
// kReopenPause. All keys are of one token. Calls block for as long as the token takes. Not for several threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/result.h"

namespace postern::token {

inline constexpr base::Nanos kReopenPause = 10 * base::kSecond;

// What the token makes of data.
enum class Mechanism {
  RsaPkcs1,  // data: DigestInfo (RFC 8017, 9.2)
  RsaPss,    // data: a digest of SHA-256, 384 or 512, by its size; the salt is as long
  Ecdsa,     // data: a digest. The signature is r and s, of the same length
  Eddsa,     // data: the message
};

class Token {
 public:
  struct Key;  // lives as long as the token

  // Loads the module (settings.h judges its path) and initializes it. No token is asked yet. The clock outlives this.
  static base::Result<std::unique_ptr<Token>> open(const std::string& module, base::Secret pin,
                                                   const base::Clock& clock);
  ~Token();
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  void set_pin(base::Secret pin);  // for the next login
  bool pin_refused() const;        // the token called it wrong

  // The private key of a URI that is not wrong (settings.h). The first one logs in. NotFound: no such token or key; Exists: several
  // fit; Denied: the PIN, or a key that wants it for each signature.
  base::Result<const Key*> find(const std::string& uri);

  // The public part of an Ed25519 key by the same name, 32 bytes; after find(). NotFound: the token does not show it.
  base::Result<std::string> ed25519_public(const Key& key);

  base::Result<std::string> sign(const Key& key, Mechanism mechanism, std::string_view data);

 private:
  struct State;
  explicit Token(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::token
