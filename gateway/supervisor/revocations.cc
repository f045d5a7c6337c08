// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/revocations.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"
#include "gateway/supervisor/parts.h"

namespace postern::supervisor {
namespace {

using base::Json;

}  // namespace

void Revocations::prepare(const Config& wanted, Material& material) {
  inquiries_.plan({wanted, material, calls_.now()}, next_node_);
  inquiries_.put_into(wanted, material);
}

void Revocations::adopt(const Config& wanted, Material& material) {
  config_ = &wanted;
  material_ = &material;
}

base::Result<certs::StapleTimes> Revocations::on_fetched(const std::string& name,
                                                         const base::Result<std::string>& body) {
  Inquiries::Taken taken = inquiries_.take(ground(), name, body);
  // One that tells of a certificate that was taken back comes once: nothing older takes the place of what says so.
  for (Inquiries::Taken::News& one : taken.news) {
    const bool severe = one.severity == audit::Severity::Severe || taken.revoked;
    if (calls_.may_record(name, severe, one.detail))
      calls_.record(one.type, one.subject, one.detail, one.severity);
  }
  inquiries_.put_into(*config_, *material_);
  if (taken.changed && taken.list) calls_.reload_enforcers();
  if (taken.changed && !taken.list) calls_.tell_enforcers(answers_part(*config_, *material_, taken.revoked));
  for (Waiting& one : waiting_) one.open.erase(name);
  answer_waiting();
  tell_of_crls();
  return taken.verdict;
}

void Revocations::tell_link_of_fetches() const { calls_.tell_link(fetches_part(*config_, *material_)); }

base::Status Revocations::on_inquire(const Json& question, Answer answer) {
  std::vector<std::string> chain;
  for (const std::string& one : base::json_texts(question, "chain"))
    chain.push_back(base::from_base64(one).value_or(std::string()));
  if (chain.size() > certs::kChainLimit)
    return base::fail(base::Code::Invalid, "it asked about a chain that no handshake has");
  const auto asked = inquiries_.ask(ground(), base::json_text_or(question, "whose", ""),
                                    base::json_text_or(question, "host", ""), chain, next_node_);
  if (!asked.ok()) {
    answer({{"ok", false}, {"why", asked.error().message}});
    return base::Ok{};
  }
  if (asked->added) {
    inquiries_.put_into(*config_, *material_);
    tell_link_of_fetches();
  }
  if (waiting_.size() >= kMostWaiting) {
    answer({{"ok", true}});
    return base::Ok{};
  }
  waiting_.push_back({std::move(answer), {asked->open.begin(), asked->open.end()}});
  answer_waiting();
  return base::Ok{};
}

void Revocations::answer_waiting() {
  for (Waiting& one : waiting_) {
    std::erase_if(one.open, [this](const std::string& name) { return !inquiries_.has(name); });
    if (one.open.empty()) one.answer({{"ok", true}});
  }
  std::erase_if(waiting_, [](const Waiting& one) { return one.open.empty(); });
}

Json Revocations::refresh() {
  if (inquiries_.size() == 0)
    return {
        {"ok", false},
        {"message", "the gateway fetches nothing about revocations: see crl and ocsp of the configuration"}};
  inquiries_.ask_again();
  inquiries_.put_into(*config_, *material_);
  tell_link_of_fetches();
  return {{"ok", true}, {"count", inquiries_.size()}};
}

void Revocations::tell_of_crls() {
  for (const CrlPlace& place : all_crl_places()) {
    const bool hard = place.revocation == certs::Revocation::Hard;
    Crls all = *place.lists;
    const auto fetched = inquiries_.lists(place.name);
    for (const auto& [url, facts] : fetched) all.lists.push_back(facts);
    for (const CrlWatch::Due& due : crl_watch_.look(place.name, all, calls_.now())) {
      Json detail{{"name", place.name},
                  {"issuer", due.facts.issuer},
                  {"expires", base::format_time(due.facts.until)},
                  {"revocation", hard ? "hard" : "soft"}};
      const auto from = std::find_if(fetched.begin(), fetched.end(), [&](const auto& one) {
        return one.second.issuer == due.facts.issuer && one.second.until == due.facts.until;
      });
      if (from == fetched.end()) detail["file"] = place.file->path;
      if (from != fetched.end()) detail["url"] = from->first;
      if (!due.facts.number.empty()) detail["crl_number"] = due.facts.number;
      calls_.record(audit::EventType::CertificateCrlExpiring, due.facts.issuer, detail,
                    due.over && hard ? audit::Severity::Severe : audit::Severity::Warning);
    }
  }
}

// Nothing else is read again: who fetches lists puts no half-written configuration in force. A file with a fault never
// replaces one without.
void Revocations::look_at_crls() {
  std::vector<std::string> changed;
  for (const CrlPlace& place : crl_places()) {
    base::Result<Crls> fresh = load_crls(place.file->path, *place.authorities);
    std::string fault = fresh.ok() ? std::string() : fresh.error().message;
    const bool of_service = place.lists != &material_->engineer_crls;
    if (fault.empty() && of_service &&
        service_crls_size() - place.lists->pem.size() + fresh->pem.size() > kServiceCrlsText)
      fault = place.file->path + ": the services' lists are too long together";
    if (!fault.empty() && fault != crls_faults_[place.name]) {
      base::log_error("the lists of revoked certificates stay as they are: " + fault);
      calls_.record(audit::EventType::ConfigRejected, place.file->path,
                    {{"file", place.file->path}, {"faults", 1}, {"first_fault", fault}}, {});
    }
    crls_faults_[place.name] = fault;
    if (!fault.empty() || fresh->pem == place.lists->pem) continue;
    *place.lists = std::move(fresh).value();
    if (changed.empty() || changed.back() != place.part) changed.emplace_back(place.part);
  }
  if (!changed.empty()) calls_.spread(changed);
  tell_of_crls();
}

std::size_t Revocations::service_crls_size() const {
  std::size_t size = 0;
  for (const Crls& one : material_->service_crls) size += one.pem.size();
  return size;
}

std::vector<Revocations::CrlPlace> Revocations::crl_places() const {
  std::vector<CrlPlace> out = all_crl_places();
  std::erase_if(out, [](const CrlPlace& place) { return place.file->path.empty(); });
  return out;
}

// Those without a file too: lists about them may be fetched.
std::vector<Revocations::CrlPlace> Revocations::all_crl_places() const {
  std::vector<CrlPlace> out;
  const auto add = [&out](CrlPlace place) { out.push_back(std::move(place)); };
  add({"engineers", "engineer_certificates", &config_->engineers.crl, &material_->support_authority_pem,
       config_->engineers.revocation, &material_->engineer_crls});
  for (std::size_t i = 0; i < config_->services.size(); ++i) {
    const Service& one = config_->services[i];
    add({"service " + one.name, "component", &one.crl, &material_->service_roots[i], one.revocation,
         &material_->service_crls[i]});
  }
  return out;
}

}  // namespace postern::supervisor
