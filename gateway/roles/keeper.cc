// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The keeper: reads its keys from descriptors that the supervisor opened, then answers datagrams. No network,
// no log, no path; but where keys lie in a token, its module works here too, and may read what the configuration says.
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret_file.h"
#include "certs/keeper_protocol.h"
#include "certs/library.h"
#include "certs/private_key.h"
#include "certs/webhook_secret.h"
#include "gateway/ipc/figures.h"
#include "gateway/keeper/key_ring.h"
#include "gateway/keeper/locked_memory.h"
#include "gateway/loop/loop.h"
#include "gateway/roles/role.h"
#include "gateway/token/settings.h"
#include "gateway/token/token.h"

namespace postern::roles {
namespace {

// The terminator of the admin listener, and the link to the admins' identity provider.
constexpr std::uint32_t kAdminFace = 1000;
constexpr std::uint32_t kIntakeFace = 2000;  // the terminator of the intake's listener
const char* face_of(std::uint32_t index) {
  if (index == kIntakeFace) return "intake";
  return index == kAdminFace ? "admin" : "support";
}
constexpr base::Nanos kRotationLook = 60 * base::kSecond;
// Of keys that a reload replaced: longer than any handshake that began with the old certificate.
constexpr base::Nanos kRetirement = 5 * 60 * base::kSecond;
constexpr int kRequestsPerRound = 64;  // of one channel, so that none keeps the others waiting

// Gives the content of a named descriptor to take, and wipes it.
template <typename Take>
base::Status with_key(Role& role, const base::Json& entry, Take take) {
  const base::UniqueFd fd = role.take_fd(base::json_text_or(entry, "fd", ""));
  const std::string path = base::json_text_or(entry, "path", "");
  struct stat info {};
  if (base::stat_open_file(fd.get(), info) != 0) return base::fail_errno(path, errno);
  base::Result<std::string> content = base::read_open_file(fd.get(), path, certs::kKeyFileLimit);
  if (!content.ok()) return content.error();
  base::Status taken = take(keeper::KeyFile{path, *content, base::open_to_others(info)});
  base::wipe(*content);
  return taken;
}

// The token that keys may lie in, and the wider row that its module needs. Nothing of either without pkcs11.
class TokenModule {
 public:
  explicit TokenModule(Role& role) : role_(role) {}

  // Before the keys are read, and before the walls: opening a module is loading code.
  base::Status open() {
    const auto part = role_.config().find("pkcs11");
    if (part == role_.config().end()) return base::Ok{};
    token::set_variables(part->value("environment", std::vector<std::string>()));
    for (const base::Json& path : part->value("paths", base::Json::array()))
      names_.push_back(path.get<std::string>());
    for (const std::string& name : names_) paths_.push_back({name, "", proc::Access::Read});
    row_ = *proc::profile_of(proc::kKeeperWithModuleRole);
    row_.paths = paths_;
    role_.confine_by(row_);
    if (base::json_bool_or(*part, "pin_refused", false)) {
      return base::fail(
          base::Code::Denied,
          "the token called the PIN of pkcs11.pin wrong, and may lock itself after a few: it is not tried "
          "again before the file is another one and postern reload has read it");
    }
    auto pin = read_pin();
    if (!pin.ok()) return pin.error();
    const std::string module = base::json_text_or(*part, "module", "");
    const auto real = token::check_module_file(module);
    if (!real.ok()) return real.error();
    auto opened = token::Token::open(*real, *std::move(pin), clock_);
    if (!opened.ok()) return opened.error();
    token_ = *std::move(opened);
    return base::Ok{};
  }

  // The PIN of a reload, for the next login.
  void take_pin() {
    if (token_ == nullptr) return;
    auto pin = read_pin();
    if (!pin.ok()) return base::log_error("the old PIN stays: " + pin.error().message);
    token_->set_pin(*std::move(pin));
  }

  token::Token* token() { return token_.get(); }

 private:
  base::Result<base::Secret> read_pin() {
    base::Result<base::Secret> pin = base::fail(base::Code::Invalid, "there is no PIN for the token");
    const auto part = role_.config().find("pkcs11");
    if (part == role_.config().end()) return pin;
    base::Status taken =
        with_key(role_, part->value("pin", base::Json::object()), [&](const keeper::KeyFile& file) {
          pin = certs::read_password(file.content);
          return keeper::check_key_file_mode(file.path, file.mode);
        });
    if (!taken.ok()) return taken.error();
    return pin;
  }

