// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/runner/runner.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/crypto.h"

namespace postern::runner {
namespace {

using base::Json;

// A runner on a thread of its own, and the ledger's end of its socket.
class RunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(base::init_crypto().ok());
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    socket = base::UniqueFd(ends[0]);
    thread = std::thread([theirs = ends[1]] {
      ipc::RunnerSetup setup;
      auto& steps = setup.steps["s"]["update"];
      const base::Micros minute = 60 * base::kWallSecond;
      steps[1] = {
          {"/bin/sh", "-c",
           "echo $POSTERN_VERSION of $POSTERN_NODE; id -u >/dev/null; env | grep -c SECRET; cat; exit 3"},
          minute};
      steps[2] = {{"/bin/sh", "-c", "sleep 1000 & echo $!; sleep 1000"}, base::kWallSecond / 5};
      steps[3] = {{"/nothing/is/here"}, minute};
      steps[4] = {{"/bin/sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo end"}, minute};
      steps[5] = {{"/bin/sh", "-c", "sleep 1000 & echo $!"}, minute};
      Runner(base::UniqueFd(theirs), std::move(setup)).serve();
    });
  }
  void TearDown() override {
    socket.reset();
    thread.join();
  }
  Json ask(const Json& order) {
    const std::string text = base::dump_json(order);
    EXPECT_GT(::send(socket.get(), text.data(), text.size(), 0), 0);
    return hear();
  }
  Json hear() {
    std::array<char, ipc::kRunnerFrame> answer;
    pollfd one{socket.get(), POLLIN, 0};
    if (::poll(&one, 1, 30'000) <= 0) return {{"outcome", "nothing in 30 s"}};
    const ssize_t size = ::recv(socket.get(), answer.data(), answer.size(), 0);
    return base::parse_json({answer.data(), static_cast<std::size_t>(size)}).value();
  }
  Json run(int step, const char* id) {
    return ask({{"do", "run"},
                {"id", id},
                {"service", "s"},
                {"list", "update"},
                {"step", step},
                {"node", "http://a:1"},
                {"version", "2"}});
  }

  base::UniqueFd socket;
  std::thread thread;
};

TEST_F(RunnerTest, RunsTheStepOfTheConfigurationWithFixedVariables) {
  ::setenv("SECRET", "x", 1);
  const Json answer = run(1, "a");
  EXPECT_EQ(answer["outcome"], "exit");
  EXPECT_EQ(answer["status"], 3);
  EXPECT_EQ(answer["tail"], "2 of http://a:1\\x0a0\\x0a")
      << "as printable text, and nothing of our environment";
}

TEST_F(RunnerTest, TheSameOrderRunsOnceAndIsAnsweredAgain) {
  const Json first = run(1, "a");
  EXPECT_EQ(run(1, "a"), first);
  EXPECT_EQ(ask({{"do", "ask"}, {"id", "a"}}), first);
  EXPECT_EQ(ask({{"do", "ask"}, {"id", "b"}})["outcome"], "unknown");
}

TEST_F(RunnerTest, WhatTakesTooLongIsKilledWithWhatItStarted) {
  const Json answer = run(2, "a");
  EXPECT_EQ(answer["outcome"], "timed_out");
  const pid_t child = std::atoi(answer["tail"].get<std::string>().c_str());
  ASSERT_GT(child, 1);
  for (int i = 0; i < 1000 && ::kill(child, 0) == 0; ++i) ::usleep(1000);
  std::ifstream status("/proc/" + std::to_string(child) + "/stat");
  std::string text((std::istreambuf_iterator<char>(status)), {});
  EXPECT_TRUE(text.empty() || text.find(") Z ") != std::string::npos) << text;
}

TEST_F(RunnerTest, WhatItLeavesInItsGroupGoesWithIt) {
  const Json answer = run(5, "a");
  EXPECT_EQ(answer["status"], 0);
  const pid_t child = std::atoi(answer["tail"].get<std::string>().c_str());
  for (int i = 0; i < 1000 && ::kill(child, 0) == 0; ++i) ::usleep(1000);
  std::ifstream status("/proc/" + std::to_string(child) + "/stat");
  std::string text((std::istreambuf_iterator<char>(status)), {});
  EXPECT_TRUE(text.empty() || text.find(") Z ") != std::string::npos) << text;
}

TEST_F(RunnerTest, KeepsTheLastOfWhatIsPrinted) {
  const Json answer = run(4, "a");
  EXPECT_EQ(answer["bytes"], 3000004);
  EXPECT_NE(answer["tail"].get<std::string>().find("end"), std::string::npos);
  EXPECT_LE(answer["tail"].get<std::string>().size(), ipc::kRunnerTail + 8);
}

TEST_F(RunnerTest, RefusesWhatItWasNotToldOf) {
  EXPECT_EQ(run(9, "a")["outcome"], "refused");
  EXPECT_NE(run(3, "b")["why"].get<std::string>().find("cannot run /nothing/is/here"), std::string::npos);
  Json order{{"do", "run"}, {"id", "c"}, {"service", "s"}, {"list", "update"}, {"step", 1}};
  order["sha256"] = std::string(64, '0');
  EXPECT_EQ(ask(order)["why"], "the artefact did not come along");
  const Json check = ask({{"do", "check"}, {"id", "d"}, {"service", "s"}});
  EXPECT_FALSE(check["ok"]);
  EXPECT_NE(check["why"].get<std::string>().find("/nothing/is/here: there is no such file"),
            std::string::npos);
}

TEST(RunnerOrder, IsReadStrictly) {
  EXPECT_TRUE(ipc::parse_runner_order(R"({"do":"ask","id":"a"})").ok());
  for (const char* bad :
       {"", "[]", R"({"do":"ask"})", R"({"do":"shell","id":"a"})",
        R"({"do":"run","id":"a","version":"1\n2"})", R"({"do":"run","id":"a","sha256":"AB"})"})
    EXPECT_FALSE(ipc::parse_runner_order(bad).ok()) << bad;
  EXPECT_FALSE(
      ipc::parse_runner_setup(R"({"updates":{"s":{"update":[{"step":1,"argv":["sh"],"limit_us":1}]}}})")
          .ok());
}

}  // namespace
}  // namespace postern::runner
