// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/key_ring.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "certs/certificate.h"
#include "certs/checkpoint.h"
#include "certs/handover.h"
#include "certs/keeper_protocol.h"
#include "certs/note.h"
#include "certs/openssl_ptr.h"
#include "certs/private_key.h"
#include "certs/verify.h"
#include "gateway/keeper/acme_challenge.h"
#include "gateway/keeper/cosigner.h"
#include "gateway/keeper/installation_signer.h"
#include "gateway/keeper/log_signer.h"
#include "gateway/keeper/signing.h"
#include "gateway/keeper/webhook_signer.h"

namespace postern::keeper {
namespace {

using base::BinaryReader;
using base::Code;
using base::fail;
using base::Ok;
using certs::KeeperRequest;
using certs::TicketKey;

constexpr std::size_t kTicketGenerations = 2;  // the one that seals, and the one before it

TicketKey random_ticket_key() {
  TicketKey key;
  base::fill_random(key.name.data(), key.name.size());
  base::fill_random(key.cipher.data(), key.cipher.size());
  base::fill_random(key.mac.data(), key.mac.size());
  return key;
}

std::string trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of("\r\n ");
  return std::string(text.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

// The key of a file, if it may be used and is that of the certificate.
base::Result<TlsKey> read_tls_key(const KeyFile& file, std::string_view certificate_pem) {
  if (auto mode = check_key_file_mode(file.path, file.mode); !mode) return mode.error();
  auto key = certs::read_private_key(file.content, file.path);
  if (!key) return key.error();
  if (auto usable = certs::check_tls_key(key->get()); !usable) return usable.error();
  if (auto pair = certs::check_pair(key->get(), file.path, certificate_pem); !pair) return pair.error();
  return TlsKey{*std::move(key)};
}

std::string used_twice(const std::string& path) {
  return "the key in " + path +
         " is a listener's and one that is shown to the component: each needs a key of its own";
}

std::string line_key_used_twice(const std::string& path) {
  return "the key in " + path +
         " is shown to Mission Control and used for something else: each use needs a key of its own";
}

// The listener whose certificate is ordered from an authority.
constexpr std::string_view kOrderedFor = "support";

base::Result<LogSigner> read_log_key(const KeyFile& file, token::Token* token) {
  if (auto mode = check_key_file_mode(file.path, file.mode); !mode) return mode.error();
  return LogSigner::read(file.content, file.path, token);
}

}  // namespace

base::Status check_key_file_mode(const std::string& path, mode_t mode) {
  if ((mode & 077U) == 0) return Ok{};
  return fail(Code::Denied,
              path + " can be read or written by others than its owner; run: chmod 600 " + path);
}

struct KeyRing::State {
  using Keys = std::map<std::string, TlsKey, std::less<>>;  // by key id
  struct Listener {
    Keys keys;
    Keys retired;                    // until drop_retired()
    std::vector<TicketKey> tickets;  // current first

    const TlsKey* find(std::string_view id) const {  // nullptr: there is none
      for (const Keys* among : {&keys, &retired}) {
        if (const auto key = among->find(id); key != among->end()) return &key->second;
      }
      return nullptr;
    }
  };
  // One per certificate: with a renewed certificate of the same key there are two for a while.
  struct ClientKey {
    std::string id, leaf;  // leaf: the certificate, DER
    TlsKey key;
  };
  std::map<std::string, Listener, std::less<>> listeners;
  using ClientKeys = std::vector<ClientKey>;
  ClientKeys clients, retired_clients;
  ClientKeys line_keys, retired_line_keys;  // of the installation's certificate; one at most is not retired
  base::Secret pass_key;
  std::optional<LogSigner> log_key, next_log_key;
  certs::Checkpoint signed_last;                       // of the log; the next is no step back from it
  std::map<std::string, certs::Handover> handed_over;  // by the public key that signs nothing else any more
  Cosigner cosigner;
  WebhookSigner webhooks;
  AcmeSigner acme;
  InstallationSigner installations;
  std::map<std::string, AssertionSigner, std::less<>> assertions;  // by face
  AcmeChallenge challenge;                                         // stays over a reload
  base::Nanos rotated = 0;                                         // when the current keys were made
  const base::Clock& clock;
  explicit State(const base::Clock& of) : clock(of) {}

