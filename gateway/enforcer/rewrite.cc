// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/rewrite.h"

#include <array>
#include <vector>

#include "base/bytes.h"
#include "gateway/http/forwarding.h"

namespace postern::enforcer {
namespace {

// What a request may not ask for: secrets cannot be seen in what is compressed, nor in a part of a body.
constexpr auto kUnreadable = std::to_array<std::string_view>(
    {"accept-encoding", "range", "if-range", "want-digest", "want-content-digest", "want-repr-digest"});

// Behind an authority in a URL or in a list of sources comes one of these, or nothing.
bool ends_authority(std::string_view rest) {
  return rest.empty() || std::string_view("/?# ;,'\"").find(rest.front()) != std::string_view::npos;
}

// "https://host/path?query" that names authority -> "/path?query"; anything else stays.
std::string local_reference(std::string_view value, std::string_view authority) {
  for (const std::string_view scheme :
       {std::string_view("http://"), std::string_view("https://"), std::string_view("//")}) {
    if (value.size() < scheme.size() + authority.size()) continue;
    const std::string_view rest = value.substr(scheme.size() + authority.size());
    if (!base::equals_ignoring_case(value.substr(0, scheme.size()), scheme) ||
        !base::equals_ignoring_case(value.substr(scheme.size(), authority.size()), authority) ||
        !ends_authority(rest)) {
      continue;
    }
    // "//host/" and "/\\host/" would name another host.
    const bool misread = rest.size() > 1 && rest[0] == '/' && (rest[1] == '/' || rest[1] == '\\');
    if (misread) return "/." + std::string(rest);
    return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  }
  return std::string(value);
}

// Origin and Referer as the component knows itself.
std::string with_component_origin(std::string_view value, const Passage& passage) {
  const std::string ours = "https://" + std::string(passage.our_host);
  if (value.size() < ours.size() || !base::equals_ignoring_case(value.substr(0, ours.size()), ours) ||
      !ends_authority(value.substr(ours.size()))) {
    return std::string(value);
  }
  return (passage.node->https ? "https://" : "http://") + passage.node->authority +
         std::string(value.substr(ours.size()));
}

template <typename Change>
void change(http::Fields& fields, http::FieldId id, Change to) {
  std::vector<std::string> all;
  bool differs = false;
  fields.for_each([&](const http::Field& field) {
    if (field.id != id) return;
    all.push_back(to(field.value));
    differs = differs || all.back() != field.value;
  });
  if (!differs) return;
  const std::string name(http::rule_of(id).name);
  fields.remove(id);
  // What came in was valid; what goes out differs by an authority of our own configuration. If it is not
  // valid all the same, it is dropped.
  for (const std::string& value : all) static_cast<void>(fields.add(name, value));
}

// A tag that we weakened on its way out is strong where it came from: If-Match compares strongly (RFC 9110
// section 13.1.1).
std::string with_strong_tags(std::string_view value) {
  std::string out(value);
  for (std::size_t at = 0; (at = out.find("W/\"", at)) != std::string::npos; ++at) out.erase(at, 2);
  return out;
}

}  // namespace

std::string with_our_origin(std::string_view text, std::string_view authority, std::string_view our_host) {
  struct Scheme {
    std::string_view theirs, ours;
  };
  static constexpr std::array<Scheme, 4> kSchemes{
      {{"https://", "https://"}, {"http://", "https://"}, {"wss://", "wss://"}, {"ws://", "wss://"}}};
  std::string out;
  while (!text.empty()) {
    bool replaced = false;
    for (const Scheme& scheme : kSchemes) {
      const std::size_t size = scheme.theirs.size() + authority.size();
      if (text.size() < size ||
          !base::equals_ignoring_case(text.substr(0, scheme.theirs.size()), scheme.theirs) ||
          !base::equals_ignoring_case(text.substr(scheme.theirs.size(), authority.size()), authority) ||
          !ends_authority(text.substr(size))) {
        continue;
      }
      out.append(scheme.ours).append(our_host);
      text.remove_prefix(size);
      replaced = true;
      break;
    }
    if (replaced) continue;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

void rewrite_request(http::Fields& fields, const Passage& passage) {
  http::strip_request_fields(fields);
  strip(fields, passage.service->strip_request);
  const auto as_theirs = [&](std::string_view value) { return with_component_origin(value, passage); };
  change(fields, http::FieldId::Origin, as_theirs);
  change(fields, http::FieldId::Referer, as_theirs);
  strip(fields, kUnreadable);
  fields.put("accept-encoding", "identity");
  if (const auto tags = fields.find("if-match"); tags && tags->find("W/\"") != std::string_view::npos) {
    const std::string strong = with_strong_tags(*tags);
    fields.remove("if-match");
    static_cast<void>(fields.add("if-match", strong));
  }
  fields.put("x-forwarded-for", passage.client);
  fields.put("x-forwarded-proto", "https");
  fields.put("x-forwarded-host", passage.our_host);
}

void rewrite_response(http::Fields& fields, const Passage& passage) {
  const std::string_view authority = passage.node->authority;
  http::strip_response_fields(fields);
  fields.remove("x-powered-by");  // which software answers, and in which version, is the site's own affair
  fields.remove(http::FieldId::WwwAuthenticate);
  fields.remove(http::FieldId::Authorization);
  strip(fields, passage.service->strip_response);
  change(fields, http::FieldId::Location,
         [&](std::string_view value) { return local_reference(value, authority); });
  change(fields, http::FieldId::ContentLocation,
         [&](std::string_view value) { return local_reference(value, authority); });
  change(fields, http::FieldId::AccessControlAllowOrigin,
         [&](std::string_view v) { return with_our_origin(v, authority, passage.our_host); });
  change(fields, http::FieldId::ContentSecurityPolicy,
         [&](std::string_view v) { return with_our_origin(v, authority, passage.our_host); });
  add_security_fields(fields);
}

void add_security_fields(http::Fields& fields) {
  fields.set("strict-transport-security", "max-age=31536000");
  fields.set("x-content-type-options", "nosniff");
}

}  // namespace postern::enforcer
