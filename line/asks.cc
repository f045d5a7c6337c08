// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/asks.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/ulid.h"

namespace postern::line {
namespace {

using base::Json;

constexpr std::array<std::string_view, 2> kAskKinds{"request", "proposal"};
constexpr std::array<std::string_view, 11> kStates{"not_taken", "pending",   "approved", "refused",
                                                   "expired",   "withdrawn", "ended",    "applied",
                                                   "failed",    "unknown",   "undone"};
constexpr std::string_view kRolledBack = "rolled_back";
constexpr std::array<std::string_view, 3> kGoesOn{"pending", "approved", "applied"};
constexpr std::size_t kMethod = 16, kContentType = 200;

base::Error no_ask(std::string sentence) {
  return base::fail(base::Code::Invalid, base::Side::Component, std::move(sentence));
}

bool is_state(std::string_view text) {
  return text == kRolledBack || std::find(kStates.begin(), kStates.end(), text) != kStates.end();
}

bool one_line(std::string_view text) {
  return base::is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

// Left empty where it is not there and need not be.
base::Status take_line(const Json& json, const char* key, std::size_t most, bool needed, std::string& out) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) {
    if (needed) return no_ask("it has no " + std::string(key));
    return base::Ok{};
  }
  if (!found->is_string()) return no_ask(std::string(key) + " is no text");
  const auto& text = found->get_ref<const std::string&>();
  if (text.size() > most)
    return no_ask(std::string(key) + " has more than " + std::to_string(most) + " bytes");
  if ((needed && text.empty()) || !one_line(text)) return no_ask(std::string(key) + " is not a line of text");
  out = text;
  return base::Ok{};
}

base::Status take_call(const Json& json, AskedCall& out) {
  if (!json.is_object()) return no_ask("a call is no JSON object");
  base::Status taken = take_line(json, "method", kMethod, true, out.method);
  if (taken.ok()) taken = take_line(json, "target", kAskTarget, true, out.target);
  if (taken.ok()) taken = take_line(json, "content_type", kContentType, false, out.content_type);
  if (!taken.ok()) return taken;
  const auto body = json.find("body");
  if (body == json.end() || body->is_null()) return base::Ok{};
  if (!body->is_string()) return no_ask("body is no text");
  out.body = body->get<std::string>();
  if (out.body.size() > kAskBody) return no_ask("body has more than " + std::to_string(kAskBody) + " bytes");
  return base::Ok{};
}

base::Status take_request(const Json& json, Ask& out) {
  base::Status taken = take_line(json, "engineer", kAskName, true, out.engineer);
  if (taken.ok()) taken = take_line(json, "role", kAskName, false, out.role);
  if (taken.ok()) taken = take_line(json, "start", kAskName, false, out.start);
  if (taken.ok()) taken = take_line(json, "duration", kAskName, false, out.duration);
  if (!taken.ok()) return taken;
  const auto listed = json.find("capabilities");
  if (listed != json.end() && !listed->is_null()) {
    if (!listed->is_array() || listed->size() > kAskCapabilities)
      return no_ask("capabilities is no list of " + std::to_string(kAskCapabilities) + " names at most");
    for (const Json& name : *listed) {
      if (!name.is_string() || name.get_ref<const std::string&>().size() > kAskName ||
          !one_line(name.get_ref<const std::string&>()))
        return no_ask("capabilities is no list of names");
      out.capabilities.push_back(name.get<std::string>());
    }
  }
  if (out.role.empty() == out.capabilities.empty())
    return no_ask("it names neither a role nor capabilities, or both");
  return base::Ok{};
}

base::Status take_proposal(const Json& json, Ask& out) {
  const auto call = json.find("call");
  if (call == json.end()) return no_ask("it has no call");
  if (base::Status taken = take_call(*call, out.call); !taken.ok()) return taken;
  if (const auto undo = json.find("undo"); undo != json.end() && !undo->is_null()) {
    if (base::Status taken = take_call(*undo, out.undo.emplace()); !taken.ok())
      return no_ask("undo: " + taken.error().message);
  }
  const auto watch = json.find("watch_us");
  if (watch == json.end() || watch->is_null()) return base::Ok{};
  if (!watch->is_number_integer() || base::json_number_or(json, "watch_us", -1) < 0 ||
      base::json_number_or(json, "watch_us", -1) > kLongestWatch)
    return no_ask("watch_us is no time of 24 hours at most");
  out.watch = base::json_number_or(json, "watch_us", 0);
  if (out.watch > 0 && !out.undo) return no_ask("it has watch_us and no undo: nothing could be rolled back");
  return base::Ok{};
}

std::optional<AskKind> kind_of(const Json& json) {
  const std::string kind = base::json_text_or(json, "kind", "");
  const auto* found = std::find(kAskKinds.begin(), kAskKinds.end(), kind);
  if (found == kAskKinds.end()) return std::nullopt;
  return static_cast<AskKind>(found - kAskKinds.begin());
}

FaultyAsk faulty(const Json& json, std::string why) {
  FaultyAsk out{{}, {}, {}, std::move(why)};
  if (!json.is_object()) return out;
  const std::string id = base::json_text_or(json, "id", "");
  if (base::is_ulid(id)) out.id = id;
  out.kind = kind_of(json);
  out.by = base::printable(base::json_text_or(json, "by", ""), kAskName);
  return out;
}

Json json_of(const AskedCall& call) {
  Json out{{"method", call.method}, {"target", call.target}};
  if (!call.content_type.empty()) out["content_type"] = call.content_type;
  if (!call.body.empty()) out["body"] = call.body;
  return out;
}

}  // namespace

