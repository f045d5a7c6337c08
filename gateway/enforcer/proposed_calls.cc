// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/proposed_calls.h"

#include <algorithm>

#include "base/crypto.h"
#include "gateway/enforcer/document_target.h"
#include "gateway/enforcer/exchange.h"
#include "gateway/enforcer/incoming.h"

namespace postern::enforcer {
namespace {

using base::Json;
using ipc::ExchangeFrame;

constexpr int kProposalTaskDepth = 4;
constexpr int kAnswerDepth = 16;
constexpr const char* kNotNow = "not_now";
constexpr const char* kWhoProposes = "mission-control";  // as the client in events
constexpr std::string_view kFromHere = "127.0.0.1";      // what the component is told in x-forwarded-for

// Stands for what the component will have answered, where an undoing call is judged before there is an answer.
constexpr std::array<const char*, 2> kSamples{"0", "00000000-0000-4000-8000-000000000000"};

// A request's head as a terminator would hand it over; views the call and the other texts.
struct Wire {
  std::string host, length;
  ipc::RequestHead head;
};

void make_wire(Wire& wire, const state::ProposedCall& call, std::size_t body_bytes, const Settings& settings,
               std::uint64_t connection) {
  wire.host = settings.names.empty() ? "localhost" : http::to_text(settings.names.front());
  wire.length = std::to_string(body_bytes);
  wire.head.connection = connection;
  wire.head.method = call.method;
  wire.head.target = call.target;
  wire.head.fields = {{"host", wire.host}, {"accept", "*/*"}, {"user-agent", "postern-proposal"}};
  if (!call.content_type.empty()) wire.head.fields.push_back({"content-type", call.content_type});
  if (body_bytes == 0) return;
  wire.head.fields.push_back({"content-length", wire.length});
  wire.head.body = ipc::BodyKind::Sized;
  wire.head.length = body_bytes;
}

state::ProposedCall call_of_task(const Json& json) {
  return {base::json_text_or(json, "method", ""),
          base::json_text_or(json, "target", ""),
          base::json_text_or(json, "content_type", ""),
          {}};
}

std::size_t bytes_of_task(const Json& json) {
  return static_cast<std::size_t>(std::max<std::int64_t>(0, base::json_number_or(json, "body_bytes", 0)));
}

std::string number_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? base::dump_json(value) : std::string();
}

}  // namespace

ProposedCalls::ProposedCalls(Site& site, Calls calls)
    : site_(site), calls_(std::move(calls)), timer_(site.loop, [this] { go_on(); }) {}
ProposedCalls::~ProposedCalls() = default;

bool ProposedCalls::take(const ipc::NodeTask& task) {
  const auto json = base::parse_json(task.json, kProposalTaskDepth);
  if (!json.ok() || !json->is_object()) return false;
  const std::string what = base::json_text_or(*json, "do", "");
  if (what == "judge") {
    calls_.answer(task.id, judge_both(*json));
  } else if (what == "compare") {
    compare(task.id, base::json_text_or(*json, "proposal", ""));
  } else if (what == "propose") {
    propose(task.id, base::json_text_or(*json, "proposal", ""), base::json_bool_or(*json, "undo", false));
  } else {
    return false;
  }
  return true;
}

