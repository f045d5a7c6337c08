// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates, and what the customer decides about them: docs/UPDATES.md.
#include <chrono>
#include <thread>

#include "base/bytes.h"
#include "gateway/cli/client.h"
#include "gateway/cli/said.h"
#include "gateway/cli/table.h"
#include "gateway/cli/updates_run.h"

namespace postern::cli {
namespace {

using base::Json;

constexpr const char* kAnnouncedPath = "/api/v1/updates/announced";
constexpr auto kLookAgain = std::chrono::milliseconds(300);
constexpr int kMostLooks = 200;  // until it runs, or is refused: about a minute

const std::vector<Column> kAnnounced{
    {"UPDATE", "target"}, {"SERVICE", "service"},          {"VERSION", "version"}, {"SEVERITY", "severity"},
    {"STATE", "state"},   {"STARTS", "start", Kind::Time}, {"WHY", "why"}};
const std::vector<Column> kAnnouncedOne{{"Update", "target"},
                                        {"Service", "service"},
                                        {"Product", "product"},
                                        {"Version", "version"},
                                        {"Replaces", "from"},
                                        {"Severity", "severity"},
                                        {"State", "state"},
                                        {"Why", "why"},
                                        {"Starts", "start", Kind::Time},
                                        {"Before", "until", Kind::Time},
                                        {"Can be put off to", "latest", Kind::Time},
                                        {"Vendor: not before", "not_before", Kind::Time},
                                        {"Bytes", "bytes"},
                                        {"Of them here", "have"},
                                        {"SHA-256", "sha256"},
                                        {"Announced", "announced", Kind::Time},
                                        {"Run", "run"},
                                        {"Began", "began", Kind::Time},
                                        {"Ended", "ended", Kind::Time}};
const std::vector<Column> kUpdateHistory{
    {"AT", "at", Kind::Time}, {"WHAT", "what"}, {"BY", "by"}, {"WHY", "why"}};

std::string path_of_update(const std::string& target, const char* what = "") {
  return std::string(kAnnouncedPath) + "/" + path_segment(target) + what;
}

std::string show_announced(const Json& answer) {
  std::string out = to_table(items_of(answer), kAnnounced, "The vendor has announced no update.");
  const auto next = answer.find("next_window");
  if (next == answer.end()) return out + "\nThere is no maintenance window: nothing starts by itself.\n";
  return out + "\nThe next maintenance window opens at " +
         base::printable(base::json_text_or(*next, "from", "")) + ".\n";
}

// The notes are the vendor's text, line by line.
std::string show_announced_one(const Json& answer) {
  std::string out = to_lines(answer, kAnnouncedOne), line;
  const std::string notes = base::json_text_or(answer, "notes", "");
  if (!notes.empty()) out += "\n";
  for (const char c : notes + (notes.empty() || notes.back() == '\n' ? "" : "\n")) {
    if (c != '\n') {
      line += c;
      continue;
    }
    out += base::printable(line, notes.size() * 4 + 1) + "\n";
    line.clear();
  }
  return out + "\n" + to_table(answer.value("history", Json::array()), kUpdateHistory, "Nothing yet.");
}

// Until it runs, and then until it has ended.
int follow_target(Program& program, Client& gateway, const std::string& target, const std::string& last_run) {
  for (int looks = 0; looks < kMostLooks; ++looks) {
    std::this_thread::sleep_for(kLookAgain);
    const auto answer = gateway.call(http::Method::Get, path_of_update(target));
    const auto json = answer.ok() && answer->ok()
                          ? base::parse_json(answer->body)
                          : base::Result<Json>(base::fail(base::Code::Unavailable, ""));
    if (!json.ok()) continue;
    const std::string run = base::json_text_or(*json, "run", ""),
                      state = base::json_text_or(*json, "state", "");
    if (!run.empty() && run != last_run) return follow_update(program, gateway, run);
    if (state != "waiting")
      return fail_with(base::json_text_or(*json, "why", "it was not begun: it is " + state));
  }
  return fail_with("it has not begun yet; it goes on there: see postern update show " + target);
}

struct NowWish {
  std::string target;
  bool dry = false, detach = false;
};

int run_now(Program& program, const NowWish& wish) {
  const Request request{http::Method::Post, path_of_update(wish.target, "/run-now"),
                        Json{{"dry_run", wish.dry}}};
  if (wish.dry) return program.ask(request, show_update_plan);
  const auto gateway = program.client();
  if (gateway == nullptr) return kFailed;
  const auto before = gateway->call(http::Method::Get, path_of_update(wish.target));
  if (!before.ok()) return program.complain(before.error());
  if (!before->ok()) return program.complain(*before);
  const auto known = base::parse_json(before->body);
  const auto answer = gateway->call(request.method, request.target, &request.body);
  if (!answer.ok()) return program.complain(answer.error());
  if (!answer->ok()) return program.complain(*answer);
  const auto said = base::parse_json(answer->body);
  if (!said.ok()) return program.complain(said.error());
  if (!wish.detach && base::json_bool_or(*said, "whole", false))
    return follow_target(program, *gateway, wish.target,
                         known.ok() ? base::json_text_or(*known, "run", "") : "");
  print(program.json() ? base::dump_json(*said) + "\n" : "It begins as soon as its file is here.\n");
  return kDone;
}

void add_decision(Program& program, CLI::App* group, const char* name, const char* says, const char* done) {
  auto target = std::make_shared<std::string>();
  program
      .command(group, name, says, "update " + std::string(name) + " prometheus-2.54.0.tar.gz",
               [&program, target, name, done] {
                 return program.ask({http::Method::Post, path_of_update(*target, "/") + name, Json::object()},
                                    [done](const Json&) { return std::string(done); });
               })
      ->add_option("update", *target, "its name, as list shows it")
      ->required()
      ->type_name("NAME");
}

void add_postpone(Program& program, CLI::App* group) {
  struct Wish {
    std::string target, to;
  };
  auto wish = std::make_shared<Wish>();
  CLI::App* postpone = program.command(
      group, "postpone", "Put one off to a later start, up to the latest that the vendor allows",
      "update postpone prometheus-2.54.0.tar.gz --to next-window\n"
      "update postpone prometheus-2.54.0.tar.gz --to 2026-12-01T22:00:00+01:00",
      [&program, wish] {
        return program.ask(
            {http::Method::Post, path_of_update(wish->target, "/postpone"), Json{{"to", wish->to}}},
            [](const Json&) { return std::string("Put off.\n"); });
      });
  postpone->add_option("update", wish->target, "its name, as list shows it")->required()->type_name("NAME");
  postpone->add_option("--to", wish->to, "next-window, a time, or how long from now")
      ->required()
      ->type_name("T");
}

}  // namespace

void add_announced_updates(Program& program, CLI::App* group) {
  program.command(group, "list", "List the vendor's updates that were announced", "update list", [&program] {
    return program.ask({http::Method::Get, kAnnouncedPath, {}}, show_announced);
  });
  auto target = std::make_shared<std::string>();
  program
      .command(group, "show", "Show one: what it changes, when it starts, and what became of it",
               "update show prometheus-2.54.0.tar.gz",
               [&program, target] {
                 return program.ask({http::Method::Get, path_of_update(*target), {}}, show_announced_one);
               })
      ->add_option("update", *target, "its name, as list shows it")
      ->required()
      ->type_name("NAME");
  add_postpone(program, group);
  auto now = std::make_shared<NowWish>();
  CLI::App* run = program.command(
      group, "run-now",
      "Run one of the vendor's now, without a window, and show how it goes; 0 if it is done on all nodes",
      "update run-now prometheus-2.54.0.tar.gz --dry-run\nupdate run-now prometheus-2.54.0.tar.gz",
      [&program, now] { return run_now(program, *now); });
  run->add_option("update", now->target, "its name, as list shows it")->required()->type_name("NAME");
  run->add_flag("--dry-run", now->dry, "look at all nodes and say what would be done; touches nothing");
  run->add_flag("--detach", now->detach, "do not wait until it has ended");
  add_decision(program, group, "cancel",
               "Cancel one: it does not start by itself any more, and may still be run", "Cancelled.\n");
  add_decision(program, group, "schedule",
               "Take a cancellation back: it starts in a maintenance window again", "Planned again.\n");
}

}  // namespace postern::cli
