// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/settings.h"

#include "gateway/http/authority.h"
#include "gateway/http/request_rules.h"

namespace postern::link {

using base::Code;
using base::Json;
using base::Result;

namespace {

constexpr std::string_view kProtocol = "http/1.1";

Result<Place> read_place(const Json& json, const base::Clock& clock) {
  Place place;
  place.id = static_cast<std::uint32_t>(base::json_number_or(json, "id", 0));
  place.name = base::json_text_or(json, "name", "");
  place.host = base::json_text_or(json, "host", "");
  place.target = base::json_text_or(json, "target", "");
  place.tls_name = base::json_text_or(json, "tls_name", "");
  if (place.name.empty() || !http::is_authority(place.host) || !http::is_target_text(place.target))
    return base::fail(Code::Invalid, "a place of the link's configuration is not one");
  if (!base::json_bool_or(json, "https", true)) return place;
  auto context =
      tls::ClientContext::make({base::json_text_or(json, "roots", ""), std::string(kProtocol)}, clock);
  if (!context.ok()) return base::fail(context.error().code, place.name + ": " + context.error().message);
  place.tls = std::move(*context);
  return place;
}

}  // namespace

const Place* Settings::find(std::string_view name) const {
  for (const Place& place : places) {
    if (place.name == name) return &place;
  }
  return nullptr;
}

Result<Settings> Settings::read(const Json& part, const base::Clock& clock) {
  if (!part.is_object()) return base::fail(Code::Invalid, "the link's part of the configuration is missing");
  Settings settings;
  for (const Json& json : part.value("places", Json::array())) {
    auto place = read_place(json, clock);
    if (!place.ok()) return place.error();
    settings.places.push_back(std::move(*place));
  }
  const Json timeouts = part.value("timeouts", Json::object());
  settings.connect = base::json_number_or(timeouts, "connect_us", settings.connect / 1000) * 1000;
  return settings;
}

}  // namespace postern::link