// As an exchange judges (incoming.h, Access::decide), and what more is demanded of a proposal.
ProposedCalls::Judged ProposedCalls::judge(const state::ProposedCall& call, std::size_t body_bytes,
                                           bool admitted) const {
  Judged out;
  const auto no = [&out](std::string_view code, std::string_view why) {
    out.code = code;
    out.why = why;
    return out;
  };
  Wire wire;
  make_wire(wire, call, body_bytes, *site_.settings, 0);
  http::RequestHead head;
  http::CanonicalTarget target;
  const auto read = read_head(wire.head, *site_.settings, head, target);
  if (!read)
    return no("malformed", "it is no request of HTTP: its method, target or content type has a wrong form");
  if (!read->ok()) return no(base::text_of(read->refusal).code, read->sentence);
  if (is_ours(target.path())) return no("operation_not_listed", "the gateway's own pages are no component");
  const SessionView session = view_of_proposal({}, {}, admitted, false);
  const Call asked{http::to_text(head.method), &target,
                   head.fields.find(http::FieldId::ContentType).value_or(""),
                   head.body.kind != http::BodyKind::None, false};
  const policy::Decision decision = site_.access.decide(session, asked, site_.loop.wall());
  const policy::Policy& policy = site_.access.policy();
  if (!decision.allowed()) {
    const policy::Question question{asked.method,       target.path(),  {},
                                    asked.content_type, asked.has_body, false};
    return no(base::text_of(decision.refusal).code, policy::describe(policy, question, decision));
  }
  if (decision.klass != policy::Class::Write)
    return no("operation_not_listed", "the operation only reads: a proposal changes something");
  if (body_bytes > decision.body_limit)
    return no("body_not_allowed", "the body is longer than the operation allows");
  out.service = site_.settings->service_at(target.path());
  if (out.service == nullptr)
    return no("component_unreachable", "no service of the configuration lies under this path");
  const auto& acceptance = site_.access.acceptance();
  const policy::Operation& operation = policy.operations()[static_cast<std::size_t>(decision.operation)];
  out.capability = policy.capabilities()[static_cast<std::size_t>(decision.capability)].name;
  out.operation = operation.text();
  out.target = target.text();
  out.read = document_target(policy, acceptance.get(), decision, target.path());
  out.held = operation.hold || (acceptance != nullptr && acceptance->holds(decision));
  return out;
}

Json ProposedCalls::judge_both(const Json& task) const {
  if (!site_.access.ready() || site_.settings == nullptr) return {{"code", kNotNow}};
  const auto call = task.find("call"), undo = task.find("undo");
  if (call == task.end() || !call->is_object()) return {{"code", kNotNow}};
  const Judged main = judge(call_of_task(*call), bytes_of_task(*call), true);
  if (!main.code.empty()) return {{"code", main.code}, {"why", main.why}};
  bool held = main.held;
  bool admitted = judge(call_of_task(*call), bytes_of_task(*call), false).code.empty();
  if (undo != task.end() && undo->is_object()) {
    const state::ProposedCall back = call_of_task(*undo);
    Judged judged;
    for (const char* sample : kSamples) {
      std::map<std::string, std::string> answers;
      for (const std::string& name : state::marks_of(back).value_or(std::vector<std::string>()))
        answers[name] = sample;
      const auto filled = state::with_answers(back, answers);
      if (!filled) return {{"code", "malformed"}, {"why", "undo: a mark has a wrong form"}};
      judged = judge(*filled, bytes_of_task(*undo), true);
      if (!judged.code.empty()) continue;
      held = held || judged.held;
      admitted = admitted && judge(*filled, bytes_of_task(*undo), false).code.empty();
      break;
    }
    if (!judged.code.empty()) return {{"code", judged.code}, {"why", "undo: " + judged.why}};
  }
  Json out{{"capability", main.capability}, {"operation", main.operation}};
  if (!main.read.empty()) out["read"] = main.read;
  if (held) {
    out["waits"] = "the policy has an administrator let each such call pass";
  } else if (!admitted) {
    out["waits"] = "remote access or the capability is switched so that an administrator approves";
  }
  return out;
}

// Judged as if an admin approved it now: what would not be sent then would change nothing.
void ProposedCalls::compare(std::uint64_t task, const std::string& id) {
  const auto& all = site_.access.state().proposals();
  const auto known = all.find(id);
  if (!site_.access.ready() || site_.settings == nullptr || known == all.end() ||
      !known->second.is_to_be_compared() || !comparing_.insert(id).second)
    return calls_.answer(task, {{"code", kNotNow}});
  const state::Proposal& one = known->second;
  const Judged judged = judge(one.call, one.call.body.size(), true);
  auto told = [this, task, id] {
    comparing_.erase(id);
    calls_.answer(task, Json::object());
  };
  ChangeContext context = context_of(one, judged);
  if (!judged.code.empty())
    return site_.held_documents.say_why(std::move(context), "the call would be refused now: " + judged.why,
                                        std::move(told));
  if (judged.read != one.read)
    return site_.held_documents.say_why(std::move(context), "the policy names another document now, or none",
                                        std::move(told));
  std::string shown = body_without_secrets(one.call.body, one.call.content_type, context.rules, context.key);
  site_.held_documents.read(std::move(context), one.call.content_type, std::move(shown), std::move(told));
}

