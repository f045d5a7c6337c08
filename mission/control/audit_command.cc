// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission-control audit: the log of what people did at Mission Control, as the same files and by the same code as a gateway's. What
// a server has is written to a folder first, which is what is verified: the server is asked for its files and for nothing else.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "audit/log_files.h"
#include "audit/tlog_proof.h"
#include "audit/verify.h"
#include "base/bytes.h"
#include "base/crypto.h"
#include "base/file.h"
#include "certs/note.h"
#include "gateway/cli/log_report.h"
#include "gateway/cli/new_file.h"
#include "mission/control/commands.h"

namespace postern::mission {
namespace {

using base::Json;
using base::Status;

constexpr const char* kLogStatus = "/api/v1/log";

struct AuditWish {
  std::string log, key, known, proof, out, name;
  std::int64_t number = 0;
};

base::Status fetch_file(cli::Client& server, const std::string& path, const std::string& folder) {
  auto answer =
      server.call(http::Method::Get, kLogStatus + std::string("/file?path=") + cli::path_segment(path));
  if (!answer.ok()) return answer.error();
  if (!answer->ok()) {
    const auto problem = base::parse_json(answer->body);
    return base::fail(
        answer->status == 404 ? base::Code::NotFound : base::Code::Unavailable,
        path + ": " + (problem.ok() ? base::json_text_or(*problem, "detail", "refused") : "refused"));
  }
  const std::string file = folder + "/" + path;
  std::error_code failed;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path(), failed);
  if (failed) return base::fail(base::Code::Unavailable, file + ": " + failed.message());
  return base::write_file(file, answer->body, 0640);
}

// Hash tiles and entries under the checkpoint that the server has now. What it does not have is for verify to say.
base::Status fetch_log(cli::Client& server, const std::string& folder) {
  Status done = fetch_file(server, std::string(audit::kCheckpointFile), folder);
  if (!done.ok() && done.error().code == base::Code::NotFound)
    return base::fail(base::Code::NotFound,
                      "nothing of the log is signed yet: see mission-control status, which says why");
  if (!done.ok()) return done;
  const auto checkpoint = audit::read_checkpoint(audit::system_files(), folder);
  if (!checkpoint.ok()) return checkpoint.error();
  const std::uint64_t size = checkpoint->head.size;
  for (unsigned level = 0; level < audit::tile_levels(size) && done.ok(); ++level) {
    const std::uint64_t hashes = size >> (audit::kTileHeight * level);
    for (std::uint64_t first = 0; first < hashes && done.ok(); first += audit::kTileWidth) {
      const std::size_t width = std::min<std::uint64_t>(audit::kTileWidth, hashes - first);
      const auto get = [&](const audit::TileName& name) {
        done = fetch_file(server, audit::path_of(name), folder);
        if (!done.ok() && done.error().code == base::Code::NotFound) done = base::Ok{};
      };
      get(audit::hash_tile(level, first / audit::kTileWidth, width));
      if (level == 0 && done.ok()) get(audit::entry_bundle(first / audit::kTileWidth, width));
    }
  }
  return done;
}

// Of what was fetched to be looked at once.
class Scratch {
 public:
  Scratch() {
    const auto parent = std::filesystem::temp_directory_path();
    path_ = (parent / ("mission-control-" + base::to_hex(base::random_bytes(8)))).string();
    std::error_code failed;
    std::filesystem::create_directory(path_, failed);
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, failed);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The key that was given, or else the server's word for it.
base::Result<certs::VerifierKey> key_for(cli::Client* server, const std::string& given) {
  if (!given.empty()) {
    auto key = certs::parse_verifier_key(given);
    if (!key.ok()) return base::fail(base::Code::Invalid, "--key: " + key.error().message);
    return key;
  }
  if (server == nullptr)
    return base::fail(base::Code::Invalid,
                      "say with --key what the log is signed with: mission-control init printed it");
  const auto answer = server->call(http::Method::Get, kLogStatus);
  if (!answer.ok()) return answer.error();
  const auto said = base::parse_json(answer->body);
  const std::string text = said.ok() ? base::json_text_or(*said, "key", "") : "";
  if (text.empty())
    return base::fail(base::Code::Unavailable, "the server has no key for its log: see its status");
  return certs::parse_verifier_key(text);
}

// Which act it is, as the log has it now; its number is its place, from 1 on.
std::string act_at(const std::string& folder, std::uint64_t index, std::uint64_t size) {
  const auto entry = audit::read_entry(audit::system_files(), folder, index, size);
  const std::string number = "act " + std::to_string(index + 1);
  if (!entry.ok() || entry->empty()) return number + " is not there any more";
  return number + " is now " + base::printable(*entry, 2'000);
}

int verify_proof_alone(const cli::Program& program, const AuditWish& wish) {
  const auto key = key_for(nullptr, wish.key);
  if (!key.ok()) return cli::fail_with(key.error().message);
  const auto text = base::read_file(wish.proof, audit::kTlogProofLimit);
  if (!text.ok()) return cli::fail_with(text.error().message);
  const auto proof = audit::parse_tlog_proof(*text);
  if (!proof.ok()) return cli::fail_with(wish.proof + ": " + proof.error().message);
  const auto head = audit::verify_tlog_proof(*proof, *key);
  if (!head.ok()) return cli::fail_with(wish.proof + ": " + head.error().message);
  cli::print(program.json() ? base::dump_json(Json{{"ok", true},
                                                   {"origin", head->origin},
                                                   {"size", head->size},
                                                   {"number", proof->index + 1},
                                                   {"act", proof->extra}}) +
                                  "\n"
                            : "The proof holds: act " + cli::grouped(proof->index + 1) + " of " +
                                  base::printable(head->origin) + " (" + cli::grouped(head->size) +
                                  " acts) is\n" + base::printable(proof->extra, audit::kEntryLimit) + "\n");
  return cli::kDone;
}

int say_verified(const cli::Program& program, const audit::VerifyOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  const audit::VerifyReport report = audit::verify_log(options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  Json json = cli::report_json(report);
  std::string acts;
  json["acts"] = Json::array();
  for (const audit::LogFault& fault : report.faults) {
    if (!fault.index || fault.file.find("/entries/") == std::string::npos) continue;
    const std::string said = act_at(options.directory, *fault.index, report.head.size);
    json["acts"].push_back(*fault.index + 1);
    acts += said + "\n";
  }
  cli::print(program.json() ? base::dump_json(json) + "\n" : cli::report_text(report, took.count()) + acts);
  return report.ok() ? cli::kDone : cli::kFailed;
}

int verify_acts(cli::Program& program, const AuditWish& wish) {
  if (!wish.proof.empty()) return verify_proof_alone(program, wish);
  const Scratch scratch;
  std::unique_ptr<cli::Client> server;
  if (wish.log.empty()) {
    server = program.client();
    if (server == nullptr) return cli::kFailed;
  }
  const auto key = key_for(server.get(), wish.key);
  if (!key.ok()) return program.complain(key.error());
  audit::VerifyOptions options{wish.log.empty() ? scratch.path() : wish.log,
                               *key,
                               {},
                               std::max(1U, std::thread::hardware_concurrency())};
  if (server != nullptr) {
    if (Status fetched = fetch_log(*server, scratch.path()); !fetched.ok())
      return program.complain(fetched.error());
  }
  if (!wish.known.empty()) {
    auto bytes = base::read_file(wish.known, certs::kNoteLimit);
    if (!bytes.ok()) return cli::fail_with(bytes.error().message);
    auto known = audit::parse_signed_checkpoint(*std::move(bytes), wish.known);
    if (!known.ok()) return cli::fail_with(known.error().message);
    options.known = *std::move(known);
  }
  cli::LogProgress progress;
  options.on_progress = [&progress](std::uint64_t done, std::uint64_t total) { progress(done, total); };
  return say_verified(program, options);
}

int export_acts(cli::Program& program, const AuditWish& wish) {
  std::error_code failed;
  if (std::filesystem::exists(wish.out, failed))
    return cli::fail_with(wish.out + " is there already: nothing is overwritten");
  const auto server = program.client();
  if (server == nullptr) return cli::kFailed;
  std::filesystem::create_directory(wish.out, failed);
  if (failed) return cli::fail_with(wish.out + ": " + failed.message());
  const Status fetched = fetch_log(*server, wish.out);
  if (!fetched.ok()) {
    std::filesystem::remove_all(wish.out, failed);
    return program.complain(fetched.error());
  }
  const auto checkpoint = audit::read_checkpoint(audit::system_files(), wish.out);
  if (!checkpoint.ok()) return cli::fail_with(checkpoint.error().message);
  cli::print(program.json()
                 ? base::dump_json(Json{{"folder", wish.out}, {"acts", checkpoint->head.size}}) + "\n"
                 : "Wrote " + cli::grouped(checkpoint->head.size) + " acts to " + wish.out +
                       ". Verify them anywhere: mission-control audit verify --log " + wish.out +
                       " --key VKEY\n");
  return cli::kDone;
}

int prove_act(cli::Program& program, const AuditWish& wish) {
  const auto server = program.client();
  if (server == nullptr) return cli::kFailed;
  const Scratch scratch;
  if (Status fetched = fetch_log(*server, scratch.path()); !fetched.ok())
    return program.complain(fetched.error());
  const auto proof =
      audit::prove_event(audit::system_files(), scratch.path(), static_cast<std::uint64_t>(wish.number - 1));
  if (!proof.ok()) return cli::fail_with(proof.error().message);
  const std::string text = audit::format_tlog_proof(*proof);
  if (wish.out.empty()) {
    cli::print(text);
    return cli::kDone;
  }
  const Status written = cli::write_new_file(wish.out, text, 0644);
  return written.ok() ? cli::kDone : cli::fail_with(written.error().message);
}

int make_audit_key(const cli::Program& program, const AuditWish& wish) {
  const auto key = cli::make_key_file(wish.name, "mission-control/", wish.out);
  if (!key.ok()) {
    const int code = cli::fail_with(key.error().message);
    return key.error().code == base::Code::Invalid ? cli::kUsage : code;
  }
  const std::string verifier = certs::format_verifier_key(certs::verifier_of(*key));
  cli::print(program.json() ? base::dump_json(Json{{"file", wish.out}, {"verifier_key", verifier}}) + "\n"
                            : "Made " + wish.out + ", for audit.key. Keep its verifier key elsewhere:\n" +
                                  verifier + "\n");
  return cli::kDone;
}

}  // namespace

void add_audit_commands(cli::Program& program) {
  CLI::App* group = program.group("audit", "The log of what people did here, which nobody can rewrite");
  auto wish = std::make_shared<AuditWish>();
  CLI::App* verify = program.command(
      group, "verify",
      "Verify the server's log, an exported one, or one proof; says which act is not what was logged",
      "audit verify --key mission.example.com/audit+1a2b3c4d+AR8...\n"
      "audit verify --log acts --known checkpoint.of.january --key ...\n"
      "audit verify --proof act.tlog-proof --key ...",
      [&program, wish] { return verify_acts(program, *wish); });
  verify
      ->add_option(
          "--key", wish->key,
          "its verifier key, from where the server's keepers cannot change it; of a server, its own word "
          "unless said otherwise")
      ->type_name("VKEY");
  CLI::Option* log =
      verify->add_option("--log", wish->log, "a folder that audit export made, instead of the server's")
          ->type_name("DIR");
  verify->add_option("--known", wish->known, "an earlier checkpoint, which the log must hold")
      ->type_name("FILE");
  verify->add_option("--proof", wish->proof, "this proof alone")->type_name("FILE")->excludes(log);
  CLI::App* proof = program.command(group, "proof", "Write a proof of one act, which travels alone",
                                    "audit proof --number 17 --out act.tlog-proof",
                                    [&program, wish] { return prove_act(program, *wish); });
  proof->add_option("--number", wish->number, "the act's, as acts shows it")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 62))
      ->type_name("N");
  proof->add_option("--out", wish->out, "a new file; standard output unless said otherwise")
      ->type_name("FILE");
  program
      .command(group, "export", "Write the whole log to a folder, as C2SP tlog-tiles lays it out",
               "audit export --out acts", [&program, wish] { return export_acts(program, *wish); })
      ->add_option("--out", wish->out, "a folder that is not there yet")
      ->required()
      ->type_name("DIR");
  CLI::App* fresh = program.command(group, "new-key", "Make a key for audit.key, where init made none",
                                    "audit new-key --name mission.example.com/audit --out keys/audit.key",
                                    [&program, wish] { return make_audit_key(program, *wish); });
  fresh->add_option("--out", wish->out, "a new file")->required()->type_name("FILE");
  fresh->add_option("--name", wish->name, "the log's name; drawn by lot unless said otherwise")
      ->type_name("NAME");
}

}  // namespace postern::mission
