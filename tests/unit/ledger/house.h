// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A whole ledger on a loop, with a disk that obeys the test, a keeper, and roles that talk to it as the real
// ones do. Time is turned by hand; the loop is turned until something has happened.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <map>
#include <thread>

#include "base/bytes.h"
#include "base/crypto.h"
#include "certs/keeper_protocol.h"
#include "certs/note.h"
#include "gateway/ledger/ledger.h"
#include "gateway/ledger/pass.h"
#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/ledger/channel_judge.h"
#include "tests/unit/ledger/faulty_files.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {

// One role's side of its channel.
class Client {
 public:
  struct Answer {
    bool ok = false;
    base::Json json;
    std::string event;
  };

  Client(loop::Loop& loop, base::UniqueFd socket, Sender role)
      : judge_(role),
        channel_(
            loop, std::move(socket), {ipc::kLedgerFrame, 2 * ipc::kLargestPolicy},
            [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) {
              EXPECT_EQ(judge_.heard(static_cast<ipc::FromLedger>(type), payload), "");
              take(static_cast<ipc::FromLedger>(type), payload);
            },
            [this](const base::Error&) { closed = true; }) {}

  template <typename Message>
  void send(ipc::ToLedger type, const Message& message) {
    base::BinaryWriter out;
    ipc::encode(message, out);
    raw(static_cast<std::uint16_t>(type), out.bytes());
  }
  std::size_t queued() const { return channel_.queued(); }
  std::uint64_t appended() const { return judge_.appended(); }
  std::size_t unanswered() const { return judge_.unanswered(); }
  void raw(std::uint16_t type, std::string_view payload) {
    judge_.said(static_cast<ipc::ToLedger>(type), payload);
    channel_.send(type, payload);
  }
  std::uint64_t command(const base::Json& order) {
    const std::string text = base::dump_json(order);
    send(ipc::ToLedger::Command, ipc::Command{++commands_, text});
    return commands_;
  }
  void send_policy(std::string_view text) {
    ipc::in_pieces(text, ipc::kLedgerPiece, [this](std::string_view piece, bool last) {
      send(ipc::ToLedger::Policy, ipc::PolicyPiece{last, piece});
    });
  }
  void append(std::string_view line, ipc::AppendKind kind = ipc::AppendKind::Other,
              std::string_view session = {}, bool wants_durable = true) {
    send(ipc::ToLedger::Append, ipc::Append{wants_durable, kind, session, 10, 200, 0, line});
  }

  bool answers_applied = true;
  bool closed = false;
  bool writable = false;
  std::string why;
  std::uint64_t acked = 0;
  int states = 0;
  state::State state;
  std::string policy;
  std::optional<std::string> accepted_policy;  // that came with it
  std::map<std::uint64_t, Answer> answers;
  std::vector<std::string> changes;  // types, as they came
  std::vector<std::uint64_t> stops;  // of those for which the stop word was raised
  std::uint64_t stop_of_state = 0;
  ipc::Size size;
  std::vector<std::string> cookies;  // frames
  int jars_wanted = 0;
  ipc::Published published;
  std::string verifier_key, problem;  // of published, whose own are gone with the frame
  base::Json witnessing;              // to a console
  accounts::Accounts accounts;        // likewise
  struct Errand {
    std::uint64_t id = 0;
    std::string place, body;
  };
  std::vector<Errand> errands;  // to a link
  struct Task {
    std::uint64_t id = 0;
    base::Json json;
  };
  std::vector<Task> tasks;  // to an enforcer