// As an exchange's own (Exchange::change_context): the credential is the one that the call would be sent with.
ChangeContext ProposedCalls::context_of(const state::Proposal& one, const Judged& judged) {
  ChangeContext context;
  context.session = one.id;
  context.engineer = one.by;
  context.capability = judged.capability;
  context.policy = site_.access.policy().hash();
  context.client = kWhoProposes;
  context.method = one.call.method;
  context.target = judged.target;
  context.read = one.read;
  context.settings = site_.settings;
  context.rules = site_.known_secrets.rules(site_.access.redaction()->rules, site_.settings);
  context.key = base::keyed_hash(site_.settings->redaction_key, one.id);
  const int node = judged.service == nullptr ? -1 : site_.pool.choose(judged.service->name, -1);
  if (node < 0) return context;
  SessionView view = view_of_proposal(one.id, judged.capability, true, false);
  view.proposal->waits = true;
  context.service = judged.service;
  context.credential = judged.service->credential_for(site_.access.role(view, site_.loop.wall()));
  context.node = static_cast<std::size_t>(node);
  site_.access.close_for_proposal(one.id);
  return context;
}

void ProposedCalls::propose(std::uint64_t task, const std::string& id, bool undo) {
  const auto failed = [&](std::string_view code, std::string_view why) {
    calls_.answer(task, {{"outcome", "failed"}, {"code", code}, {"why", why}});
  };
  if (!site_.access.ready() || site_.settings == nullptr || runs_.size() >= kMostCalls)
    return failed("log_unavailable", "the enforcer is not ready: nothing was sent");
  const auto known = site_.access.state().proposals().find(id);
  const auto wanted = undo ? state::ProposalState::Undoing : state::ProposalState::Applying;
  if (known == site_.access.state().proposals().end() || known->second.state != wanted)
    return failed("malformed", "the state has no such proposal under way: nothing was sent");
  const state::Proposal& one = known->second;
  const auto call = undo && one.undo ? state::with_answers(*one.undo, one.answers) : one.call;
  if (!call || undo != (one.undo && undo)) return failed("malformed", "there is no call that undoes it");
  const bool admitted = one.approved || (undo && one.by_admin);
  const Judged judged = judge(*call, call->body.size(), admitted);
  if (!judged.code.empty()) return failed(judged.code, judged.why);
  if (judged.held && !admitted)
    return failed("hold_refused", "the policy has an administrator let each such call pass, and nobody did");
  if (!undo && judged.capability != one.capability)
    return failed("operation_not_listed", "another capability lists it now than when it was proposed");
  site_.access.open_for_proposal(view_of_proposal(id, judged.capability, admitted, undo), one.by);
  Run run;
  run.task = task;
  run.proposal = id;
  if (!undo && one.undo) run.marks = state::marks_of(*one.undo).value_or(std::vector<std::string>());
  send(std::move(run), *call);
}

