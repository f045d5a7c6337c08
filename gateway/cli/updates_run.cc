// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Running an update of the component, node by node: docs/ROLLING_UPDATES.md.
#include "gateway/cli/updates_run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <thread>

#include "base/bytes.h"
#include "base/crypto.h"
#include "gateway/cli/client.h"
#include "gateway/cli/places.h"
#include "gateway/cli/table.h"
#include "gateway/cli/update_sources.h"
#include "gateway/cli/update_verify.h"

namespace postern::cli {
namespace {

using base::Json;

constexpr const char* kProgressPath = "/api/v1/updates/progress";
constexpr auto kAskAgain = std::chrono::milliseconds(400);
constexpr int kMostUnanswered =
    60;  // questions that may fail in a row: the console may be restarted meanwhile

const std::vector<Column> kUpdate{{"Update", "id"},
                                  {"Service", "service"},
                                  {"Version", "version"},
                                  {"Before", "before"},
                                  {"State", "state"},
                                  {"By", "by"},
                                  {"Why", "why"},
                                  {"Artefact SHA-256", "sha256"},
                                  {"Since", "started", Kind::Time},
                                  {"Ended", "ended", Kind::Time}};
const std::vector<Column> kUpdateNodes{
    {"NODE", "node"}, {"STATE", "state"}, {"STEPS", "steps"}, {"OUT", "out"}, {"SINCE", "since", Kind::Time},
    {"WHY", "why"}};
const std::vector<Column> kPlanNodes{{"NODE", "node"}, {"VERSION", "version"}, {"UPDATES", "updates"}};
const std::vector<Column> kPlanSteps{{"KIND", "kind"}, {"WHAT", "does"}, {"LIMIT", "limit"}};

std::string show_progress(const Json& answer) {
  if (base::json_text_or(answer, "state", "") == "none") return "There was no update yet.\n";
  return to_lines(answer, kUpdate) + "\n" +
         to_table(answer.value("nodes", Json::array()), kUpdateNodes, "No node.");
}

std::string show_plan(const Json& answer) {
  std::string out = "All nodes are healthy. On each that is updated, one after the other, while " +
                    std::to_string(base::json_number_or(answer, "min_up", 0)) + " others are:\n\n";
  out += to_table(answer.value("nodes", Json::array()), kPlanNodes, "No node.");
  out += "\n" + to_table(answer.value("steps", Json::array()), kPlanSteps, "No step.");
  const Json back = answer.value("roll_back", Json::array());
  if (back.empty()) return out + "\nThere is no way back: the configuration has no roll_back.\n";
  return out + "\nIf one fails, it and those before it:\n\n" + to_table(back, kPlanSteps, "No step.");
}

struct Copied {
  std::string sha256;
};

// Into the state directory, where the ledger may read it, under its own hash, owned as the folder is.
base::Result<Copied> bring_artefact(const std::string& state_directory, const std::string& file) {
  const base::UniqueFd from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return base::fail_errno(file, errno);
  struct stat about {
  }, home{};
  if (::fstat(from.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return base::fail(base::Code::Invalid, file + " is not a file");
  const std::string folder = state_directory + "/artefacts";
  if (::stat(state_directory.c_str(), &home) != 0) return base::fail_errno(state_directory, errno);
  if (::mkdir(folder.c_str(), 0750) == 0)
    (void)!::chown(folder.c_str(), home.st_uid, home.st_gid);
  else if (errno != EEXIST)
    return base::fail_errno("cannot make " + folder + " (run this as root, or as the gateway's account)",
                            errno);
  const std::string made = folder + "/.new." + std::to_string(::getpid());
  const base::UniqueFd to(::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!to.valid())
    return base::fail_errno(
        "cannot write into " + folder + " (run this as root, or as the gateway's account)", errno);
  base::Sha256Stream hash;
  std::array<char, 64U << 10U> piece;
  base::Status done = base::Ok{};
  for (;;) {
    const ssize_t size = ::read(from.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) done = base::fail_errno(file, errno);
    if (size <= 0) break;
    hash.update({piece.data(), static_cast<std::size_t>(size)});
    if (::write(to.get(), piece.data(), static_cast<std::size_t>(size)) != size) {
      done = base::fail_errno(made, errno == 0 ? ENOSPC : errno);
      break;
    }
  }
  Copied out{base::to_hex(base::view(hash.finish()))};
  (void)!::fchown(to.get(), home.st_uid, home.st_gid);
  if (done.ok() &&
      (::fsync(to.get()) != 0 || ::rename(made.c_str(), (folder + "/" + out.sha256).c_str()) != 0))
    done = base::fail_errno(made, errno);
  if (done.ok()) return out;
  ::unlink(made.c_str());
  return std::move(done).error();
}

struct RunWish {
  std::string service, version, artefact;
  bool dry = false, detach = false;
};

bool is_over(const Json& progress) {
  const std::string state = base::json_text_or(progress, "state", "");
  return state != "under_way" && state != "rolling_back";
}

// What is new of the nodes since the last look, for the terminal.
void tell_news(const Json& progress, std::map<std::string, std::string>& told) {
  for (const Json& node : progress.value("nodes", Json::array())) {
    const std::string name = base::json_text_or(node, "node", "");
    std::string now = base::json_text_or(node, "state", "") +
                      ", steps done: " + std::to_string(base::json_number_or(node, "steps", 0));
    if (base::json_bool_or(node, "under_way", false)) now += ", the next one runs";
    if (const std::string why = base::json_text_or(node, "why", ""); !why.empty()) now += ": " + why;
    if (base::json_text_or(node, "state", "") == "waiting" || told[name] == now) continue;
    told[name] = now;
    print(base::printable(name, 300) + "  " + base::printable(now, 600) + "\n");
  }
}

int follow(Program& program, Client& gateway, const std::string& id) {
  std::map<std::string, std::string> told;
  for (int failed = 0; failed < kMostUnanswered;) {
    const auto answer = gateway.call(http::Method::Get, kProgressPath);
    const auto json = answer.ok() && answer->ok()
                          ? base::parse_json(answer->body)
                          : base::Result<Json>(base::fail(base::Code::Unavailable, ""));
    if (!json.ok()) {
      ++failed;
    } else if (base::json_text_or(*json, "id", "") != id) {
      return fail_with("another update has begun meanwhile");
    } else {
      failed = 0;
      if (!program.json()) tell_news(*json, told);
      if (is_over(*json)) {
        print(program.json() ? base::dump_json(*json) + "\n" : "\n" + show_progress(*json));
        return base::json_text_or(*json, "state", "") == "done" ? kDone : kFailed;
      }
    }
    std::this_thread::sleep_for(kAskAgain);
  }
  fail_with("the gateway does not answer any more; the update goes on there: see postern update progress");
  return kUnreachable;
}

}  // namespace

int follow_update(Program& program, Client& gateway, const std::string& id) {
  return follow(program, gateway, id);
}
std::string show_update_plan(const Json& answer) { return show_plan(answer); }

namespace {

int run_update(Program& program, const RunWish& wish) {
  Json body{{"service", wish.service}, {"version", wish.version}, {"dry_run", wish.dry}};
  if (!wish.artefact.empty()) {
    const auto places = find_places(program.config_path());
    if (!places.ok()) return fail_with(places.error().message);
    const auto brought = bring_artefact(places->state_directory, wish.artefact);
    if (!brought.ok()) return fail_with(brought.error().message);
    body["sha256"] = brought->sha256;
  }
  const Request request{http::Method::Post, "/api/v1/updates/run", body};
  if (wish.dry || wish.detach) return program.ask(request, show_plan);
  const auto gateway = program.client();
  if (gateway == nullptr) return kFailed;
  const auto answer = gateway->call(request.method, request.target, &request.body);
  if (!answer.ok()) return program.complain(answer.error());
  if (!answer->ok()) return program.complain(*answer);
  const auto begun = base::parse_json(answer->body);
  if (!begun.ok()) return program.complain(begun.error());
  return follow(program, *gateway, base::json_text_or(*begun, "id", ""));
}

}  // namespace

void add_update_run(Program& program, CLI::App* group) {
  auto wish = std::make_shared<RunWish>();
  CLI::App* run = program.command(
      group, "run",
      "Run an update of a service, node by node, and show how it goes; 0 if it is done on all of them",
      "update run --service prometheus --version 2.45.1 --dry-run\n"
      "update run --service prometheus --version 2.45.1 --artefact ./prometheus-2.45.1.tar.gz",
      [&program, wish] { return run_update(program, *wish); });
  run->add_option("--service", wish->service, "which service, as the configuration names it")
      ->required()
      ->type_name("S");
  run->add_option("--version", wish->version, "the new version")->required()->type_name("V");
  run->add_option("--artefact", wish->artefact, "a file for the steps: it is copied into the state directory")
      ->type_name("FILE");
  run->add_flag("--dry-run", wish->dry, "look at all nodes and say what would be done; touches nothing");
  run->add_flag("--detach", wish->detach, "do not wait until it has ended");
  program.command(group, "progress", "Show where the update under way is, or the last one", "update progress",
                  [&program] {
                    return program.ask({http::Method::Get, kProgressPath, {}}, show_progress);
                  });
  program.command(
      group, "stop", "Stop the update: it ends after the node that it is at", "update stop", [&program] {
        return program.ask({http::Method::Post, "/api/v1/updates/stop", Json::object()}, show_progress);
      });
  program.command(
      group, "roll-back", "Roll the update back, also once it has ended; what runs on a node ends first",
      "update roll-back", [&program] {
        return program.ask({http::Method::Post, "/api/v1/updates/roll-back", Json::object()}, show_progress);
      });
}

void add_update_commands(Program& program) {
  CLI::App* updates =
      program.group("update", "Updates of the component: the vendor's, and those that you bring");
  add_announced_updates(program, updates);
  add_update_run(program, updates);
  add_update_sources(program, updates);
  add_update_verify(program, updates);
}

}  // namespace postern::cli
