// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/passphrase.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/crypto.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kPassphraseLimit = 1024;  // bytes

// The terminal as it was, whatever happens.
class Unseen {
 public:
  explicit Unseen(int terminal) : terminal_(terminal) {
    good_ = ::tcgetattr(terminal, &before_) == 0;
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    good_ = good_ && ::tcsetattr(terminal, TCSAFLUSH, &now) == 0;
  }
  ~Unseen() {
    if (good_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  bool good() const { return good_; }

 private:
  int terminal_;
  bool good_ = false;
  termios before_{};
};

base::Result<std::string> typed(int terminal, const std::string& prompt) {
  const Unseen unseen(terminal);
  if (!unseen.good()) return fail(Code::Denied, "the terminal cannot be kept from showing what is typed");
  std::string out;
  if (::write(terminal, prompt.data(), prompt.size()) < 0) return base::fail_errno("/dev/tty", errno);
  for (char c = 0; out.size() <= kPassphraseLimit && ::read(terminal, &c, 1) == 1 && c != '\n';) out += c;
  static_cast<void>(!::write(terminal, "\n", 1));
  return out;
}

base::Result<std::string> from_file(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return base::fail_errno(path, errno);
  if ((info.st_mode & 077) != 0)
    return fail(Code::Denied, path + ": a passphrase must be readable by its owner alone: chmod 600 " + path);
  auto text = base::read_open_file(fd.get(), path, kPassphraseLimit);
  if (!text.ok()) return text;
  std::string line = text->substr(0, text->find('\n'));
  base::wipe(*text);
  return line;
}

}  // namespace

base::Result<std::string> read_passphrase(const std::string& file, bool is_new, const std::string& of) {
  if (!file.empty()) return from_file(file);
  const base::UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.valid())
    return fail(Code::Denied,
                "there is no terminal to type the passphrase at: give it with --passphrase-file");
  auto first = typed(terminal.get(), (is_new ? "New passphrase of " : "Passphrase of ") + of + ": ");
  if (!first.ok() || !is_new) return first;
  auto again = typed(terminal.get(), "Once more: ");
  const bool same = again.ok() && base::equals_constant_time(*first, *again);
  if (again.ok()) base::wipe(*again);
  if (same) return first;
  base::wipe(*first);
  return fail(Code::Invalid, "the two are not the same");
}

}  // namespace postern::mission
