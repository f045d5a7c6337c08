// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The gateway as a witness of other logs (C2SP tlog-witness): what is asked goes to the ledger, which judges it and
// remembers, and its answer goes back in the words of that specification. Nobody signs in here: the checkpoint carries
// the signature of its log.
#include "base/bytes.h"
#include "console/api.h"
#include "console/parts.h"

namespace postern::console::api {
namespace {

constexpr std::size_t kWitnessRequestLimit = 80U << 10U;  // bytes: 63 hashes and a note of 64 KiB
constexpr int kRetrySeconds = 5;

bool may_ask(WitnessPace& pace, base::Nanos now) {
  if (now - pace.second >= base::kSecond) {
    pace.second = now;
    pace.asked = 0;
  }
  return pace.under_way < WitnessPace::kUnderWay && pace.asked < WitnessPace::kPerSecond;
}

Response too_many(std::string_view why) {
  Response response = problem(429, "limit_reached", "Ask again later", why);
  response.fields.emplace_back("retry-after", std::to_string(kRetrySeconds));
  return response;
}

Response plain(int status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

Response in_words(const base::Json& judged) {
  const auto status = static_cast<int>(base::json_number_or(judged, "status", 500));
  const std::string why = base::json_text_or(judged, "message", "");
  switch (status) {
    case 200:
      return plain(200, "text/plain; charset=utf-8", base::json_text_or(judged, "cosignature", ""));
    case 409:
      return plain(409, "text/x.tlog.size", std::to_string(base::json_number_or(judged, "size", 0)) + "\n");
    case 400:
      return problem(400, "invalid", "This is not a request to a witness", why);
    case 403:
      return problem(403, "not_signed", "The checkpoint is not signed by its log", why);
    case 404:
      return problem(404, "not_found", "This log is not witnessed here", why);
    case 422:
      return problem(422, "inconsistent", "The proof does not hold", why);
    case 429:
      return too_many(why);
    default:
      return problem(base::Refusal::GatewayError, why);
  }
}

}  // namespace

void add_checkpoint(Parts& parts, const CallPtr& call, const Reply& reply) {
  const base::Json witness = parts.ledger.witnessing().value("witness", base::Json());
  if (parts.ledger.up() && !witness.is_object())
    return reply(problem(404, "not_found", "This gateway is nobody's witness"));
  if (call->body.size() > kWitnessRequestLimit || !base::is_utf8(call->body))
    return reply(problem(400, "invalid", "This is not a request to a witness"));
  WitnessPace& pace = parts.witness_pace;
  if (!may_ask(pace, parts.loop.now())) return reply(too_many("too many ask at once"));
  ++pace.asked;
  ++pace.under_way;
  const base::Json command{{"command", "witness.add_checkpoint"},
                           {"actor", "gateway"},
                           {"from", call->client},
                           {"request", call->body}};
  parts.ledger.command(command, [&pace, reply](const LedgerClient::Answer& answer) {
    --pace.under_way;
    if (answer.ok) return reply(in_words(answer.json));
    reply(problem(answer.status, base::json_text_or(answer.json, "code", "failed"), "Not cosigned",
                  base::json_text_or(answer.json, "message", "")));
  });
}

}  // namespace postern::console::api