  Role& role_;
  base::SystemClock clock_;
  std::vector<std::string> names_;
  std::vector<proc::Path> paths_;
  proc::Profile row_;
  std::unique_ptr<token::Token> token_;
};

base::Status add_key(Role& role, const base::Json& entry, token::Token* token, keeper::KeyRing& keys) {
  const std::string path = base::json_text_or(entry, "path", "");
  const std::string listener =
      base::json_text_or(entry, "listener", "");  // empty: it is shown to the component
  const std::string certificate = base::json_text_or(entry, "certificate", "");
  const auto add = [&](const auto& key) {
    return listener.empty() ? keys.add_client_key(key, certificate)
                            : keys.add_tls_key(listener, key, certificate);
  };
  if (!token::is_uri(path)) return with_key(role, entry, add);
  if (token == nullptr)
    return base::fail(base::Code::Invalid, path + " lies in a token, and there is no module");
  return add(keeper::KeyInToken{token, path});
}

// Those of the listeners, and those with whose certificates enforcers show themselves.
base::Status read_tls_keys(Role& role, token::Token* token, keeper::KeyRing& keys) {
  for (const std::string list : {"tls_keys", "client_keys"}) {
    for (const base::Json& entry : role.config().value(list, base::Json::array())) {
      if (base::Status added = add_key(role, entry, token, keys); !added.ok()) return added;
    }
  }
  return base::Ok{};
}

base::Status read_acme_keys(Role& role, const base::Json& entry, keeper::KeyRing& keys) {
  keeper::AcmeOrder order;
  order.names = entry.value("names", std::vector<std::string>());
  order.contact = entry.value("contact", std::vector<std::string>());
  order.external_id = base::json_text_or(entry, "external_id", "");
  const std::string folder = base::json_text_or(entry, "folder", "");
  const auto set = [&](const keeper::KeyFile& secret) {
    return with_key(role, entry["account"], [&](const keeper::KeyFile& account) {
      return with_key(role, entry["next"], [&](const keeper::KeyFile& next) {
        return keys.set_acme(order, account, next, secret, folder);
      });
    });
  };
  const auto secret = entry.find("secret");
  return secret == entry.end() ? set(keeper::KeyFile{}) : with_key(role, *secret, set);
}

base::Status read_keys(Role& role, token::Token* token, keeper::KeyRing& keys) {
  const base::Json& config = role.config();
  if (base::Status read = read_tls_keys(role, token, keys); !read.ok()) return read;
  if (const auto entry = config.find("pass_key"); entry != config.end()) {
    base::Status taken =
        with_key(role, *entry, [&](const keeper::KeyFile& file) { return keys.set_pass_key(file); });
    if (!taken.ok()) return taken;
  }
  if (const auto entry = config.find("log_key"); entry != config.end()) {
    base::Status taken =
        with_key(role, *entry, [&](const keeper::KeyFile& file) { return keys.set_log_key(file, token); });
    if (!taken.ok()) return taken;
  }
  if (const auto entry = config.find("next_log_key"); entry != config.end()) {
    base::Status taken = with_key(
        role, *entry, [&](const keeper::KeyFile& file) { return keys.set_next_log_key(file, token); });
    if (!taken.ok()) return taken;
  }
  for (const base::Json& secret : config.value("webhook_secrets", base::Json::array())) {
    const std::string target = base::json_text_or(secret, "target", "");
    base::Status taken = with_key(
        role, secret, [&](const keeper::KeyFile& file) { return keys.add_webhook_secret(target, file); });
    if (!taken.ok()) return taken;
  }
  for (const base::Json& client : config.value("client_assertions", base::Json::array())) {
    const auto text = [&client](const char* key) { return base::json_text_or(client, key, ""); };
    base::Status taken = with_key(role, client, [&](const keeper::KeyFile& file) {
      return keys.set_client_key(text("face"), {text("client_id"), text("issuer")}, file);
    });
    if (!taken.ok()) return taken;
  }
  if (const auto acme = config.find("acme"); acme != config.end()) {
    if (base::Status taken = read_acme_keys(role, *acme, keys); !taken.ok()) return taken;
  }
  if (const auto entry = config.find("line_key"); entry != config.end()) {
    const std::string certificate = base::json_text_or(*entry, "certificate", "");
    base::Status taken = with_key(
        role, *entry, [&](const keeper::KeyFile& file) { return keys.set_line_key(file, certificate); });
    if (!taken.ok()) return taken;
  }
  if (const auto own = config.find("installations"); own != config.end()) {
    base::Status taken = with_key(role, *own, [&](const keeper::KeyFile& file) {
      return keys.set_installations(file, base::json_text_or(*own, "certificate", ""),
                                    base::json_text_or(*own, "domain", ""));
    });
    if (!taken.ok()) return taken;
  }
  const auto entry = config.find("witness_key");
  if (entry == config.end()) return base::Ok{};
  std::vector<std::string> logs;
  for (const base::Json& log : entry->value("logs", base::Json::array()))
    logs.push_back(log.get<std::string>());
  return with_key(role, *entry,
                  [&](const keeper::KeyFile& file) { return keys.set_witness_key(file, logs); });
}

// One asker. What it may ask follows from the channel, never from what it says.
class Seat {
 public:
  Seat(loop::Loop& loop, keeper::KeyRing& keys, keeper::Purpose purpose, base::UniqueFd socket)
      : keys_(keys),
        purpose_(std::move(purpose)),
        socket_(std::move(socket)),
        poller_(loop, socket_.get(), [this](unsigned) { answer(); }) {
    poller_.want(loop::kReadable);
  }

