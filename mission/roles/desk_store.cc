// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/roles/desk_store.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/crypto.h"
#include "base/file.h"
#include "certs/private_key.h"
#include "certs/webhook_secret.h"

namespace postern::roles {
namespace {

// libpq reads files by their names, and the desk can open none of these: so they stand in memory that has a name.
std::string in_memory(Role& role, const char* name, std::string_view text) {
  if (text.empty()) return {};
  const int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0 || ::fchmod(fd, 0600) != 0 ||
      ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    role.fail(base::fail_errno("the store's files", errno).message);
  return "/proc/self/fd/" + std::to_string(fd);  // open as long as the process
}

std::string given(Role& role, std::string_view name) {
  const base::UniqueFd fd = role.take_fd_if_given(name);
  if (!fd.valid()) return {};
  auto text = base::read_open_file(fd.get(), std::string(name), certs::kKeyFileLimit);
  if (!text.ok()) role.fail("the store: " + text.error().message);
  return *std::move(text);
}

mission::PostgresSettings settings_of(Role& role, const base::Json& part) {
  // It looks for what is not said in its user's home, of which there is none; nor is it asked for.
  ::setenv("HOME", "/nonexistent", 1);  // NOLINT(concurrency-mt-unsafe): there is one thread
  mission::PostgresSettings out;
  out.host = base::json_text_or(part, "host", "");
  out.port = static_cast<std::uint16_t>(base::json_number_or(part, "port", 0));
  out.database = base::json_text_or(part, "database", "");
  out.user = base::json_text_or(part, "user", "");
  out.roots_file = in_memory(role, "roots", base::json_text_or(part, "roots", ""));
  out.certificate_file = in_memory(role, "certificate", base::json_text_or(part, "certificate", ""));
  std::string key = given(role, "store.key");
  out.key_file = in_memory(role, "key", key);
  base::wipe(key);
  std::string password = given(role, "store.password");
  if (password.empty()) return out;
  const auto read = certs::read_password(password);
  base::wipe(password);
  if (!read.ok()) role.fail("the store's password_file holds " + read.error().message);
  out.password = std::string(read->view());
  return out;
}

}  // namespace

DeskStore::DeskStore(Role& role) : role_(role) {
  const base::Json part = role.config().value("store", base::Json());
  if (part.is_object()) {
    auto made = std::make_unique<mission::PostgresDatabase>(settings_of(role, part));
    postgres_ = made.get();
    store_ = std::make_unique<mission::Store>(std::move(made));
    return;
  }
  auto opened = mission::open_sqlite_store(base::json_text_or(role.config(), "state_directory", "") +
                                           "/mission.sqlite");
  if (!opened.ok()) role.fail("the store: " + opened.error().message);
  store_ = *std::move(opened);
}

DeskStore::~DeskStore() = default;

void DeskStore::start(std::function<void()> ready, std::function<void(std::string_view)> heard) {
  if (postgres_ == nullptr) return ready();
  link_ = std::make_unique<mission::StoreLink>(
      role_.loop(), *postgres_, [this](auto done) { role_.connect(0, std::move(done)); },
      mission::StoreLink::Events{std::move(ready), std::move(heard)});
  link_->start();
}

}  // namespace postern::roles
