// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Asks the keeper over a socket and waits for the answer. Blocking, on purpose: see
// gateway/tls/remote_signer.h for what that costs. One asker, one request under way; not for use by several
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "certs/keeper_protocol.h"

namespace postern::certs {

// A keeper that takes longer is taken for gone: a signature costs it well under 2 ms, so this is a queue of a
// thousand.
inline constexpr int kKeeperTimeoutMillis = 2000;

class KeeperChannel {
 public:
  // A connected Unix SOCK_SEQPACKET socket, blocking or not; may be invalid until replace() is called.
  explicit KeeperChannel(base::UniqueFd socket, int timeout_millis = kKeeperTimeoutMillis);
  KeeperChannel(const KeeperChannel&) = delete;
  KeeperChannel& operator=(const KeeperChannel&) = delete;

  // After the keeper was restarted: the new connection. Until then every request fails as Unavailable.
  void replace(base::UniqueFd socket);

  // Errors: Denied (the keeper refused, with its sentence), Timeout, Unavailable (no connection, or it
  // broke), Corrupt (the answer is not one; the connection is dropped), Limit (the request is longer than
  // its kind may be).
  base::Result<std::string> sign_tls(std::string_view key_id, Scheme scheme, std::string_view to_be_signed);
  base::Result<std::string> sign_tls_client(std::string_view key_id, Scheme scheme,
                                            std::string_view to_be_signed);
  base::Result<std::vector<TicketKey>> ticket_keys();
  base::Result<std::string> sign_pass(std::string_view payload);
  base::Result<std::string> pass_public_key();
  base::Result<std::string> sign_acme(std::string_view step, std::string_view url, std::string_view nonce,
                                      std::string_view account);
  base::Result<std::string> acme_thumbprint();
  base::Result<std::string> sign_assertion();
  // Of tls-alpn-01: its certificate is there, and shown by whoever is asked for it, once this has returned.
  base::Status begin_challenge(std::string_view name, std::string_view token);
  base::Status end_challenge();
  base::Result<std::string> challenge_certificate(std::string_view name);  // PEM; empty: none runs
  // PEM. Of Mission Control's desk.
  base::Result<std::string> issue_installation(std::string_view id, std::string_view key);
  // Of Mission Control's desk, as a witness: a signature line for a checkpoint of the log with that verifier key.
  base::Result<std::string> cosign_for(std::string_view note, std::string_view log);
  base::Result<std::string> witness_key();
  // Of Mission Control's desk, whose log is of what people did there: a signature line for a checkpoint, and the verifier key.
  base::Result<std::string> sign_checkpoint(std::string_view text);
  base::Result<std::string> log_verifier_key();

 private:
  base::Result<std::string> ask(const std::string& request);  // -> the payload
  base::Status send(const std::string& request);
  base::Result<std::string> await(std::uint32_t tag);
  base::Error broken(base::Error why);

  base::UniqueFd socket_;
  int timeout_millis_;
  std::uint32_t tag_ = 0;
};

}  // namespace postern::certs
