// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/rotate_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include "audit/handovers.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "gateway/cli/places.h"
#include "gateway/supervisor/material.h"
#include "gateway/supervisor/secret.h"

namespace postern::cli {
namespace {

using base::fail_errno;
using base::Result;
using base::Status;
using certs::VerifierKey;

constexpr std::size_t kKeyFileLimit = 4U << 10U;
constexpr auto kPatience = std::chrono::seconds(60);  // with a gateway that says it is not ready yet
constexpr auto kPause = std::chrono::milliseconds(200);

Result<certs::SignerKey> read_key(const std::string& path) {
  auto text = base::read_file(path, kKeyFileLimit);
  if (!text.ok()) return text.error();
  auto key = certs::parse_signer_key(std::string_view(*text).substr(0, text->find('\n')));
  base::wipe(*text);
  if (!key.ok())
    return base::fail(base::Code::Invalid, path + " is no key for the log: " + key.error().message);
  return key;
}

Status sync_folder_of(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const base::UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.valid() && ::fsync(fd.get()) == 0 ? Status(base::Ok{}) : fail_errno(folder, errno);
}

Status write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail_errno(path, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0 ? Status(base::Ok{}) : fail_errno(path, errno);
}

// Beside it first: no half of a key is ever found at path. Exists if something is there.
Status write_key(const std::string& path, std::string_view text, const struct stat& like) {
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());  // of a run that was ended here
  const base::UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return fail_errno(beside, errno);
  Status done = ::geteuid() != 0 || ::fchown(fd.get(), like.st_uid, like.st_gid) == 0
                    ? write_all(fd.get(), text, beside)
                    : fail_errno(beside, errno);
  if (done.ok() && ::link(beside.c_str(), path.c_str()) != 0) done = fail_errno(path, errno);
  ::unlink(beside.c_str());
  return done.ok() ? sync_folder_of(path) : done;
}

// The verifier key of the next one, which is made if it is not there.
Result<VerifierKey> next_key(const std::string& path, const std::string& name) {
  const std::string next = supervisor::next_log_key_path(path);
  struct stat like {};
  if (::stat(path.c_str(), &like) != 0) return fail_errno(path, errno);
  if (::access(next.c_str(), F_OK) != 0) {
    std::string seed = base::random_bytes(base::kEd25519SeedSize);
    const certs::SignerKey key{name, base::Secret(seed)};
    base::wipe(seed);
    std::string text = certs::format_signer_key(key) + "\n";
    const Status written = write_key(next, text, like);
    base::wipe(text);
    if (!written.ok()) return written.error();
  }
  const auto key = read_key(next);
  if (!key.ok()) return key.error();
  return certs::verifier_of(*key);
}

// Until the gateway has done it. Its ledger or its keeper may be starting anew just now.
Result<Client::Answer> order(Client& gateway) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  const base::Json nothing = base::Json::object();
  for (;;) {
    auto answer = gateway.call(http::Method::Post, "/api/v1/log/rotate-key", &nothing);
    const bool later = answer.ok() ? answer->status == 503 : answer.error().code == base::Code::Unavailable;
    if (!later || std::chrono::steady_clock::now() > end) return answer;
    std::this_thread::sleep_for(kPause);
  }
}

// What the gateway says is not enough to give the old key up for.
Result<certs::Handover> verify_handover(const std::string& log, const VerifierKey& from,
                                        const VerifierKey& to) {
  auto& files = audit::system_files();
  const auto found = audit::read_handovers(files, log);
  if (!found.ok()) return found.error();
  const auto chain = audit::KeyChain::of(from, found->good);
  if (!chain.ok()) return chain.error();
  const auto checkpoint = audit::read_checkpoint(files, log);
  if (!checkpoint.ok()) return checkpoint.error();
  if (const Status good = chain->check(*checkpoint); !good.ok()) return good.error();
  if (chain->keys().back() != to || certs::check_signature(checkpoint->note, to) != certs::Signed::Yes)
    return base::fail(base::Code::Invalid, log + " has no checkpoint by the new key; run it again");
  return chain->handovers().back();
}

Status retire(Client& gateway, const std::string& path) {
  const base::UniqueFd old(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!old.valid()) return fail_errno(path, errno);
  if (::rename(supervisor::next_log_key_path(path).c_str(), path.c_str()) != 0)
    return fail_errno(path, errno);
  if (Status synced = sync_folder_of(path); !synced.ok()) return synced;
  // The supervisor keeps the old file open for a keeper that it may have to start again: first it takes the new one.
  const base::Json nothing = base::Json::object();
  const auto read = gateway.call(http::Method::Post, "/api/v1/log/read-keys", &nothing);
  if (!read.ok()) return read.error();
  if (!read->ok())
    return base::fail(base::Code::Unavailable,
                      "the gateway did not read " + path + " again: postern reload does");
  return write_all(old.get(), std::string(kKeyFileLimit, '\0'), path);
}

std::string told(const certs::Handover& handover, const std::string& file) {
  return "The log goes on under another key, behind " + std::to_string(handover.head.size) + " events:\n  " +
         certs::format_verifier_key(handover.to) + "\nWho has only the key before it, " +
         certs::format_verifier_key(handover.from) + ",\nstill verifies the log: " + file +
         " is signed by both.\n";
}

}  // namespace

int rotate_key(Program& program) {
  if (const Status crypto = base::init_crypto(); !crypto.ok()) return fail_with(crypto.error().message);
  const auto places = find_places(program.config_path());
  if (!places.ok()) return fail_with(places.error().message);
  if (supervisor::is_credential(places->log_key)) {
    return fail_with("log_key is " + places->log_key +
                     ", which this command cannot write: put the key into a file, name that in postern.yaml, "
                     "postern reload, and run it again");
  }
  const auto gateway = program.client();
  if (gateway == nullptr) return kFailed;
  if (const auto up = gateway->call(http::Method::Get, "/healthz"); !up.ok())
    return program.complain(up.error());
  const auto old = read_key(places->log_key);
  if (!old.ok()) return fail_with(old.error().message);
  const VerifierKey from = certs::verifier_of(*old);
  const auto to = next_key(places->log_key, old->name);
  if (!to.ok()) return fail_with(to.error().message);
  const auto answer = order(*gateway);
  if (!answer.ok()) return program.complain(answer.error());
  if (!answer->ok()) return program.complain(*answer);
  const std::string log = places->state_directory + "/log";
  const auto handover = verify_handover(log, from, *to);
  if (!handover.ok()) return fail_with(handover.error().message);
  if (const Status retired = retire(*gateway, places->log_key); !retired.ok())
    return fail_with(retired.error().message);
  const std::string file = log + "/" + audit::handover_path(from);
  const base::Json json{{"old", certs::format_verifier_key(from)},
                        {"new", certs::format_verifier_key(*to)},
                        {"size", handover->head.size},
                        {"handover", file}};
  print(program.json() ? base::dump_json(json) + "\n" : told(*handover, file));
  return kDone;
}

}  // namespace postern::cli
