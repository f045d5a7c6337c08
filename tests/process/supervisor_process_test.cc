// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor as a process: starts, wires, restarts, reloads, stops. Its roles are test_role.cc. As root
// the gateway runs as nobody.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "gateway/proc/privileges.h"
#include "gateway/proc/spawn.h"
#include "gateway/supervisor/sockets.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

constexpr int kPatience =
    30'000;  // milliseconds until a condition that another process must meet is given up

// Waits for another process; the nap is how often is looked, never how long is hoped.
bool eventually(const std::function<bool()>& condition) {
  for (int waited = 0; waited < kPatience; waited += 10) {
    if (condition()) return true;
    ::poll(nullptr, 0, 10);
  }
  return condition();
}

struct Gateway : testing::Test {
  Folder folder;
  Address component{"127.0.0.1", 0, false};
  base::UniqueFd listener;
  pid_t pid = -1;
  std::size_t expected = 8;

  void SetUp() override {
    listener = std::move(bind_listener(component)).value();
    ::mkdir(folder.path("state").c_str(), 0700);
    write_config(config());
    give_to_gateway();
  }
  // Who is root gives what it wrote to the account that the gateway runs as.
  void give_to_gateway() const {
    if (!proc::is_root()) return;
    const auto nobody = proc::find_account("nobody");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path("."))) {
      ASSERT_EQ(::chown(entry.path().c_str(), nobody->uid, nobody->gid), 0);
    }
    ASSERT_EQ(::chown(folder.path(".").c_str(), nobody->uid, nobody->gid), 0);
  }
  void TearDown() override {
    if (pid > 0) ::kill(pid, SIGKILL);
    if (pid > 0) ::waitpid(pid, nullptr, 0);
  }

  std::string config() const {
    const std::string text =
        replaced(kSound, "http://127.0.0.1:9090", "http://127.0.0.1:" + std::to_string(component.port));
    return proc::is_root() ? replaced(text, "workers: 2", "user: nobody\nworkers: 2") : text;
  }
  void write_config(const std::string& text) const { folder.write("postern.yaml", text, 0644); }

  // posix_spawn of our own gives an empty environment and no argument; the gateway needs its configuration's
  // name.
  void start() {
    const std::string path = folder.path("postern.yaml");
    pid = ::fork();
    if (pid == 0) {
      ::execl(TEST_GATEWAY, "test_gateway", path.c_str(), nullptr);
      ::_exit(127);
    }
  }
  void start_and_wait() {
    start();
    ASSERT_TRUE(eventually([&] { return all_running(); })) << "lines:\n" << lines();
  }

  std::string lines() const {
    std::ifstream in(folder.path("state/lines"));
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  bool says(const std::string& what) const { return lines().find(what) != std::string::npos; }

  base::Json status() const {
    const auto text = base::read_file(folder.path("state/status"), 1 << 20);
    const auto json = text.ok() ? base::parse_json(*text) : base::Result<base::Json>(base::Json::object());
    return json.ok() ? *json : base::Json::object();
  }
  base::Json role(const std::string& name) const {
    const base::Json all = status();
    for (const base::Json& one : all.value("roles", base::Json::array())) {
      if (one["name"] == name) return one;
    }
    return base::Json::object();
  }
  pid_t pid_of(const std::string& name) const {
    return static_cast<pid_t>(base::json_number_or(role(name), "pid", -1));
  }
  bool all_running() const {
    const base::Json all = status();
    std::size_t running = 0;
    for (const base::Json& one : all.value("roles", base::Json::array()))
      running += one["state"] == "running" ? 1 : 0;
    return running == expected;
  }

  int wait_for_end() {
    int ended = 0;
    EXPECT_TRUE(eventually([&] { return ::waitpid(pid, &ended, WNOHANG) == pid; }));
    pid = -1;
    return WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
  }
};

TEST_F(Gateway, WiresTerminatorKeeperEnforcerLedgerAndComponent) {
  start_and_wait();
  for (const char* chain :
       {"terminator.0 signed -> enforcer.0 connected", "terminator.1 signed -> enforcer.1 connected",
        "terminator.admin signed -> console"}) {
    EXPECT_TRUE(eventually([&] { return says(chain); })) << chain << "\n" << lines();
  }
  EXPECT_TRUE(says("\"command\":\"policy.set\""));
  EXPECT_TRUE(says("\"type\":\"role.started\""));
}

