// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Every attempt of attempts.h in every role, each in a process of its own, watched over by the supervisor's own
// Child. None may succeed, and afterwards everything must be as it was. The same attempts without walls must
// succeed, most of them: otherwise this test would show nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "gateway/proc/profile.h"
#include "gateway/supervisor/child.h"
#include "tests/hostile/attempts.h"

namespace postern::hostile {
namespace {

using supervisor::Child;

constexpr char kKey[] = "a private key";
constexpr char kLog[] = "the log";

void write(const std::string& path, const char* text) { std::ofstream(path) << text; }
std::string read(const std::string& path) {
  std::stringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

base::UniqueFd listening(int family, const void* address, socklen_t size) {
  base::UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  EXPECT_EQ(::bind(fd.get(), static_cast<const sockaddr*>(address), size), 0);
  EXPECT_EQ(::listen(fd.get(), 16), 0);
  return fd;
}

base::UniqueFd listening_unix(const std::string& name, bool abstract) {
  sockaddr_un here{};
  here.sun_family = AF_UNIX;
  std::memcpy(here.sun_path + (abstract ? 1 : 0), name.data(), name.size());
  return listening(AF_UNIX, &here, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1));
}

base::UniqueFd listening_tcp(int& port) {
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  base::UniqueFd fd = listening(AF_INET, &here, sizeof here);
  socklen_t size = sizeof here;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&here), &size);
  port = ntohs(here.sin_port);
  return fd;
}

// What there is to be had, and whether it is as it was.
struct Treasure : testing::Test {
  std::string folder;
  Scene scene;
  base::UniqueFd tcp, control, abstract;
  int unused_port = 0;
  base::UniqueFd own_listener = listening_tcp(unused_port);

  void SetUp() override {
    char name[] = "/tmp/postern-hostile-XXXXXX";
    folder = ::mkdtemp(name);
    scene.secrets = folder + "/keys";
    scene.state = folder + "/state";
    for (const std::string& one : {scene.secrets, scene.state, scene.state + "/log", scene.state + "/index"})
      std::filesystem::create_directory(one);
    write(scene.secrets + "/support.key", kKey);
    write(scene.state + "/log/segment", kLog);
    scene.control = folder + "/control.sock";
    scene.abstract = "postern-hostile-" + std::to_string(::getpid());
    tcp = listening_tcp(scene.port);
    control = listening_unix(scene.control, false);
    abstract = listening_unix(scene.abstract, true);
    scene.listener = own_listener.get();
    scene.supervisor = ::getpid();
    scene.victim = ::fork();
    if (scene.victim == 0) {
      for (;;) ::pause();
    }
  }
  void TearDown() override {
    ::kill(scene.victim, SIGKILL);
    ::waitpid(scene.victim, nullptr, 0);
    std::filesystem::remove_all(folder);
  }

  void expect_untouched() const {
    EXPECT_EQ(read(scene.secrets + "/support.key"), kKey);
    EXPECT_EQ(read(scene.state + "/log/segment"), kLog);
    const auto entries = [](const std::string& path) {
      return std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator());
    };
    EXPECT_EQ(entries(scene.secrets), 1);
    EXPECT_EQ(entries(scene.state + "/log"), 1);
    for (const base::UniqueFd* listener : {&tcp, &control, &abstract})
      EXPECT_LT(::accept(listener->get(), nullptr, nullptr), 0) << "somebody connected";
    EXPECT_EQ(::waitpid(scene.victim, nullptr, WNOHANG), 0) << "the other process ended";
  }
};

struct Life {
  bool ready = false;
  std::string violated;  // name of the call
  std::string reason;
};

struct HostileRole : Treasure, testing::WithParamInterface<const char*> {
  loop::Loop loop;
  Child* child = nullptr;
  loop::Signal ended{loop, SIGCHLD, [this] { child->look(); }};

  base::Json config(std::size_t attempt, bool from_pool) const {
    base::Json out = {{"attempt", attempt},   {"from_pool", from_pool},   {"secrets", scene.secrets},
                      {"state", scene.state}, {"control", scene.control}, {"abstract", scene.abstract},
                      {"port", scene.port},   {"victim", scene.victim},   {"sandbox", "required"}};
    const proc::Profile* profile = proc::profile_of(GetParam());
    if (!profile->paths.empty()) out["state_directory"] = scene.state;
    return out;
  }