std::string_view to_text(AskKind kind) { return kAskKinds.at(static_cast<std::size_t>(kind)); }

Json to_json(const Ask& ask) {
  Json out{{"id", ask.id}, {"kind", to_text(ask.kind)}, {"by", ask.by}, {"reason", ask.reason}};
  const auto put = [&out](const char* key, const std::string& text) {
    if (!text.empty()) out[key] = text;
  };
  put("ticket", ask.ticket);
  put("stands", ask.stands);
  if (ask.withdrawn) out["withdrawn"] = true;
  if (ask.kind == AskKind::Request) {
    put("engineer", ask.engineer);
    put("role", ask.role);
    put("start", ask.start);
    put("duration", ask.duration);
    if (!ask.capabilities.empty()) out["capabilities"] = ask.capabilities;
    return out;
  }
  out["call"] = json_of(ask.call);
  if (ask.undo) out["undo"] = json_of(*ask.undo);
  if (ask.watch > 0) out["watch_us"] = ask.watch;
  return out;
}

base::Result<Ask> parse_ask(const Json& json) {
  if (!json.is_object()) return no_ask("it is no JSON object");
  Ask out;
  base::Status taken = take_line(json, "id", base::kUlidLength, true, out.id);
  if (taken.ok() && !base::is_ulid(out.id)) taken = no_ask("id is not a ULID");
  const auto kind = kind_of(json);
  if (taken.ok() && !kind) taken = no_ask("kind is neither request nor proposal");
  if (taken.ok()) taken = take_line(json, "by", kAskName, true, out.by);
  if (taken.ok()) taken = take_line(json, "ticket", kAskText, false, out.ticket);
  if (taken.ok()) taken = take_line(json, "reason", kAskText, true, out.reason);
  if (taken.ok()) taken = take_line(json, "stands", kAskName, false, out.stands);
  if (taken.ok() && !out.stands.empty() && !is_state(out.stands)) taken = no_ask("stands is no state");
  if (!taken.ok()) return std::move(taken).error();
  out.kind = *kind;
  out.withdrawn = base::json_bool_or(json, "withdrawn", false);
  taken = *kind == AskKind::Request ? take_request(json, out) : take_proposal(json, out);
  if (!taken.ok()) return std::move(taken).error();
  return out;
}

Asks parse_asks(const Json& answer) {
  Asks out;
  const auto list = answer.find("asks");
  if (list == answer.end()) return out;
  if (!list->is_array()) {
    out.faulty.push_back({{}, {}, {}, "asks is no list"});
    return out;
  }
  for (const Json& item : *list) {
    if (out.good.size() + out.faulty.size() == kMostAsks) {
      out.faulty.push_back({{}, {}, {}, "there are more than " + std::to_string(kMostAsks)});
      return out;
    }
    base::Result<Ask> ask = parse_ask(item);
    if (ask.ok()) {
      out.good.push_back(std::move(*ask));
    } else {
      out.faulty.push_back(faulty(item, ask.error().message));
    }
  }
  return out;
}

Json to_json(const Standing& standing) {
  Json out{{"ask", standing.ask}, {"state", standing.state}};
  if (!standing.note.empty()) out["note"] = standing.note;
  if (standing.until != 0) out["until"] = base::format_time(standing.until);
  return out;
}

base::Result<Standing> parse_standing(const Json& json) {
  if (!json.is_object()) return no_ask("it is no JSON object");
  Standing out;
  base::Status taken = take_line(json, "ask", base::kUlidLength, true, out.ask);
  if (taken.ok() && !base::is_ulid(out.ask)) taken = no_ask("ask is not a ULID");
  if (taken.ok()) taken = take_line(json, "state", kAskName, true, out.state);
  if (taken.ok() && !is_state(out.state)) taken = no_ask("state is none that is known");
  if (taken.ok()) taken = take_line(json, "note", 2 * kAskText, false, out.note);
  if (!taken.ok()) return std::move(taken).error();
  if (const std::string* until = base::json_text(json, "until"); until != nullptr) {
    const auto time = base::parse_time(*until);
    if (!time.ok()) return no_ask("until: " + time.error().message);
    out.until = *time;
  }
  return out;
}

bool is_over(std::string_view state) {
  return !state.empty() && std::find(kGoesOn.begin(), kGoesOn.end(), state) == kGoesOn.end();
}

}  // namespace postern::line