TEST_F(Gateway, LetsTheLinkReachItsPlacesAndNothingElse) {
  expected = 9;
  const std::string place = "http://127.0.0.1:" + std::to_string(component.port);
  write_config(config() + "log:\n  witnesses:\n    - {name: north, url: '" + place +
               "', verifier_key: " + std::string(kNorthKey) + "}\n");
  start_and_wait();
  EXPECT_TRUE(eventually([&] { return says("link reached north: yes"); })) << lines();
  EXPECT_TRUE(
      eventually([&] { return says("link reached the component: no, the configuration has no such"); }));
  EXPECT_FALSE(says("link reached the component: yes"));
  const pid_t before = pid_of("link");
  ASSERT_GT(before, 1);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return all_running() && pid_of("link") > 1 && pid_of("link") != before; }));
  std::filesystem::resize_file(folder.path("state/lines"), 0);
  EXPECT_TRUE(eventually([&] { return says("link reached north: yes"); })) << "and is joined to its peers";
}

// A place that takes no connection: its queue is full.
struct Swallowing {
  Address address{"127.0.0.1", 0, false};
  base::UniqueFd listener = std::move(bind_listener(address)).value();
  std::vector<base::UniqueFd> queue;

  Swallowing() {
    EXPECT_EQ(::listen(listener.get(), 0), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 4; ++i) {
      queue.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(::connect(queue.back().get(), reinterpret_cast<const sockaddr*>(&to), sizeof to));
    }
  }
};

TEST_F(Gateway, ALinkInStrangeHandsTakesNoConnectionFromTheEnforcers) {
  expected = 9;
  const Swallowing place;
  write_config(config() + "log:\n  witnesses:\n    - {name: flood, url: 'http://127.0.0.1:" +
               std::to_string(place.address.port) + "', verifier_key: " + std::string(kNorthKey) + "}\n");
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return says("flood: too many connections are being opened at once"); }))
      << lines();
  std::filesystem::resize_file(folder.path("state/lines"), 0);
  for (const char* chain : {"enforcer.0 connected", "enforcer.1 connected"})
    EXPECT_TRUE(eventually([&] { return says(chain); })) << chain << "\n" << lines();
  EXPECT_FALSE(says("failed: too many")) << lines();
}

// Its answers have few bytes; each with a socket is a descriptor of the supervisor until it is read.
TEST_F(Gateway, ALinkThatReadsNoAnswerKeepsFewDescriptorsOfTheSupervisor) {
  expected = 9;
  const std::string place = "http://127.0.0.1:" + std::to_string(component.port);
  write_config(config() + "log:\n  witnesses:\n    - {name: deaf, url: '" + place +
               "', verifier_key: " + std::string(kNorthKey) + "}\n");
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return says("deaf asked often"); })) << lines();
  const std::filesystem::directory_iterator open("/proc/" + std::to_string(pid) + "/fd");
  EXPECT_LT(std::distance(begin(open), end(open)), 400);
  std::filesystem::resize_file(folder.path("state/lines"), 0);
  EXPECT_TRUE(eventually([&] { return says("enforcer.0 connected"); })) << "and serves all others";
}

TEST_F(Gateway, ALinkThatClaimsTheSameFailureAgainAndAgainMakesOneEvent) {
  expected = 9;
  write_config(config() + "engineer_certificates: {crl: 'http://127.0.0.1:" + std::to_string(component.port) +
               "/a.crl'}\n");
  start_and_wait();
  ASSERT_TRUE(eventually([&] { return says("told often: it is said more often than anybody fetches it"); }))
      << lines();
  const std::string all = lines();
  const std::string event = "certificate.revocation_failed";
  const auto first = all.find(event);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(all.find(event, first + 1), std::string::npos);
}

TEST_F(Gateway, StartsNoLinkWhereNothingOutsideIsNamed) {
  start_and_wait();
  EXPECT_EQ(role("link"), base::Json::object());
}

