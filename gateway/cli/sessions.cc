// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Visits: who is here, who was, and their record as a file.
#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "gateway/cli/change_lines.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kSessions{{"ID", "id"},
                                    {"STATE", "state"},
                                    {"ENGINEER", "engineer"},
                                    {"METHOD", "method"},
                                    {"OPENED", "opened", Kind::Time},
                                    {"EXCHANGES", "exchanges", Kind::Number},
                                    {"REFUSED", "refused", Kind::Number},
                                    {"CLIENT", "client"},
                                    {"REASON", "reason"}};
const std::vector<Column> kSession{{"Session", "id"},
                                   {"State", "state"},
                                   {"Engineer", "engineer"},
                                   {"Method", "method"},
                                   {"Client", "client"},
                                   {"User agent", "user_agent"},
                                   {"Opened", "opened", Kind::Time},
                                   {"Last active", "last_active", Kind::Time},
                                   {"Idle until", "idle_until", Kind::Time},
                                   {"Expires", "expires", Kind::Time},
                                   {"Ended", "ended", Kind::Time},
                                   {"Why", "reason"},
                                   {"Exchanges", "exchanges"},
                                   {"Refused", "refused"},
                                   {"Bytes in", "request_bytes"},
                                   {"Bytes out", "response_bytes"},
                                   {"Secrets taken out", "redacted"},
                                   {"May use now", "capabilities", Kind::List}};

// A line per operation of a patch: what stands there now, and what stood there.
std::string say_change(const base::Json& change) {
  std::string out = "  " + base::printable(base::json_text_or(change, "time", "")) + "  " +
                    base::printable(base::json_text_or(change, "method", "")) + " " +
                    base::printable(base::json_text_or(change, "target", "")) + "\n";
  out += change_lines(change);
  if (const auto undo = change.find("undo"); undo != change.end()) {
    out += "    undone by " + base::printable(base::json_text_or(*undo, "method", "")) + " " +
           base::printable(base::json_text_or(*undo, "target", "")) + " " +
           base::printable(base::dump_json((*undo)["body"]), 400) + "\n";
  }
  return out;
}

std::string show_session(const base::Json& answer) {
  std::string out = to_lines(answer, kSession) + said_of_cut(answer);
  const base::Json changes = answer.value("changes", base::Json::array());
  if (!changes.empty()) out += "\nChanges\n";
  for (const base::Json& change : changes) out += say_change(change);
  return out;
}

struct SessionWish {
  std::string id, state, format = "json", out;
  int limit = 200;
};

// Writes the export to a file, or to standard output. A part is never left lying there as if it were the
// whole.
int export_session(Program& program, const SessionWish& wish) {
  const std::unique_ptr<Client> gateway = program.client();
  if (gateway == nullptr) return kFailed;
  std::FILE* file = wish.out.empty() ? stdout : std::fopen(wish.out.c_str(), "wbxe");
  if (file == nullptr) return fail_with(base::fail_errno(wish.out, errno).message);
  bool written = true;
  const std::string target =
      "/api/v1/sessions/" + path_segment(wish.id) + "/export" + query_of({{"format", wish.format}});
  const auto answer = gateway->stream(target, [&](std::string_view piece) {
    written = std::fwrite(piece.data(), 1, piece.size(), file) == piece.size();
    return written;
  });
  const bool flushed = std::fflush(file) == 0;
  if (file != stdout) std::fclose(file);
  const bool whole = answer.ok() && answer->ok() && written && flushed;
  if (!whole && file != stdout) std::remove(wish.out.c_str());
  if (!answer.ok()) return program.complain(answer.error());
  if (!answer->ok()) return program.complain(*answer);
  return whole ? kDone : fail_with("the export could not be written");
}

void add_list(Program& program, CLI::App* group) {
  auto wish = std::make_shared<SessionWish>();
  CLI::App* list = program.command(
      group, "list", "List sessions, newest first; active ones unless said otherwise",
      "session list\nsession list --state all --limit 20", [&program, wish] {
        const std::string query = query_of({{"state", wish->state}, {"limit", std::to_string(wish->limit)}});
        return program.ask({http::Method::Get, "/api/v1/sessions" + query, {}}, [](const base::Json& answer) {
          return to_table(items_of(answer), kSessions, "No sessions.");
        });
      });
  list->add_option("--state", wish->state, "active, ended or all")
      ->check(CLI::IsMember({"active", "ended", "all"}))
      ->type_name("STATE");
  list->add_option("--limit", wish->limit, "at most so many")->check(CLI::Range(1, 10'000))->type_name("N");
}

void add_export(Program& program, CLI::App* group) {
  auto wish = std::make_shared<SessionWish>();
  CLI::App* command =
      program.command(group, "export", "Write all events of a session",
                      "session export 01JD7Z3V5T4Q2N8M6K0H1F9C3B --format har --out visit.har",
                      [&program, wish] { return export_session(program, *wish); });
  command->add_option("id", wish->id, "of the session")->required()->type_name("ID");
  command
      ->add_option(
          "--format", wish->format,
          "json (one document), jsonl (the log's lines), csv, har or ocsf; json unless said otherwise")
      ->check(CLI::IsMember({"json", "jsonl", "csv", "har", "ocsf"}))
      ->type_name("FORMAT");
  command
      ->add_option("--out", wish->out,
                   "a file that does not exist yet; standard output unless said otherwise")
      ->type_name("FILE");
}

}  // namespace

void add_session_commands(Program& program) {
  CLI::App* group = program.group("session", "Visits of engineers");
  add_list(program, group);
  auto shown = std::make_shared<std::string>();
  CLI::App* show = program.command(
      group, "show", "Show one session", "session show 01JD7Z3V5T4Q2N8M6K0H1F9C3B", [&program, shown] {
        return program.ask({http::Method::Get, "/api/v1/sessions/" + path_segment(*shown), {}}, show_session);
      });
  show->add_option("id", *shown, "of the session")->required()->type_name("ID");
  auto ended = std::make_shared<std::string>();
  CLI::App* end =
      program.command(group, "end", "End a session; what runs in it is cut at once",
                      "session end 01JD7Z3V5T4Q2N8M6K0H1F9C3B", [&program, ended] {
                        const std::string target = "/api/v1/sessions/" + path_segment(*ended) + "/end";
                        return program.ask({http::Method::Post, target, base::Json::object()}, show_session);
                      });
  end->add_option("id", *ended, "of the session")->required()->type_name("ID");
  add_export(program, group);
}

}  // namespace postern::cli