 private:
  void answer() {
    for (int i = 0; i < kRequestsPerRound; ++i) {
      char request[certs::kKeeperTranscriptLimit + 1];  // one more: what is longer is seen to be
      const ssize_t n = ::recv(socket_.get(), request, sizeof request, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n <= 0) return poller_.want(0);  // the asker is gone: its successor comes with a new channel
      ipc::count(ipc::Figure::KeeperRequests);
      const std::string reply = keys_.handle({request, static_cast<std::size_t>(n)}, purpose_);
      // Without waiting: an asker that does not read its answers only harms itself.
      ::send(socket_.get(), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
  }

  keeper::KeyRing& keys_;
  keeper::Purpose purpose_;
  base::UniqueFd socket_;
  loop::Poller poller_;
};

// The one who sits there is replaced when its channel is, and its last question may still be under way on
// the old one: the supervisor gives new channels with new keys, so that whoever asks over a new one is answered
// with the new keys.
struct Seats {
  std::unique_ptr<Seat> present, before;
};

constexpr base::Nanos kPinLook = base::kSecond;

int serve_keys() {
  const base::Status locked = keeper::lock_openssl_memory();
  Role role("keeper");
  if (!locked.ok()) role.fail(locked.error().message);
  certs::load_openssl();
  TokenModule module(role);
  if (base::Status opened = module.open(); !opened.ok()) role.fail(opened.error().message);
  keeper::KeyRing keys;
  // Whoever starts the next keeper has to know; a session that was lost may have wanted the PIN again at any time.
  bool told_of_pin = false;
  const auto tell_of_pin = [&] {
    if (told_of_pin || module.token() == nullptr || !module.token()->pin_refused()) return;
    told_of_pin = true;
    role.ask({{"ask", "pin_refused"}}, [](const base::Json&) {});
  };
  if (base::Status read = read_keys(role, module.token(), keys); !read.ok()) {
    tell_of_pin();
    role.fail(read.error().message);
  }
  loop::Timer pin_watch(role.loop(), tell_of_pin);
  if (module.token() != nullptr) pin_watch.start(kPinLook, kPinLook);

  keys.rotate_ticket_keys(role.loop().now());
  loop::Timer rotation(role.loop(), [&] { keys.rotate_ticket_keys(role.loop().now()); });
  rotation.start(kRotationLook, kRotationLook);

  std::map<std::pair<std::string, std::uint32_t>, Seats> seats;
  const auto open_seat = [&](const char* peer, keeper::Purpose purpose, std::uint32_t index, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the keeper is one socket");
    Seats& own = seats[{peer, index}];
    own.before = std::move(own.present);
    own.present = std::make_unique<Seat>(role.loop(), keys, std::move(purpose), std::move(fds[0]));
  };
  role.on_channel("terminator", [&](std::uint32_t index, Role::Fds fds) {
    open_seat("terminator", {keeper::Peer::Terminator, face_of(index)}, index, std::move(fds));
  });
  role.on_channel("enforcer", [&](std::uint32_t index, Role::Fds fds) {
    open_seat("enforcer", {keeper::Peer::Enforcer, {}}, index, std::move(fds));
  });
  role.on_channel("link", [&](std::uint32_t index, Role::Fds fds) {
    open_seat("link", {keeper::Peer::Link, face_of(index)}, index, std::move(fds));
  });
  role.on_channel("desk", [&](std::uint32_t index, Role::Fds fds) {
    open_seat("desk", {keeper::Peer::Desk, {}}, index, std::move(fds));
  });
  role.on_channel("ledger", [&](std::uint32_t index, Role::Fds fds) {
    open_seat("ledger", {keeper::Peer::Ledger, {}}, index, std::move(fds));
  });

  loop::Timer retirement(role.loop(), [&] { keys.drop_retired(); });
  role.on_reload([&](const base::Json&) {
    keeper::KeyRing fresh;
    module.take_pin();
    if (base::Status read = read_keys(role, module.token(), fresh); !read.ok())
      return base::log_error("the old keys stay: " + read.error().message);
    keys.adopt(fresh);
    retirement.start(kRetirement);
  });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_keys(); }
