// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log: questions to it, and following it.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/bytes.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"
#include "gateway/cli/table.h"

namespace postern::cli {
namespace {

struct Filter {
  std::string since, until, session, severity, actor, text;
  std::vector<std::string> types;
  int limit = 100;
  bool follow = false;
};

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + text;
  return out;
}

enum class Order { NewestFirst, OldestFirst };

// after: the index of the last event known, or -1.
std::string query_for(const Filter& filter, Order order, std::int64_t after) {
  return query_of({{"since", filter.since},
                   {"until", filter.until},
                   {"type", joined(filter.types)},
                   {"session", filter.session},
                   {"severity", filter.severity},
                   {"actor", filter.actor},
                   {"text", filter.text},
                   {"limit", std::to_string(filter.limit)},
                   {"after", after < 0 ? std::string() : std::to_string(after)},
                   {"order", order == Order::OldestFirst ? "oldest" : "newest"}});
}

std::string line_of(const base::Json& event, bool json) {
  if (json) return to_json_line(event);
  const std::string severity = base::json_text_or(event, "severity", "info");
  return local_time(base::json_text_or(event, "time", "")) + "  " +
         (severity == "info" ? "" : severity + ": ") +
         base::printable(base::json_text_or(event, "sentence", ""), 2048) + "  [" +
         base::printable(base::json_text_or(event, "type", "")) + " " +
         base::printable(base::json_text_or(event, "id", "")) + "]\n";
}

// Follows the live line, which only says that there is something new; what it is, the log is asked, with the
// filter. So nothing is lost when a burst was thinned or the line broke.
class Follower {
 public:
  Follower(Client& gateway, const Filter& filter, bool json)
      : gateway_(gateway), filter_(filter), json_(json) {
    filter_.limit = 1000;
  }

  // Prints what came after the last event shown.
  base::Result<Client::Answer> catch_up() {
    for (;;) {
      auto answer =
          gateway_.call(http::Method::Get, "/api/v1/events" + query_for(filter_, Order::OldestFirst, last_));
      if (!answer.ok() || !answer->ok()) return answer;
      const auto json = base::parse_json(answer->body);
      if (!json.ok()) return json.error();
      const base::Json items = items_of(*json);
      show(items);
      if (!json->contains("next")) return answer;
    }
  }
  void show(const base::Json& items) {
    for (const base::Json& event : items) {
      last_ = std::max(last_, base::json_number_or(event, "index", last_));
      print(line_of(event, json_));
    }
    std::fflush(stdout);
  }
  void start_after(std::int64_t index) { last_ = index; }
  bool gone() const { return std::ferror(stdout) != 0; }  // whoever read us

  base::Result<Client::Answer> follow() {
    std::string held;
    base::Result<Client::Answer> inner = Client::Answer{200, {}};
    auto outer = gateway_.stream("/api/v1/events/stream", [&](std::string_view piece) {
      held += piece;
      bool news = false;
      for (std::size_t end = held.find("\n\n"); end != std::string::npos; end = held.find("\n\n")) {
        news = news || !held.starts_with("event: state");
        held.erase(0, end + 2);
      }
      if (news) inner = catch_up();
      return inner.ok() && inner->ok() && !gone();
    });
    return outer.ok() && outer->ok() ? std::move(inner) : std::move(outer);
  }

 private:
  Client& gateway_;
  Filter filter_;
  bool json_;
  std::int64_t last_ = 0;
};

// The index of the newest event there is, whatever it is about.
base::Result<std::int64_t> newest(Client& gateway) {
  const auto answer = gateway.call(http::Method::Get, "/api/v1/events?limit=1");
  if (!answer.ok()) return answer.error();
  const auto json = base::parse_json(answer->body);
  if (!json.ok()) return json.error();
  const base::Json items = items_of(*json);
  return items.empty() ? -1 : base::json_number_or(items[0], "index", -1);
}

int follow(Program& program, const Filter& filter) {
  const std::unique_ptr<Client> gateway = program.client();
  if (gateway == nullptr) return kFailed;
  const auto end = newest(*gateway);
  if (!end.ok()) return program.complain(end.error());
  const auto shown =
      gateway->call(http::Method::Get, "/api/v1/events" + query_for(filter, Order::NewestFirst, -1));
  if (!shown.ok()) return program.complain(shown.error());
  if (!shown->ok()) return program.complain(*shown);
  const auto json = base::parse_json(shown->body);
  if (!json.ok()) return fail_with("the gateway's answer is not JSON: " + json.error().message);
  base::Json items = items_of(*json);
  std::reverse(items.begin(), items.end());
  Follower follower(*gateway, filter, program.json());
  follower.show(items);
  follower.start_after(std::max(*end, items.empty() ? -1 : base::json_number_or(items.back(), "index", -1)));
  constexpr timespec kPause{1, 0};  // before the line is opened again: the console may be restarting
  for (;;) {
    const auto ended = follower.follow();
    if (follower.gone()) return kDone;
    if (!ended.ok() && ended.error().code != base::Code::Closed) return program.complain(ended.error());
    if (ended.ok() && !ended->ok()) return program.complain(*ended);
    ::nanosleep(&kPause, nullptr);
  }
}

// Oldest first, so that the newest stands where the eye is.
std::string to_page(const base::Json& answer) {
  base::Json items = items_of(answer);
  if (items.empty()) return "No such events.\n";
  std::reverse(items.begin(), items.end());
  std::string out;
  for (const base::Json& event : items) out += line_of(event, false);
  if (answer.contains("next")) out += "There are older ones: say --until, or a larger --limit.\n";
  return out;
}

void add_events(Program& program) {
  auto filter = std::make_shared<Filter>();
  CLI::App* events = program.command(
      &program.app(), "events", "Show the log's events, or follow it",
      "events --since 1h --severity warning\nevents --type session,exchange.refused --limit 20\nevents "
      "--follow --session 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
      [&program, filter] {
        if (filter->follow) return follow(program, *filter);
        return program.ask(
            {http::Method::Get, "/api/v1/events" + query_for(*filter, Order::NewestFirst, -1), {}}, to_page);
      });
  events->add_flag("--follow", filter->follow, "go on as events come");
  events->add_option("--since", filter->since, "a time, or how long ago: 2h")->type_name("T");
  events->add_option("--until", filter->until, "a time, or how long ago; exclusive")->type_name("T");
  events->add_option("--type", filter->types, "a name or a family: exchange.refused, session")
      ->delimiter(',')
      ->type_name("X,...");
  events->add_option("--session", filter->session, "of this session")->type_name("ID");
  events->add_option("--severity", filter->severity, "at least: info, warning or severe")
      ->check(CLI::IsMember({"info", "warning", "severe"}))
      ->type_name("S");
  events->add_option("--actor", filter->actor, "by this one: engineer:alice, admin:uid-0")->type_name("WHO");
  events->add_option("--text", filter->text, "stands in the event")->type_name("TEXT");
  events->add_option("--limit", filter->limit, "at most so many")->check(CLI::Range(1, 1000))->type_name("N");
}

}  // namespace

void add_event_commands(Program& program) { add_events(program); }

}  // namespace postern::cli
