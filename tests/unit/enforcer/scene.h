// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A real enforcer between a terminator, a ledger and a component that a test plays by hand: rings, a socket
// pair and a listening socket on loopback, in one process and one loop.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/bytes.h"
#include "base/crypto.h"
#include "gateway/enforcer/enforcer.h"
#include "tests/unit/enforcer/fakes.h"
#include "tests/unit/tls/pair.h"

namespace postern::enforcer {

using Type = ipc::ExchangeFrame;

inline constexpr std::string_view kPolicy = R"(version: 1
capabilities:
  metrics.read:
    title: Read metrics
    class: read
    operations:
      - GET /api/v1/query
      - GET /api/v1/stream
  silences.write:
    title: Create silences
    class: write
    operations:
      - POST /api/v2/silences
)";

struct Frame {
  Type type;
  std::uint64_t id;
  std::string payload;
};

class EnforcerScene : public ::testing::Test {
 protected:
  EnforcerScene() {
    component.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(component.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(component.get(), 16), 0);
    socklen_t size = sizeof at;
    EXPECT_EQ(::getsockname(component.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port = at.sin_port;
    EXPECT_TRUE(enforcer->configure(settings()).ok());
    join_terminator();
    join_ledger();
    tell_state();
    ledger->send(ipc::FromLedger::Policy, ipc::PolicyPiece{true, kPolicy});
    ledger->log_status(true);
    open_connection(1);
    turn(10);
  }
  ~EnforcerScene() override {
    terminator.reset();
    ledger.reset();
    turn(3);
    enforcer.reset();
    loop.turn();
  }
  static Settings settings() {
    Settings out;
    Node node;
    node.id = 5;
    node.service = "prom";
    node.url = "http://prom:9090";
    node.authority = "prom:9090";
    Service service;
    service.name = "prom";
    service.path = "/";
    service.nodes.push_back(node);
    out.services.push_back(service);
    out.names.push_back(*http::parse_authority("support.example"));
    out.connect = 10 * base::kSecond;  // TLS is part of it, and slow under valgrind
    return out;
  }
  void join_terminator() {
    auto ends = *ipc::make_ring_pair();
    ASSERT_TRUE(enforcer->set_terminator(std::move(ends.second)).ok());
    broken = false;
    frames.clear();
    terminator = *ipc::ExchangeChannel::open(
        loop, std::move(ends.first), 0,
        [this](Type type, std::uint64_t id, std::string_view payload) {
          frames.push_back({type, id, std::string(payload)});
        },
        [this](const base::Error&) { broken = true; });
  }
  void join_ledger() {
    auto sockets = *ipc::make_socket_pair();
    enforcer->set_ledger(std::move(sockets.first));
    ledger = std::make_unique<FakeLedger>(loop, std::move(sockets.second));
  }
  base::Json event(const char* type, base::Json detail, const char* of_session = "") {
    return {{"id", std::string("id-of-") + type},
            {"type", type},
            {"time", base::format_time(loop.wall())},
            {"actor", "admin:root"},
            {"session", of_session},
            {"detail", std::move(detail)}};
  }
  void tell_state() {
    state::State state;
    const std::string until = base::format_time(loop.wall() + 3600 * base::kWallSecond);
    state.apply(event("engineer.added", {{"engineer", "alice"}}));
    state.apply(event("engineer.approved", {{"engineer", "alice"}}));
    state.apply(event("permission.changed", {{"what", "remote_access"}, {"new", "all"}}));
    for (const char* name : {"metrics.read", "silences.write"})
      state.apply(event("permission.changed", {{"what", "capability"}, {"name", name}, {"new", "on"}}));
    state.apply(event("session.opened",
                      {{"engineer", "alice"},
                       {"method", "pass"},
                       {"client", "192.0.2.7:1"},
                       {"token_sha256", base::to_hex(base::view(base::sha256(kToken)))},
                       {"expires", until},
                       {"idle_us", 3'600'000'000}},
                      "s1"));
    ASSERT_EQ(state.sessions().size(), 1U);
    ledger->send(ipc::FromLedger::State, ipc::StateSnapshot{1, true, base::dump_json(state.to_json())});
  }
  void change(const base::Json& what) {
    ledger->send(ipc::FromLedger::Change, ipc::Change{++version, loop.now(), true, base::dump_json(what)});
  }
  void turn(int times) {
    for (int i = 0; i < times; ++i) loop.turn();
  }
  template <typename Condition>
  [[nodiscard]] bool until(Condition condition, int turns = 20'000) {
    return turn_until(loop, condition, turns);
  }

  // --- the terminator
  void send(Type type, std::uint64_t id, std::string_view payload = {}) {
    terminator->send(type, id, payload);
  }
  template <typename Message>
  void send_message(Type type, std::uint64_t id, const Message& message) {
    base::BinaryWriter out;
    ipc::encode(message, out);
    send(type, id, out.bytes());
  }
  void open_connection(std::uint64_t id, const std::vector<std::string>& chain = {}) {
    ipc::ConnectionOpened opened{"192.0.2.7:50123", "TLSv1.3", false, {}};
    opened.certificates.assign(chain.begin(), chain.end());
    send_message(Type::ConnectionOpened, id, opened);
  }
  static ipc::RequestHead head(std::string_view method, std::string_view target, std::string_view cookie) {
    ipc::RequestHead out;
    out.connection = 1;
    out.method = method;
    out.target = target;
    out.fields = {{"host", "support.example"}};
    if (!cookie.empty()) out.fields.push_back({"cookie", cookie});
    return out;
  }
  std::string cookie() const { return "__Host-postern=" + base::to_base64url(kToken); }
  std::uint64_t get(std::string_view target) {
    const std::string with = cookie();
    send_message(Type::RequestHead, ++last, head("GET", target, with));
    return last;
  }
  // The head of a POST with a body of that size; the body is the test's to send.
  std::uint64_t post(std::string_view target, std::uint64_t size) {
    const std::string with = cookie(), length = std::to_string(size);
    ipc::RequestHead out = head("POST", target, with);
    out.body = ipc::BodyKind::Sized;
    out.length = size;
    out.fields.push_back({"content-length", length});
    send_message(Type::RequestHead, ++last, out);
    return last;
  }
  void end_request(std::uint64_t id) {
    base::BinaryWriter out;
    ipc::encode_trailers({}, out);
    send(Type::RequestEnd, id, out.bytes());
  }
  void done(std::uint64_t id, bool complete = true) {
    ipc::ExchangeDone out;
    out.ended = loop.now();
    out.complete = complete && has(Type::ResponseEnd, id);
    send_message(Type::ExchangeDone, id, out);
  }
  bool has(Type type, std::uint64_t id) const {
    return std::any_of(frames.begin(), frames.end(),
                       [&](const Frame& f) { return f.type == type && f.id == id; });
  }
  std::string body(std::uint64_t id) const {
    std::string all;
    for (const Frame& f : frames)
      if (f.type == Type::ResponseBody && f.id == id) all += f.payload;
    return all;
  }
  // The status of the answer, once it is there.
  int status(std::uint64_t id) {
    if (!until([&] { return has(Type::ResponseHead, id) || has(Type::Cut, id) || broken; })) return -1;
    for (const Frame& f : frames) {
      ipc::ResponseHead read;
      if (f.type == Type::ResponseHead && f.id == id && ipc::decode(f.payload, read)) return read.status;
    }
    return broken ? -2 : 0;
  }
  // A field of the answer's head; empty if it has none.
  std::string field(std::uint64_t id, std::string_view name) {
    status(id);
    for (const Frame& f : frames) {
      ipc::ResponseHead read;
      if (f.type != Type::ResponseHead || f.id != id || !ipc::decode(f.payload, read)) continue;
      for (const ipc::WireField& one : read.fields)
        if (one.name == name) return std::string(one.value);
    }
    return {};
  }
  // The end of an exchange, once the ledger has it.
  base::Json completed_event(std::size_t which) {
    EXPECT_TRUE(until([&] { return ledger->events("exchange.completed").size() > which; }));
    return ledger->events("exchange.completed").at(which);
  }
  // The event of the refusal, once the ledger has it.
  base::Json refused_event(std::uint64_t id) {
    const std::string named = field(id, "postern-event");
    base::Json found;
    EXPECT_TRUE(until([&] {
      for (base::Json& one : ledger->events("exchange.refused"))
        if (one["id"] == named) found = std::move(one);
      return !found.is_null();
    }));
    return found;
  }
  // The refusal's code, out of the problem document.
  std::string code(std::uint64_t id) {
    status(id);
    const auto json = base::parse_json(body(id));
    return json.ok() ? base::json_text_or(*json, "code", "") : body(id);
  }

  // --- the component
  bool accept() {
    return until([&] {
      if (refuses) return false;
      const int fd = ::accept4(component.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) accepted.reset(fd);
      return fd >= 0;
    });
  }
  std::string heard() {
    std::array<char, 65536> piece{};
    const ssize_t n = ::recv(accepted.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (n > 0) asked.append(piece.data(), static_cast<std::size_t>(n));
    return asked;
  }
  bool was_asked() {
    return until([&] { return heard().find("\r\n\r\n") != std::string::npos; });
  }
  void say(std::string_view text) {
    ASSERT_EQ(::send(accepted.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void connect(const std::function<void(base::Result<base::UniqueFd>)>& then) {
    ++connects;
    if (refuses)
      return then(base::fail(base::Code::Unavailable, base::Side::Component, "connection refused"));
    base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = port;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    then(std::move(fd));
  }

  static constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";
  loop::Loop loop;
  base::SystemClock clock;
  base::UniqueFd component, accepted;
  in_port_t port = 0;
  bool refuses = false, broken = false;
  int connects = 0;
  std::string asked;
  std::uint64_t last = 0, version = 1;
  std::vector<Frame> frames;
  std::unique_ptr<ipc::ExchangeChannel> terminator;
  std::unique_ptr<FakeLedger> ledger;
  keeper::KeyRing keys;  // of the certificates that the component is shown
  tls::RingSigner signer{keys};
  std::unique_ptr<Enforcer> enforcer = std::make_unique<Enforcer>(
      loop, clock,
      [this](std::uint32_t, const std::function<void(base::Result<base::UniqueFd>)>& then) { connect(then); },
      signer);
};

}  // namespace postern::enforcer
