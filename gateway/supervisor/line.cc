// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/line.h"

#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/ulid.h"
#include "gateway/supervisor/line_folder.h"
#include "line/protocol.h"

namespace postern::supervisor {
namespace {

using audit::EventType;
using base::Json;

constexpr std::size_t kMostSteps = 16, kSaidLimit = 512, kLongestTunnelWhy = 512;
constexpr base::Micros kLossesWindow = 600 * base::kWallSecond;
constexpr int kMostLosses = 15;  // that are recorded within it, each with its return
constexpr base::Micros kConflictEvery = 60 * base::kWallSecond, kRenewalEvery = 60 * base::kWallSecond;
constexpr int kRenewalTries =
    4;  // what comes of one request is judged so often, each time in a copy of this process
constexpr std::array<const char*, 4> kStates{"connecting", "up", "waiting", "refused"};

// The link reads from the network: what it says is shown, and nothing else is done with it.
std::string said_text(const Json& said, const char* key) {
  return base::printable(base::json_text_or(said, key, ""), kSaidLimit);
}

Json refused_because(std::string why) { return {{"ok", false}, {"why", std::move(why)}}; }
Json cannot(std::string message) { return {{"ok", false}, {"message", std::move(message)}}; }

}  // namespace

void Line::prepare(const MissionControl* wanted, const LineMaterial& before, LineMaterial& material) {
  if (wanted == nullptr) return;
  material.life = before.life.empty() ? base::UlidMaker().make(calls_.now()) : before.life;
  material.check = before.check;
  material.enrol_asked = before.enrol_asked;
  material.enrol_code = before.enrol_code;
  material.enrol_request = before.enrol_request;
  const base::Status opened = open_line(*wanted, material);
  problem_ = opened.ok() ? std::string() : opened.error().message;
}

void Line::adopt(const MissionControl* wanted, LineMaterial& material) {
  wanted_ = wanted;
  material_ = &material;
  if (since_ == 0) since_ = calls_.now();
}

Json Line::described(Json detail) const {
  detail["url"] = wanted_->url;
  if (!material_->leaf.uris.empty()) {
    const auto name = line::parse_uri(material_->leaf.uris.front());
    if (name.ok()) detail["installation"] = name->id;
  }
  return detail;
}

Json Line::on_console(const Json& question) {
  const std::string what = base::json_text_or(question, "do", "");
  if (what == "status") return {{"ok", true}, {"link", status()}};
  if (wanted_ == nullptr)
    return cannot("the configuration names no Mission Control: set mission_control in postern.yaml");
  if (!problem_.empty()) return cannot(problem_);
  if (what == "enrol") return enrol(question);
  if (what == "check") return check();
  return cannot("there is no such thing to do");
}

Json Line::enrol(const Json& question) {
  const std::string code = line::normal_code(base::json_text_or(question, "code", ""));
  if (code.empty())
    return cannot("that is no code: it has 20 letters and digits in groups of five, as the vendor gave it");
  if (!material_->certificate_pem.empty() && material_->leaf.not_after > calls_.now())
    return cannot("this installation is enrolled already, as " + material_->leaf.uris.front() + " until " +
                  base::format_time(material_->leaf.not_after) +
                  ": to enrol it anew, have the vendor retire it, and move " + wanted_->folder.path +
                  " away");
  base::Result<std::string> request = line_request(*wanted_);
  if (!request.ok()) return cannot(request.error().message);
  material_->enrol_code = code;
  material_->enrol_request = std::move(*request);
  enrolment_ = Enrolment{
      ++material_->enrol_asked, "under_way", base::json_text_or(question, "actor", "gateway"), {}, {}};
  calls_.tell_link();
  return {{"ok", true}, {"asked", material_->enrol_asked}};
}

Json Line::check() {
  ++material_->check;
  steps_ = nullptr;
  calls_.tell_link();
  return {{"ok", true}, {"check", material_->check}};
}

Json Line::on_link(const Json& said) {
  if (wanted_ == nullptr) return refused_because("the configuration names no Mission Control any more");
  const std::string what = base::json_text_or(said, "do", "");
  if (what == "enrolled") return take_enrolled(said);
  if (what == "enrol_failed") return take_enrol_failed(said);
  if (what == "renew") return renew();
  if (what == "renewed") return take_renewed(said);
  if (what == "state") take_state(said);
  if (what == "tunnel") take_tunnel(said);
  if (what == "order" && base::json_text_or(said, "order", "") == "conflict" &&
      calls_.now() >= next_conflict_) {
    next_conflict_ = calls_.now() + kConflictEvery;
    calls_.record(EventType::LinkConflict, "gateway", wanted_->authority.host,
                  described({{"client", said_text(said, "client")}}));
  }
  if (what == "checked" && base::json_number_or(said, "check", 0) == material_->check) {
    checked_ = material_->check;
    steps_ = Json::array();
    for (const Json& step : said.value("steps", Json::array())) {
      if (steps_.size() == kMostSteps || !step.is_object()) break;
      steps_.push_back({{"step", said_text(step, "step")},
                        {"ok", base::json_bool_or(step, "ok", false)},
                        {"said", said_text(step, "said")},
                        {"took_us", base::json_number_or(step, "took_us", 0)}});
    }
  }
  return {{"ok", true}};
}

void Line::take_state(const Json& said) {
  Json taken = Json::object();
  for (const char* state : kStates) {
    if (said_text(said, "state") == state) taken["state"] = state;
  }
  if (taken.empty()) return;
  for (const char* key : {"why", "code", "version"}) {
    if (std::string text = said_text(said, key); !text.empty()) taken[key] = std::move(text);
  }
  for (const char* key : {"attempts", "next", "skew_us"}) {
    if (const std::int64_t number = base::json_number_or(said, key, 0); number != 0) taken[key] = number;
  }
  said_ = std::move(taken);
  const bool up = said_["state"] == "up";
  if (up && !up_) {
    Json detail = described({{"version", base::json_text_or(said_, "version", "")}});
    if (down_told_ != 0) detail["duration_us"] = calls_.now() - down_told_;
    // Of a loss that was one too many its return is not told either: they come in pairs.
    if (!std::exchange(untold_, false))
      calls_.record(EventType::LinkUp, "gateway", wanted_->authority.host, detail);
    down_told_ = 0;
    up_ = true;
    since_ = calls_.now();
  } else if (!up && said_["state"] != "connecting") {
    went_down(base::json_text_or(said_, "why", "for no reason given"));
  }
}

// Once, however often it is tried again.
void Line::went_down(const std::string& why) {
  if (up_) since_ = calls_.now();
  up_ = false;
  if (down_told_ != 0 || untold_ || material_->certificate_pem.empty()) return;
  if (!may_record_loss()) {
    untold_ = true;
    ++unrecorded_;
    return;
  }
  down_told_ = calls_.now();
  Json detail = described({{"why", why}});
  if (unrecorded_ > 0) detail["unrecorded"] = std::exchange(unrecorded_, 0);
  calls_.record(EventType::LinkDown, "gateway", wanted_->authority.host, detail);
}

bool Line::may_record_loss() {
  if (calls_.now() >= losses_since_ + kLossesWindow) {
    losses_since_ = calls_.now();
    losses_ = 0;
  }
  return ++losses_ <= kMostLosses;
}

void Line::link_gone() {
  if (wanted_ == nullptr) return;
  said_ = Json::object();
  tunnel_ = nullptr;
  if (up_) went_down("the process that keeps it ended");
}

void Line::end_enrolment(std::string_view state, const std::string& why, const std::string& code) {
  material_->enrol_code.clear();
  material_->enrol_request.clear();
  enrolment_->state = state;
  enrolment_->why = why;
  enrolment_->code = code;
}

Json Line::take_enrolled(const Json& said) {
  if (!enrolment_ || enrolment_->state != "under_way" ||
      base::json_number_or(said, "asked", 0) != enrolment_->asked)
    return refused_because("nobody asked for it any more");
  base::Status taken = take_line(*wanted_, *material_, base::json_text_or(said, "chain", ""), calls_.now());
  const std::string customer = said_text(said, "customer");
  if (taken.ok()) taken = name_line(*wanted_, said_text(said, "installation"), customer);
  if (taken.ok()) taken = open_line(*wanted_, *material_);
  if (!taken.ok()) {
    const std::string why =
        "the certificate that Mission Control issued is not taken: " + taken.error().message;
    calls_.record(EventType::LinkEnrolmentFailed, enrolment_->actor, wanted_->authority.host,
                  described({{"why", why}}));
    end_enrolment("failed", why, {});
    calls_.tell_link();
    return refused_because(why);
  }
  calls_.record(EventType::LinkEnrolled, enrolment_->actor, wanted_->authority.host,
                described({{"customer", customer},
                           {"issuer", material_->leaf.issuer},
                           {"expires", base::format_time(material_->leaf.not_after)}}));
  end_enrolment("done", {}, {});
  calls_.new_certificate();
  return {{"ok", true}};
}

Json Line::take_enrol_failed(const Json& said) {
  if (!enrolment_ || enrolment_->state != "under_way" ||
      base::json_number_or(said, "asked", 0) != enrolment_->asked)
    return {{"ok", true}};
  const std::string why = said_text(said, "why");
  const std::string code = said_text(said, "code");
  Json detail = described({{"why", why}});
  if (!code.empty()) detail["code"] = code;
  calls_.record(EventType::LinkEnrolmentFailed, enrolment_->actor, wanted_->authority.host, detail);
  end_enrolment("failed", why, code);
  calls_.tell_link();
  return {{"ok", true}};
}

// Each costs a copy of this process.
Json Line::renew() {
  if (calls_.now() < next_renewal_) return refused_because("it was asked for a moment ago");
  next_renewal_ = calls_.now() + kRenewalEvery;
  base::Result<std::string> request = line_request(*wanted_);
  if (!request.ok()) return refused_because(request.error().message);
  renewal_tries_ = kRenewalTries;
  return {{"ok", true}, {"request", *request}};
}

Json Line::take_renewed(const Json& said) {
  if (renewal_tries_ == 0) return refused_because("nobody asked for it any more");
  --renewal_tries_;
  base::Status taken = take_line(*wanted_, *material_, base::json_text_or(said, "chain", ""), calls_.now());
  if (taken.ok()) taken = open_line(*wanted_, *material_);
  if (!taken.ok()) return refused_because(taken.error().message);
  renewal_tries_ = 0;
  calls_.record(EventType::LinkCertificateRenewed, "gateway", wanted_->authority.host,
                described({{"issuer", material_->leaf.issuer},
                           {"expires", base::format_time(material_->leaf.not_after)}}));
  calls_.new_certificate();
  return {{"ok", true}};
}

void Line::take_tunnel(const Json& said) {
  tunnel_ = Json{{"open", base::json_bool_or(said, "open", false)},
                 {"waiting", base::json_number_or(said, "waiting", 0)},
                 {"connected", base::json_number_or(said, "connected", 0)}};
  if (const std::string why = base::json_text_or(said, "why", ""); !why.empty())
    tunnel_["why"] = base::printable(why, kLongestTunnelWhy);
}

Json Line::status() const {
  if (wanted_ == nullptr) return nullptr;
  Json out{{"url", wanted_->url},
           {"revocation", wanted_->revocation == certs::Revocation::Hard ? "hard" : "soft"},
           {"since", base::format_time(since_)}};
  if (wanted_->proxy) out["proxy"] = http::to_text(wanted_->proxy->authority);
  const bool enrolled = !material_->certificate_pem.empty();
  out["state"] = !problem_.empty() ? "unusable" : !enrolled ? "not_enrolled" : "connecting";
  if (!problem_.empty()) out["why"] = problem_;
  if (enrolled) {
    out.update(described(Json::object()));
    out["customer"] = material_->customer;
    out["certificate"] = {{"issuer", material_->leaf.issuer},
                          {"not_after", base::format_time(material_->leaf.not_after)}};
    out.update(said_);
    if (out.contains("next")) out["next"] = base::format_time(out["next"].get<base::Micros>());
  }
  if (enrolment_) {
    Json one{{"asked", enrolment_->asked}, {"state", enrolment_->state}};
    if (!enrolment_->why.empty()) one["why"] = enrolment_->why;
    if (!enrolment_->code.empty()) one["code"] = enrolment_->code;
    out["enrolment"] = std::move(one);
  }
  if (wanted_->tunnel) {
    out["tunnel"] = {{"open", false}, {"waiting", 0}, {"connected", 0}};
    if (!tunnel_.is_null()) out["tunnel"] = tunnel_;
  }
  if (material_->check > 0) {
    out["check"] = {{"number", material_->check}};
    if (checked_ == material_->check) out["check"]["steps"] = steps_;
  }
  return out;
}

}  // namespace postern::supervisor
