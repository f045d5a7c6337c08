// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/settings.h"

#include "base/bytes.h"
#include "base/file.h"
#include "certs/webhook_secret.h"
#include "gateway/http/authority.h"
#include "gateway/http/request_rules.h"

namespace postern::link {

using base::Code;
using base::Json;
using base::Result;

namespace {

constexpr std::string_view kProtocol = "http/1.1";

base::Status read_mail(const Json& json, const Settings::TakeFile& file, Mail& mail) {
  mail.from = base::json_text_or(json, "from", "");
  for (const Json& one : json.value("to", Json::array())) {
    if (one.is_string()) mail.to.push_back(one.get<std::string>());
  }
  mail.user = base::json_text_or(json, "user", "");
  mail.starttls = base::json_bool_or(json, "starttls", false);
  if (mail.user.empty()) return base::Ok{};
  auto password = read_secret(json, file);
  if (!password.ok()) return password.error();
  mail.password = std::move(*password);
  return base::Ok{};
}

Result<Place> read_place(const Json& json, const base::Clock& clock, const Settings::TakeFile& file) {
  Place place;
  const std::string carriage = base::json_text_or(json, "carriage", "text");
  if (carriage == "webhook") place.carriage = Carriage::Webhook;
  if (carriage == "mail") place.carriage = Carriage::Mail;
  if (carriage == "line") {
    place.carriage = Carriage::Line;
    place.name = base::json_text_or(json, "name", "");
    return place;
  }
  place.id = static_cast<std::uint32_t>(base::json_number_or(json, "id", 0));
  place.name = base::json_text_or(json, "name", "");
  place.host = base::json_text_or(json, "host", "");
  place.target = base::json_text_or(json, "target", "");
  place.tls_name = base::json_text_or(json, "tls_name", "");
  const bool mail = place.carriage == Carriage::Mail;
  if (place.name.empty() || !http::is_authority(place.host) || (!mail && !http::is_target_text(place.target)))
    return base::fail(Code::Invalid, "a place of the link's configuration is not one");
  if (base::Status read = mail ? read_mail(json, file, place.mail) : base::Status(base::Ok{}); !read.ok())
    return read.error();
  if (!base::json_bool_or(json, "https", true)) return place;
  auto context = tls::ClientContext::make(
      {base::json_text_or(json, "roots", ""), mail ? "" : std::string(kProtocol)}, clock);
  if (!context.ok()) return base::fail(context.error().code, place.name + ": " + context.error().message);
  place.tls = std::move(*context);
  return place;
}

Result<std::shared_ptr<const OpenIdSettings>> read_openid(const Json& json, const base::Clock& clock,
                                                          const Settings::TakeFile& file) {
  auto out = std::make_shared<OpenIdSettings>();
  out->issuer = base::json_text_or(json, "issuer", "");
  out->client_id = base::json_text_or(json, "client_id", "");
  out->redirect_uri = base::json_text_or(json, "redirect_uri", "");
  out->home_uri = base::json_text_or(json, "home_uri", "");
  out->groups_claim = base::json_text_or(json, "groups_claim", "");
  out->scopes = base::json_texts(json, "scopes");
  out->acr = base::json_texts(json, "acr");
  out->amr = base::json_texts(json, "amr");
  out->groups = base::json_texts(json, "groups");
  out->skew = base::json_number_or(json, "skew_us", 0);
  out->max_age = base::json_number_or(json, "max_age_us", 0);
  for (const Json& one : json.value("hosts", Json::array())) {
    const auto authority = http::parse_authority(base::json_text_or(one, "authority", ""));
    if (!authority) return base::fail(Code::Invalid, "a host of the identity provider is not one");
    out->hosts.push_back({static_cast<std::uint32_t>(base::json_number_or(one, "id", 0)), *authority,
                          base::json_text_or(one, "host", ""), base::json_text_or(one, "tls_name", "")});
  }
  out->by_key = base::json_bool_or(json, "by_key", false);
  if (json.contains("fd")) {
    auto secret = read_secret(json, file);
    if (!secret.ok()) return secret.error();
    out->secret = std::move(*secret);
  }
  auto context =
      tls::ClientContext::make({base::json_text_or(json, "roots", ""), std::string(kProtocol)}, clock);
  if (!context.ok()) return base::fail(context.error().code, "openid: " + context.error().message);
  out->tls = std::move(*context);
  return std::shared_ptr<const OpenIdSettings>(std::move(out));
}

}  // namespace

Result<std::shared_ptr<const base::Secret>> read_secret(const Json& json, const Settings::TakeFile& file) {
  const std::string name = base::json_text_or(json, "fd", "");
  const base::UniqueFd fd = file(name);
  Result<std::string> text = base::read_open_file(fd.get(), name, certs::kSecretFileLimit);
  if (!text.ok()) return std::move(text).error();
  Result<base::Secret> secret = certs::read_password(*text);
  base::wipe(*text);
  if (!secret.ok()) return base::fail(Code::Invalid, name + " holds " + secret.error().message);
  return std::make_shared<const base::Secret>(std::move(*secret));
}

const Place* Settings::find(std::string_view name) const {
  for (const Place& place : places) {
    if (place.name == name) return &place;
  }
  return nullptr;
}

Result<Settings> Settings::read(const Json& part, const base::Clock& clock, const TakeFile& file) {
  if (!part.is_object()) return base::fail(Code::Invalid, "the link's part of the configuration is missing");
  Settings settings;
  for (const Json& json : part.value("places", Json::array())) {
    auto place = read_place(json, clock, file);
    if (!place.ok()) return place.error();
    settings.places.push_back(std::move(*place));
  }
  if (const Json openid = part.value("openid", Json()); openid.is_object()) {
    auto read = read_openid(openid, clock, file);
    if (!read.ok()) return read.error();
    settings.openid = std::move(*read);
  }
  return settings;
}

}  // namespace postern::link
