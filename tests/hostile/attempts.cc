// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/attempts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace postern::hostile {
namespace {

constexpr unsigned long kNonsense = ~0UL;

int told(long result) { return result < 0 ? errno : 0; }

template <typename... Arguments>
int call(long number, Arguments... arguments) {
  return told(::syscall(number, arguments...));
}

int opened(const std::string& path, int flags) { return told(::open(path.c_str(), flags | O_CLOEXEC, 0600)); }
std::string proc(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }
std::string log_of(const Scene& s) { return s.state + "/log/segment"; }

int ended_well(pid_t pid) {
  int status = 0;
  if (pid < 0) return errno;
  ::waitpid(pid, &status, 0);
  return 0;
}

int fork_it(long number) {
  const long pid = ::syscall(number);
  if (pid == 0) ::_exit(0);
  return ended_well(static_cast<pid_t>(pid));
}

int run_from_memory() {
  const int memory = static_cast<int>(::syscall(SYS_memfd_create, "code", 0));
  if (memory < 0) return errno;
  constexpr char kScript[] = "#!/bin/true\n";
  if (::write(memory, kScript, sizeof kScript - 1) < 0) return errno;
  char* const none[] = {nullptr};
  return told(::syscall(SYS_execveat, memory, "", none, none, AT_EMPTY_PATH));
}

int spawn_it() {
  char name[] = "true";
  char* const arguments[] = {name, nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, "/bin/true", nullptr, nullptr, arguments, nullptr);
  return error != 0 ? error : ended_well(pid);
}

int start_thread() {
  try {
    std::thread([] {}).join();
    return 0;
  } catch (const std::exception&) {
    return EPERM;
  }
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int socket_of(int family, int type, int protocol = 0) { return told(::socket(family, type, protocol)); }

int connect_tcp(const Scene& s) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  const sockaddr_in to = loopback(s.port);
  return told(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

int connect_own_listener(const Scene& s) {
  const sockaddr_in to = loopback(s.port);
  return told(::connect(s.listener, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

int send_udp(const Scene& s) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) return errno;
  const sockaddr_in to = loopback(s.port);
  return told(::sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

int send_to_address(const Scene& s) {
  const sockaddr_in to = loopback(s.port);
  return told(::sendto(3, "x", 1, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

int connect_unix(const std::string& name, bool abstract) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path + (abstract ? 1 : 0), name.data(), name.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  const auto size = offsetof(sockaddr_un, sun_path) + name.size() + 1;
  return told(::connect(fd, reinterpret_cast<const sockaddr*>(&to), static_cast<socklen_t>(size)));
}

int bind_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return errno;
  const sockaddr_in here = loopback(0);
  return told(::bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here));
}

int move_memory(const Scene& s, bool write) {
  long word = 0;
  iovec mine{&word, sizeof word};
  iovec theirs{&word, sizeof word};  // a copy of ours: the same address
  const ssize_t n = write ? ::process_vm_writev(s.victim, &mine, 1, &theirs, 1, 0)
                          : ::process_vm_readv(s.victim, &mine, 1, &theirs, 1, 0);
  return n < 0 && errno == EFAULT ? 0 : told(n);
}

int share_memory() {
  const int outcome = told(::shm_open("/postern-hostile", O_RDWR | O_CREAT, 0600));
  if (outcome == 0) ::shm_unlink("/postern-hostile");
  return outcome;
}

int raise_limit() {
  rlimit limit{};
  limit.rlim_cur = limit.rlim_max = 1 << 20;
  return told(::setrlimit(RLIMIT_CORE, &limit));
}

int map_code(int protection) {
  void* memory = ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? errno : 0;
}

int make_code() {
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  return told(::mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

int trace_victim(const Scene& s) {
  if (::ptrace(PTRACE_ATTACH, s.victim, nullptr, nullptr) < 0) return errno;
  ::waitpid(s.victim, nullptr, __WALL);
  return told(::ptrace(PTRACE_DETACH, s.victim, nullptr, nullptr));
}

int signal_by_descriptor(const Scene& s) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, s.victim, 0));
  if (fd < 0) return errno;
  return told(::syscall(SYS_pidfd_send_signal, fd, SIGCONT, nullptr, 0));
}

int steal_descriptor(const Scene& s) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, s.victim, 0));
  if (fd < 0) return errno;
  return told(::syscall(SYS_pidfd_getfd, fd, 0, 0));
}

#if defined(__x86_64__)
// A 32-bit call: other numbers, the same kernel. 11 is execve there.
int call_as_32_bit() {
  long number = 20;
  __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
  return number < 0 ? static_cast<int>(-number) : 0;
}
// The numbers of the x32 ABI: bit 30. 257 is openat.
int call_as_x32() {
  const int outcome = call(0x4000'0000 + SYS_getppid);
  return outcome == ENOSYS ? EPERM : outcome;  // a kernel without x32
}
#endif

// clang-format off
constexpr std::array kAttempts = std::to_array<Attempt>({
    // files
    {"read the list of accounts", Nobody, [](const Scene&) { return opened("/etc/passwd", O_RDONLY); }},
    {"read a private key", Nobody, [](const Scene& s) { return opened(s.secrets + "/support.key", O_RDONLY); }},
    {"write a private key", Nobody, [](const Scene& s) { return opened(s.secrets + "/support.key", O_WRONLY); }},
    {"read the log", Readers, [](const Scene& s) { return opened(log_of(s), O_RDONLY); }},
    {"write the log", Ledger, [](const Scene& s) { return opened(log_of(s), O_WRONLY); }},
    {"append to the log", Ledger, [](const Scene& s) { return opened(log_of(s), O_WRONLY | O_APPEND); }},
    {"empty the log", Ledger, [](const Scene& s) { return opened(log_of(s), O_WRONLY | O_TRUNC); }},
    {"add a file to the log", Ledger, [](const Scene& s) { return opened(s.state + "/log/more", O_WRONLY | O_CREAT); }},
    {"cut the log by its name", Nobody, [](const Scene& s) { return told(::truncate(log_of(s).c_str(), 0)); }},
    {"link the log elsewhere", Nobody, [](const Scene& s) { return told(::link(log_of(s).c_str(), (s.secrets + "/copy").c_str())); }},
    {"put a symbolic link into the log", Nobody, [](const Scene& s) { return told(::symlink("/etc/passwd", (s.state + "/log/link").c_str())); }},
    {"move the log out", Nobody, [](const Scene& s) { return told(::rename(log_of(s).c_str(), (s.secrets + "/moved").c_str())); }},
    {"change who may read the log", Nobody, [](const Scene& s) { return told(::chmod(log_of(s).c_str(), 0644)); }},
    {"give the log away", Nobody, [](const Scene& s) { return told(::chown(log_of(s).c_str(), 65534, 65534)); }},
    {"set the log's times", Nobody, [](const Scene& s) { return told(::utimensat(AT_FDCWD, log_of(s).c_str(), nullptr, 0)); }},
    {"mark the log with an attribute", Nobody, [](const Scene& s) { return told(::setxattr(log_of(s).c_str(), "user.x", "x", 1, 0)); }},
    {"remove the log", Ledger, [](const Scene& s) { return told(::unlink(log_of(s).c_str())); }},
    {"remove a private key", Nobody, [](const Scene& s) { return told(::unlink((s.secrets + "/support.key").c_str())); }},
    {"list the root folder", Nobody, [](const Scene&) { return opened("/", O_RDONLY | O_DIRECTORY); }},
    {"list the keys", Nobody, [](const Scene& s) { return opened(s.secrets, O_RDONLY | O_DIRECTORY); }},
    {"make a folder", Nobody, [](const Scene& s) { return told(::mkdir((s.secrets + "/folder").c_str(), 0700)); }},
    {"make a file", Nobody, [](const Scene& s) { return opened(s.secrets + "/file", O_WRONLY | O_CREAT); }},
    {"make a file without a name", Nobody, [](const Scene& s) { return opened(s.secrets, O_WRONLY | O_TMPFILE); }},
    {"make a named pipe", Nobody, [](const Scene& s) { return told(::mkfifo((s.secrets + "/pipe").c_str(), 0600)); }},
    {"open a file with openat2", Nobody, [](const Scene&) { return call(SYS_openat2, AT_FDCWD, "/etc/passwd", nullptr, 0); }},
    {"open a file by its handle", Nobody, [](const Scene&) { return call(SYS_open_by_handle_at, AT_FDCWD, nullptr, 0); }},
    {"open a terminal", Nobody, [](const Scene&) { return opened("/dev/ptmx", O_RDWR); }},
    {"watch a folder", Nobody, [](const Scene&) { return told(::inotify_init1(0)); }},
    {"go to another folder", Nobody, [](const Scene&) { return told(::chdir("/tmp")); }},
    // other processes
    {"write its own memory as a file", Nobody, [](const Scene&) { return opened("/proc/self/mem", O_RDWR); }},
    {"read the memory of another as a file", Nobody, [](const Scene& s) { return opened(proc(s.victim, "mem"), O_RDONLY); }},
    {"read the environment of another", Nobody, [](const Scene& s) { return opened(proc(s.victim, "environ"), O_RDONLY); }},
    {"read the memory map of another", Nobody, [](const Scene& s) { return opened(proc(s.victim, "maps"), O_RDONLY); }},
    {"list the supervisor's descriptors", Nobody, [](const Scene& s) { return opened(proc(s.supervisor, "fd"), O_RDONLY | O_DIRECTORY); }},
    {"open an own descriptor anew", Nobody, [](const Scene&) { return opened("/proc/self/exe", O_RDONLY); }},
    {"read another process", Nobody, [](const Scene& s) { return move_memory(s, false); }},
    {"write another process", Nobody, [](const Scene& s) { return move_memory(s, true); }},
    {"trace another process", Nobody, trace_victim},
    {"ask to be traced", Nobody, [](const Scene&) { return told(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"signal another process", Nobody, [](const Scene& s) { return told(::kill(s.victim, SIGCONT)); }},
    {"signal the supervisor", Nobody, [](const Scene& s) { return told(::kill(s.supervisor, SIGCONT)); }},
    {"signal all processes", Nobody, [](const Scene&) { return told(::kill(-1, 0)); }},
    {"signal another thread", Nobody, [](const Scene& s) { return call(SYS_tgkill, s.victim, s.victim, SIGCONT); }},
    {"signal any thread", Nobody, [](const Scene& s) { return call(SYS_tkill, s.victim, SIGCONT); }},
    {"queue a signal", Nobody, [](const Scene& s) { return told(::sigqueue(s.victim, SIGCONT, {})); }},
    {"signal through a descriptor", Nobody, signal_by_descriptor},
    {"take a descriptor of another", Nobody, steal_descriptor},
    {"have signals sent by a descriptor", Nobody, [](const Scene& s) { return told(::fcntl(2, F_SETOWN, s.victim)); }},
    {"slow another down", Nobody, [](const Scene& s) { return told(::setpriority(PRIO_PROCESS, static_cast<id_t>(s.victim), 1)); }},
    {"limit another", Nobody, [](const Scene& s) { return call(SYS_prlimit64, s.victim, RLIMIT_CORE, nullptr, nullptr); }},
    {"move another to a processor", Nobody, [](const Scene& s) { return call(SYS_sched_setaffinity, s.victim, 0, nullptr); }},
    {"compare with another", Nobody, [](const Scene& s) { return call(SYS_kcmp, s.victim, s.victim, 0, 0, 0); }},
    // programs and processes
    {"run a program", Nobody, [](const Scene&) { return told(::execl("/bin/true", "true", nullptr)); }},
    {"run its own program again", Nobody, [](const Scene&) { return told(::execl("/proc/self/exe", "self", "--gtest_list_tests", nullptr)); }},
    {"run a program from memory", Nobody, [](const Scene&) { return run_from_memory(); }},
    {"spawn a program", Nobody, [](const Scene&) { return spawn_it(); }},
#if defined(__x86_64__)
    {"fork", Nobody, [](const Scene&) { return fork_it(SYS_fork); }},
    {"call as a 32-bit program", Nobody, [](const Scene&) { return call_as_32_bit(); }},
    {"call by x32 numbers", Nobody, [](const Scene&) { return call_as_x32(); }},
    {"change its segments", Nobody, [](const Scene&) { return call(SYS_modify_ldt, 0, nullptr, 0); }},
    {"use the ports of the machine", Nobody, [](const Scene&) { return call(SYS_ioperm, 0, 0, 0); }},
#endif
    {"clone itself", Nobody, [](const Scene&) { return ended_well(::fork()); }},
    {"clone with clone3", Nobody, [](const Scene&) { return call(SYS_clone3, nullptr, 0); }},
    {"start a thread", Nobody, [](const Scene&) { return start_thread(); }},
    {"map memory to write and run", Nobody, [](const Scene&) { return map_code(PROT_READ | PROT_WRITE | PROT_EXEC); }},
    {"map memory to run", Nobody, [](const Scene&) { return map_code(PROT_EXEC); }},
    {"make written memory runnable", Nobody, [](const Scene&) { return make_code(); }},
    {"make memory runnable by a key", Nobody, [](const Scene&) { return call(SYS_pkey_mprotect, nullptr, 0, PROT_EXEC, -1); }},
    {"make all memory runnable", Nobody, [](const Scene&) { return told(::personality(READ_IMPLIES_EXEC)); }},
    // the network
    {"connect by TCP", Nobody, connect_tcp},
    {"connect its own listener", Nobody, connect_own_listener},
    {"listen once more", Nobody, [](const Scene& s) { return told(::listen(s.listener, 10)); }},
    {"bind a port", Nobody, [](const Scene&) { return bind_port(); }},
    {"send a datagram", Nobody, send_udp},
    {"send to an address on a channel", Nobody, send_to_address},
    {"connect while sending", Nobody, [](const Scene&) { return told(::send(3, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL)); }},
    {"make an IPv6 socket", Nobody, [](const Scene&) { return socket_of(AF_INET6, SOCK_STREAM); }},
    {"make a raw socket", Nobody, [](const Scene&) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
    {"make a packet socket", Nobody, [](const Scene&) { return socket_of(AF_PACKET, SOCK_RAW); }},
    {"make a netlink socket", Nobody, [](const Scene&) { return socket_of(AF_NETLINK, SOCK_RAW); }},
    {"make a socket to the hypervisor", Nobody, [](const Scene&) { return socket_of(AF_VSOCK, SOCK_STREAM); }},
    {"make a socket to the kernel's ciphers", Nobody, [](const Scene&) { return socket_of(AF_ALG, SOCK_SEQPACKET); }},
    {"connect to the control socket", Nobody, [](const Scene& s) { return connect_unix(s.control, false); }},
    {"connect to an abstract socket", Nobody, [](const Scene& s) { return connect_unix(s.abstract, true); }},
    {"make a pair of sockets", Nobody, [](const Scene&) { int fds[2]; return told(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds)); }},
    {"set an option of a socket", Nobody, [](const Scene&) { const int one = 1; return told(::setsockopt(3, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one)); }},
    // the kernel's other doors
    {"use io_uring", Nobody, [](const Scene&) { return call(425, 0, nullptr); }},
    {"load a program into the kernel", Nobody, [](const Scene&) { return call(SYS_bpf, -1, nullptr, 0); }},
    {"handle page faults", Nobody, [](const Scene&) { return call(SYS_userfaultfd, kNonsense); }},
    {"count events of the machine", Nobody, [](const Scene&) { return call(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
    {"make a file in memory", Nobody, [](const Scene&) { return call(SYS_memfd_create, "", 0); }},
    {"make secret memory", Nobody, [](const Scene&) { return call(447, 0); }},
    {"share memory by a key", Nobody, [](const Scene&) { return call(SYS_shmget, 0, 4096, 0600); }},
    {"share memory by a name", Nobody, [](const Scene&) { return share_memory(); }},
    {"open a message queue", Nobody, [](const Scene&) { return call(SYS_mq_open, "postern-hostile", O_RDONLY, 0, nullptr); }},
    {"make semaphores", Nobody, [](const Scene&) { return call(SYS_semget, 0, 0, 0); }},
    {"use the kernel's key rings", Nobody, [](const Scene&) { return call(SYS_keyctl, 0, -3, 0); }},
    {"move pages between pipes", Nobody, [](const Scene&) { return call(SYS_vmsplice, -1, nullptr, 0, 0); }},
    {"have a timer as a descriptor", Nobody, [](const Scene&) { return call(SYS_timerfd_create, 1, 0); }},
    {"use another descriptor as standard error", Nobody, [](const Scene&) { return told(::dup2(3, 2)); }},
    {"ask a terminal", Nobody, [](const Scene&) { winsize size{}; return told(::ioctl(2, TIOCGWINSZ, &size)); }},
    // its own walls
    {"raise a limit", Nobody, [](const Scene&) { return raise_limit(); }},
    {"become traceable", Nobody, [](const Scene&) { return told(::prctl(PR_SET_DUMPABLE, 1)); }},
    {"outlive the supervisor", Nobody, [](const Scene&) { return told(::prctl(PR_SET_PDEATHSIG, 0)); }},
    {"put a filter of its own before the others", Nobody, [](const Scene&) { return call(SYS_seccomp, 1, 0, nullptr); }},
    {"answer its own filter", Nobody, [](const Scene&) { return told(::ioctl(3, 0xc0182101, nullptr)); }},
    {"make a Landlock ruleset", Nobody, [](const Scene&) { return call(444, nullptr, 0, 1); }},
    {"have a user namespace", Nobody, [](const Scene&) { return call(SYS_unshare, CLONE_NEWUSER); }},
    {"enter other namespaces", Nobody, [](const Scene&) { return call(SYS_setns, -1, 0); }},
    {"mount", Nobody, [](const Scene&) { return told(::mount(nullptr, "/nowhere", nullptr, 0, nullptr)); }},
    {"mount the new way", Nobody, [](const Scene&) { return call(SYS_fsopen, nullptr, 0); }},
    {"change the root", Nobody, [](const Scene&) { return call(SYS_chroot, "/"); }},
    {"become root", Nobody, [](const Scene&) { return call(SYS_setresuid, 0, 0, 0); }},
    {"take groups", Nobody, [](const Scene&) { return call(SYS_setgroups, 0, nullptr); }},
    {"take capabilities", Nobody, [](const Scene&) { return call(SYS_capset, nullptr, nullptr); }},
    {"load a kernel module", Nobody, [](const Scene&) { return call(SYS_finit_module, -1, "", 0); }},
    {"load another kernel", Nobody, [](const Scene&) { return call(SYS_kexec_load, 0, 0, nullptr, kNonsense); }},
    {"restart the machine", Nobody, [](const Scene&) { return call(SYS_reboot, 0, 0, 0, nullptr); }},
    {"set the clock", Nobody, [](const Scene&) { return call(SYS_clock_settime, 0, nullptr); }},
    {"name the machine", Nobody, [](const Scene&) { return call(SYS_sethostname, nullptr, -1); }},
    {"read the kernel's messages", Nobody, [](const Scene&) { return call(SYS_syslog, 10, nullptr, 0); }},
});
// clang-format on

}  // namespace

std::span<const Attempt> attempts() { return kAttempts; }

// EXDEV: Landlock's answer to a move between folders that may not be mixed.
bool is_refusal(int outcome) { return outcome == EPERM || outcome == EACCES || outcome == EXDEV; }

}  // namespace postern::hostile
