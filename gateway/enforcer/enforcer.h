// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The second door: takes exchanges from one terminator, decides, has them recorded, forwards them and sends
// back what the component says. It accepts no client, opens no file and no connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "gateway/enforcer/exchange.h"
#include "gateway/enforcer/health.h"
#include "gateway/enforcer/node_tasks.h"
#include "gateway/enforcer/proposed_calls.h"
#include "gateway/enforcer/readings.h"
#include "gateway/enforcer/site.h"
#include "gateway/enforcer/visit.h"
#include "gateway/ipc/exchange_channel.h"

namespace postern::enforcer {

class Enforcer final : public LedgerListener {
 public:
  // signer: for the keys of certificates that the component is shown; it outlives this.
  // ask: of the supervisor, about certificates (inquirer.h).
  Enforcer(loop::Loop& loop, const base::Clock& clock, Connector connector, tls::RemoteSigner& signer,
           Inquirer::Ask ask = {});
  ~Enforcer() override;
  Enforcer(const Enforcer&) = delete;
  Enforcer& operator=(const Enforcer&) = delete;

  // What one terminator may hold open here: far more than its limits let in, far less than our memory. Nothing but its word
  // ends an exchange.
  static constexpr std::size_t kMostClients = 100'000;
  static constexpr std::size_t kMostExchanges = kMostClients + ipc::kMostMultiplexed;

  base::Status configure(Settings settings);  // first, and at a reload; exchanges under way keep the old
  // What authorities answered about certificates. revoked: one that was good until now is not any more.
  base::Status set_answers(std::shared_ptr<const certs::Answers> answers, bool revoked);
  base::Status set_terminator(ipc::RingEnds ends);  // first, and after the terminator was restarted
  // Called when the terminator broke the exchange protocol: its channel is closed, and with it all that ran on it.
  void on_breach(std::function<void(const std::string& why)> report) { breach_ = std::move(report); }
  std::size_t waiting() const { return channel_ ? channel_->waiting() : 0; }  // bytes for it, beyond the ring
  void set_ledger(base::UniqueFd socket);  // first, and after the ledger was restarted
  void drain(
      std::function<void()> done);  // the terminator brings no more; calls done when nothing is under way

  // LedgerListener
  void on_state(const ipc::StateSnapshot& told, const base::Json& state) override;
  void on_change(const ipc::Change& change, const base::Json& event) override;
  void on_policy(std::string_view text, const std::string* accepted) override;
  void on_cookie(const ipc::Cookie& cookie) override;
  void on_jars_wanted() override;
  void on_node_task(const ipc::NodeTask& task) override;
  void on_activity_due() override;

 private:
  // A change whose cuts are being made: Applied is sent when the last of them is done.
  struct Cutting {
    std::uint32_t under_way = 0;
    std::uint32_t cut = 0;
    base::Nanos slowest = 0;
    bool wanted = false;
  };
  void on_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);
  bool take_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);
  bool take_connection(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload);
  bool take_head(std::uint64_t id, std::string_view payload);
  bool take_refused(std::uint64_t id, std::string_view payload);
  bool take_connections_refused(std::string_view payload);
  bool take_done(std::uint64_t id, std::string_view payload);
  Exchange* begin(std::uint64_t id, std::uint64_t connection);
  void end(std::uint64_t id);
  void forget_client(std::uint64_t id);
  void terminator_gone(const base::Error& why);
  void review(const ipc::Change& change);
  void look_at_rotation();
  std::size_t cut_from(int node);
  void finish_cutting(std::uint64_t version);
  void reviewed(std::uint64_t stop);
  void tell_limits();
  bool go_on_with_bodies();
  base::Status set_trust(const certs::ClientTrust& trust);
  void judge_clients_again();

  loop::Loop& loop_;
  std::function<void(const std::string& why)> breach_;
  loop::Deadlines deadlines_;
  std::shared_ptr<const Settings> settings_;  // nullptr until configured
  std::optional<certs::ClientVerifier> verifier_;
  Access access_;
  LedgerClient ledger_;
  Recorder recorder_;
  ComponentPool pool_;
  CredentialNews credential_news_;
  KnownSecrets known_secrets_;
  CookieJars jars_;
  WaitingRoom waiting_room_;
  Admission admission_;
  Unrecorded unrecorded_;
  CertificateWatch certificate_watch_;
  Inquirer inquirer_;
  Site site_;
  ChangeRecords changes_;
  HeldDocuments held_documents_;
  VisitPages visit_;
  HealthChecks health_;
  Readings readings_;
  NodeTasks node_tasks_;
  ProposedCalls proposed_calls_;
  loop::Timer limits_timer_;
  std::unique_ptr<loop::Loop::Hook> room_hook_;
  std::unique_ptr<ipc::ExchangeChannel> channel_;
  ipc::ShownChains shown_chains_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Exchange>> exchanges_;
  ipc::RequestHead request_head_;  // the one being taken: its memory is used again
  std::uint64_t last_exchange_ = 0;
  std::uint64_t last_serial_ = 0;
  std::map<std::uint64_t, Cutting> cutting_;
  std::uint64_t reviewed_ = 0;  // the stop word: all that it stopped was looked at
  std::function<void()> drained_;
};

}  // namespace postern::enforcer