TEST_F(Gateway, StartsARoleAgainAndJoinsItToItsPeers) {
  start_and_wait();
  for (const std::string name : {"enforcer.0", "terminator.1", "keeper"}) {
    const pid_t before = pid_of(name);
    ASSERT_GT(before, 1) << name;
    ASSERT_EQ(::kill(before, SIGKILL), 0);
    ASSERT_TRUE(eventually([&] { return all_running() && pid_of(name) > 1 && pid_of(name) != before; }))
        << name;
    EXPECT_TRUE(eventually([&] {
      return says("\"type\":\"role.ended\",\"severity\":\"warning\",\"actor\":\"gateway\",\"subject\":\"" +
                  name);
    })) << lines();
    std::filesystem::resize_file(folder.path("state/lines"), 0);
    EXPECT_TRUE(eventually([&] {
      return says("terminator.0 signed -> enforcer.0 connected") &&
             says("terminator.1 signed -> enforcer.1 connected");
    })) << name
        << "\n"
        << lines();
  }
}

TEST_F(Gateway, ReplacesATerminatorThatBrokeTheExchangeProtocol) {
  start_and_wait();
  const pid_t before = pid_of("terminator.admin");
  std::filesystem::resize_file(folder.path("state/lines"), 0);
  std::ofstream(folder.path("state/breach")) << "now";
  ASSERT_TRUE(eventually([&] {
    return all_running() && pid_of("terminator.admin") > 1 && pid_of("terminator.admin") != before;
  }));
  EXPECT_TRUE(eventually([&] {
    return says("it broke the exchange protocol: frame 3 does not fit") &&
           says("terminator.admin signed -> console");
  })) << lines();
}

TEST_F(Gateway, GivesANewLedgerItsChannelsAndThePolicy) {
  start_and_wait();
  const pid_t before = pid_of("ledger");
  std::filesystem::resize_file(folder.path("state/lines"), 0);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  EXPECT_TRUE(eventually([&] {
    return says("\"command\":\"policy.set\"") && says("terminator.0 signed -> enforcer.0 connected");
  })) << lines();
  // The end of the old ledger was noticed while there was none: it is told to the new one.
  EXPECT_TRUE(eventually([&] { return says("\"subject\":\"ledger\""); })) << lines();
}

TEST_F(Gateway, RunsNothingAsRoot) {
  if (!proc::is_root()) GTEST_SKIP() << "only root can give root up";
  start_and_wait();
  const auto nobody = proc::find_account("nobody");
  const auto owner = [](pid_t process) {
    std::ifstream in("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("Uid:")) return line;
    }
    return std::string();
  };
  const std::string id = std::to_string(nobody->uid);
  const std::string all = "Uid:\t" + id + "\t" + id + "\t" + id + "\t" + id;
  EXPECT_EQ(owner(pid), all);
  const base::Json roles = status()["roles"];
  for (const base::Json& one : roles) EXPECT_EQ(owner(one["pid"].get<pid_t>()), all) << one["name"];
}

TEST_F(Gateway, StopsInOrderAndLeavesNoProcess) {
  start_and_wait();
  const base::Json roles = status()["roles"];
  ASSERT_EQ(::kill(pid, SIGTERM), 0);
  EXPECT_EQ(wait_for_end(), 0);
  for (const base::Json& one : roles) EXPECT_NE(::kill(one["pid"].get<pid_t>(), 0), 0) << one["name"];
  EXPECT_FALSE(says("role.ended"));
}

TEST_F(Gateway, EndsItsRolesWithItself) {
  start_and_wait();
  const base::Json roles = status()["roles"];
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  for (const base::Json& one : roles) {
    const pid_t role = one["pid"].get<pid_t>();
    // Whoever adopts it may be slow to reap it: a zombie has ended too.
    EXPECT_TRUE(eventually([&] {
      std::ifstream in("/proc/" + std::to_string(role) + "/stat");
      std::string text;
      std::getline(in, text);
      return text.empty() || text.find(") Z ") != std::string::npos;
    })) << one["name"];
  }
}

