// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A line on a loop, with a keeper that holds the installation's key; the supervisor, the proxy and Mission Control are the
// test's.
#pragma once

#include <gmock/gmock.h>
#include <sys/mman.h>

#include <chrono>
#include <deque>
#include <stdexcept>
#include <thread>

#include "gateway/ipc/socket_channel.h"
#include "gateway/link/line.h"
#include "tests/unit/link/mission_server.h"

namespace postern::link {

// The keeper without a socket, for the link's channel.
class LineSigner final : public tls::RemoteSigner {
 public:
  explicit LineSigner(keeper::KeyRing& ring) : ring_(ring) {}
  base::Result<std::string> sign(std::string_view key_id, certs::Scheme scheme,
                                 std::string_view text) override {
    const auto answer = certs::decode_answer(
        ring_.handle(certs::encode_sign_tls_client(7, key_id, scheme, text), {keeper::Peer::Link, {}}));
    if (!answer->done) return base::fail(base::Code::Denied, "the keeper refused: " + answer->payload);
    return certs::decode_text_payload(answer->payload);
  }

 private:
  keeper::KeyRing& ring_;
};

class LineTest : public ::testing::Test {
 protected:
  static constexpr const char* kLife = "01KB0000000000000000000000";
  static constexpr const char* kName = "spiffe://mc.example/installation/01KB0000000000000000000001";

  LineTest() { make_line({}); }

  void make_line(LineTimes times) {
    // Pauses of tests, where they have to pass.
    times.first = base::kWallSecond / 50;
    line_.reset();
    line_ = std::make_unique<Line>(
        loop_,
        [this](std::uint32_t place, LineConnection::Connected done) {
          places_.push_back(place);
          connects_.push_back(std::move(done));
        },
        [this](base::Json said, Line::Taken taken) {
          told_.push_back(std::move(said));
          taken_.push_back(std::move(taken));
        },
        times);
  }
  static certs::Validity hour() {
    return certs::valid_for(base::SystemClock().wall(), 3600 * base::kWallSecond);
  }
  static certs::Credentials installation(const certs::Credentials& authority) {
    return *certs::make_client_certificate(authority, "installation", kName, hour());
  }
  void hold(const certs::Credentials& own) {
    EXPECT_TRUE(ring_.set_line_key({"line.key", own.key_pem, 0100600}, own.certificate_pem).ok());
  }
  base::Json part() const {
    return {{"id", 9},
            {"host", "mc.example"},
            {"tls_name", "mc.example"},
            {"roots", root_.certificate_pem},
            {"revocation", "soft"},
            {"proxy", nullptr},
            {"certificate", own_.certificate_pem},
            {"from", 0},
            {"until", 0},
            {"enrol", nullptr},
            {"check", 0},
            {"life", kLife},
            {"version", "1.2.3"}};
  }
  void configure(const base::Json& json, const std::string& password = {}) {
    auto settings = LineSettings::read(json, clock_, signer_, [&](std::string_view) {
      base::UniqueFd file(::memfd_create("password", MFD_CLOEXEC));
      EXPECT_EQ(::write(file.get(), password.data(), password.size()), static_cast<ssize_t>(password.size()));
      return file;
    });
    ASSERT_TRUE(settings.ok()) << settings.error().message;
    line_->configure(std::make_shared<LineSettings>(std::move(*settings)));
  }

  template <typename Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < end) {
      loop_.turn();
      for (auto& server : servers_) server->turn();
      std::this_thread::yield();
    }
    return condition();
  }
  void turns() {
    for (int i = 0; i < 200; ++i) {
      loop_.turn();
      for (auto& server : servers_) server->turn();
    }
  }
  // The other end of the next connection that the line wishes for.
  base::UniqueFd accept() {
    if (!until([this] { return !connects_.empty(); })) throw std::runtime_error("nobody connects");
    auto pair = ipc::make_socket_pair();
    const auto done = std::move(connects_.front());
    connects_.pop_front();
    done(std::move(pair->first));
    return std::move(pair->second);
  }
  MissionServer& serve(base::UniqueFd socket) {
    servers_.push_back(std::make_unique<MissionServer>(*mission_.context, std::move(socket)));
    return *servers_.back();
  }
  MissionServer& serve() { return serve(accept()); }
  static std::string hello(base::Micros skew = 0) {
    return line::format(line::Order{line::OrderKind::Hello, base::SystemClock().wall() + skew, "9.9"});
  }
  static std::string pulse(base::Micros skew = 0) {
    return line::format(line::Order{line::OrderKind::Pulse, base::SystemClock().wall() + skew, {}});
  }
  const MissionServer::Request& request(MissionServer& server, std::size_t number) {
    EXPECT_TRUE(until([&] { return server.requests.size() > number; })) << server.failure();
    static const MissionServer::Request none;
    return server.requests.size() > number ? server.requests[number] : none;
  }
  // A line that is up, and its server.
  MissionServer& raise(base::Micros skew = 0) {
    MissionServer& server = serve();
    greet(server, skew);
    return server;
  }
  void greet(MissionServer& server, base::Micros skew = 0) {
    const std::uint32_t stream = request(server, 0).stream;
    server.open(stream);
    server.say(stream, hello(skew));
    EXPECT_TRUE(until([this] { return line_->up(); }));
  }
  // What was told last of that kind.
  base::Json told(const std::string& what) {
    for (auto it = told_.rbegin(); it != told_.rend(); ++it) {
      if ((*it)["do"] == what) return *it;
    }
    return {};
  }
  bool is_told(const std::string& what) { return !told(what).is_null(); }
  std::string state() {
    const base::Json last = told("state");
    return last.is_object() ? last["state"].get<std::string>() : std::string();
  }
  std::string why() { return base::json_text_or(told("state"), "why", ""); }
  void answer_last(const base::Json& answer) { std::exchange(taken_.back(), nullptr)(answer); }
  std::string wait_for(const std::string& wanted) {
    EXPECT_TRUE(until([&] { return state() == wanted; })) << state();
    return why();
  }
  void report(std::string_view text = "{\"reports\":[]}") {
    line_->errand(text, [this](std::uint16_t status, std::string_view body) {
      delivered_.emplace_back(status, std::string(body));
    });
  }

  const bool ready_ = base::init_crypto().ok();
  base::SystemClock clock_;
  loop::Loop loop_;
  std::vector<std::uint32_t> places_;
  std::deque<LineConnection::Connected> connects_;
  std::vector<base::Json> told_;
  std::vector<Line::Taken> taken_;
  std::vector<std::pair<int, std::string>> delivered_;
  certs::Credentials root_ = *certs::make_authority("Mission Control", hour());
  certs::Credentials own_ = installation(root_);
  keeper::KeyRing ring_;
  LineSigner signer_{ring_};
  tls::Server mission_{*certs::make_server_certificate(root_, {"mc.example"}, hour()), clock_,
                       root_.certificate_pem, true};
  std::vector<std::unique_ptr<MissionServer>> servers_;
  std::unique_ptr<Line> line_;
};

}  // namespace postern::link
