// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/line_folder.h"

#include <optional>

#include "base/file.h"
#include "certs/make_request.h"
#include "certs/private_key.h"
#include "certs/verify.h"
#include "gateway/proc/spawn.h"
#include "gateway/supervisor/issued_folder.h"

namespace postern::supervisor {
namespace {

constexpr std::size_t kNameFile = 4096;  // bytes of installation.json
constexpr std::string_view kRequestMade = "+";
constexpr base::Micros kLongestLifeThere = 400LL * 86400 * base::kWallSecond;

IssuedFolder line_folder(const MissionControl& wanted) { return IssuedFolder(wanted.folder.path); }
std::string name_file(const MissionControl& wanted) { return wanted.folder.path + "/installation.json"; }

// Runs in the copy. kRequestMade and the request, or what is wrong.
std::string make_line_request(const IssuedFolder& folder) {
  if (std::string wrong = folder.prepare({folder.next_file()}); !wrong.empty()) return wrong;
  const auto key = folder.read_next_key();
  if (!key.ok()) return key.error().message;
  const auto request = certs::make_request(key->get(), {});
  return request.ok() ? std::string(kRequestMade) + certs::request_to_pem(*request) : request.error().message;
}

// Of a renewal: by whom the certificate in force was issued. Nothing if it came without its issuer.
std::string wrong_with_issuer(const std::string& known_pem, const std::string& chain_pem, base::Micros now) {
  const auto known = certs::pem_to_der(known_pem);
  const auto chain = certs::pem_to_der(chain_pem);
  if (!known.ok() || !chain.ok() || known->size() < 2) return {};
  const auto verifier = certs::Verifier::make(certs::der_to_pem(known->back()));
  if (!verifier.ok()) return verifier.error().message;
  certs::Question question;
  question.purpose = certs::Purpose::Client;
  question.now = now;
  const certs::Verdict verdict = verifier->judge(*chain, question, {});
  return verdict.good() ? std::string()
                        : "it is not of the issuer of the one in force: " + verdict.failure->sentence;
}

// Runs in the copy. Whom Mission Control believes is its own affair: here it is asked whether the certificate is of use.
std::string wrong_with_line(const IssuedFolder& folder, const std::string& known,
                            const std::string& known_pem, const std::string& chain_pem,
                            std::string_view key_pem, base::Micros now) {
  const auto key = certs::read_private_key(key_pem, folder.next_file());
  if (!key.ok()) return key.error().message;
  if (!certs::check_pair(key->get(), folder.next_file(), chain_pem).ok())
    return "it is for another key than the one that it was asked for";
  if (const base::Status usable = certs::check_client_use(chain_pem); !usable.ok())
    return usable.error().message;
  const auto chain = certs::read_chain(chain_pem);
  if (!chain.ok()) return chain.error().message;
  const certs::CertificateFacts& leaf = chain->front();
  if (leaf.uris.size() != 1) return "it does not name one installation";
  const auto name = line::parse_uri(leaf.uris.front());
  if (!name.ok()) return name.error().message;
  if (!known.empty() && known != leaf.uris.front())
    return "it is for " + leaf.uris.front() + ", and this is " + known;
  if (now < leaf.not_before || now >= leaf.not_after)
    return "it is valid from " + base::format_time(leaf.not_before) + " until " +
           base::format_time(leaf.not_after) + ", and the clock here says " + base::format_time(now);
  if (leaf.not_after > now + kLongestLifeThere)
    return "it is valid until " + base::format_time(leaf.not_after) + ", which is longer than 400 days";
  return known.empty() ? std::string() : wrong_with_issuer(known_pem, chain_pem, now);
}

// A file that is missing or damaged costs a name.
void read_names(const MissionControl& wanted, LineMaterial& material) {
  material.customer.clear();
  const auto text = base::read_file(name_file(wanted), kNameFile);
  if (!text.ok()) return;
  const auto json = base::parse_json(*text);
  if (json.ok()) material.customer = base::json_text_or(*json, "customer", "");
}

}  // namespace

base::Status open_line(const MissionControl& wanted, LineMaterial& material) {
  const IssuedFolder folder = line_folder(wanted);
  material.certificate_pem.clear();
  material.leaf = {};
  material.key.reset();
  if (base::Status sound = in_copy([&] { return folder.prepare({}); }, base::Code::Invalid); !sound.ok())
    return sound;
  base::Result<std::optional<IssuedFolder::Issued>> issued = folder.open();
  if (!issued.ok()) return std::move(issued).error();
  if (!*issued) return base::Ok{};
  const std::vector<std::string>& names = (*issued)->leaf.uris;
  if (names.size() != 1 || !line::parse_uri(names.front()).ok())
    return base::fail(base::Code::Invalid, folder.certificate_file() + " names no installation");
  material.certificate_pem = std::move((*issued)->pem);
  material.leaf = std::move((*issued)->leaf);
  material.key = std::move((*issued)->key);
  read_names(wanted, material);
  return base::Ok{};
}

base::Result<std::string> line_request(const MissionControl& wanted) {
  const IssuedFolder folder = line_folder(wanted);
  base::Result<std::string> said = proc::ask_copy([&] { return make_line_request(folder); });
  if (!said.ok()) return said;
  if (!said->starts_with(kRequestMade)) return base::fail(base::Code::Invalid, *said);
  return said->substr(kRequestMade.size());
}

base::Status take_line(const MissionControl& wanted, const LineMaterial& material, std::string_view chain_pem,
                       base::Micros now) {
  const IssuedFolder folder = line_folder(wanted);
  const bool valid = !material.leaf.uris.empty() && material.leaf.not_after > now;
  const std::string known = valid ? material.leaf.uris.front() : std::string();
  const auto judge = [&](const std::string& chain, std::string_view key) {
    return wrong_with_line(folder, known, material.certificate_pem, chain, key, now);
  };
  return in_copy([&] { return folder.take(chain_pem, judge); }, base::Code::Denied);
}

base::Status name_line(const MissionControl& wanted, const std::string& installation,
                       const std::string& customer) {
  const std::string text =
      base::dump_json(base::Json{{"installation", installation}, {"customer", customer}});
  return base::write_file(name_file(wanted), text + "\n", 0600);
}

base::Json line_link_part(const MissionControl& wanted, const LineMaterial& material) {
  http::Authority host = wanted.authority;
  if (host.port == 443 && !wanted.proxy) host.port = 0;
  base::Json out{{"id", wanted.id},
                 {"host", http::to_text(host)},
                 {"tls_name", wanted.tls_name},
                 {"roots", material.roots_pem},
                 {"revocation", wanted.revocation == certs::Revocation::Hard ? "hard" : "soft"},
                 {"proxy", nullptr},
                 {"certificate", material.certificate_pem},
                 {"from", material.leaf.not_before},
                 {"until", material.leaf.not_after},
                 {"enrol", nullptr},
                 {"check", material.check},
                 {"life", material.life},
                 {"version", POSTERN_VERSION}};
  if (wanted.proxy) {
    out["proxy"] = {{"user", wanted.proxy->user}};
    if (material.proxy_password.valid()) out["proxy"]["fd"] = MissionControl::kPasswordDescriptor;
  }
  if (!material.enrol_request.empty()) {
    out["enrol"] = {
        {"asked", material.enrol_asked}, {"code", material.enrol_code}, {"request", material.enrol_request}};
  }
  return out;
}

base::Json line_keeper_part(const MissionControl& wanted, const LineMaterial& material) {
  return {{"fd", MissionControl::kKeyDescriptor},
          {"certificate", material.certificate_pem},
          {"path", line_folder(wanted).key_file(material.leaf.key_id)}};
}

}  // namespace postern::supervisor
