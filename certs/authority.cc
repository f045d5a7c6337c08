// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/authority.h"

#include "base/bytes.h"
#include "certs/verify.h"

namespace postern::certs {
namespace {

using base::Code;
using base::fail;

// RFC 3986 section 3.1: a scheme begins with a letter; the authority or path that must follow is the
// identity.
bool has_scheme(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size()) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (base::to_lower(scheme[0]) < 'a' || base::to_lower(scheme[0]) > 'z') return false;
  return scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") ==
         std::string_view::npos;
}

bool is_email(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos;
}

}  // namespace

base::Result<Credentials> make_authority(std::string_view common_name, Validity validity) {
  if (common_name.empty()) return fail(Code::Invalid, "an authority needs a name");
  Template wanted;
  wanted.common_name = common_name;
  wanted.validity = validity;
  wanted.authority = true;
  return issue(wanted, nullptr);
}

base::Result<Credentials> make_server_certificate(const Credentials& authority,
                                                  const std::vector<std::string>& names, Validity validity,
                                                  KeyType key_type) {
  if (names.empty()) return fail(Code::Invalid, "a server certificate needs a DNS name or an IP address");
  Template wanted;
  wanted.key_type = key_type;
  wanted.validity = validity;
  wanted.server_auth = true;
  for (const std::string& name : names) {
    (is_ip_literal(name) ? wanted.ip_addresses : wanted.dns_names).push_back(name);
  }
  // Display only; a longer name stands in subjectAltName all the same.
  if (names.front().size() <= 64) wanted.common_name = names.front();
  return issue(wanted, &authority);
}

base::Result<Credentials> make_client_certificate(const Credentials& authority, std::string_view display_name,
                                                  std::string_view email_or_uri, Validity validity) {
  Template wanted;
  wanted.common_name = display_name;
  wanted.validity = validity;
  wanted.client_auth = true;
  if (has_scheme(email_or_uri)) {
    wanted.uris.emplace_back(email_or_uri);
  } else if (is_email(email_or_uri)) {
    wanted.emails.emplace_back(email_or_uri);
  } else {
    return fail(Code::Invalid,
                "\"" + base::printable(email_or_uri) + "\" is neither an e-mail address nor a URI");
  }
  return issue(wanted, &authority);
}

}  // namespace postern::certs
