// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/console/rig.h"

#include <cstdlib>
#include <filesystem>

#include "base/crypto.h"
#include "console/assets.h"
#include "gateway/ledger/decide_account.h"

namespace postern::console {

// The page that this test's console serves, instead of the built one.
const base::Asset* find_console_asset(std::string_view path) {
  static constexpr base::Asset kPage{"/",  "text/html; charset=utf-8", "\"page\"", "<!doctype html>", {},
                                     false};
  static constexpr base::Asset kScript{
      "/assets/a-1.js", "text/javascript; charset=utf-8", "\"script\"", "alert", "gz", true};
  if (path == "/") return &kPage;
  return path == kScript.path ? &kScript : nullptr;
}

namespace {

std::string make_directory() {
  std::string path = ::testing::TempDir() + "postern-console-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

// Argon2id is slow on purpose: once for all tests.
const std::string& password_hash() {
  static const std::string hash = [] {
    if (!base::init_crypto().ok()) std::abort();
    return base::hash_password(kPassword).value();
  }();
  return hash;
}

Facts make_facts(const std::string& directory) {
  Facts facts;
  facts.state_directory = directory;
  facts.public_url = "https://support.example:8443";
  facts.names = {*http::parse_authority("127.0.0.1:9443")};
  facts.listeners = {{{"name", "admin"}, {"address", "127.0.0.1:9443"}}};
  facts.component = {{"services", base::Json::array()},
                     {"nodes",
                      {{{"service", "p"}, {"url", "http://127.0.0.1:9090"}, {"checked", true}},
                       {{"service", "q"}, {"url", "http://127.0.0.1:9091"}, {"checked", false}}}}};
  return facts;
}

accounts::Accounts make_accounts() {
  accounts::Accounts accounts;
  for (const auto& [name, rank] : {std::pair{"root", Rank::Admin}, {"eve", Rank::Auditor}}) {
    accounts::Account account;
    account.name = name;
    account.rank = rank;
    account.password = password_hash();
    account.handle = base::random_bytes(accounts::kHandleSize);
    accounts.list.push_back(std::move(account));
  }
  return accounts;
}

template <typename Message>
std::string encoded(const Message& message) {
  base::BinaryWriter out;
  encode(message, out);
  return out.bytes();
}

}  // namespace

base::UniqueFd FakeLedger::open() {
  auto pair = ipc::make_socket_pair();
  if (!pair.ok()) std::abort();
  channel_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(pair->first), ipc::SocketChannelLimits{},
      [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) { take(type, payload); },
      [](const base::Error&) {});
  return std::move(pair->second);
}

void FakeLedger::send_state(const state::State& state) {
  const std::string json = base::dump_json(state.to_json());
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::State),
           encoded(ipc::StateSnapshot{++version_, true, json}));
}
void FakeLedger::send_policy(const std::string& text) {
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Policy), encoded(ipc::PolicyPiece{true, text}));
}
void FakeLedger::send_accounts(const accounts::Accounts& now) {
  accounts = now;
  const std::string text = accounts::format_accounts(accounts, {});
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Accounts), encoded(ipc::AccountsPiece{true, text}));
}

// As the ledger does it: told before it is answered.
void FakeLedger::change_accounts(std::uint64_t id, const base::Json& order) {
  if (const auto happens = std::exchange(meanwhile, nullptr)) {
    accounts::Accounts changed = accounts;
    happens(changed);
    send_accounts(changed);
  }
  const state::State state;
  const ledger::PolicySummary policy;
  const ledger::Limits limits;
  const ledger::Tallies tallies;
  base::UlidMaker ids;
  ledger::Context context{state, policy, limits, tallies, ids, loop_.wall(), {}, true};
  context.admin_openid = &provider;
  ledger::AccountDecision decided = ledger::decide_account(context, accounts, order);
  if (decided.decision.refused) {
    const auto& refused = *decided.decision.refused;
    return reply(id, false,
                 {{"code", refused.code}, {"message", refused.message}, {"status", refused.status}});
  }
  if (decided.next) send_accounts(*decided.next);
  reply(id, true, decided.decision.reply);
}

void FakeLedger::send_log_status(bool writable, const std::string& reason) {
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::LogStatus), encoded(ipc::LogStatus{writable, reason}));
}
void FakeLedger::send_change(const std::string& line) {
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Change),
           encoded(ipc::Change{++version_, 0, false, line}));
}
void FakeLedger::send_acked(std::uint64_t count) {
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Acked), encoded(ipc::Acked{count}));
}
void FakeLedger::send_size(std::uint64_t size) {
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Size), encoded(ipc::Size{size, size, size}));
}
void FakeLedger::send_published(const ipc::Published& published) {
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Published), encoded(published));
}
void FakeLedger::send_witnessing(std::string_view json) {
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Witnessing), encoded(ipc::Witnessing{json}));
}
void FakeLedger::reply(std::uint64_t id, bool ok, const base::Json& json) {
  const std::string text = base::dump_json(json);
  send_raw(static_cast<std::uint16_t>(ipc::FromLedger::Reply), encoded(ipc::Reply{id, ok, text, {}}));
}

