// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/state/view.h"

namespace postern::state {
namespace {

using base::format_time;
using base::Json;

void put_text(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

Json view_terms(const Terms& terms) {
  Json json{{"capabilities", terms.capabilities}, {"duration", base::format_duration(terms.duration)}};
  put_text(json, "role", terms.role);
  if (terms.start) json["start"] = format_time(*terms.start);
  return json;
}

}  // namespace

std::string_view to_text(RequestState state) {
  switch (state) {
    case RequestState::Pending:
      return "pending";
    case RequestState::Approved:
      return "approved";
    case RequestState::Refused:
      return "refused";
    case RequestState::Withdrawn:
      return "withdrawn";
    case RequestState::Expired:
      return "expired";
  }
  return "pending";
}

Json view(const Engineer& engineer) {
  Json json{{"name", engineer.name},
            {"state", engineer.approved ? "approved" : "added"},
            {"added", format_time(engineer.added)},
            {"certificates", engineer.certificates}};
  put_text(json, "email", engineer.email);
  return json;
}

Json view(const Request& request) {
  Json json = view_terms(request.offer);
  json.update({{"id", request.id},
               {"engineer", request.engineer},
               {"reason", request.reason},
               {"ticket", request.ticket},
               {"created", format_time(request.created)},
               {"approvals", Json::array()},
               {"approvals_needed", request.approvals_needed},
               {"talk", Json::array()},
               {"state", to_text(request.state)}});
  if (request.offer != request.asked) json["asked"] = view_terms(request.asked);
  for (const Approval& one : request.approvals)
    json["approvals"].push_back({{"by", one.by}, {"at", format_time(one.at)}});
  for (const Message& one : request.talk)
    json["talk"].push_back({{"by", one.by}, {"text", one.text}, {"at", format_time(one.at)}});
  if (request.decided > 0) json["decided"] = format_time(request.decided);
  put_text(json, "extends", request.extends);
  put_text(json, "asked_by", request.asked_by);
  put_text(json, "by", request.by);
  put_text(json, "note", request.note);
  return json;
}

bool is_own_word(const Request& request, const Message& message) {
  return message.by == "engineer:" + request.engineer;
}

Json view_own(const Request& request) {
  Json json = view(request);
  json["approvals"] = request.approvals.size();
  json["talk"] = Json::array();
  for (const Message& one : request.talk)
    json["talk"].push_back({{"by", is_own_word(request, one) ? "engineer" : "admin"},
                            {"text", one.text},
                            {"at", format_time(one.at)}});
  json.erase("by");
  if (!request.asked_by.empty())
    json["asked_by"] = from_mission_control(request.asked_by) ? "mission_control" : "admin";
  return json;
}

Json view(const Grant& grant, base::Micros now) {
  const bool ended = grant.ended || grant.until <= now;
  Json json{{"id", grant.id},
            {"engineer", grant.engineer},
            {"capabilities", grant.capabilities},
            {"from", format_time(grant.from)},
            {"until", format_time(grant.until)},
            {"state", ended ? "ended" : "active"}};
  if (ended) json["ended_reason"] = grant.ended_reason.empty() ? "expired" : grant.ended_reason;
  if (grant.ended_at > 0) json["ended"] = format_time(grant.ended_at);
  put_text(json, "role", grant.role);
  put_text(json, "reason", grant.reason);
  put_text(json, "ticket", grant.ticket);
  put_text(json, "by", grant.by);
  if (!grant.signed_by.empty()) json["signed_by"] = grant.signed_by;
  if (grant.most_exchanges > 0) json["most_exchanges"] = grant.most_exchanges;
  if (grant.most_response_bytes > 0) json["most_response_bytes"] = grant.most_response_bytes;
  put_text(json, "request", grant.request);
  return json;
}

Json view(const Hold& hold) {
  Json json{{"id", hold.id},
            {"state", "waiting"},
            {"engineer", hold.engineer},
            {"session", hold.session},
            {"capability", hold.capability},
            {"operation", hold.operation},
            {"method", hold.method},
            {"target", hold.target},
            {"client", hold.client},
            {"body_bytes", hold.body_bytes},
            {"created", format_time(hold.created)},
            {"expires", format_time(hold.expires)}};
  put_text(json, "content_type", hold.content_type);
  put_text(json, "body", hold.body);
  put_text(json, "body_sha256", hold.body_sha256);
  put_text(json, "read", hold.read);
  if (hold.before.at > 0) json["before"] = view(hold.before);
  put_text(json, "because", hold.because);
  put_text(json, "reason", hold.reason);
  put_text(json, "request", hold.request);
  return json;
}

}  // namespace postern::state