 private:
  void take(ipc::FromLedger type, std::string_view payload) {
    if (type == ipc::FromLedger::State) take_state(payload);
    if (type == ipc::FromLedger::Change) take_change(payload);
    if (type == ipc::FromLedger::Reply) {
      ipc::Reply reply;
      ASSERT_TRUE(ipc::decode(payload, reply));
      answers[reply.id] = {reply.ok, base::parse_json(reply.json).value(), std::string(reply.event)};
    }
    if (type == ipc::FromLedger::LogStatus) {
      ipc::LogStatus status;
      ASSERT_TRUE(ipc::decode(payload, status));
      writable = status.writable;
      why = status.reason;
    }
    if (type == ipc::FromLedger::Acked) {
      ipc::Acked count;
      ASSERT_TRUE(ipc::decode(payload, count));
      acked = count.count;
    }
    if (type == ipc::FromLedger::Policy) {
      ipc::PolicyPiece piece;
      ASSERT_TRUE(ipc::decode(payload, piece));
      ASSERT_TRUE(policy_pieces_.take(piece.text, piece.last));
      if (!policy_pieces_.whole()) return;
      policy = policy_pieces_.take_whole();
      accepted_policy = std::exchange(accepted_, std::nullopt);
    }
    if (type == ipc::FromLedger::AcceptedPolicy) {
      ipc::PolicyPiece piece;
      ASSERT_TRUE(ipc::decode(payload, piece));
      ASSERT_TRUE(policy_pieces_.take(piece.text, piece.last));
      if (policy_pieces_.whole()) accepted_ = policy_pieces_.take_whole();
    }
    if (type == ipc::FromLedger::Accounts) {
      ipc::AccountsPiece piece;
      ASSERT_TRUE(ipc::decode(payload, piece));
      ASSERT_TRUE(account_pieces_.take(piece.text, piece.last));
      if (account_pieces_.whole())
        accounts = accounts::parse_accounts(account_pieces_.take_whole()).value().accounts;
    }
    if (type == ipc::FromLedger::Witnessing) {
      ipc::Witnessing told;
      ASSERT_TRUE(ipc::decode(payload, told));
      witnessing = base::parse_json(told.json).value();
    }
    if (type == ipc::FromLedger::Errand) {
      ipc::Errand errand;
      ASSERT_TRUE(ipc::decode(payload, errand));
      errands.push_back({errand.id, std::string(errand.place), std::string(errand.body)});
    }
    if (type == ipc::FromLedger::NodeTask) {
      ipc::NodeTask task;
      ASSERT_TRUE(ipc::decode(payload, task));
      tasks.push_back({task.id, base::parse_json(task.json).value()});
    }
    if (type == ipc::FromLedger::Cookie) cookies.emplace_back(payload);
    if (type == ipc::FromLedger::Jars) ++jars_wanted;
    if (type == ipc::FromLedger::Size) {
      ASSERT_TRUE(ipc::decode(payload, size));
    }
    if (type == ipc::FromLedger::Published) {
      ASSERT_TRUE(ipc::decode(payload, published));
      verifier_key = published.verifier_key;
      problem = published.problem;
    }
  }
  void take_state(std::string_view payload) {
    ipc::StateSnapshot piece;
    ASSERT_TRUE(ipc::decode(payload, piece));
    state_text_ += piece.json;
    if (!piece.last) return;
    state = state::State::from_json(base::parse_json(std::exchange(state_text_, {})).value()).value();
    stop_of_state = piece.stop;
    ++states;
  }
  void take_change(std::string_view payload) {
    ipc::Change change;
    ASSERT_TRUE(ipc::decode(payload, change));
    const base::Json event = base::parse_json(change.line).value();
    state.apply(event);
    changes.push_back(event.at("type"));
    if (change.stop != 0) stops.push_back(change.stop);
    if (change.wants_applied && answers_applied)
      send(ipc::ToLedger::Applied, ipc::Applied{change.version, 3, 5000});
  }

  std::uint64_t commands_ = 0;
  std::string state_text_;
  ipc::Pieces policy_pieces_{ipc::kLargestPolicy}, account_pieces_{accounts::kAccountsLimit};
  std::optional<std::string> accepted_;  // of the policy that follows
  ChannelJudge judge_;
  ipc::SocketChannel channel_;
};

// A clock that somebody may set.
class JumpingClock final : public base::Clock {
 public:
  explicit JumpingClock(base::Micros wall) : manual_(wall) {}
  void advance(base::Nanos by) { manual_.advance(by); }
  void jump(base::Micros by) { ahead_ += by; }
  base::Nanos monotonic() const override { return manual_.monotonic(); }
  base::Micros wall() const override { return manual_.wall() + ahead_; }

 private:
  base::ManualClock manual_;
  base::Micros ahead_ = 0;
};

class House : public ::testing::Test {
 protected:
  House() { start(); }
  ~House() override {
    files.hold_syncs(false);
    stop();
  }

