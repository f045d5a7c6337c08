// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/line_settings.h"

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/ulid.h"
#include "certs/revocation.h"
#include "gateway/http/authority.h"
#include "gateway/http/credential.h"
#include "gateway/http/fields.h"

namespace postern::link {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr const char* kHttp2 = "h2";

base::Error no_line(const char* what) {
  return base::fail(Code::Invalid, std::string("the line's part of the configuration has no ") + what);
}

base::Status read_proxy(const Json& json, const Settings::TakeFile& file, LineSettings& out) {
  if (!json.is_object()) return base::Ok{};
  out.through_proxy = true;
  out.memory = std::make_shared<ProxyMemory>();
  out.login.user = base::json_text_or(json, "user", "");
  if (out.login.user.empty()) return base::Ok{};
  if (!http::is_basic_user(out.login.user)) return no_line("user of the proxy that can be one");
  if (!json.contains("fd")) {
    out.login.password = std::make_shared<const base::Secret>();
    return base::Ok{};
  }
  auto password = read_secret(json, file);
  if (!password.ok()) return password.error();
  out.login.password = std::move(*password);
  return base::Ok{};
}

base::Status make_contexts(const Json& json, const base::Clock& clock, tls::RemoteSigner& signer,
                           LineSettings& out) {
  tls::ClientSettings settings{base::json_text_or(json, "roots", ""), kHttp2};
  // Whoever forgets to say it gets the strict one.
  const bool soft = base::json_text_or(json, "revocation", "hard") == "soft";
  settings.revocation = soft ? certs::Revocation::Soft : certs::Revocation::Hard;
  if (const std::string crls = base::json_text_or(json, "crls", ""); !crls.empty()) {
    auto read = certs::read_crls(crls);
    if (!read.ok()) return std::move(read).error();
    settings.crls = std::make_shared<const std::vector<certs::CrlPtr>>(std::move(*read));
  }
  auto nameless = tls::ClientContext::make(settings, clock);
  if (!nameless.ok()) return std::move(nameless).error();
  out.nameless = std::move(*nameless);
  const std::string chain = base::json_text_or(json, "certificate", "");
  if (chain.empty()) return base::Ok{};
  auto certificate = tls::RemoteCertificate::make(chain, signer);
  if (!certificate.ok()) return std::move(certificate).error();
  settings.certificate = std::move(*certificate);
  auto own = tls::ClientContext::make(settings, clock);
  if (!own.ok()) return std::move(own).error();
  out.own = std::move(*own);
  return base::Ok{};
}

// All that a connection depends on. Of the password its hash, under a key of this process.
std::string identity_of(Json json, const LineSettings& settings) {
  static const base::Secret key(base::random_bytes(base::KeyedHash::kKeySize));
  for (const char* passing : {"enrol", "check"}) json.erase(passing);
  if (json.contains("proxy") && json["proxy"].is_object()) json["proxy"].erase("fd");
  std::string out = base::dump_json(json);
  if (settings.login.password) out += base::keyed_hash(key.view(), settings.login.password->view());
  return out;
}

}  // namespace

Result<LineSettings> LineSettings::read(const Json& part, const base::Clock& clock, tls::RemoteSigner& signer,
                                        const Settings::TakeFile& file) {
  LineSettings out;
  out.place = static_cast<std::uint32_t>(base::json_number_or(part, "id", 0));
  out.host = base::json_text_or(part, "host", "");
  out.tls_name = base::json_text_or(part, "tls_name", "");
  out.life = base::json_text_or(part, "life", "");
  out.version = base::json_text_or(part, "version", "");
  out.from = base::json_number_or(part, "from", 0);
  out.until = base::json_number_or(part, "until", 0);
  out.check = base::json_number_or(part, "check", 0);
  if (!http::is_authority(out.host)) return no_line("host");
  if (!base::is_ulid(out.life)) return no_line("life");
  // It goes out as a header field.
  if (http::Fields probe; out.version.empty() || !probe.add("user-agent", out.version))
    return no_line("version");
  if (base::Status read = read_proxy(part.value("proxy", Json()), file, out); !read.ok())
    return std::move(read).error();
  if (base::Status made = make_contexts(part, clock, signer, out); !made.ok()) return std::move(made).error();
  if (const Json enrol = part.value("enrol", Json()); enrol.is_object()) {
    out.enrol = LineEnrolment{base::json_number_or(enrol, "asked", 0), base::json_text_or(enrol, "code", ""),
                              base::json_text_or(enrol, "request", "")};
  }
  out.identity = identity_of(part, out);
  return out;
}

}  // namespace postern::link
