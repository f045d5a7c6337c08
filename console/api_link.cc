// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The line to Mission Control: enrolling and trying it, and what is told there. The first two take as long as a server elsewhere
// takes, so what the supervisor knows is looked at until it is known how it went.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/file.h"
#include "console/api.h"
#include "console/commands.h"
#include "console/parameters.h"
#include "console/views.h"
#include "gateway/loop/dispose_later.h"

namespace postern::console::api {
namespace {

constexpr base::Nanos kLookEvery = 100 * base::kMillisecond;
constexpr base::Nanos kLongestLook = 45 * base::kSecond;

using Finished = bool (*)(const base::Json& link, std::int64_t number);
using Answered = Response (*)(const base::Json& link);

// Looks until it is finished, or for kLongestLook, and answers once.
struct LinkLook : std::enable_shared_from_this<LinkLook> {
  Parts& parts;
  std::weak_ptr<const bool> life;
  Reply reply;
  std::int64_t number = 0;
  Finished finished;
  Answered answered;
  base::Nanos until;
  std::unique_ptr<loop::Timer> timer;

  LinkLook(Parts& of, Reply to, Finished is_finished, Answered answer)
      : parts(of),
        life(of.life),
        reply(std::move(to)),
        finished(is_finished),
        answered(answer),
        until(of.loop.now() + kLongestLook) {}

  void start() {
    timer = std::make_unique<loop::Timer>(parts.loop, [self = shared_from_this()] { self->look(); });
    timer->start(kLookEvery);
  }
  void look() {
    parts.ask({{"ask", "line"}, {"do", "status"}}, [self = shared_from_this()](const base::Json& answer) {
      if (!self->life.expired()) self->take(answer.value("link", base::Json()));
    });
  }
  void take(const base::Json& link) {
    const bool known = link.is_object();
    if (known && !finished(link, number) && parts.loop.now() < until) return timer->start(kLookEvery);
    loop::dispose_later(parts.loop, std::move(timer));
    if (known && finished(link, number)) return reply(answered(link));
    reply(problem(504, "no_answer", "Mission Control has not answered",
                  "It goes on by itself: postern link show tells what comes of it."));
  }
};

void order(Parts& parts, base::Json question, const char* number, const Reply& reply, Finished finished,
           Answered answered) {
  question["ask"] = "line";
  const auto look = std::make_shared<LinkLook>(parts, reply, finished, answered);
  parts.ask(question, [look, number](const base::Json& answer) {
    if (!base::json_bool_or(answer, "ok", false))
      return look->reply(problem(409, "link_unavailable", "That cannot be done now",
                                 base::json_text_or(answer, "message", "")));
    look->number = base::json_number_or(answer, number, 0);
    look->start();
  });
}

base::Json part_of(const base::Json& link, const char* name) {
  const auto found = link.find(name);
  return found != link.end() && found->is_object() ? *found : base::Json::object();
}

bool enrolment_finished(const base::Json& link, std::int64_t number) {
  const base::Json enrolment = part_of(link, "enrolment");
  return base::json_number_or(enrolment, "asked", 0) != number ||
         base::json_text_or(enrolment, "state", "") != "under_way";
}

Response enrolment_answer(const base::Json& link) {
  const base::Json enrolment = part_of(link, "enrolment");
  if (base::json_text_or(enrolment, "state", "") == "done") return json_response(link);
  return problem(409, "enrolment_failed", "This installation is not enrolled",
                 base::json_text_or(enrolment, "why", "somebody else enrolled it meanwhile"));
}

bool check_finished(const base::Json& link, std::int64_t number) {
  const base::Json check = part_of(link, "check");
  return base::json_number_or(check, "number", 0) != number || check.contains("steps");
}

Response check_answer(const base::Json& link) {
  return json_response({{"url", base::json_text_or(link, "url", "")},
                        {"steps", part_of(link, "check").value("steps", base::Json::array())}});
}

constexpr std::size_t kMostSent = 500;  // documents of one answer
constexpr std::size_t kSentDefault = 50;
constexpr std::size_t kSentText = 17U << 20U;  // bytes of a file of the ledger's sent_copies.h

// Those at the end of the file come first. A line that is being written is left out.
void take_sent(const std::string& path, std::size_t most, base::Json& items) {
  const auto text = base::read_file(path, kSentText);
  if (!text.ok()) return;
  std::string_view rest = std::string_view(*text).substr(0, text->rfind('\n') + 1);
  while (!rest.empty() && items.size() < most) {
    rest.remove_suffix(1);
    const std::size_t begin = rest.rfind('\n') + 1;
    const auto item = base::parse_json(rest.substr(begin));
    if (item.ok()) items.push_back(*item);
    rest = rest.substr(0, begin);
  }
}

Response sent_answer(const std::string& directory, std::size_t most) {
  base::Json items = base::Json::array();
  for (const char* name : {"/sent/current.jsonl", "/sent/previous.jsonl"})
    take_sent(directory + name, most, items);
  return json_response({{"items", std::move(items)}});
}

}  // namespace

void show_sent(Parts& parts, const CallPtr& call, const Reply& reply) {
  std::size_t most = kSentDefault;
  if (const std::string limit = call->parameter("limit"); !limit.empty()) {
    const auto number = parse_whole_number(limit);
    if (!number || *number == 0 || *number > kMostSent)
      return reply(problem(400, "invalid", "The request cannot be read", "limit must be 1 to 500"));
    most = static_cast<std::size_t>(*number);
  }
  const auto answer = std::make_shared<Response>();
  parts.loop.run_elsewhere(
      [answer, directory = parts.facts.state_directory, most] { *answer = sent_answer(directory, most); },
      [answer, reply, life = std::weak_ptr<const bool>(parts.life)] {
        if (!life.expired()) reply(std::move(*answer));
      });
}

void list_sharing(Parts& parts, const CallPtr& /*call*/, const Reply& reply) {
  if (auto wrong = state_problem(parts)) return reply(std::move(*wrong));
  base::Json items = base::Json::array();
  for (const std::string_view name : state::kSharing)
    items.push_back(view_sharing(parts.ledger.state(), name));
  reply(json_response({{"items", std::move(items)}}));
}

void set_sharing(Parts& parts, const CallPtr& call, const Reply& reply) {
  auto body = read_body(*call, {"setting", "reason"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  const std::string name = call->captures[0];
  (*body)["name"] = name;
  send_command(parts, call, "sharing.set", std::move(*body), reply,
               [&parts, name](const base::Json& /*answer*/) {
                 return json_response(view_sharing(parts.ledger.state(), name));
               });
}

// No reading of the log: nothing of it is shown but sums.
void preview_report(Parts& parts, const CallPtr& call, const Reply& reply) {
  send_command(parts, call, "sharing.preview", {{"kind", call->captures[0]}}, reply, as_it_is);
}

void enrol_link(Parts& parts, const CallPtr& call, const Reply& reply) {
  const auto body = read_body(*call, {"code"});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  order(parts,
        {{"do", "enrol"}, {"code", base::json_text_or(*body, "code", "")}, {"actor", call->identity.actor()}},
        "asked", reply, enrolment_finished, enrolment_answer);
}

void check_link(Parts& parts, const CallPtr& call, const Reply& reply) {
  const auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  order(parts, {{"do", "check"}}, "check", reply, check_finished, check_answer);
}

}  // namespace postern::console::api
