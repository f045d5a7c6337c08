// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/incoming.h"

#include "gateway/http/request_rules.h"

namespace postern::enforcer {
namespace {

constexpr std::string_view kOurs = "/.postern";

ipc::BodyKind to_wire(http::BodyKind kind) {
  if (kind == http::BodyKind::None) return ipc::BodyKind::None;
  if (kind == http::BodyKind::WebSocket) return ipc::BodyKind::Frames;
  return kind == http::BodyKind::Sized ? ipc::BodyKind::Sized : ipc::BodyKind::Streamed;
}

// False if it contradicts itself, or holds what our parser does not let pass.
bool copy_head(const ipc::RequestHead& wire, http::RequestHead& head) {
  const auto method = http::parse_method(wire.method);
  if (!method || wire.minor > 1 || !http::is_target_text(wire.target)) return false;
  head.method = *method;
  head.version = wire.minor == 0 ? http::Version::Http10 : http::Version::Http11;
  head.target = wire.target;
  for (const ipc::WireField& field : wire.fields) {
    if (!head.fields.add(field.name, field.value)) return false;
  }
  if (!http::judge_request(head).ok() || wire.body != to_wire(head.body.kind)) return false;
  return wire.body != ipc::BodyKind::Sized || wire.length == head.body.size;
}

}  // namespace

std::optional<http::Verdict> read_head(const ipc::RequestHead& wire, const Settings& settings,
                                       http::RequestHead& head, http::CanonicalTarget& target) {
  if (!copy_head(wire, head)) return std::nullopt;
  http::TargetRules rules;
  rules.ours = settings.names;
  rules.query = settings.query;
  if (const http::Verdict verdict = http::canonicalise(head.target, rules, target); !verdict.ok())
    return verdict;
  // Host must name us as well: a page that was tricked into another name must not reach a session of ours
  // (DNS rebinding).
  if (!http::names_one_of(settings.names, head.fields.find(http::FieldId::Host).value_or("")))
    return http::refused(base::Refusal::WrongHost, "the Host field names a host that is not served here");
  // RFC 9112 section 3.2.2: which of our names is meant, an absolute target says.
  if (!target.authority().empty()) head.fields.set("host", target.authority());
  if (head.body.kind == http::BodyKind::Sized && head.body.size > settings.request_body)
    return http::refused(base::Refusal::BodyTooLarge, "the content length is above the limit");
  return http::accepted();
}

bool is_ours(std::string_view path) {
  return path == kOurs || (path.starts_with(kOurs) && path[kOurs.size()] == '/');
}

bool is_safe(http::Method method) {
  return method == http::Method::Get || method == http::Method::Head || method == http::Method::Options;
}

bool is_cross_site(const http::RequestHead& head, const std::vector<http::Authority>& ours) {
  if (is_safe(head.method) && head.body.kind != http::BodyKind::WebSocket) return false;
  return comes_from_elsewhere(head, ours);
}

bool comes_from_elsewhere(const http::RequestHead& head, const std::vector<http::Authority>& ours) {
  const auto site = head.fields.find(http::FieldId::SecFetchSite);
  if (site == "cross-site") return true;
  const auto origin = head.fields.find(http::FieldId::Origin);
  // With GET no Origin comes along, and a neighbour's page is another one's all the same.
  if (!origin) return site == "same-site";
  if (*origin == "null" && site == "same-origin") return false;
  return !origin->starts_with("https://") || !http::names_one_of(ours, origin->substr(8));
}

}  // namespace postern::enforcer