  base::Status keep_tls_key(const std::string& listener, base::Result<TlsKey> key, const std::string& name);
  base::Status keep_client_key(base::Result<TlsKey> key, std::string_view certificate_pem,
                               const std::string& name);
  bool is_listeners(std::string_view id) const;
  bool is_clients(std::string_view id) const;
  bool is_lines(std::string_view id) const;
  void retire_no_key_of_another_use();
  std::string sign_tls(std::uint32_t tag, BinaryReader& in, std::string_view name,
                       const Listener& listener) const;
  static base::Result<ClientKey> make_client_key(base::Result<TlsKey> key, std::string_view certificate_pem);
  static std::string sign_tls_client(std::uint32_t tag, BinaryReader& in, const ClientKeys& present,
                                     const ClientKeys& retired);
  std::string answer_enforcer(KeeperRequest kind, std::uint32_t tag, BinaryReader& in) const;
  std::string answer_terminator(KeeperRequest kind, std::uint32_t tag, BinaryReader& in,
                                const Purpose& purpose) const;
  std::string answer_ledger(KeeperRequest kind, std::uint32_t tag, BinaryReader& in);
  std::string answer_link(KeeperRequest kind, std::uint32_t tag, BinaryReader& in, const Purpose& purpose);
  std::string answer_desk(KeeperRequest kind, std::uint32_t tag, BinaryReader& in);
  std::string cosign_for(std::uint32_t tag, BinaryReader& in);
  base::Result<std::string> assertion_for(const std::string& face) const;
  std::string answer_challenge(KeeperRequest kind, std::uint32_t tag, BinaryReader& in);
  std::string sign_pass(std::uint32_t tag, BinaryReader& in) const;
  std::string sign_checkpoint(std::uint32_t tag, BinaryReader& in);
  std::string answer_log_key(KeeperRequest kind, std::uint32_t tag, BinaryReader& in);
  std::string answer_witness(KeeperRequest kind, std::uint32_t tag, BinaryReader& in);
  std::string sign_handover(std::uint32_t tag, BinaryReader& in);
  std::string sign_webhook(std::uint32_t tag, BinaryReader& in) const;
  // Why this is a step back from what was signed before; empty if it is none.
  std::string step_back(const certs::Checkpoint& checkpoint) const;
  // Who signs checkpoints now. Denied: the key was handed over, and its successor is not here.
  base::Result<const LogSigner*> signer() const;
};

const base::Clock& system_clock() {
  static const base::SystemClock clock;
  return clock;
}

KeyRing::KeyRing(const base::Clock& clock) : state_(std::make_unique<State>(clock)) {}

KeyRing::~KeyRing() {
  for (auto& [name, listener] : state_->listeners) {
    for (TicketKey& key : listener.tickets) OPENSSL_cleanse(&key, sizeof key);
  }
}

base::Status KeyRing::add_tls_key(const std::string& listener, const KeyFile& file,
                                  std::string_view certificate_pem) {
  return state_->keep_tls_key(listener, read_tls_key(file, certificate_pem), file.path);
}

base::Status KeyRing::add_tls_key(const std::string& listener, const KeyInToken& key,
                                  std::string_view certificate_pem) {
  return state_->keep_tls_key(listener, find_token_key(key, certificate_pem), key.uri);
}

base::Status KeyRing::State::keep_tls_key(const std::string& listener, base::Result<TlsKey> key,
                                          const std::string& name) {
  if (!key) return key.error();
  std::string id = certs::key_id_of(key->key.get());
  if (is_clients(id)) return fail(Code::Invalid, used_twice(name));
  if (is_lines(id)) return fail(Code::Invalid, line_key_used_twice(name));
  listeners[listener].keys.insert_or_assign(std::move(id), *std::move(key));
  return Ok{};
}

base::Status KeyRing::add_client_key(const KeyFile& file, std::string_view certificate_pem) {
  return state_->keep_client_key(read_tls_key(file, certificate_pem), certificate_pem, file.path);
}

base::Status KeyRing::add_client_key(const KeyInToken& key, std::string_view certificate_pem) {
  return state_->keep_client_key(find_token_key(key, certificate_pem), certificate_pem, key.uri);
}

base::Status KeyRing::State::keep_client_key(base::Result<TlsKey> key, std::string_view certificate_pem,
                                             const std::string& name) {
  auto made = make_client_key(std::move(key), certificate_pem);
  if (!made) return made.error();
  if (is_listeners(made->id)) return fail(Code::Invalid, used_twice(name));
  if (is_lines(made->id)) return fail(Code::Invalid, line_key_used_twice(name));
  clients.push_back(*std::move(made));
  return Ok{};
}

base::Result<KeyRing::State::ClientKey> KeyRing::State::make_client_key(base::Result<TlsKey> key,
                                                                        std::string_view certificate_pem) {
  if (!key) return key.error();
  if (auto usable = certs::check_client_use(certificate_pem); !usable) return usable.error();
  return ClientKey{certs::key_id_of(key->key.get()), certs::pem_to_der(certificate_pem)->front(),
                   *std::move(key)};
}

base::Status KeyRing::set_line_key(const KeyFile& file, std::string_view certificate_pem) {
  if (!state_->line_keys.empty()) return fail(Code::Exists, "there is a key for Mission Control already");
  if (certificate_pem.empty()) return check_key_file_mode(file.path, file.mode);
  auto made = State::make_client_key(read_tls_key(file, certificate_pem), certificate_pem);
  if (!made) return made.error();
  if (state_->is_listeners(made->id) || state_->is_clients(made->id))
    return fail(Code::Invalid, line_key_used_twice(file.path));
  state_->line_keys.push_back(*std::move(made));
  return Ok{};
}

bool KeyRing::State::is_listeners(std::string_view id) const {
  return std::any_of(listeners.begin(), listeners.end(),
                     [&](const auto& listener) { return listener.second.keys.contains(id); });
}

bool KeyRing::State::is_clients(std::string_view id) const {
  return std::any_of(clients.begin(), clients.end(), [&](const ClientKey& one) { return one.id == id; });
}

bool KeyRing::State::is_lines(std::string_view id) const {
  return std::any_of(line_keys.begin(), line_keys.end(), [&](const ClientKey& one) { return one.id == id; });
}

void KeyRing::State::retire_no_key_of_another_use() {
  for (auto& [name, listener] : listeners)
    std::erase_if(listener.retired,
                  [&](const auto& one) { return is_clients(one.first) || is_lines(one.first); });
  std::erase_if(retired_clients,
                [&](const ClientKey& one) { return is_listeners(one.id) || is_lines(one.id); });
  std::erase_if(retired_line_keys,
                [&](const ClientKey& one) { return is_listeners(one.id) || is_clients(one.id); });
}

base::Status KeyRing::add_webhook_secret(const std::string& target, const KeyFile& file) {
  if (auto mode = check_key_file_mode(file.path, file.mode); !mode) return mode;
  return state_->webhooks.add(target, file.path, file.content);
}

base::Status KeyRing::set_client_key(const std::string& face, ProviderClient client, const KeyFile& key) {
  if (base::Status mode = check_key_file_mode(key.path, key.mode); !mode.ok()) return mode;
  return state_->assertions[face].set(std::move(client), key.content, key.path);
}

base::Status KeyRing::set_acme(AcmeOrder order, const KeyFile& account, const KeyFile& next,
                               const KeyFile& secret, const std::string& folder) {
  for (const KeyFile* file : {&account, &next, &secret}) {
    if (auto mode = check_key_file_mode(file->path, file->mode); !mode) return mode;
  }
  return state_->acme.set(std::move(order), account.content, next.content, secret.content, folder);
}

base::Status KeyRing::set_installations(const KeyFile& file, const std::string& certificate_pem,
                                        const std::string& domain) {
  if (auto mode = check_key_file_mode(file.path, file.mode); !mode) return mode;
  certs::Credentials authority{certificate_pem, std::string(file.content)};
  base::Status set = state_->installations.set(authority, domain, state_->clock.wall());
  base::wipe(authority.key_pem);
  return set;
}

void KeyRing::adopt(KeyRing& fresh) {
  for (auto& [name, listener] : fresh.state_->listeners) {
    State::Listener& own = state_->listeners[name];
    for (const auto& [id, key] : listener.keys) own.keys.erase(id);
    own.retired.merge(own.keys);
    own.keys = std::move(listener.keys);
  }
  std::move(state_->clients.begin(), state_->clients.end(), std::back_inserter(state_->retired_clients));
  state_->clients = std::move(fresh.state_->clients);
  std::move(state_->line_keys.begin(), state_->line_keys.end(),
            std::back_inserter(state_->retired_line_keys));
  state_->line_keys = std::move(fresh.state_->line_keys);
  state_->retire_no_key_of_another_use();
  state_->pass_key = std::move(fresh.state_->pass_key);
  if (!state_->log_key || !fresh.state_->log_key ||
      state_->log_key->verifier().name != fresh.state_->log_key->verifier().name)
    state_->signed_last = {};
  state_->log_key = std::move(fresh.state_->log_key);
  state_->cosigner.adopt(std::move(fresh.state_->cosigner));
  state_->webhooks.adopt(std::move(fresh.state_->webhooks));
  state_->acme = std::move(fresh.state_->acme);
  state_->installations = std::move(fresh.state_->installations);
  state_->assertions = std::move(fresh.state_->assertions);
  state_->next_log_key = std::move(fresh.state_->next_log_key);
}

void KeyRing::drop_retired() {
  for (auto& [name, listener] : state_->listeners) listener.retired.clear();
  state_->retired_clients.clear();
  state_->retired_line_keys.clear();
}

base::Status KeyRing::set_pass_key(const KeyFile& file) {
  if (auto mode = check_key_file_mode(file.path, file.mode); !mode) return mode;
  if (!state_->pass_key.empty()) return fail(Code::Exists, "there is a key for passes already");
  std::string text = trimmed(file.content);
  auto seed = base::from_base64url(text);
  base::wipe(text);
  if (!seed || seed->size() != base::kEd25519SeedSize) {
    return fail(Code::Invalid,
                file.path + " is not a key for passes: 32 bytes in base64url, as init writes them");
  }
  state_->pass_key = base::Secret(*seed);
  base::wipe(*seed);
  return Ok{};
}

base::Status KeyRing::set_log_key(const KeyFile& file, token::Token* token) {
  auto key = read_log_key(file, token);
  if (!key.ok()) return key.error();
  if (state_->log_key) return fail(Code::Exists, "there is a key for the log already");
  state_->log_key = *std::move(key);
  return Ok{};
}

base::Status KeyRing::set_next_log_key(const KeyFile& file, token::Token* token) {
  auto key = read_log_key(file, token);
  if (!key.ok()) return key.error();
  POSTERN_CHECK(state_->log_key && !state_->next_log_key);
  if (key->verifier().name != state_->log_key->verifier().name)
    return fail(Code::Invalid, file.path + " is the key of another log: move it away");
  if (key->verifier().id == state_->log_key->verifier().id)
    return fail(Code::Invalid, file.path + " is the key that the log has already: move it away");
  state_->next_log_key = *std::move(key);
  return Ok{};
}

base::Status KeyRing::set_witness_key(const KeyFile& file, const std::vector<std::string>& logs) {
  if (auto mode = check_key_file_mode(file.path, file.mode); !mode) return mode;
  std::string text = trimmed(file.content);
  auto key = certs::parse_signer_key(text);
  base::wipe(text);
  if (!key.ok()) return fail(Code::Invalid, file.path + " is no key of a witness: " + key.error().message);
  std::vector<certs::VerifierKey> known;
  for (const std::string& log : logs) {
    auto verifier = certs::parse_verifier_key(log);
    if (!verifier.ok()) return fail(Code::Invalid, "the key of a log: " + verifier.error().message);
    known.push_back(*std::move(verifier));
  }
  return state_->cosigner.set(*std::move(key), std::move(known));
}

std::string KeyRing::format_pass_key(const base::Secret& seed) {
  return base::to_base64url(seed.view()) + "\n";
}

bool KeyRing::rotate_ticket_keys(base::Nanos now) {
  const bool due = now - state_->rotated >= kTicketKeyLife;
  bool changed = false;
  for (auto& [name, listener] : state_->listeners) {
    if (!due && !listener.tickets.empty()) continue;
    changed = true;
    listener.tickets.insert(listener.tickets.begin(), random_ticket_key());
    if (listener.tickets.size() <= kTicketGenerations) continue;
    OPENSSL_cleanse(&listener.tickets.back(), sizeof(TicketKey));
    listener.tickets.pop_back();
  }
  if (due || state_->rotated == 0) state_->rotated = now;
  return changed;
}

std::string KeyRing::State::sign_tls(std::uint32_t tag, BinaryReader& in, std::string_view name,
                                     const Listener& listener) const {
  const std::string_view key_id = in.text();
  const auto scheme = static_cast<certs::Scheme>(in.u16());
  const std::string_view to_be_signed = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  const TlsKey* key = listener.find(key_id);
  if (key == nullptr && name == kOrderedFor) key = challenge.find(key_id, clock.wall());
  if (key == nullptr) return certs::encode_refused(tag, "this listener has no such key");
  auto signature = sign(*key, scheme, server_form(to_be_signed), to_be_signed);
  if (!signature) return certs::encode_refused(tag, signature.error().message);
  return certs::encode_done(tag, certs::encode_text_payload(*signature));
}

std::string KeyRing::State::answer_terminator(KeeperRequest kind, std::uint32_t tag, BinaryReader& in,
                                              const Purpose& purpose) const {
  const auto listener = listeners.find(purpose.listener);
  if (listener == listeners.end()) return certs::encode_refused(tag, "there is no key for this listener");
  if (kind == KeeperRequest::SignTls) return sign_tls(tag, in, listener->first, listener->second);
  if (kind == KeeperRequest::TicketKeys && in.done()) {
    return certs::encode_done(tag, certs::encode_ticket_payload(listener->second.tickets));
  }
  if (kind == KeeperRequest::ChallengeCertificate && purpose.listener == kOrderedFor) {
    const std::string_view name = in.text();
    if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
    return certs::encode_done(tag, certs::encode_text_payload(challenge.certificate(name, clock.wall())));
  }
  return certs::encode_refused(tag, "a terminator may not ask this");
}

std::string KeyRing::State::answer_enforcer(KeeperRequest kind, std::uint32_t tag, BinaryReader& in) const {
  if (kind != KeeperRequest::SignTlsClient) return certs::encode_refused(tag, "an enforcer may not ask this");
  return sign_tls_client(tag, in, clients, retired_clients);
}

std::string KeyRing::State::sign_tls_client(std::uint32_t tag, BinaryReader& in, const ClientKeys& present,
                                            const ClientKeys& retired) {
  const std::string_view key_id = in.text();
  const auto scheme = static_cast<certs::Scheme>(in.u16());
  const std::string_view to_be_signed = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  base::Result<std::string> signature = fail(Code::Denied, "there is no such key for who asks");
  for (const auto* among : {&present, &retired}) {
    for (const ClientKey& one : *among) {
      if (one.id != key_id || signature.ok()) continue;
      signature = sign(one.key, scheme, client_form(to_be_signed, one.leaf), to_be_signed);
    }
  }
  if (!signature) return certs::encode_refused(tag, signature.error().message);
  return certs::encode_done(tag, certs::encode_text_payload(*signature));
}

std::string KeyRing::State::cosign_for(std::uint32_t tag, BinaryReader& in) {
  const std::string_view note = in.text(), log = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  const auto key = certs::parse_verifier_key(log);
  const auto line =
      key.ok() ? cosigner.cosign_for(note, *key, clock.wall()) : base::Result<std::string>(key.error());
  if (!line.ok()) return certs::encode_refused(tag, line.error().message);
  return certs::encode_done(tag, certs::encode_text_payload(*line));
}

std::string KeyRing::State::answer_desk(KeeperRequest kind, std::uint32_t tag, BinaryReader& in) {
  if (kind == KeeperRequest::WitnessKey) return answer_witness(kind, tag, in);
  if (kind == KeeperRequest::CosignFor) return cosign_for(tag, in);
  if (kind == KeeperRequest::SignCheckpoint) return sign_checkpoint(tag, in);
  if (kind == KeeperRequest::LogVerifierKey) return answer_log_key(kind, tag, in);
  if (kind != KeeperRequest::IssueInstallation)
    return certs::encode_refused(tag, "the desk may not ask this");
  const std::string_view id = in.text(), key = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  const auto made = installations.issue(id, key, clock.wall());
  if (!made.ok()) return certs::encode_refused(tag, made.error().message);
  if (made->size() > certs::kKeeperMessageLimit - 64)
    return certs::encode_refused(tag, "the certificate is too long: take a smaller key");
  return certs::encode_done(tag, certs::encode_text_payload(*made));
}

std::string KeyRing::State::answer_challenge(KeeperRequest kind, std::uint32_t tag, BinaryReader& in) {
  const bool begins = kind == KeeperRequest::BeginChallenge;
  const std::string_view name = begins ? in.text() : std::string_view();
  const std::string_view token = begins ? in.text() : std::string_view();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  challenge.end();
  if (begins) {
    const auto proof = acme.key_authorization(name, token);
    if (!proof.ok()) return certs::encode_refused(tag, proof.error().message);
    const base::Status begun = challenge.begin(std::string(name), *proof, clock.wall());
    if (!begun.ok()) return certs::encode_refused(tag, begun.error().message);
  }
  return certs::encode_done(tag, certs::encode_text_payload({}));
}

base::Result<std::string> KeyRing::State::assertion_for(const std::string& face) const {
  const auto found = assertions.find(face);
  if (found == assertions.end()) return fail(Code::Denied, "there is no key of a client for this link");
  return found->second.sign(clock.wall());
}

std::string KeyRing::State::answer_link(KeeperRequest kind, std::uint32_t tag, BinaryReader& in,
                                        const Purpose& purpose) {
  if (kind == KeeperRequest::SignAssertion && in.done()) {
    const auto made = assertion_for(purpose.listener);
    return made.ok() ? certs::encode_done(tag, certs::encode_text_payload(*made))
                     : certs::encode_refused(tag, made.error().message);
  }
  if (purpose.listener == "admin") return certs::encode_refused(tag, "this link may not ask this");
  if (kind == KeeperRequest::BeginChallenge || kind == KeeperRequest::EndChallenge)
    return answer_challenge(kind, tag, in);
  if (kind == KeeperRequest::SignTlsClient) return sign_tls_client(tag, in, line_keys, retired_line_keys);
  base::Result<std::string> done = fail(Code::Denied, "the link may not ask this");
  if (kind == KeeperRequest::AcmeThumbprint && in.done()) done = acme.thumbprint();
  if (kind == KeeperRequest::SignAcme) {
    const std::string_view step = in.text(), url = in.text(), nonce = in.text(), account = in.text();
    if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
    done = acme.sign(step, url, nonce, account);
  }
  if (!done) return certs::encode_refused(tag, done.error().message);
  if (done->size() > certs::kKeeperMessageLimit - 64)
    return certs::encode_refused(tag, "the request for a certificate is too long: give it fewer names");
  return certs::encode_done(tag, certs::encode_text_payload(*done));
}

std::string KeyRing::State::answer_ledger(KeeperRequest kind, std::uint32_t tag, BinaryReader& in) {
  if (kind == KeeperRequest::SignPass) return sign_pass(tag, in);
  if (kind == KeeperRequest::SignCheckpoint) return sign_checkpoint(tag, in);
  if (kind == KeeperRequest::SignHandover) return sign_handover(tag, in);
  if (kind == KeeperRequest::SignWebhook) return sign_webhook(tag, in);
  if (kind == KeeperRequest::Cosign || kind == KeeperRequest::WitnessKey)
    return answer_witness(kind, tag, in);
  if (kind == KeeperRequest::LogVerifierKey || kind == KeeperRequest::SuccessorKey)
    return answer_log_key(kind, tag, in);
  if (kind != KeeperRequest::PassPublicKey) return certs::encode_refused(tag, "the ledger may not ask this");
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  if (pass_key.empty()) return certs::encode_refused(tag, "there is no key for passes");
  return certs::encode_done(tag, certs::encode_text_payload(base::ed25519_public(pass_key)));
}

std::string KeyRing::State::answer_log_key(KeeperRequest kind, std::uint32_t tag, BinaryReader& in) {
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  const bool next = kind == KeeperRequest::SuccessorKey;
  if (next && !next_log_key) return certs::encode_done(tag, certs::encode_text_payload({}));
  if (!log_key) return certs::encode_refused(tag, "there is no key for the log");
  return certs::encode_done(
      tag,
      certs::encode_text_payload(certs::format_verifier_key((next ? *next_log_key : *log_key).verifier())));
}

std::string KeyRing::State::answer_witness(KeeperRequest kind, std::uint32_t tag, BinaryReader& in) {
  const std::string_view note = kind == KeeperRequest::Cosign ? in.text() : std::string_view();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  const auto text =
      kind == KeeperRequest::Cosign ? cosigner.cosign(note, clock.wall()) : cosigner.verifier_key();
  if (!text.ok()) return certs::encode_refused(tag, text.error().message);
  return certs::encode_done(tag, certs::encode_text_payload(*text));
}

std::string KeyRing::State::sign_webhook(std::uint32_t tag, BinaryReader& in) const {
  const std::string_view target = in.text(), payload = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  const auto signature = webhooks.sign(target, payload, clock.wall());
  if (!signature.ok()) return certs::encode_refused(tag, signature.error().message);
  return certs::encode_done(tag, certs::encode_text_payload(*signature));
}

std::string KeyRing::State::sign_pass(std::uint32_t tag, BinaryReader& in) const {
  const std::string_view payload = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  if (pass_key.empty()) return certs::encode_refused(tag, "there is no key for passes");
  if (payload.substr(0, certs::kPassPrefix.size()) != certs::kPassPrefix) {
    return certs::encode_refused(tag, "what is to be signed is not a pass");
  }
  return certs::encode_done(tag, certs::encode_text_payload(base::ed25519_sign(pass_key, payload)));
}

std::string KeyRing::State::sign_checkpoint(std::uint32_t tag, BinaryReader& in) {
  const std::string_view text = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  if (!log_key) return certs::encode_refused(tag, "there is no key for the log");
  const auto checkpoint = certs::parse_checkpoint(text);
  if (!checkpoint.ok() || certs::format_checkpoint(*checkpoint) != text)
    return certs::encode_refused(tag, "what is to be signed is not a checkpoint");
  if (checkpoint->origin != log_key->verifier().name)
    return certs::encode_refused(tag, "the checkpoint is of another log than the key");
  if (const std::string wrong = step_back(*checkpoint); !wrong.empty())
    return certs::encode_refused(tag, wrong);
  const auto key = signer();
  if (!key.ok()) return certs::encode_refused(tag, key.error().message);
  const auto line = (*key)->signature_line(text);
  if (!line.ok()) return certs::encode_refused(tag, line.error().message);
  signed_last = *checkpoint;
  return certs::encode_done(tag, certs::encode_text_payload(*line));
}

std::string KeyRing::State::step_back(const certs::Checkpoint& checkpoint) const {
  if (checkpoint.size < signed_last.size)
    return "the checkpoint is of a smaller log than one that was signed before";
  if (checkpoint.size == signed_last.size && checkpoint.size > 0 && checkpoint.root != signed_last.root)
    return "a checkpoint of this size was signed before, over other events";
  return {};
}

base::Result<const LogSigner*> KeyRing::State::signer() const {
  const auto handed = handed_over.find(log_key->verifier().public_key);
  if (handed == handed_over.end()) return &*log_key;
  if (next_log_key && next_log_key->verifier() == handed->second.to) return &*next_log_key;
  return fail(Code::Denied, "the log's key was handed over to " +
                                certs::format_verifier_key(handed->second.to) + ", and signs no more");
}

// The same one again is signed again, also when the log has grown since: a ledger that was started anew shows it.
std::string KeyRing::State::sign_handover(std::uint32_t tag, BinaryReader& in) {
  const std::string_view text = in.text();
  if (!in.done()) return certs::encode_refused(tag, "the request is not well formed");
  if (!log_key || !next_log_key) return certs::encode_refused(tag, "there is no next key for the log");
  const auto handover = certs::parse_handover(text);
  if (!handover.ok()) return certs::encode_refused(tag, handover.error().message);
  if (handover->from != log_key->verifier() || handover->to != next_log_key->verifier())
    return certs::encode_refused(tag, "the handover is not from the log's key to its next one");
  const auto before = handed_over.find(handover->from.public_key);
  if (before != handed_over.end() && before->second != *handover)
    return certs::encode_refused(tag, "the log's key was handed over already, otherwise");
  if (before == handed_over.end()) {
    if (const std::string wrong = step_back(handover->head); !wrong.empty())
      return certs::encode_refused(tag, wrong);
    handed_over.emplace(handover->from.public_key, *handover);
    signed_last = handover->head;
  }
  const auto line = log_key->signature_line(text);
  const auto next = next_log_key->signature_line(text);
  if (!line.ok() || !next.ok())
    return certs::encode_refused(tag, line.ok() ? next.error().message : line.error().message);
  return certs::encode_done(tag, certs::encode_text_payload(*line + *next));
}

std::string KeyRing::handle(std::string_view request, const Purpose& purpose) {
  BinaryReader in(request);
  const auto kind = static_cast<KeeperRequest>(in.u8());
  const std::uint32_t tag = in.u32();
  if (!in.ok()) return certs::encode_refused(0, "the request is not well formed");
  if (request.size() > certs::request_limit(kind))
    return certs::encode_refused(tag, "the request is too long");
  if (purpose.peer == Peer::Ledger) return state_->answer_ledger(kind, tag, in);
  if (purpose.peer == Peer::Enforcer) return state_->answer_enforcer(kind, tag, in);
  if (purpose.peer == Peer::Desk) return state_->answer_desk(kind, tag, in);
  if (purpose.peer == Peer::Link) return state_->answer_link(kind, tag, in, purpose);
  return state_->answer_terminator(kind, tag, in, purpose);
}

}  // namespace postern::keeper
