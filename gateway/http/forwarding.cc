// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/forwarding.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "gateway/http/chars.h"

namespace postern::http {
namespace {

// The names in Connection that the table does not know. Most requests have none, and then this allocates
// nothing.
std::vector<std::string> named_by_connection(const Fields& fields) {
  std::vector<std::string> names;
  fields.for_each([&](const Field& field) {
    if (field.id != FieldId::Connection) return;
    std::string_view rest = field.value;
    for (std::string_view member; next_member(rest, member);) {
      if (base::equals_ignoring_case(member, "close") || base::equals_ignoring_case(member, "keep-alive"))
        continue;
      if (!member.empty()) names.push_back(base::to_lower(member));
    }
  });
  return names;
}

bool is_named(const std::vector<std::string>& names, const Field& field) {
  for (const std::string& name : names) {
    if (name == field.name) return true;
  }
  return false;
}

// Families by which proxies in front of a server tell it who the client is.
bool claims_identity(std::string_view name) {
  return name.starts_with("x-forwarded-") || name.starts_with("x-auth-request-") ||
         name.starts_with("x-ssl-client-") || name.starts_with("ssl-client-") ||
         name.starts_with("x-client-cert") || name.starts_with("x-envoy-") ||
         name.starts_with("x-original-") || name.starts_with("x-webauth-") || name.starts_with("x-postern-");
}

// http-parser, which many servers have, takes a name that only begins with one of these for it.
bool begins_as_framing(std::string_view name) {
  return name.starts_with("transfer-encoding") || name.starts_with("content-length");
}

}  // namespace

std::size_t strip_hop_by_hop(Fields& fields) {
  const std::vector<std::string> named = named_by_connection(fields);
  return fields.remove_if([&](const Field& field) {
    return rule_of(field.id).hop_by_hop || field.id == FieldId::ContentLength ||
           field.id == FieldId::TransferEncoding || is_named(named, field);
  });
}

std::size_t strip_request_fields(Fields& fields) {
  const std::size_t removed = strip_hop_by_hop(fields);
  return removed + fields.remove_if([](const Field& field) {
    return rule_of(field.id).strip_request || (field.id == FieldId::Other && has_meaning(field));
  });
}

std::size_t strip_response_fields(Fields& fields) {
  const std::size_t removed = strip_hop_by_hop(fields);
  return removed + fields.remove_if([](const Field& field) { return rule_of(field.id).strip_response; });
}

bool has_meaning(const Field& field) {
  return field.id != FieldId::Other || claims_identity(field.name) || begins_as_framing(field.name) ||
         field.name.find('_') != std::string_view::npos;
}

bool may_be_trailer(const Field& field) { return !has_meaning(field); }

}  // namespace postern::http