  void start(std::string_view policy = kPolicyText) {
    LedgerOptions options;
    options.directory = folder.path();
    options.limits = limits;
    options.witnessing = witnessing;
    options.admins = configured;
    auto opened = Ledger::open(loop, clock, files, std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ledger = std::move(*opened);
    give_keeper();
    enforcer = join(Sender::Enforcer, 0);
    console = join(Sender::Console, 0);
    supervisor = join(Sender::Supervisor, 0);
    until(
        [this] { return enforcer->states > 0 && console->states > 0 && supervisor->writable && answered_; });
    EXPECT_TRUE(put_policy(policy).ok);
  }
  // As kill -9 would: nothing is ended, nothing is said.
  void stop() {
    enforcer.reset();
    console.reset();
    supervisor.reset();
    keeper_.reset();
    ledger.reset();
    // What the pool still does with the files ends before they are opened again.
    bool idle = false;
    loop.run_elsewhere([] {}, [&idle] { idle = true; });
    until([&idle] { return idle; });
    for (int i = 0; i < 100; ++i) loop.turn();
    answered_ = false;
  }

  std::unique_ptr<Client> join(Sender sender, std::uint32_t index) {
    auto pair = ipc::make_socket_pair();
    EXPECT_TRUE(pair.ok());
    ledger->add_channel(sender, index, std::move(pair->first));
    return std::make_unique<Client>(loop, std::move(pair->second), sender);
  }

  template <typename Condition>
  void until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it does not happen";
      loop.turn();
      std::this_thread::yield();
    }
  }
  void turn(base::Nanos by) {
    clock.advance(by);
    ledger->tick();
    for (int i = 0; i < 20; ++i) loop.turn();
  }

  Client::Answer answer(Client& client, const base::Json& order) {
    const std::uint64_t id = client.command(order);
    until([&] { return client.answers.count(id) > 0; });
    return client.answers[id];
  }
  // As the supervisor does it.
  Client::Answer put_policy(std::string_view text) {
    supervisor->send_policy(text);
    return answer(*supervisor, {{"command", "policy.set"}, {"actor", "gateway"}});
  }
  base::Json done(Client& client, const base::Json& order) {
    const Client::Answer given = answer(client, order);
    EXPECT_TRUE(given.ok) << base::dump_json(order) << base::dump_json(given.json);
    return given.json;
  }
  static base::Json by_admin(base::Json order) {
    order["actor"] = "admin:root";
    order["from"] = "uid 0";
    return order;
  }
  base::Json admin(base::Json order) { return done(*console, by_admin(std::move(order))); }
  base::Json remote_access(const char* mode) {
    return admin({{"command", "remote_access.set"}, {"mode", mode}});
  }

  std::string pass_for(const std::string& name) {
    if (ledger->state().engineers().count(name) == 0) {
      admin({{"command", "engineer.add"}, {"name", name}});
      admin({{"command", "engineer.approve"}, {"name", name}});
    }
    return base::json_text_or(admin({{"command", "pass.issue"}, {"engineer", name}}), "pass", "");
  }
  static base::Json sign_in(const std::string& pass) {
    return {{"command", "pass.verify_and_open"}, {"pass", pass}, {"client", "192.0.2.7:5"}};
  }
  std::string visit(const std::string& name) {
    if (ledger->state().remote_access(clock.wall()) == state::RemoteAccess::Off) remote_access("all");
    return base::json_text_or(done(*enforcer, sign_in(pass_for(name))), "session", "");
  }

  std::string line(audit::EventType type, std::string_view session = {}) {
    const std::string id = ids.make(clock.wall());
    audit::EventHead head;
    head.id = id;
    head.time = clock.wall();
    head.type = type;
    head.severity = audit::text_of(type).severity;
    head.actor = "engineer:alice";
    head.session = session;
    std::string text;
    audit::write_event(text, head, R"({"request_bytes":10,"response_bytes":200})");
    return text;
  }
  // The log as it is on the disk.
  std::vector<std::string> log() {
    auto reader = audit::JournalReader::open(audit::system_files(), folder.path() + "/journal").value();
    EXPECT_TRUE(reader->refresh().ok());
    std::vector<std::string> lines;
    while (lines.size() < reader->size()) {
      std::vector<std::string> more = reader->read(lines.size(), 10000).value();
      std::move(more.begin(), more.end(), std::back_inserter(lines));
    }
    return lines;
  }
  std::vector<std::string> logged(std::string_view type) {
    std::vector<std::string> lines;
    for (std::string& text : log()) {
      if (text.find("\"type\":\"" + std::string(type) + "\"") != std::string::npos)
        lines.push_back(std::move(text));
    }
    return lines;
  }

  audit::TemporaryFolder folder;
  FaultyFiles files;
  loop::Loop loop;
  JumpingClock clock{kNoon};
  base::UlidMaker ids;
  const bool crypto_ready = base::init_crypto().ok();  // before the first Secret
  base::Secret seed{std::string(32, 's')};
  base::Secret next_seed;  // of the log's next key; empty: there is none
  Limits limits;
  Witnessing witnessing;
  std::string configured;  // the list of admins; empty: none
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Client> enforcer, console, supervisor;
  bool keeper_answers = true;

 protected:
  // A keeper that was started anew: it has forgotten what it signed.
  void give_keeper() {
    handed_over_ = false;
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    ledger->set_keeper(base::UniqueFd(fds[0]));
    keeper_socket_ = base::UniqueFd(fds[1]);
    keeper_ = std::make_unique<loop::Poller>(loop, fds[1], [this](unsigned) { serve_keeper(); });
    keeper_->want(loop::kReadable);
  }

 private:
  void serve_keeper() {
    char request[certs::kKeeperMessageLimit];
    const ssize_t n = ::recv(keeper_socket_.get(), request, sizeof request, MSG_DONTWAIT);
    if (n <= 0 || !keeper_answers) return;
    base::BinaryReader reader({request, static_cast<std::size_t>(n)});
    const auto kind = static_cast<certs::KeeperRequest>(reader.u8());
    const std::uint32_t tag = reader.u32();
    const std::string text = answer_of(kind, reader.text());
    const std::string answer = certs::encode_done(tag, certs::encode_text_payload(text));
    ::send(keeper_socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    answered_ = answered_ || kind == certs::KeeperRequest::SuccessorKey;  // the last that a ledger asks first
  }

  certs::SignerKey next_key() const { return {"postern/test", base::Secret(next_seed.view())}; }
  std::string answer_of(certs::KeeperRequest kind, std::string_view text) {
    const certs::SignerKey log_key{"postern/test", base::Secret(seed.view())};
    if (kind == certs::KeeperRequest::SignPass) return base::ed25519_sign(seed, text);
    if (kind == certs::KeeperRequest::SignCheckpoint)
      return handed_over_ ? certs::signature_line(next_key(), text) : certs::signature_line(log_key, text);
    if (kind == certs::KeeperRequest::Cosign || kind == certs::KeeperRequest::WitnessKey)
      return answer_as_witness(kind, text);
    if (kind == certs::KeeperRequest::LogVerifierKey)
      return certs::format_verifier_key(certs::verifier_of(log_key));
    if (kind == certs::KeeperRequest::SuccessorKey)
      return next_seed.empty() ? "" : certs::format_verifier_key(certs::verifier_of(next_key()));
    if (kind == certs::KeeperRequest::SignHandover) {
      handed_over_ = true;
      return certs::signature_line(log_key, text) + certs::signature_line(next_key(), text);
    }
    return base::ed25519_public(seed);
  }

  std::string answer_as_witness(certs::KeeperRequest kind, std::string_view note) const {
    const certs::SignerKey key{"witness/own", base::Secret(std::string(32, 'w'))};
    if (kind == certs::KeeperRequest::Cosign) {
      return certs::cosignature_line(key, certs::parse_note(note)->text,
                                     static_cast<std::uint64_t>(clock.wall() / base::kWallSecond));
    }
    return certs::format_verifier_key(certs::make_verifier_key(key.name, certs::NoteAlgorithm::Cosignature,
                                                               base::ed25519_public(key.seed)));
  }

  bool handed_over_ = false;
  base::UniqueFd keeper_socket_;
  std::unique_ptr<loop::Poller> keeper_;
  bool answered_ = false;
};

}  // namespace postern::ledger