void FakeLedger::take(std::uint16_t type, std::string_view payload) {
  if (static_cast<ipc::ToLedger>(type) == ipc::ToLedger::Append) {
    ipc::Append append;
    ASSERT_TRUE(decode(payload, append));
    lines.emplace_back(append.line);
    events.push_back(base::parse_json(append.line).value());
    ASSERT_TRUE(audit::read_event_head(append.line).ok()) << append.line;
  }
  if (static_cast<ipc::ToLedger>(type) != ipc::ToLedger::Command) return;
  ipc::Command command;
  ASSERT_TRUE(decode(payload, command));
  const base::Json order = base::parse_json(command.json).value();
  const bool comes = base::json_text_or(order, "command", "") == "admin_openid.open";
  if (comes) commands.push_back({command.id, order});
  if (ledger::is_account_command(base::json_text_or(order, "command", ""))) {
    base::Json answered = order;
    if (comes)
      answered["answer"] =
          order.contains("fault") ? base::Json{{"status", 403}, {"why", order["fault"]}} : provider_says;
    return change_accounts(command.id, answered);
  }
  commands.push_back({command.id, order});
  if (answer) reply(command.id, true, answer(commands.back().json));
}

Rig::Rig()
    : directory(make_directory()),
      log(directory),
      searches(loop, directory),
      parts{{loop, parts.facts, ledger, sign_ins, guard, refusals},
            make_facts(directory),
            ledger,
            log,
            searches,
            live,
            nodes,
            readings,
            [](const base::Json& question, const std::function<void(const base::Json&)>& done) {
              done({{"asked", question}, {"roles", {{{"name", "ledger"}, {"state", "running"}}}}});
            }} {}

Rig::~Rig() { std::filesystem::remove_all(directory); }

bool Rig::turn_until(const std::function<bool()>& done) {
  constexpr base::Nanos kLongest = 60 * base::kSecond;
  const base::SystemClock clock;
  for (const base::Nanos end = clock.monotonic() + kLongest; !done();) {
    if (clock.monotonic() > end) return false;
    loop.turn();
  }
  return true;
}

void Rig::connect_ledger() {
  ledger.connect(fake.open());
  fake.send_state(state::State{});
  fake.send_policy(std::string(kPolicyText));
  fake.send_accounts(make_accounts());
  fake.send_log_status(true);
  ASSERT_TRUE(turn_until([&] { return ledger.writable() && ledger.policy() != nullptr; }));
}

std::shared_ptr<Call> Rig::make_call(const Ask& ask) {
  auto call = std::make_shared<Call>();
  call->method = ask.method;
  EXPECT_TRUE(http::canonicalise(ask.target, {}, call->target).ok()) << ask.target;
  for (const auto& [name, value] : ask.fields) call->fields.put(name, value);
  call->body = ask.body;
  call->client = ask.local ? "uid 0" : ask.client;
  call->local = ask.local;
  if (ask.local) call->identity = {"uid-0", Rank::Admin, {}, 0};
  return call;
}

Response Rig::answer(const Ask& ask) {
  std::optional<Response> got;
  site.answer(make_call(ask), [&](Response response) { got = std::move(response); });
  EXPECT_TRUE(turn_until([&] { return got.has_value(); }));
  return got ? std::move(*got) : Response{};
}

Rig::Ask Rig::change(http::Method method, std::string target, std::string body, std::string cookie) {
  Ask ask{method,
          std::move(target),
          std::move(body),
          {{"content-type", "application/json"},
           {"origin", "https://127.0.0.1:9443"},
           {"sec-fetch-site", "same-origin"}}};
  if (!cookie.empty()) ask.fields.emplace_back("cookie", std::move(cookie));
  return ask;
}

base::Json Rig::json_of(const Response& response) {
  auto json = base::parse_json(response.bytes());
  EXPECT_TRUE(json.ok()) << response.bytes();
  return json.ok() ? *json : base::Json::object();
}

std::string Rig::field_of(const Response& response, std::string_view name) {
  for (const auto& [field, value] : response.fields) {
    if (field == name) return value;
  }
  return {};
}

std::string Rig::sign_in(const std::string& name) {
  const base::Json body{{"name", name}, {"password", kPassword}};
  const Response response = answer(change(http::Method::Post, "/api/v1/sign-in", base::dump_json(body)));
  EXPECT_EQ(response.status, 200) << response.body;
  const std::string cookie = field_of(response, "set-cookie");
  return cookie.substr(0, cookie.find(';'));
}

}  // namespace postern::console
