// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/parts.h"

namespace postern::console {

base::Result<Facts> read_facts(const base::Json& config) {
  Facts facts;
  facts.state_directory = base::json_text_or(config, "state_directory", "");
  facts.public_url = base::json_text_or(config, "public_url", "");
  if (facts.state_directory.empty())
    return base::fail(base::Code::Invalid, "the configuration names no state directory");
  for (const base::Json& name : config.value("names", base::Json::array())) {
    const auto authority = name.is_string() ? http::parse_authority(name.get<std::string>()) : std::nullopt;
    if (!authority)
      return base::fail(base::Code::Invalid, "a name of the admin listener is not host or host:port");
    facts.names.push_back(*authority);
  }
  facts.listeners = config.value("listeners", base::Json::array());
  facts.component = config.value("component", base::Json::object());
  facts.grants = config.value("grants", base::Json::object());
  if (!facts.listeners.is_array() || !facts.component.is_object() || !facts.grants.is_object()) {
    return base::fail(base::Code::Invalid, "listeners, component or grants is of the wrong form");
  }
  facts.second_factor_required = base::json_bool_or(config, "second_factor_required", false);
  if (const auto openid = config.find("openid"); openid != config.end() && openid->is_object())
    facts.provider = face::ProviderFacts{base::json_text_or(*openid, "issuer", ""),
                                         base::json_texts(*openid, "local_accounts"),
                                         base::json_bool_or(*openid, "demanding", false)};
  return facts;
}

}  // namespace postern::console
