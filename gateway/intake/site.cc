// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/intake/site.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "gateway/ipc/figures.h"

namespace postern::intake {
namespace {

using answer::Call;
using answer::Reply;
using answer::Response;

constexpr std::string_view kEvents = "/intake/v1/events", kSchema = "/intake/v1/schema.json";
constexpr std::string_view kBearer = "Bearer ";
constexpr base::Nanos kNoteLook = base::kSecond;

std::string address_in(std::string_view client) {
  if (client.starts_with('[')) return std::string(client.substr(1, client.find(']') - 1));
  return std::string(client.substr(0, client.rfind(':')));
}

// Empty: none was sent, or not as it is sent.
std::string_view token_text(const Call& call) {
  const auto field = call.fields.find("authorization");
  if (!field || field->size() <= kBearer.size() ||
      !base::equals_ignoring_case(field->substr(0, kBearer.size()), kBearer))
    return {};
  return field->substr(kBearer.size());
}

// "application/json", with or without parameters.
bool is_json_type(const Call& call) {
  const std::string_view type = call.fields.find("content-type").value_or(std::string_view());
  return base::equals_ignoring_case(type.substr(0, type.find(';')), "application/json");
}

std::string in_seconds(base::Nanos wait) {
  return std::to_string((wait + base::kSecond - 1) / base::kSecond);
}

Response later(Response response, const std::string& seconds) {
  response.fields.emplace_back("retry-after", seconds);
  return response;
}

Response wrong_method(const char* allow) {
  Response response = answer::problem(405, "method_not_allowed", "This resource does not have that method");
  response.fields.emplace_back("allow", allow);
  return response;
}

void dress(Response& response) {
  response.fields.emplace_back("x-content-type-options", "nosniff");
  response.fields.emplace_back("strict-transport-security", "max-age=31536000");
  response.fields.emplace_back("cache-control", "no-store");
}

Response of_ledger(const LedgerClient::Answer& said) {
  if (said.ok) return answer::json_response(said.json);
  Response response =
      answer::problem(said.status, base::json_text_or(said.json, "code", "log_unavailable"),
                      said.status == 503 ? "The batch was not taken now" : "The batch was not taken",
                      base::json_text_or(said.json, "message", ""));
  return said.status == 503 ? later(std::move(response), "5") : std::move(response);
}

}  // namespace

Site::Site(loop::Loop& loop, Doorkeeper& doorkeeper, LedgerClient& ledger)
    : loop_(loop), doorkeeper_(doorkeeper), ledger_(ledger), timer_(loop, [this] { tell_of_refusals(); }) {
  timer_.start(kNoteLook, kNoteLook);
}

// Whoever has no token is not waited for.
std::size_t Site::body_limit(const Call& call) const {
  const bool good = call.method == http::Method::Post && call.target.path() == kEvents &&
                    doorkeeper_.find(token_text(call), loop_.wall()) != nullptr;
  return good ? kMostBytes : 0;
}

void Site::answer(std::shared_ptr<Call> call, Reply reply) {
  const Reply dressed = [call, reply = std::move(reply)](Response response) {
    dress(response);
    reply(std::move(response));
  };
  bool pending = false;
  Response response = judge(*call, dressed, pending);
  if (!pending) dressed(std::move(response));
}

Response Site::judge(const Call& call, const Reply& reply, bool& pending) {
  const std::string_view path = call.target.path();
  const bool gets = call.method == http::Method::Get || call.method == http::Method::Head;
  if (path == kSchema) {
    if (!gets) return wrong_method("GET, HEAD");
    Response response;
    response.content_type = "application/schema+json";
    response.constant = schema_document();
    return response;
  }
  if (path != kEvents)
    return answer::problem(404, "not_found", "There is no such resource",
                           "The intake has /intake/v1/events.");
  if (call.method != http::Method::Post) return wrong_method("POST");
  return take(call, reply, pending);
}

Response Site::no_token(const Call& call) {
  const std::string address = address_in(call.client);
  if (const base::Nanos wait = doorkeeper_.wait_of_address(address, loop_.now()); wait > 0)
    return later(answer::problem(base::Refusal::LimitReached, "too many wrong tokens came from this address"),
                 in_seconds(wait));
  doorkeeper_.failed(address, loop_.now());
  ipc::count(ipc::Figure::IntakeRefused);
  Response response =
      answer::problem(401, "token", "The token is not accepted",
                      "Send \"Authorization: Bearer\" and a token that postern intake token new made.");
  response.fields.emplace_back("www-authenticate", "Bearer error=\"invalid_token\"");
  return response;
}

Response Site::take(const Call& call, const Reply& reply, bool& pending) {
  if (!doorkeeper_.knows_tokens())
    return later(answer::problem(base::Refusal::LogUnavailable, ledger_.reason()), "5");
  const Token* token = doorkeeper_.find(token_text(call), loop_.wall());
  if (token == nullptr) return no_token(call);
  if (draining_)
    return later(answer::problem(base::Refusal::GatewayStopping, "the gateway is stopping"), "5");
  const auto invalid = [](int status, std::string_view why) {
    ipc::count(ipc::Figure::IntakeInvalid);
    return answer::problem(status, "invalid", "The batch cannot be read", why);
  };
  if (!is_json_type(call)) return invalid(415, "its Content-Type must be application/json");
  const auto batch = parse_batch(call.body, loop_.wall());
  if (!batch.ok()) return invalid(400, batch.error().message);
  const std::string address = address_in(call.client);
  if (const base::Nanos wait = doorkeeper_.wait(*token, batch->events.size(), loop_.now()); wait > 0) {
    doorkeeper_.limited(*token, address, batch->events.size(), loop_.now());
    ipc::count(ipc::Figure::IntakeLimited);
    return later(answer::problem(429, "limit_reached", "This token sent too many events",
                                 "Send the batch again after the time that Retry-After says."),
                 in_seconds(wait));
  }
  pending = true;
  ledger_.command(
      {{"command", "intake.take"},
       {"actor", "component:" + token->name},
       {"from", address},
       {"token", token->id},
       {"batch", to_json(*batch)}},
      [reply](const LedgerClient::Answer& said) {
        ipc::count(ipc::Figure::IntakeEvents, static_cast<std::uint64_t>(std::max<std::int64_t>(
                                                  0, base::json_number_or(said.json, "taken", 0))));
        ipc::count(ipc::Figure::IntakeKnown, static_cast<std::uint64_t>(std::max<std::int64_t>(
                                                 0, base::json_number_or(said.json, "known", 0))));
        if (!said.ok && said.status < 500) ipc::count(ipc::Figure::IntakeInvalid);
        reply(of_ledger(said));
      });
  return {};
}

Response Site::refuse(const Call& call, base::Refusal refusal, std::string_view why) {
  const bool too_early = refusal == base::Refusal::BodyTooLarge && body_limit(call) == 0;
  Response response;
  if (too_early && call.target.path() == kEvents && call.method == http::Method::Post &&
      doorkeeper_.knows_tokens())
    response = no_token(call);
  else
    response = answer::problem(refusal, why);
  response.close = true;
  dress(response);
  return response;
}

void Site::tell_of_refusals() {
  if (!ledger_.writable()) return;
  for (const Doorkeeper::Note& note : doorkeeper_.due(loop_.now())) {
    base::Json order{{"command", "intake.note"},
                     {"actor", "gateway"},
                     {"from", note.address},
                     {"count", note.count},
                     {"window_us", note.window / 1000}};
    if (!note.token.empty()) order["token"] = note.token;
    ledger_.command(order, [](const LedgerClient::Answer&) {});
  }
}

}  // namespace postern::intake
