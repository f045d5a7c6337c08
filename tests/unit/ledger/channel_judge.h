// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a role may hold against the ledger, as ledger_protocol.h says it, written down a second time and naively: what a ledger
// sends is kept against this in every test that has a channel to it. It is stricter than the roles are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ledger/decide_command.h"

namespace postern::ledger {

class ChannelJudge {
 public:
  using From = ipc::FromLedger;
  using To = ipc::ToLedger;

  explicit ChannelJudge(Sender role) : role_(role) {}

  // What the ledger said. Empty: it may say so.
  std::string heard(From type, std::string_view payload) {
    if (!is_for_us(type)) return "a frame that this role is never told: " + number(type);
    if (pieces_of_ && *pieces_of_ != type) return "a frame between two pieces of a text: " + number(type);
    if (accepted_came_ && type != From::AcceptedPolicy && type != From::Policy)
      return "an accepted policy, and no policy right after it";
    if (follows() && !state_came_ && type != From::State)
      return "it was told something before the state: " + number(type);
    switch (type) {
      case From::State:
        return state(payload);
      case From::Change:
        return change(payload);
      case From::AcceptedPolicy:
        return accepted(payload);
      case From::Policy:
        return policy(payload);
      case From::Accounts:
        return accounts(payload);
      case From::LogStatus:
        return log_status(payload);
      case From::Acked:
        return acked(payload);
      case From::Reply:
        return reply(payload);
      case From::Size:
        return size(payload);
      case From::Cookie:
        return payload.size() <= ipc::kCookieFrame ? "" : "a cookie that is too large";
      case From::Jars:
        return payload.empty() ? "" : "a wish for all cookies that says more";
      case From::Published:
        return published(payload);
      case From::Witnessing:
        return json_of(decoded<ipc::Witnessing>(payload), false);
      case From::IntakeTokens:
        return json_of(decoded<ipc::IntakeTokens>(payload), true);
      case From::NodeTask:
        return node_task(payload);
      case From::Errand:
        return errand(payload);
    }
    return "a frame that there is not: " + number(type);
  }

  // What it was told by the role.
  void said(To type, std::string_view payload) {
    ipc::Command command;
    ipc::Delivered delivered;
    if (type == To::Append) ++appended_;
    if (type == To::Command && ipc::decode(payload, command)) asked_.insert(command.id);
    if (type == To::Delivered && ipc::decode(payload, delivered)) under_way_.erase(delivered.id);
  }

  std::uint64_t appended() const { return appended_; }
  std::size_t unanswered() const { return asked_.size(); }

 private:
  static std::string number(From type) { return std::to_string(static_cast<int>(type)); }
  bool follows() const { return role_ == Sender::Enforcer || role_ == Sender::Console; }

  bool is_for_us(From type) const {
    switch (type) {
      case From::State:
      case From::Change:
      case From::Policy:
      case From::AcceptedPolicy:
        return follows();
      case From::Accounts:
      case From::Size:
      case From::Published:
      case From::Witnessing:
        return role_ == Sender::Console;
      case From::Cookie:
      case From::Jars:
      case From::NodeTask:
        return role_ == Sender::Enforcer;
      case From::IntakeTokens:
        return role_ == Sender::Intake;
      case From::Errand:
        return role_ == Sender::Link;
      case From::LogStatus:
      case From::Acked:
      case From::Reply:
        return true;
    }
    return false;
  }

  template <typename Message>
  static std::optional<Message> decoded(std::string_view payload) {
    Message message;
    return ipc::decode(payload, message) ? std::optional(message) : std::nullopt;
  }
  template <typename Message>
  static std::string json_of(const std::optional<Message>& message, bool array) {
    if (!message) return "a frame that cannot be read";
    const auto json = base::parse_json(message->json);
    if (!json.ok()) return "no JSON: " + json.error().message;
    return (array ? json->is_array() : json->is_object()) ? "" : "JSON of another kind";
  }

  std::string state(std::string_view payload) {
    const auto piece = decoded<ipc::StateSnapshot>(payload);
    if (!piece) return "a state that cannot be read";
    if (pieces_of_ && piece->version != version_) return "pieces of two states";
    if (piece->version < version_) return "a state older than what was told";
    if (piece->stop < stop_) return "a stop word that goes back";
    version_ = piece->version;
    stop_ = piece->stop;
    text_ += piece->json;
    if (!ended(From::State, piece->last)) return "";
    state_came_ = true;
    return base::parse_json(std::exchange(text_, {})).ok() ? "" : "a state that is no JSON";
  }

