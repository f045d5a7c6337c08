// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the keeper holds, and which requests it answers. Pure: key files are read by the role at start,
// datagrams are received and sent by the role. One KeyRing per keeper.
//
// What the keeper can check of a request: that the key belongs to the listener of the channel; that what is
// to be signed has exactly the form of a TLS 1.3 server CertificateVerify (64 spaces, the context string, a
// zero, a transcript hash of 32 or 48 bytes) or of TLS 1.2 ServerKeyExchange parameters (64 bytes of randoms,
// a named curve, a point of that curve's size); that the scheme fits the key and, for TLS 1.3, is one that
// TLS 1.3 allows. For an enforcer, whose keys are others: that it has exactly the form of a TLS 1.3 client
// CertificateVerify, or is a whole TLS 1.2 handshake up to there in which the client shows the certificate of that
// key (transcript.h says why that is good for nothing else). That a pass starts with its prefix; that a checkpoint is
// exactly one, of this log, and no step back from those it signed before in its life: not smaller, and of one size with
// one root (of another log, that it witnesses: cosigner.h); that a handover (certs/handover.h) is from the log's key to
// the next one that lies beside it, no step back either, and the only one of that key, which signs no other checkpoint
// from then on; that a webhook has the form that receivers verify, for a target that it was told of, and is of now
// (webhook_signer.h). For the link: that an order of certificates is for the configured names and our own key
// (acme_signer.h), and so is the certificate that answers a challenge (acme_challenge.h), which a terminator of the support
// listener may ask for while it runs; that what shows an identity provider its client is for the configured one alone (assertion_signer.h); and, of what a TLS client signs, the same as for an enforcer, with the key of the
// installation's certificate and no other, which in turn is no enforcer's. What it cannot check:
// that a larger tree holds the smaller one, which is what the log's files prove; that the randoms and the
// transcript are those of a real handshake. Whoever takes over a terminator can therefore pose as its
// listener for as long as they hold it, and not longer; they cannot take the key along, sign a certificate, a
// pass, or anything of another listener. Whoever takes over an enforcer can show its clients' certificates to any
// server, the component or not, for as long as they hold it: which server a transcript is of stands in it, but to judge
// that the keeper would have to read certificates from the network. The same holds for the link and the installation's
// certificate. Ticket keys do leave the keeper: whoever takes them from a
// terminator can open tickets sealed with them and so pose as either end of a resumption; traffic stays
// closed to them where TLS 1.3 adds a fresh key exchange, and is open for TLS 1.2 sessions that they
// recorded. Hence rotate_ticket_keys().
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/result.h"
#include "gateway/keeper/acme_signer.h"
#include "gateway/keeper/assertion_signer.h"
#include "gateway/keeper/token_key.h"

namespace postern::keeper {

// How long a ticket key seals; it opens for twice as long. Sessions themselves end after the TLS library's
// own two hours.
inline constexpr base::Nanos kTicketKeyLife = 4LL * 3600 * base::kSecond;

enum class Peer { Terminator, Ledger, Enforcer, Link, Desk };

// Who is at the other end of a channel, as the supervisor fixed it.
struct Purpose {
  Peer peer = Peer::Terminator;
  std::string listener;  // for Terminator, and for Link: "admin" is the one of the admins' identity provider
};

// The content of a file, and the bits of its mode by which others than its owner may read or write it
// (base/secret_file.h), which were taken from the open descriptor.
struct KeyFile {
  std::string path;  // for messages
  std::string_view content;
  mode_t mode = 0;
};

const base::Clock& system_clock();

// Denied, with what to do, if group or others may read or write the file.
base::Status check_key_file_mode(const std::string& path, mode_t mode);

class KeyRing {
 public:
  // clock: for the time in cosignatures; it outlives this.
  explicit KeyRing(const base::Clock& clock = system_clock());
  ~KeyRing();
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // An unencrypted PEM private key (P-256, P-384, P-521, RSA of 2048 bits or more, Ed25519) for a listener; a
  // listener may have several. certificate_pem: the listener's chain; its leaf must be for this key. The
  // caller wipes the content afterwards.
  base::Status add_tls_key(const std::string& listener, const KeyFile& key, std::string_view certificate_pem);

  // The same with one in a token, which outlives this ring and each that adopts its keys.
  base::Status add_tls_key(const std::string& listener, const KeyInToken& key,
                           std::string_view certificate_pem);

  // Likewise a key with whose certificate enforcers show themselves to the component. The certificate must be usable
  // by clients; the key may not be a listener's.
  base::Status add_client_key(const KeyFile& key, std::string_view certificate_pem);
  base::Status add_client_key(const KeyInToken& key, std::string_view certificate_pem);

  // The key of the certificate with which the link shows this installation to Mission Control. An empty certificate: none
  // was issued for it yet, and nothing is signed with it. At most once, and of no other use.
  base::Status set_line_key(const KeyFile& key, std::string_view certificate_pem);

  // The key that signs passes: an Ed25519 seed of 32 bytes in base64url, and a newline. At most once.
  base::Status set_pass_key(const KeyFile& key);
  static std::string format_pass_key(const base::Secret& seed);  // what `init` writes; the caller wipes it

  // The key that signs the log's checkpoints: a signer key (certs/note.h), and a newline. At most once. Its name is
  // the log's origin.
  // token: where the file says that its private part lies there (certs/key_elsewhere.h); nullptr: there is none. It outlives this.
  base::Status set_log_key(const KeyFile& key, token::Token* token = nullptr);
  // The one that it is to be handed over to, if there is one; after set_log_key. Of the same log: it has the same name.
  base::Status set_next_log_key(const KeyFile& key, token::Token* token = nullptr);

  // The key with which other logs are witnessed, in the same form, and the verifier keys of those logs. At most once.
  base::Status set_witness_key(const KeyFile& key, const std::vector<std::string>& logs);

  // The secret with which webhooks to that target are signed (webhook_signer.h).
  base::Status add_webhook_secret(const std::string& target, const KeyFile& key);

  // The keys with which certificates are ordered (acme_signer.h). secret: of an external account; its path is empty
  // where there is none. At most once.
  base::Status set_acme(AcmeOrder order, const KeyFile& account, const KeyFile& next, const KeyFile& secret,
                        const std::string& folder);

  // Mission Control's authority for the installations of domain (installation_signer.h). At most once.
  base::Status set_installations(const KeyFile& key, const std::string& certificate_pem,
                                 const std::string& domain);
  // By which the link of that face ("support", "admin") shows an identity provider who it is (assertion_signer.h).
  base::Status set_client_key(const std::string& face, ProviderClient client, const KeyFile& key);

  // Takes the keys of fresh, which is empty afterwards. TLS keys that fresh does not have are retired: they go on
  // signing until drop_retired(), because who asks for them learns of its new certificate a moment later and finishes
  // the handshakes that it began with the old one; but not if fresh has them for the other use. Ticket keys stay.
  void adopt(KeyRing& fresh);
  void drop_retired();

  // Call now and then (once a minute is plenty), and once at start: makes the first keys, and new ones after
  // kTicketKeyLife. True if they changed: terminators should ask again.
  bool rotate_ticket_keys(base::Nanos now);

  // One datagram in, one out. Never fails: what is not understood or not allowed is answered as refused, with
  // a sentence. A request too short to have a tag is answered with tag 0.
  std::string handle(std::string_view request, const Purpose& purpose);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::keeper
