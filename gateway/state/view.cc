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
  Json json{{"id", request.id},
            {"engineer", request.engineer},
            {"capabilities", request.capabilities},
            {"reason", request.reason},
            {"ticket", request.ticket},
            {"duration", base::format_duration(request.duration)},
            {"created", format_time(request.created)},
            {"state", to_text(request.state)}};
  put_text(json, "role", request.role);
  if (request.start) json["start"] = format_time(*request.start);
  if (request.decided > 0) json["decided"] = format_time(request.decided);
  put_text(json, "by", request.by);
  put_text(json, "note", request.note);
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
  put_text(json, "reason", hold.reason);
  put_text(json, "request", hold.request);
  return json;
}

}  // namespace postern::state