  std::string change(std::string_view payload) {
    const auto change = decoded<ipc::Change>(payload);
    if (!change) return "a change that cannot be read";
    if (change->version != version_ + 1)
      return "change " + std::to_string(change->version) + " after " + std::to_string(version_);
    version_ = change->version;
    if (change->wants_applied && role_ != Sender::Enforcer) return "who is no enforcer is asked to cut";
    if (change->stop != 0 && change->stop <= stop_) return "a stop word that does not rise";
    if (change->stop != 0) stop_ = change->stop;
    const auto event = base::parse_json(change->line);
    if (!event.ok()) return "a change that is no event";
    const std::string id = base::json_text_or(*event, "id", "");
    if (replied_.count(id) != 0) return "the answer to what was ordered came before the change that it made";
    return changes_.insert(id).second ? "" : "a change that came twice";
  }

  std::string accepted(std::string_view payload) {
    const auto piece = decoded<ipc::PolicyPiece>(payload);
    if (!piece) return "a policy that cannot be read";
    accepted_came_ = ended(From::AcceptedPolicy, piece->last);
    return "";
  }

  std::string policy(std::string_view payload) {
    const auto piece = decoded<ipc::PolicyPiece>(payload);
    if (!piece) return "a policy that cannot be read";
    if (ended(From::Policy, piece->last)) accepted_came_ = false;
    return "";
  }

  std::string accounts(std::string_view payload) {
    const auto piece = decoded<ipc::AccountsPiece>(payload);
    if (!piece) return "accounts that cannot be read";
    ended(From::Accounts, piece->last);
    return "";
  }

  bool ended(From type, bool last) {
    pieces_of_ = last ? std::nullopt : std::optional(type);
    return last;
  }

  static std::string log_status(std::string_view payload) {
    const auto status = decoded<ipc::LogStatus>(payload);
    if (!status) return "a status of the log that cannot be read";
    return status->writable == status->reason.empty()
               ? ""
               : "a reason why the log can be written, or none why not";
  }

  std::string acked(std::string_view payload) {
    const auto acked = decoded<ipc::Acked>(payload);
    if (!acked) return "a count that cannot be read";
    if (acked->count <= acked_) return "a count that does not rise";
    acked_ = acked->count;
    return acked_ <= appended_ ? "" : "more are durable than were appended";
  }

  std::string reply(std::string_view payload) {
    const auto reply = decoded<ipc::Reply>(payload);
    if (!reply) return "an answer that cannot be read";
    if (asked_.erase(reply->id) == 0) return "an answer to what was not asked, or a second one";
    const auto json = base::parse_json(reply->json);
    if (!json.ok() || !json->is_object()) return "an answer that is no JSON object";
    const std::int64_t status = base::json_number_or(*json, "status", 0);
    if (!reply->ok && (base::json_text_or(*json, "code", "").empty() ||
                       base::json_text_or(*json, "message", "").empty() || status < 400 || status > 599))
      return "a refusal without code, message or status";
    if (!reply->event.empty() && changes_.count(std::string(reply->event)) == 0)
      replied_.emplace(reply->event);
    return "";
  }

  std::string size(std::string_view payload) {
    const auto now = decoded<ipc::Size>(payload);
    if (!now) return "a size that cannot be read";
    if (now->durable > now->written || now->indexed > now->durable)
      return "more is indexed or durable than was written";
    if (now->written < size_.written || now->durable < size_.durable || now->indexed < size_.indexed)
      return "a log that shrinks";
    size_ = *now;
    return "";
  }

  std::string published(std::string_view payload) {
    const auto now = decoded<ipc::Published>(payload);
    if (!now) return "what was published cannot be read";
    if (now->size < published_) return "fewer events are published than before";
    published_ = now->size;
    return "";
  }

  std::string node_task(std::string_view payload) {
    if (payload.size() > ipc::kNodeTaskFrame) return "a task that is too large";
    const auto task = decoded<ipc::NodeTask>(payload);
    if (const std::string wrong = json_of(task, false); !wrong.empty()) return wrong;
    return tasks_.insert(task->id).second ? "" : "two tasks of one number";
  }

  std::string errand(std::string_view payload) {
    const auto errand = decoded<ipc::Errand>(payload);
    if (!errand || errand->place.empty()) return "an errand that cannot be read";
    if (errand->body.size() > ipc::kErrandBody) return "an errand that is too large";
    if (errand->id == ipc::kAsksDelivered) return "an errand whose number means no errand";
    for (const auto& [id, place] : under_way_) {
      if (id == errand->id) return "two errands of one number";
      if (place == errand->place) return "two errands under way to " + place;
    }
    under_way_.emplace(errand->id, errand->place);
    return "";
  }

  Sender role_;
  std::optional<From> pieces_of_;  // a text of which more is to come
  std::string text_;
  bool state_came_ = false, accepted_came_ = false;
  std::uint64_t version_ = 0, stop_ = 0;
  std::uint64_t appended_ = 0, acked_ = 0, published_ = 0;
  ipc::Size size_;
  std::set<std::uint64_t> asked_, tasks_;
  std::set<std::string> changes_, replied_;  // ids of events
  std::map<std::uint64_t, std::string> under_way_;
};

}  // namespace postern::ledger
