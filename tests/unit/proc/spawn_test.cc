// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace postern::proc {
namespace {

// A shell script as the child: it can only tell through its exit status and the passed descriptor.
struct Script {
  std::string path;
  explicit Script(const std::string& body) {
    char name[] = "/tmp/postern-spawn-XXXXXX";
    ::close(::mkstemp(name));
    path = name;
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    ::chmod(path.c_str(), 0700);
  }
  ~Script() { ::unlink(path.c_str()); }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
};

Ending run(const std::string& body, int passed) {
  const Script script(body);
  const base::Result<pid_t> pid = spawn(script.path, "child", passed);
  EXPECT_TRUE(pid.ok());
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(*pid), &info, WEXITED | WNOWAIT);
  return *reap(*pid);
}

std::string told(const std::string& body) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  run(body, ends[1]);
  ::close(ends[1]);
  char text[512];
  const ssize_t n = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  return {text, static_cast<std::size_t>(n > 0 ? n : 0)};
}

TEST(Spawn, PassesOneDescriptorAsThreeAndNoOther) {
  const int leaked = ::fcntl(STDERR_FILENO, F_DUPFD, 20);  // without close-on-exec, on purpose
  const std::string script = "for n in 0 1 2 3 " + std::to_string(leaked) +
                             "; do [ -e /proc/$$/fd/$n ] && printf '%s ' $n; done >&3";
  EXPECT_EQ(told(script), "0 1 2 3 ");
  ::close(leaked);
}

TEST(Spawn, GivesAnEmptyEnvironment) {
  ::setenv("POSTERN_TEST_LEAK", "1", 1);
  EXPECT_EQ(told("printf '%s' \"${POSTERN_TEST_LEAK:-nothing}\" >&3"), "nothing");
}

TEST(Spawn, PutsTheChildIntoAProcessGroupOfItsOwn) {
  EXPECT_EQ(told("set -- $(cat /proc/$$/stat); [ \"$5\" = \"$$\" ] && printf own >&3"), "own");
}

TEST(Spawn, TellsHowTheChildEnded) {
  EXPECT_EQ(run("exit 7", 2).text(), "status 7");
  EXPECT_EQ(run("kill -9 $$", 2).text(), "signal 9 (Killed)");
}

TEST(Spawn, NamesAProgramThatIsNotThere) {
  const base::Result<pid_t> pid = spawn("/nonexistent/role", "role", 2);
  ASSERT_FALSE(pid.ok());
  EXPECT_EQ(pid.error().code, base::Code::NotFound);
  EXPECT_NE(pid.error().message.find("/nonexistent/role"), std::string::npos);
}

TEST(Reap, NeverWaits) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Script script("read line <&3");
  const base::Result<pid_t> pid = spawn(script.path, "child", ends[0]);
  ASSERT_TRUE(pid.ok());
  EXPECT_FALSE(reap(*pid).has_value());
  ::close(ends[1]);  // the child's read ends
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(*pid), &info, WEXITED | WNOWAIT);
  EXPECT_TRUE(reap(*pid).has_value());
  EXPECT_FALSE(reap(*pid).has_value());
  ::close(ends[0]);
}

TEST(AskCopy, SaysWhatTheWorkSaysAndKeepsNothingOfIt) {
  int touched = 0;
  const auto said = ask_copy([&] {
    touched = 1;
    return std::to_string(::getpid());
  });
  ASSERT_TRUE(said.ok());
  EXPECT_NE(*said, std::to_string(::getpid()));
  EXPECT_EQ(touched, 0);
}

TEST(AskCopy, SaysNothingWhereThereIsNothingToSay) {
  EXPECT_EQ(*ask_copy([] { return std::string(); }), "");
  EXPECT_EQ(ask_copy([] { return std::string(2 * kSaidByCopy, 'x'); })->size(), kSaidByCopy);
}

TEST(AskCopy, IsAFailureWhenTheCopyDies) {
  EXPECT_FALSE(ask_copy([]() -> std::string { ::_exit(3); }).ok());
}

TEST(AskWalledCopy, HasNoDescriptorButThatOnWhichItAnswersAndOpensNone) {
  const int kept = ::fcntl(STDERR_FILENO, F_DUPFD, 20);
  const auto said = ask_walled_copy([] {
    int open = 0;
    for (int fd = 0; fd < 1024; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return std::to_string(open) + (::open("/dev/null", O_RDONLY) < 0 ? " none" : " one more");
  });
  ::close(kept);
  ASSERT_TRUE(said.ok()) << said.error().message;
#if defined(__SANITIZE_ADDRESS__)
  EXPECT_EQ(*said, "1 one more") << "the sanitizers need a pipe";
#else
  EXPECT_EQ(*said, "1 none");
#endif
}

TEST(AskWalledCopy, IsKilledWhenItTakesTooLong) {
  for (const bool closes : {false, true}) {
    const auto said = ask_walled_copy(
        [closes]() -> std::string {
          if (closes) ::close_range(0, ~0U, 0);
          for (;;) ::pause();
        },
        kSaidByCopy, 50'000);
    ASSERT_FALSE(said.ok());
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "nobody is left behind";
}

TEST(AskWalledCopy, HasSoMuchMemoryAndTime) {
  const auto said = ask_walled_copy([] {
    rlimit seconds{}, memory{}, files{};
    ::getrlimit(RLIMIT_CPU, &seconds);
    ::getrlimit(RLIMIT_AS, &memory);
    ::getrlimit(RLIMIT_FSIZE, &files);
    const bool bounded = memory.rlim_cur != RLIM_INFINITY && memory.rlim_cur > kCopyMemory;
    return std::to_string(seconds.rlim_cur) + (bounded ? " bounded " : " endless ") +
           std::to_string(files.rlim_cur);
  });
  ASSERT_TRUE(said.ok()) << said.error().message;
  EXPECT_EQ(*said, "5 bounded 0");
}

}  // namespace
}  // namespace postern::proc