void ProposedCalls::send(Run run, const state::ProposedCall& call) {
  const std::uint64_t connection = ++last_, id = ++last_;
  const std::string proposal = run.proposal;
  run.client = connection;
  runs_[id] = std::move(run);
  base::BinaryWriter opened, asked, end;
  ipc::encode(ipc::ConnectionOpened{std::string(kFromHere) + ":0", {}, false, {}, {}}, opened);
  bool fits = calls_.frame(ExchangeFrame::ConnectionOpened, connection, opened.bytes());
  if (Client* client = fits ? calls_.client(connection) : nullptr; client != nullptr) {
    client->proposal = proposal;
    client->text = kWhoProposes;
  }
  Wire wire;
  make_wire(wire, call, call.body.size(), *site_.settings, connection);
  ipc::encode(wire.head, asked);
  fits = fits && calls_.frame(ExchangeFrame::RequestHead, id, asked.bytes());
  // What was refused by its head may have ended already.
  if (fits && !call.body.empty() && site_.find(id) != nullptr) {
    ipc::encode_trailers({}, end);
    fits = calls_.frame(ExchangeFrame::RequestBody, id, call.body) &&
           calls_.frame(ExchangeFrame::RequestEnd, id, end.bytes());
  }
  POSTERN_CHECK(fits);  // judge() has read the very same head
}

void ProposedCalls::on_frame(ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  Run& run = found->second;
  if (type == ExchangeFrame::ResponseBody) {
    run.owed += static_cast<std::uint32_t>(payload.size());
    run.body += payload.substr(0, kAnswer - std::min(kAnswer, run.body.size()));
  }
  if (type == ExchangeFrame::ResponseEnd) run.complete = true;
  if (type == ExchangeFrame::ResponseEnd || type == ExchangeFrame::Cut) run.ended = true;
  // Not from within the exchange that says so.
  if ((run.ended || run.owed > 0) && !timer_.running()) timer_.start(0);
}

void ProposedCalls::go_on() {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, run] : runs_) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    const auto found = runs_.find(id);
    if (found == runs_.end()) continue;
    if (found->second.ended) {
      auto run = runs_.extract(found);
      finish(id, std::move(run.mapped()));
    } else if (found->second.owed > 0) {
      base::BinaryWriter credit;
      credit.u32(std::exchange(found->second.owed, 0));
      static_cast<void>(calls_.frame(ExchangeFrame::ResponseCredit, id, credit.bytes()));
    }
  }
}

void ProposedCalls::finish(std::uint64_t id, Run run) {
  const Exchange* exchange = site_.find(id);
  const Json answer = exchange == nullptr ? Json{{"outcome", "unknown"}, {"why", "its exchange is gone"}}
                                          : outcome_of(run, *exchange);
  ipc::ExchangeDone done;
  done.ended = site_.loop.now();
  done.complete = run.complete;
  done.response_bytes = run.body.size();
  base::BinaryWriter ended;
  ipc::encode(done, ended);
  if (exchange != nullptr) static_cast<void>(calls_.frame(ExchangeFrame::ExchangeDone, id, ended.bytes()));
  static_cast<void>(calls_.frame(ExchangeFrame::ConnectionClosed, run.client, {}));
  site_.access.close_for_proposal(run.proposal);
  site_.jars.end(run.proposal);
  calls_.answer(run.task, answer);
}

Json ProposedCalls::outcome_of(const Run& run, const Exchange& exchange) const {
  const Exchange::Came came = exchange.came();
  Json out{{"outcome", "unknown"}};
  if (!came.forwarded.empty()) out["forwarded"] = came.forwarded;
  const auto answered = base::parse_json(run.body, kAnswerDepth);
  const bool readable = answered.ok() && answered->is_object();
  if (came.answered) {
    const bool well = came.status >= 200 && came.status < 300;
    out["outcome"] = well ? "applied" : "failed";
    out["status"] = came.status;
    if (!well) out["why"] = "the component answered " + std::to_string(came.status);
    for (const std::string& name : run.marks) {
      const auto value = readable ? answered->find(name) : Json::const_iterator();
      if (well && readable && value != answered->end() && state::may_stand_for_mark(number_text(*value)))
        out["answers"][name] = number_text(*value);
    }
    return out;
  }
  if (!came.sent || came.failure == base::Refusal::ComponentCredential) out["outcome"] = "failed";
  out["code"] = readable ? base::json_text_or(*answered, "code", "") : std::string();
  const std::string why = readable ? base::json_text_or(*answered, "detail", "") : std::string();
  out["why"] = why.empty() ? "it was cut before the component answered" : why;
  return out;
}

}  // namespace postern::enforcer
