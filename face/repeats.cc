// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "face/repeats.h"

#include <algorithm>

namespace postern::face {
namespace {

constexpr std::string_view kField = "idempotency-key";

// The key itself, of a string of RFC 8941 or, as most programs send it, of the text without quotes. Empty: it is neither.
std::string_view repeat_key(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  const bool plain = std::all_of(value.begin(), value.end(),
                                 [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
  return plain && value.size() <= kRepeatKeyLimit ? value : std::string_view();
}

std::string owner_of(const Call& call) {
  if (call.local) return "local " + call.identity.name;
  if (!call.identity.token.empty()) return "token " + call.identity.token;
  return "sign-in " + call.identity.session;
}

base::Sha256 fingerprint(const Call& call) {
  std::string text(http::to_text(call.method));
  text.append("\n").append(call.target.text());
  text.append("\n").append(call.fields.find("if-match").value_or(std::string_view()));
  text.append("\n").append(call.body);
  return base::sha256(text);
}

Response copy_of(const Response& from) {
  Response to;
  to.status = from.status;
  to.content_type = from.content_type;
  to.fields = from.fields;
  to.body = from.bytes();
  return to;
}

Response repeated(const Response& answer) {
  Response response = copy_of(answer);
  response.fields.emplace_back("idempotency-replayed", "true");
  return response;
}

}  // namespace

std::optional<Reply> Repeats::begin(const Call& call, const Reply& reply, base::Nanos now) {
  const auto field = call.fields.find(kField);
  if (!field) return reply;
  const auto answered = [&reply](Response response) {
    reply(std::move(response));
    return std::nullopt;
  };
  const std::string_view sent = repeat_key(*field);
  if (sent.empty())
    return answered(problem(400, "invalid", "The Idempotency-Key cannot be read",
                            "It is up to 128 visible characters, a UUID for example."));
  forget(now);
  std::string key = owner_of(call) + "\n" + std::string(sent);
  const base::Sha256 request = fingerprint(call);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    if (known->second->request != request)
      return answered(problem(422, "key_reused", "The Idempotency-Key was sent with another request",
                              "Take a new one for each change."));
    if (!known->second->answer)
      return answered(problem(409, "in_progress", "The first request with this Idempotency-Key is under way",
                              "Send it again in a moment."));
    return answered(repeated(*known->second->answer));
  }
  if (by_key_.size() >= kRepeats)
    return answered(problem(base::Refusal::LimitReached, "too many changes are under way"));
  const auto entry = std::make_shared<Entry>(Entry{request, now, {}});
  by_key_.emplace(key, entry);
  order_.push_back(std::move(key));
  return [this, entry, reply, alive = std::weak_ptr(life_)](Response response) {
    if (alive.lock()) keep(entry, response);
    reply(std::move(response));
  };
}

void Repeats::keep(const EntryPtr& entry, const Response& response) {
  entry->answer = copy_of(response);
  bytes_ += entry->answer->body.size();
}

// What is over goes, and the oldest where there are too many; what is under way stays.
void Repeats::forget(base::Nanos now) {
  while (!order_.empty()) {
    const auto oldest = by_key_.find(order_.front());
    const Entry& entry = *oldest->second;
    const bool over = now - entry.at >= kRepeatLife || order_.size() >= kRepeats || bytes_ > kRepeatBytes;
    if (!over || !entry.answer) return;
    bytes_ -= entry.answer->body.size();
    by_key_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace postern::face
