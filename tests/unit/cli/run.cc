// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cli/run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

namespace postern::cli {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void open_as(const std::string& path, int number) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(fd, number);
}

// Reads until the head is whole and its Content-Length has come.
std::string read_request(int socket) {
  std::string in;
  std::array<char, 4096> piece;
  for (;;) {
    const std::size_t head = in.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t at = in.find("content-length: ");
      const std::size_t size = at < head ? std::stoul(in.substr(at + 16)) : 0;
      if (in.size() >= head + 4 + size) return in;
    }
    const ssize_t n = ::recv(socket, piece.data(), piece.size(), 0);
    if (n <= 0) return in;
    in.append(piece.data(), static_cast<std::size_t>(n));
  }
}

// Those of this process: they go with it.
struct Folders {
  std::vector<std::string> paths;
  ~Folders() {
    std::error_code ignored;
    for (const std::string& path : paths) std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

std::string make_folder() {
  static Folders folders;
  std::string path = ::testing::TempDir() + "postern-cli-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::abort();
  folders.paths.push_back(path);
  return path;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

Ran run_postern(const std::vector<std::string>& arguments) {
  const std::string folder = make_folder();
  const pid_t child = ::fork();
  if (child == 0) {
    open_as(folder + "/out", STDOUT_FILENO);
    open_as(folder + "/err", STDERR_FILENO);
    std::vector<std::string> words = arguments;
    words.insert(words.begin(), POSTERN_PROGRAM);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(POSTERN_PROGRAM, argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_all(folder + "/out"), read_all(folder + "/err")};
}

FakeGateway::FakeGateway(Respond respond)
    : path_(make_folder() + "/s"),
      respond_(std::move(respond)),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), std::min(path_.size(), sizeof address.sun_path - 1));
  const auto* generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (::bind(listener_.get(), generic, sizeof address) != 0 || ::listen(listener_.get(), 16) != 0)
    std::abort();
  thread_ = std::thread([this] { serve(); });
}

FakeGateway::~FakeGateway() {
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept
  thread_.join();
}

void FakeGateway::serve() {
  for (;;) {
    const base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.valid()) return;
    const std::string answer = respond_(read_request(socket.get()));
    ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
  }
}

std::string answer_with(int status, const std::string& json) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(json.size()) +
         "\r\nconnection: close\r\n\r\n" + json;
}

}  // namespace postern::cli
