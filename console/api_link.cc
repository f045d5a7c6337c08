// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The line to Mission Control: enrolling, trying it. Both take as long as a server elsewhere takes, so what the supervisor knows
// is looked at until it is known how it went.
#include <memory>
#include <string>
#include <utility>

#include "console/api.h"
#include "console/commands.h"
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
    parts.ask({{"ask", "status"}}, [self = shared_from_this()](const base::Json& status) {
      if (!self->life.expired()) self->take(status.value("link", base::Json()));
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

}  // namespace

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
