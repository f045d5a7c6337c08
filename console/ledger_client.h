// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The console's end of the ledger channel: the state that the ledger's events make, kept by folding them; the
// policy in force; commands and their answers; events of the console's own.
//
// The channel may be replaced at any time (the ledger was restarted). Until the new ledger has sent its whole
// state, up() is false and commands are refused; events that were not yet durable are kept and sent again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "accounts/account.h"
#include "audit/event.h"
#include "base/json.h"
#include "base/ulid.h"
#include "face/registrar.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/pieces.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/loop/loop.h"
#include "gateway/state/state.h"
#include "policy/policy.h"

namespace postern::console {

class LedgerClient final : public face::Registrar {
 public:
  static constexpr std::size_t kMostUnacked =
      10'000;  // events of ours that wait for the disk; then note() says no
  static constexpr std::size_t kMostCommands = 256;  // under way
  // The ledger waits at most a few seconds for slow enforcers: who has not answered by then is not going to.
  static constexpr base::Nanos kCommandTimeout = 15 * base::kSecond;
  // For an identity provider the ledger waits half a minute (gateway/ledger/provider_asks.h).
  static constexpr base::Nanos kProviderTimeout = 40 * base::kSecond;

  explicit LedgerClient(loop::Loop& loop);
  ~LedgerClient() override;
  LedgerClient(const LedgerClient&) = delete;
  LedgerClient& operator=(const LedgerClient&) = delete;

  void connect(base::UniqueFd socket);  // replaces the channel there was

  bool up() const override { return channel_ != nullptr && channel_->open() && complete_; }
  bool writable() const { return up() && writable_; }
  std::string reason() const;  // why not writable(); empty if it is
  const state::State& state() const { return state_; }
  std::uint64_t version() const { return version_; }
  std::uint64_t written() const { return size_.written; }
  std::uint64_t durable() const { return size_.durable; }
  std::uint64_t indexed() const { return size_.indexed; }  // of those, how many a question finds
  // What an auditor can verify: ipc::Published.
  struct Published {
    std::uint64_t size = 0;
    base::Micros at = 0;
    std::string verifier_key, problem;
  };
  const Published& published() const { return published_; }
  // Who may sign in. Of the ledger that was last heard of; none before the first.
  const accounts::Accounts& accounts() const override { return accounts_; }
  bool accounts_known() const override { return accounts_known_; }
  // ipc::Witnessing; an empty object until it was told.
  const base::Json& witnessing() const { return witnessing_; }
  const std::shared_ptr<const policy::Policy>& policy() const { return policy_; }  // nullptr before it came
  const std::string& policy_text() const { return policy_text_; }
  // The policy accepted last, while the one in force waits to be; else nullptr. Also when its text cannot be read.
  const std::shared_ptr<const policy::Policy>& accepted_policy() const { return accepted_; }
  // The policy in force opens something that an admin has yet to accept. False until text and events agree.
  bool policy_waits() const { return waits_ && state_.policy_waits(); }
  // When it was put in force, as its event says. Nothing for the moment in which text and event are not the
  // same policy's.
  std::optional<base::Micros> policy_loaded() const;

  // done is called once, never from inside this call: with the ledger's answer, or with 503 log_unavailable.
  void command(const base::Json& command, Done done);

  struct Note {
    audit::EventType type{};
    std::string actor, subject, outcome;
    std::string detail;  // a JSON object made by base::JsonWriter; empty: none
  };
  // Hands an event to the ledger. False: too many wait already, nothing was noted.
  [[nodiscard]] bool note(const Note& note);

  // Of the face, as commands and events of the log: "admin." stands before each.
  answer::Response unavailable() const override;
  void order(std::string_view name, base::Json arguments, Done done) override;
  [[nodiscard]] bool note(const face::Note& note) override;

  std::size_t unacked() const { return unacked_.size(); }

  // Called when state, policy, accounts or the log's standing changed; when the log grew; when the accounts came, before
  // the first. Set once.
  void on_change(std::function<void()> changed) { on_change_ = std::move(changed); }
  void on_growth(std::function<void()> grown) { on_growth_ = std::move(grown); }
  void on_accounts(std::function<void()> changed) { on_accounts_ = std::move(changed); }

 private:
  struct Pending {
    Done done;
    base::Nanos due = 0;
  };
  void take(std::uint16_t type, std::string_view payload);
  bool take_state(std::string_view payload);
  bool take_change(std::string_view payload);
  bool take_policy(std::string_view payload, bool accepted);
  bool take_acked(std::string_view payload);
  bool take_witnessing(std::string_view payload);
  bool take_accounts(std::string_view payload);
  bool take_reply(std::string_view payload);
  void lost(const std::string& why);
  void fail_pending();
  void expire();
  void send_note(const std::string& line);
  void answer_later(Done done, Answer answer);

  loop::Loop& loop_;
  std::unique_ptr<ipc::SocketChannel> channel_;
  std::uint64_t generation_ = 0;
  bool complete_ = false;
  bool writable_ = false;
  std::string reason_ = "the ledger has not been heard of yet";
  state::State state_;
  std::uint64_t version_ = 0;
  ipc::Size size_;
  Published published_;
  base::Json witnessing_ = base::Json::object();
  ipc::Pieces state_pieces_{ipc::kLargestState}, policy_pieces_{ipc::kLargestPolicy},
      account_pieces_{accounts::kAccountsLimit};
  accounts::Accounts accounts_;
  bool accounts_known_ = false;
  std::shared_ptr<const policy::Policy> policy_;
  std::string policy_text_;
  std::shared_ptr<const policy::Policy> accepted_;
  bool waits_ = false;
  std::optional<std::string> accepted_text_;  // came ahead of the policy that is to come
  std::uint64_t last_command_ = 0;
  std::map<std::uint64_t, Pending> pending_;
  std::deque<std::pair<Done, Answer>> ready_;
  std::deque<std::string> unacked_;
  std::uint64_t acked_ = 0;  // of this channel
  base::UlidMaker ulids_;
  std::function<void()> on_change_, on_growth_, on_accounts_;
  loop::Timer timer_;
  std::unique_ptr<loop::Loop::Hook> hook_;
};

}  // namespace postern::console
