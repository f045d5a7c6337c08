// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/staples.h"

#include <sys/stat.h>

#include <charconv>
#include <functional>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "gateway/proc/spawn.h"

namespace postern::supervisor {
namespace {

constexpr std::size_t kStapleFileLimit = 32U << 10U;  // certs::kOcspSizeLimit
constexpr std::string_view kStaplePlace = "staple/";

std::string folder_of_staples(const std::string& state_directory) { return state_directory + "/staples"; }

std::string file_of(const ListenerCertificate& certificate, const std::string& state_directory) {
  return folder_of_staples(state_directory) + "/" + certificate.leaf.fingerprint + ".ocsp";
}

// Runs in the copy: "from until" in microseconds, or '!' and why not.
std::string judged(const std::string& chain_pem, std::string_view response, base::Micros now) {
  const auto times = certs::judge_staple(chain_pem, response, now);
  if (!times.ok()) return "!" + times.error().message;
  return std::to_string(times->from) + " " + std::to_string(times->until);
}

base::Result<certs::StapleTimes> judge_in_copy(const std::string& chain_pem, std::string_view response,
                                               base::Micros now) {
  const base::Result<std::string> said =
      proc::ask_walled_copy([&] { return judged(chain_pem, response, now); });
  if (!said.ok()) return said.error();
  if (said->starts_with('!')) return base::fail(base::Code::Denied, said->substr(1));
  certs::StapleTimes times;
  const char* end = said->data() + said->size();
  const auto [space, first] = std::from_chars(said->data(), end, times.from);
  if (first != std::errc() || space == end) return base::fail(base::Code::Internal, "the copy said nothing");
  const auto [rest, second] = std::from_chars(space + 1, end, times.until);
  if (second != std::errc() || rest != end) return base::fail(base::Code::Internal, "the copy said nothing");
  return times;
}

void each_staple(Material& material, const std::function<void(ListenerCertificate&)>& visit) {
  for (ListenerMaterial* listener : {&material.support, &material.admin, &material.intake}) {
    for (ListenerCertificate& one : listener->certificates) {
      if (one.staple) visit(one);
    }
  }
}

}  // namespace

base::Result<Staple> make_staple(std::string_view chain_pem) {
  auto question = certs::question_of_staple(chain_pem);
  if (!question.ok()) return question.error();
  Staple out;
  out.url = question->url;
  out.request = std::move(question->request);
  const auto address = http::parse_web_address(out.url);
  if (!out.url.starts_with("http://"))
    return base::fail(base::Code::Invalid, "its OCSP responder is not at an http:// address");
  if (!address) return base::fail(base::Code::Invalid, "the address of its OCSP responder is none");
  out.responder = address->authority;
  out.target = address->target;
  return out;
}

// That a certificate names no responder is a flaw only where it demands what nobody can fetch then.
void plan_staple(bool wanted, ListenerCertificate& out) {
  out.demands_staple = certs::demands_staple(out.pem);
  base::Result<Staple> made =
      wanted ? make_staple(out.pem)
             : base::Result<Staple>(base::fail(base::Code::NotFound, "staple is not switched on"));
  if (made.ok()) {
    out.staple = std::move(made).value();
    return;
  }
  if (!out.demands_staple && (!wanted || made.error().code == base::Code::NotFound)) return;
  if (out.leaf.fingerprint.empty() || (!out.demands_staple && out.leaf.subject == out.leaf.issuer)) return;
  out.flaws.push_back(
      {out.demands_staple ? "must_staple" : "staple",
       (out.demands_staple ? "it demands that an OCSP response is shown with it, and there will be none: "
                           : "no OCSP response will be shown with it: ") +
           made.error().message});
  base::log_warning(out.certificate_path + ": " + out.flaws.back().why);
}

void number_staples(const Material& running, Material& wanted, std::uint32_t& next) {
  each_staple(wanted, [&](ListenerCertificate& one) {
    const Staple* known = nullptr;
    for (const ListenerMaterial* listener : {&running.support, &running.admin, &running.intake}) {
      for (const ListenerCertificate& other : listener->certificates) {
        if (other.staple && other.leaf.fingerprint == one.leaf.fingerprint) known = &*other.staple;
      }
    }
    one.staple->id = known != nullptr ? known->id : next++;
    if (known != nullptr) one.staple->failures = known->failures;
  });
}

void read_staples(Material& material, const std::string& state_directory, base::Micros now) {
  each_staple(material, [&](ListenerCertificate& one) {
    const std::string file = file_of(one, state_directory);
    base::Result<std::string> kept = base::read_file(file, kStapleFileLimit);
    if (!kept.ok()) return;
    const auto times = judge_in_copy(one.pem, *kept, now);
    if (!times.ok()) return base::log_info(file + " is passed over: " + times.error().message);
    one.staple->response = std::move(*kept);
    one.staple->times = *times;
  });
}

base::Status take_staple(ListenerCertificate& certificate, std::string_view response,
                         const std::string& state_directory, base::Micros now) {
  const auto times = judge_in_copy(certificate.pem, response, now);
  if (!times.ok()) return times.error();
  certificate.staple->response = response;
  certificate.staple->times = *times;
  ::mkdir(folder_of_staples(state_directory).c_str(),
          0700);  // it may be there; what it is not, writing tells
  const std::string file = file_of(certificate, state_directory);
  if (base::Status written = base::write_file(file, response, 0644); !written.ok())
    base::log_warning("an OCSP response is shown, but could not be kept: " + written.error().message);
  return base::Ok{};
}

ListenerCertificate* find_stapled(Material& material, std::string_view place) {
  ListenerCertificate* found = nullptr;
  if (!place.starts_with(kStaplePlace)) return found;
  each_staple(material, [&](ListenerCertificate& one) {
    if (one.leaf.fingerprint == place.substr(kStaplePlace.size())) found = &one;
  });
  return found;
}

const http::Authority* responder_of(const Material& material, std::uint32_t id) {
  for (const ListenerMaterial* listener : {&material.support, &material.admin, &material.intake}) {
    for (const ListenerCertificate& one : listener->certificates) {
      if (one.staple && one.staple->id == id) return &one.staple->responder;
    }
  }
  return nullptr;
}

base::Json staple_fetches(const Material& material) {
  base::Json out = base::Json::array();
  for (const ListenerMaterial* listener : {&material.support, &material.admin, &material.intake}) {
    for (const ListenerCertificate& one : listener->certificates) {
      if (!one.staple) continue;
      out.push_back({{"id", one.staple->id},
                     {"name", std::string(kStaplePlace) + one.leaf.fingerprint},
                     {"https", false},
                     {"host", http::host_to_send({false, one.staple->responder, {}})},
                     {"target", one.staple->target},
                     {"request", base::to_base64(one.staple->request)},
                     {"limit", kStapleFileLimit},
                     {"held_from", one.staple->times.from},
                     {"held_until", one.staple->times.until}});
    }
  }
  return out;
}

}  // namespace postern::supervisor
