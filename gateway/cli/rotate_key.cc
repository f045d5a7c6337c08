// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/rotate_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "audit/handovers.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "certs/key_elsewhere.h"
#include "certs/webhook_secret.h"
#include "gateway/cli/places.h"
#include "gateway/supervisor/material.h"
#include "gateway/supervisor/secret.h"
#include "gateway/token/settings.h"
#include "gateway/token/token.h"

namespace postern::cli {
namespace {

using base::fail_errno;
using base::Result;
using base::Status;
using certs::VerifierKey;

constexpr std::size_t kKeyFileLimit = 4U << 10U;
constexpr auto kRotationPatience = std::chrono::seconds(60);  // with a gateway that says it is not ready yet
constexpr auto kPause = std::chrono::milliseconds(200);

Result<VerifierKey> read_key(const std::string& path) {
  auto text = base::read_file(path, kKeyFileLimit);
  if (!text.ok()) return text.error();
  auto key = supervisor::log_verifier_in(*text);
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
  return read_key(next);
}

// Until the gateway has done it. Its ledger or its keeper may be starting anew just now.
Result<Client::Answer> order(Client& gateway) {
  const auto end = std::chrono::steady_clock::now() + kRotationPatience;
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

base::Error only_in_a_file(const std::string& key) {
  return base::fail(
      base::Code::Invalid,
      "log_key is " + key +
          ", which this command cannot write: put the key into a file, name that in postern.yaml, "
          "postern reload, and run it again");
}

// The token of the configuration's pkcs11, logged in to by nobody yet. Its module runs in this process.
Result<std::unique_ptr<token::Token>> open_token(const std::string& config_path, const base::Clock& clock) {
  const auto text = base::read_file(config_path, supervisor::kConfigSizeLimit);
  if (!text.ok()) return text.error();
  const std::string folder = std::filesystem::absolute(config_path).parent_path().string();
  const supervisor::ParsedConfig parsed = supervisor::parse_config(*text, folder, 1);
  if (parsed.config == nullptr)
    return base::fail(base::Code::Invalid, base::format_faults(config_path, parsed.faults));
  if (!parsed.config->pkcs11) {
    return base::fail(base::Code::Invalid,
                      config_path + " does not say through which module the token is used: add pkcs11");
  }
  const supervisor::Pkcs11& module = *parsed.config->pkcs11;
  const auto file =
      supervisor::open_secret(module.pin.path, "a PIN", supervisor::secrets_account(*parsed.config));
  if (!file.ok()) return file.error();
  auto line = base::read_open_file(file->get(), module.pin.path, certs::kSecretFileLimit);
  if (!line.ok()) return line.error();
  auto pin = certs::read_password(*line);
  base::wipe(*line);
  if (!pin.ok()) return base::fail(base::Code::Invalid, module.pin.path + " is " + pin.error().message);
  const auto real = token::check_module_file(module.module.path);
  if (!real.ok()) return real.error();
  token::set_variables(module.environment);
  return token::Token::open(*real, *std::move(pin), clock);
}

// The verifier key of the one that the token has under that name, as the key of this log.
Result<VerifierKey> verifier_in_token(token::Token& token, const std::string& uri, const std::string& log) {
  constexpr std::size_t kSample = 64;
  const auto key = token.find(uri);
  if (!key.ok()) return key.error();
  auto public_key = token.ed25519_public(**key);
  if (!public_key.ok()) return public_key.error();
  const std::string sample = base::random_bytes(kSample);
  const auto signature = token.sign(**key, token::Mechanism::Eddsa, sample);
  if (!signature.ok()) return signature.error();
  if (!base::ed25519_verify(*public_key, sample, *signature))
    return base::fail(base::Code::Invalid, uri + ": the public and the private key of this name are no pair");
  return certs::make_verifier_key(log, certs::NoteAlgorithm::Ed25519, *std::move(public_key));
}

}  // namespace

int name_token_key(Program& program, const std::string& uri) {
  if (const Status crypto = base::init_crypto(); !crypto.ok()) return fail_with(crypto.error().message);
  if (const std::string wrong = token::wrong_with_uri(uri); !token::is_uri(uri) || !wrong.empty())
    return fail_with("--uri: the URI " + (wrong.empty() ? "must begin with pkcs11:" : wrong));
  const auto places = find_places(program.config_path());
  if (!places.ok()) return fail_with(places.error().message);
  if (supervisor::is_credential(places->log_key)) return fail_with(only_in_a_file(places->log_key).message);
  const auto log = read_key(places->log_key);
  if (!log.ok()) return fail_with(log.error().message);
  const base::SystemClock clock;
  const auto token = open_token(program.config_path(), clock);
  if (!token.ok()) return fail_with(token.error().message);
  const auto key = verifier_in_token(**token, uri, log->name);
  if (!key.ok()) return fail_with(key.error().message);
  struct stat like {};
  if (::stat(places->log_key.c_str(), &like) != 0)
    return fail_with(fail_errno(places->log_key, errno).message);
  const std::string next = supervisor::next_log_key_path(places->log_key);
  const Status written = write_key(next, certs::format_key_elsewhere({*key, uri}), like);
  if (!written.ok()) return fail_with(written.error().message);
  const std::string verifier = certs::format_verifier_key(*key);
  print(program.json() ? base::dump_json(base::Json{{"file", next}, {"verifier_key", verifier}}) + "\n"
                       : "Made " + next + ", which names the key in the token:\n  " + verifier +
                             "\npostern audit rotate-key has the log go on under it.\n");
  return kDone;
}

int rotate_key(Program& program) {
  if (const Status crypto = base::init_crypto(); !crypto.ok()) return fail_with(crypto.error().message);
  const auto places = find_places(program.config_path());
  if (!places.ok()) return fail_with(places.error().message);
  if (supervisor::is_credential(places->log_key)) return fail_with(only_in_a_file(places->log_key).message);
  const auto gateway = program.client();
  if (gateway == nullptr) return kFailed;
  if (const auto up = gateway->call(http::Method::Get, "/healthz"); !up.ok())
    return program.complain(up.error());
  const auto old = read_key(places->log_key);
  if (!old.ok()) return fail_with(old.error().message);
  const VerifierKey& from = *old;
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