  Life live(std::size_t attempt, bool from_pool) {
    Life life;
    Child::Listener listener;
    listener.before_start = [&](Child&) {
      Child::Beginning out{config(attempt, from_pool), {"listener"}, {}};
      out.fds.emplace_back(::fcntl(own_listener.get(), F_DUPFD_CLOEXEC, 3));
      return out;
    };
    listener.on_started = [](Child&) {};
    listener.on_ready = [&](Child&) { life.ready = true; };
    listener.on_violated = [&](Child&, const std::string& call) { life.violated = call; };
    listener.on_ended = [&](Child&, pid_t, const std::string& reason) {
      life.reason = reason;
      loop.stop();
    };
    Child own(loop, HOSTILE_ROLE, {GetParam(), 0}, supervisor::kStartPatience, listener);
    child = &own;
    own.start();
    loop.run();
    return life;
  }

  void expect_refused(std::size_t number, bool from_pool) {
    const Attempt& attempt = attempts()[number];
    const Life life = live(number, from_pool);
    EXPECT_TRUE(life.ready) << attempt.what << ": " << life.reason;
    EXPECT_EQ(life.reason.find("SUCCEEDED"), std::string::npos) << attempt.what << ": " << life.reason;
    const bool ended_by_wall = !life.violated.empty() || life.reason.find("refused") != std::string::npos ||
                               life.reason.starts_with("signal 31");
    EXPECT_TRUE(ended_by_wall) << attempt.what << ": " << life.reason;
  }

  bool is_tried(const Attempt& attempt) const {
    const std::string role = GetParam();
    if (attempt.allowed == Nobody) return true;
    return role != "ledger" && role != "desk" && (role != "console" || attempt.allowed == Ledger);
  }
};

TEST_P(HostileRole, SucceedsInNothing) {
  int tried = 0;
  for (std::size_t i = 0; i < attempts().size(); ++i) {
    if (!is_tried(attempts()[i])) continue;
    ++tried;
    expect_refused(i, false);
  }
  EXPECT_GE(tried, 100);
  RecordProperty("attempts", tried);
  expect_untouched();
}

// The threads of the pool stand behind the same walls.
struct HostilePool : HostileRole {};
TEST_P(HostilePool, SucceedsInNothingEither) {
  for (std::size_t i = 0; i < attempts().size(); i += 3) {
    if (is_tried(attempts()[i])) expect_refused(i, true);
  }
  expect_untouched();
}

INSTANTIATE_TEST_SUITE_P(Each, HostileRole,
                         testing::Values("terminator", "enforcer", "keeper", "ledger", "console", "desk",
                                         "link"),
                         [](const auto& role) { return std::string(role.param); });

std::vector<const char*> roles_with_a_pool() {
  std::vector<const char*> out;
  for (const proc::Profile& profile : proc::all_profiles()) {
    if (profile.has_pool) out.push_back(profile.role.data());
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Each, HostilePool, testing::ValuesIn(roles_with_a_pool()),
                         [](const auto& role) { return std::string(role.param); });

// Without walls; what the kernel refuses to whoever is not root is refused here as well, so "most". Whatever is
// not a plain end of the attempt counts as refused.
TEST_F(Treasure, IsHadByMostAttemptsWithoutWalls) {
  std::size_t had = 0;
  for (const Attempt& attempt : attempts()) {
    if (read(scene.state + "/log/segment").empty()) write(scene.state + "/log/segment", kLog);
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::setpgid(0, 0);
      ::_exit(is_refusal(attempt.run(scene)) ? 1 : 0);  // a program that was run instead ends with 0 too
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) ++had;
  }
  EXPECT_GT(had, attempts().size() * 6 / 10);
  EXPECT_LE(had, attempts().size());
  std::printf("%zu of %zu attempts succeed without walls\n", had, attempts().size());
}

}  // namespace
}  // namespace postern::hostile
