// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The private key of a listener is not in the terminator, and that of a certificate which the component is shown not in
// the enforcer: their TLS library asks this interface for each signature.
//
// Cost, and what follows from it: sign() blocks the loop of its process until the answer is there. Over a
// socket to a keeper on the same machine that is the keeper's own work (P-256 about 30 us, RSA-2048 about 700
// us) plus two wake-ups; bench/handshake_bench measures it. Only full handshakes pay; resumed ones ask for no
// signature. A keeper that hangs stalls every connection of the process for at most kKeeperTimeoutMillis
// per full handshake, and those handshakes fail; established connections resume after the stall. A keeper
// that is gone fails them at once.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "certs/keeper_channel.h"
#include "certs/keeper_protocol.h"

namespace postern::tls {

class RemoteSigner {
 public:
  virtual ~RemoteSigner() = default;
  // key_id: certs::CertificateFacts::key_id of the leaf. to_be_signed: the message, not its
  // digest, so that the other side can see what it signs. The signature is in TLS form (ECDSA: DER). An error
  // fails the one handshake that asked.
  virtual base::Result<std::string> sign(std::string_view key_id, certs::Scheme scheme,
                                         std::string_view to_be_signed) = 0;
  // The certificate that answers a challenge of an authority for this name (RFC 8737), in PEM; empty: none runs. Its key
  // signs like a listener's. name: as the client sent it, unchecked.
  virtual base::Result<std::string> challenge_certificate(std::string_view /*name*/) { return std::string(); }
};

// The keeper over its channel, which outlives this: for a listener's key, or for those of the certificates that the
// component is shown.
class ChannelSigner final : public RemoteSigner {
 public:
  enum class Use { Listener, Client };
  explicit ChannelSigner(certs::KeeperChannel& channel, Use use = Use::Listener)
      : channel_(channel), use_(use) {}
  base::Result<std::string> sign(std::string_view key_id, certs::Scheme scheme,
                                 std::string_view to_be_signed) override {
    return use_ == Use::Client ? channel_.sign_tls_client(key_id, scheme, to_be_signed)
                               : channel_.sign_tls(key_id, scheme, to_be_signed);
  }
  base::Result<std::string> challenge_certificate(std::string_view name) override {
    return channel_.challenge_certificate(name);
  }

 private:
  certs::KeeperChannel& channel_;
  Use use_;
};

}  // namespace postern::tls