TEST_F(Gateway, KeepsTheGoodConfigurationWhenTheNewOneHasFaults) {
  start_and_wait();
  write_config(replaced(config(), "state_directory: state", "state_directory: elsewhere"));
  std::ofstream(folder.path("state/reload")) << "now";
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder.path("state/reloaded")); }));
  const auto answer = base::parse_json(*base::read_file(folder.path("state/reloaded"), 1 << 20));
  EXPECT_EQ((*answer)["config"]["ok"], false);
  EXPECT_NE((*answer)["config"]["faults"][0]["message"].get<std::string>().find("needs a restart"),
            std::string::npos);
  EXPECT_TRUE(eventually([&] { return says("\"type\":\"config.rejected\""); }));
  EXPECT_FALSE(says("reloaded"));
  EXPECT_TRUE(all_running());
}

TEST_F(Gateway, ReloadsWithoutRestartingARole) {
  start_and_wait();
  const pid_t before = pid_of("enforcer.0");
  write_config(config() + "timeouts: {head: 9s}\n");
  ASSERT_EQ(::kill(pid, SIGHUP), 0);
  EXPECT_TRUE(eventually([&] { return says("enforcer.0 reloaded"); })) << lines();
  EXPECT_TRUE(eventually([&] { return says("\"changed\":\"timeouts\""); })) << lines();
  EXPECT_EQ(pid_of("enforcer.0"), before);
}

TEST_F(Gateway, SaysWhatIsWrongWhileTheLedgerCannotStart) {
  folder.write("state/damaged", "", 0644);
  start();
  const std::string why = "status 1: the journal is damaged: \\x1b[1msegment 1";
  ASSERT_TRUE(eventually([&] { return base::json_text_or(role("ledger"), "reason", "") == why; }))
      << base::dump_json(status());
  EXPECT_EQ(role("enforcer.0")["state"], "stopped");
  std::filesystem::remove(folder.path("state/damaged"));
  ASSERT_TRUE(eventually([&] { return all_running(); })) << base::dump_json(status());
  EXPECT_FALSE(role("ledger").contains("reason"));
  EXPECT_TRUE(eventually([&] { return says("\"reason\":\"status 1: the journal is damaged"); })) << lines();
}

TEST_F(Gateway, GivesNewKeysToTheKeeperThatRuns) {
  start_and_wait();
  const pid_t before = pid_of("keeper");
  const Folder other;
  folder.write("support.pem", *base::read_file(other.path("support.pem"), 1 << 16), 0644);
  folder.write("support.key", *base::read_file(other.path("support.key"), 1 << 16), 0600);
  give_to_gateway();
  ASSERT_EQ(::kill(pid, SIGHUP), 0);
  ASSERT_TRUE(eventually([&] { return says("\"changed\":\"certificates keys listeners\""); })) << lines();
  std::filesystem::resize_file(folder.path("state/lines"), 0);
  EXPECT_TRUE(eventually([&] {
    return says("terminator.0 signed -> enforcer.0 connected") && says("terminator.admin signed -> console");
  })) << lines();
  EXPECT_EQ(pid_of("keeper"), before);
  EXPECT_EQ(role("keeper")["restarts"], 0);
}

TEST_F(Gateway, RefusesAKeyOfAnotherCertificateAndGoesOn) {
  start_and_wait();
  folder.write("support.key", *base::read_file(folder.path("admin.key"), 1 << 16), 0600);
  give_to_gateway();
  std::ofstream(folder.path("state/reload")) << "now";
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder.path("state/reloaded")); }));
  const auto answer = base::parse_json(*base::read_file(folder.path("state/reloaded"), 1 << 20));
  EXPECT_EQ((*answer)["config"]["ok"], false);
  EXPECT_TRUE(all_running());
  ASSERT_EQ(::kill(pid, SIGTERM), 0);
  EXPECT_EQ(wait_for_end(), 0);
  start();
  EXPECT_EQ(wait_for_end(), 1);
}

TEST_F(Gateway, RefusesToStartWithAFault) {
  write_config(replaced(config(), "version: 1", "version: 7"));
  start();
  EXPECT_EQ(wait_for_end(), 1);
}

}  // namespace
}  // namespace postern::supervisor
