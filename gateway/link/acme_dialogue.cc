// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/acme_dialogue.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "gateway/http/date.h"
#include "gateway/http/request_rules.h"

namespace postern::link {
namespace {

using base::Json;

constexpr std::size_t kTokenLimit = 256, kUrlSize = 1024, kSentence = 300;
constexpr std::string_view kErrors = "urn:ietf:params:acme:error:";

bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kTokenLimit && std::all_of(text.begin(), text.end(), [](char c) {
    const char lower = base::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// "it refused (rateLimited): too many certificates for example.org". What it says is shown printable and short.
std::string problem_sentence(const Json& problem, int status) {
  std::string type = base::json_text_or(problem, "type", "");
  if (type.starts_with(kErrors)) type = type.substr(kErrors.size());
  const std::string detail = base::json_text_or(problem, "detail", "");
  std::string out =
      "it refused (" + (type.empty() ? std::to_string(status) : base::printable(type, 60)) + ")";
  if (!detail.empty()) out += ": " + base::printable(detail, kSentence);
  return out;
}

// The error of the first challenge that has one says more than "invalid".
std::string why_invalid(const Json& authorization) {
  for (const Json& challenge : authorization.value("challenges", Json::array())) {
    if (!challenge.is_object()) continue;
    const auto error = challenge.find("error");
    if (error == challenge.end() || !error->is_object()) continue;
    return base::printable(base::json_text_or(*error, "detail", "it does not say why"), kSentence);
  }
  return "it does not say why";
}

std::string name_in(const Json& authorization) {
  const Json identifier = authorization.value("identifier", Json::object());
  return base::printable(identifier.is_object() ? base::json_text_or(identifier, "value", "?") : "?", 100);
}

}  // namespace

base::Micros read_retry_after(std::string_view text, base::Micros now) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size())
    return seconds > 0 && seconds <= AcmeDialogue::kLongestRest / base::kWallSecond
               ? seconds * base::kWallSecond
           : seconds > 0 ? AcmeDialogue::kLongestRest
                         : 0;
  const auto date = http::parse_date(text);
  return date ? std::clamp<base::Micros>(*date - now, 0, AcmeDialogue::kLongestRest) : 0;
}

AcmeDialogue::AcmeDialogue(std::string origin, std::string target, std::string challenge)
    : origin_(std::move(origin)), target_(std::move(target)), type_(std::move(challenge)) {}

void AcmeDialogue::fail(std::string why, base::Micros not_before) {
  stage_ = Stage::Failed;
  token_.clear();
  failed_ = {std::move(why), std::min(not_before, kLongestRest)};
}

bool AcmeDialogue::is_ours(std::string_view url) const {
  return url.size() <= kUrlSize && url.starts_with(origin_ + "/") &&
         http::is_target_text(url.substr(origin_.size()));
}

AcmeNext AcmeDialogue::ask(http::Method method, const char* step, const std::string& url) {
  if (++asks_ > kAsks) {
    fail("it has more to ask than one certificate may cost");
    return failed_;
  }
  return AcmeAsk{method, step, url, url.substr(origin_.size()), nonce_, account_};
}

AcmeNext AcmeDialogue::next() {
  if (rest_) return AcmeWait{*std::exchange(rest_, std::nullopt)};
  const bool signs = stage_ >= Stage::Account && stage_ <= Stage::Certificate;
  if (stage_ == Stage::Nonce || (signs && nonce_.empty())) return ask(http::Method::Head, "", new_nonce_);
  switch (stage_) {
    case Stage::Directory:
      return ask(http::Method::Get, "", origin_ + target_);
    case Stage::Account:
      return ask(http::Method::Post, "account", new_account_);
    case Stage::Order:
      return ask(http::Method::Post, "order", new_order_);
    case Stage::Authorization:
    case Stage::Poll:
      return ask(http::Method::Post, "read", authorizations_[at_]);
    case Stage::Challenge:
      return ask(http::Method::Post, "ready", challenge_);
    case Stage::Finalize:
      return ask(http::Method::Post, "finalize", finalize_);
    case Stage::OrderPoll:
      return ask(http::Method::Post, "read", order_);
    case Stage::Certificate:
      return ask(http::Method::Post, "read", certificate_);
    case Stage::Done:
      return AcmeDone{chain_};
    default:
      return failed_;
  }
}

// A nonce is used once, and each answer brings another (RFC 8555 section 6.5).
void AcmeDialogue::answered(const Answer& answer, base::Micros now) {
  now_ = now;
  const bool wanted_nonce = stage_ == Stage::Nonce || (stage_ >= Stage::Account && nonce_.empty());
  nonce_ = answer.nonce;
  if (wanted_nonce) {
    if (nonce_.empty()) return fail("it gives no nonce");
    if (stage_ == Stage::Nonce) stage_ = Stage::Account;
    return;
  }
  if (take_refusal(answer)) return;
  bad_nonces_ = 0;
  switch (stage_) {
    case Stage::Directory:
      return take_directory(answer);
    case Stage::Account:
      return take_account(answer);
    case Stage::Order:
      return take_order(answer, true);
    case Stage::Authorization:
    case Stage::Poll:
      return take_authorization(answer);
    case Stage::Challenge:
      stage_ = Stage::Poll;
      polls_ = 0;
      return wait(answer);
    case Stage::Finalize:
    case Stage::OrderPoll:
      return take_order(answer, false);
    case Stage::Certificate:
      chain_ = answer.body;
      stage_ = Stage::Done;
      return;
    default:
      return;
  }
}

bool AcmeDialogue::take_refusal(const Answer& answer) {
  if (answer.status < 400) {
    if (answer.status >= 300) fail("it answered " + std::to_string(answer.status));
    return answer.status >= 300;
  }
  const auto read = base::parse_json(answer.body);
  const Json problem = read.ok() && read->is_object() ? *read : Json::object();
  const std::string type = base::json_text_or(problem, "type", "");
  if (type == std::string(kErrors) + "badNonce" && ++bad_nonces_ <= kBadNonces) return true;
  const bool limited = answer.status == 429 || type == std::string(kErrors) + "rateLimited";
  base::Micros rest = read_retry_after(answer.retry_after, now_);
  if (limited && rest == 0) rest = kRateLimited;
  fail(problem_sentence(problem, answer.status), rest);
  return true;
}

std::optional<Json> AcmeDialogue::body_of(const Answer& answer) {
  auto read = base::parse_json(answer.body);
  if (read.ok() && read->is_object()) return *std::move(read);
  fail("its answer is no JSON object");
  return std::nullopt;
}

void AcmeDialogue::take_directory(const Answer& answer) {
  const auto body = body_of(answer);
  if (!body) return;
  new_nonce_ = base::json_text_or(*body, "newNonce", "");
  new_account_ = base::json_text_or(*body, "newAccount", "");
  new_order_ = base::json_text_or(*body, "newOrder", "");
  for (const std::string* url : {&new_nonce_, &new_account_, &new_order_}) {
    if (!is_ours(*url))
      return fail("its directory names an address that is not one of its own: " + base::printable(*url, 100));
  }
  stage_ = nonce_.empty() ? Stage::Nonce : Stage::Account;
}

void AcmeDialogue::take_account(const Answer& answer) {
  if (!is_ours(answer.location)) return fail("it names no account of its own");
  account_ = answer.location;
  stage_ = Stage::Order;
}

void AcmeDialogue::take_order(const Answer& answer, bool fresh) {
  const auto body = body_of(answer);
  if (!body) return;
  if (fresh) {
    order_ = answer.location;
    finalize_ = base::json_text_or(*body, "finalize", "");
    for (const Json& one : body->value("authorizations", Json::array())) {
      if (one.is_string()) authorizations_.push_back(one.get<std::string>());
    }
    const bool own = std::all_of(authorizations_.begin(), authorizations_.end(),
                                 [this](const std::string& url) { return is_ours(url); });
    if (!is_ours(order_) || !is_ours(finalize_) || !own || authorizations_.size() > kAuthorizations)
      return fail("its order names an address that is not one of its own");
  }
  const std::string status = base::json_text_or(*body, "status", "");
  if (status == "valid") {
    certificate_ = base::json_text_or(*body, "certificate", "");
    if (!is_ours(certificate_)) return fail("it names no certificate of its own");
    stage_ = Stage::Certificate;
    return;
  }
  if (fresh && status == "pending" && !authorizations_.empty()) {
    stage_ = Stage::Authorization;
    return;
  }
  if (fresh && status == "ready") {
    stage_ = Stage::Finalize;
    return;
  }
  if (status != "processing" && status != "ready") {
    const Json error = body->value("error", Json::object());
    return fail(error.is_object() && !error.empty()
                    ? problem_sentence(error, answer.status)
                    : "its order is " + base::printable(status.empty() ? "without a status" : status, 40));
  }
  if (stage_ == Stage::Finalize) polls_ = 0;
  stage_ = Stage::OrderPoll;
  wait(answer);
}

void AcmeDialogue::take_authorization(const Answer& answer) {
  const auto body = body_of(answer);
  if (!body) return;
  const std::string status = base::json_text_or(*body, "status", "");
  if (status == "valid") {
    token_.clear();
    polls_ = 0;
    stage_ = ++at_ < authorizations_.size() ? Stage::Authorization : Stage::Finalize;
    return;
  }
  if (status != "pending") return fail("it could not validate " + name_in(*body) + ": " + why_invalid(*body));
  if (stage_ == Stage::Poll) return wait(answer);
  for (const Json& one : body->value("challenges", Json::array())) {
    if (!one.is_object() || base::json_text_or(one, "type", "") != type_) continue;
    challenge_ = base::json_text_or(one, "url", "");
    const std::string token = base::json_text_or(one, "token", "");
    if (!is_ours(challenge_) || !is_token(token)) return fail("its challenge is none");
    token_ = token;
    name_ = name_in(*body);
    stage_ = Stage::Challenge;
    return;
  }
  fail("it offers no " + type_ + " challenge for " + name_in(*body));
}

void AcmeDialogue::wait(const Answer& answer) {
  if (++polls_ > kPolls) return fail("it did not come to an end in time");
  const base::Micros own = std::min(kFirstPoll << std::min(polls_ / 4, 5), kLongestPoll);
  rest_ = std::clamp(read_retry_after(answer.retry_after, now_), own, std::max(own, 10 * kLongestPoll));
}

}  // namespace postern::link
