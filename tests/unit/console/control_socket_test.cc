// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer/control_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/unit/console/rig.h"

namespace postern::console {
namespace {

using answer::ControlSocket;

class ControlSocketTest : public Rig {
 protected:
  void SetUp() override {
    path = directory + "/control.sock";
    address.sun_family = AF_UNIX;
    ASSERT_LT(path.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(listener.get(), generic(), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 16), 0);
    control = std::make_unique<ControlSocket>(loop, std::move(listener), site);
  }
  const sockaddr* generic() const { return static_cast<const sockaddr*>(static_cast<const void*>(&address)); }

  base::UniqueFd connect() {
    base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), generic(), sizeof address), 0);
    return socket;
  }
  static void send(const base::UniqueFd& socket, std::string_view text) {
    EXPECT_EQ(::send(socket.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  // What has come until it holds wanted, or the connection ends.
  std::string receive(const base::UniqueFd& socket, std::string_view wanted) {
    std::string in;
    bool ended = false;
    EXPECT_TRUE(turn_until([&] {
      char piece[4096];
      const ssize_t n = ::recv(socket.get(), piece, sizeof piece, MSG_DONTWAIT);
      if (n > 0) in.append(piece, static_cast<std::size_t>(n));
      ended = n == 0;
      return ended || (!wanted.empty() && in.find(wanted) != std::string::npos);
    })) << in;
    return in;
  }

  std::string path;
  sockaddr_un address{};
  std::unique_ptr<ControlSocket> control;
};

TEST_F(ControlSocketTest, NamesThePeerByItsUid) {
  const base::UniqueFd socket = connect();
  send(socket, "GET /api/v1/me HTTP/1.1\r\nHost: postern\r\n\r\n");
  const std::string answer = receive(socket, "}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 "));
  EXPECT_NE(answer.find("\"name\":\"uid-" + std::to_string(::getuid()) + "\""), std::string::npos) << answer;
}

TEST_F(ControlSocketTest, AnswersOneRequestAfterAnotherOnOneConnection) {
  const base::UniqueFd socket = connect();
  std::string many;
  for (int i = 0; i < 500; ++i) many += "HEAD /healthz HTTP/1.1\r\nHost: postern\r\n\r\n";
  send(socket, many + "GET /nothing HTTP/1.1\r\nHost: postern\r\nConnection: close\r\n\r\n");
  const std::string answer = receive(socket, {});
  std::size_t count = 0;
  for (std::size_t at = answer.find("HTTP/1.1 200"); at != std::string::npos;
       at = answer.find("HTTP/1.1 200", at + 1))
    ++count;
  EXPECT_EQ(count, 500U);
  EXPECT_NE(answer.find("HTTP/1.1 404"), std::string::npos);
}

TEST_F(ControlSocketTest, TakesAChunkedBodyAndAwaitsTheLedger) {
  connect_ledger();
  fake.answer = [](const base::Json&) { return base::Json{{"name", "alice"}, {"state", "added"}}; };
  const base::UniqueFd socket = connect();
  send(socket,
       "POST /api/v1/engineers HTTP/1.1\r\nHost: postern\r\nContent-Type: "
       "application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
       "10\r\n{\"name\":\"alice\"}\r\n0\r\n\r\n");
  EXPECT_TRUE(receive(socket, "added").starts_with("HTTP/1.1 201 "));
  EXPECT_EQ(fake.commands.at(0).json["from"], "uid " + std::to_string(::getuid()));
}

TEST_F(ControlSocketTest, RefusesWhatIsNotHttpAndCloses) {
  const base::UniqueFd socket = connect();
  send(socket, "GET /healthz HTTP/1.1\nHost: x\n\n");
  EXPECT_TRUE(receive(socket, {}).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(turn_until([&] { return control->connections() == 0; }));
}

TEST_F(ControlSocketTest, StreamsTheLiveLineAndNoticesThatTheReaderLeft) {
  connect_ledger();
  base::UniqueFd socket = connect();
  send(socket, "GET /api/v1/events/stream HTTP/1.1\r\nHost: postern\r\n\r\n");
  EXPECT_NE(receive(socket, "event: ping").find("text/event-stream"), std::string::npos);
  live.state_changed(9);
  receive(socket, "{\"version\":9}");
  EXPECT_EQ(live.clients(), 1U);
  socket.reset();
  EXPECT_TRUE(turn_until([&] { return live.clients() == 0; }));
}

TEST_F(ControlSocketTest, SurvivesAReaderWhoLeavesBeforeTheAnswer) {
  connect_ledger();
  base::UniqueFd socket = connect();
  send(socket,
       "POST /api/v1/passes HTTP/1.1\r\nHost: postern\r\nContent-Type: application/json\r\nContent-Length: "
       "2\r\n\r\n{}");
  ASSERT_TRUE(turn_until([&] { return !fake.commands.empty(); }));
  socket.reset();
  ASSERT_TRUE(turn_until([&] { return control->connections() == 0; }));
  fake.reply(fake.commands[0].id, true, {{"pass", "p"}});
  for (int i = 0; i < 20; ++i) loop.turn();
}

}  // namespace
}  // namespace postern::console
