// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ledger/provider_asks.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"

namespace postern::ledger {
namespace {

using base::Json;

constexpr int kAnswerDepth = 4, kUnavailable = 502;

Json no_answer(const char* why) { return {{"status", kUnavailable}, {"why", why}}; }

}  // namespace

OpenIdTerms parse_openid_terms(const Json& part, const char* section) {
  OpenIdTerms out;
  const auto found = part.find(section);
  if (found == part.end() || !found->is_object()) return out;
  out.issuer = base::json_text_or(*found, "issuer", "");
  out.name_claim = base::json_text_or(*found, "name_claim", "");
  out.provision = base::json_bool_or(*found, "provision", false);
  out.groups = base::json_texts(*found, "groups");
  const auto roles = found->find("roles");
  for (const char* role : {"admin", "user", "viewer", "auditor"}) {
    if (roles == found->end() || !roles->is_object() || !roles->contains(role)) continue;
    out.roles.emplace_back(role, base::json_texts(*roles, role));
  }
  return out;
}

bool is_openid_command(std::string_view command) { return command.starts_with("openid."); }
bool is_admin_openid_command(std::string_view command) { return command.starts_with("admin_openid."); }

Json provider_answer(const Json& order) {
  const auto found = order.find("answer");
  return found != order.end() && found->is_object() ? *found : Json::object();
}

Json provider_claims(const Json& order) {
  Json body = provider_answer(order).value("body", Json());
  return body.is_object() ? body : Json::object();
}

bool names_one_of(const Json& claims, const std::vector<std::string>& groups) {
  const std::vector<std::string> theirs = base::json_texts(claims, "groups");
  return std::any_of(groups.begin(), groups.end(), [&](const std::string& group) {
    return std::find(theirs.begin(), theirs.end(), group) != theirs.end();
  });
}

void ProviderAsks::ask(const Json& question, Answered then) {
  if (asked_.size() >= kMostAsked) return then(no_answer("too many sign-ins are under way: try again"));
  const std::uint64_t id = ++last_;
  const std::string body = base::dump_json(question);
  if (body.size() > ipc::kErrandBody || !carry_(ipc::Errand{id, "openid", body}))
    return then(no_answer("the identity provider cannot be asked: the link is not there"));
  asked_[id] = {clock_.monotonic() + kPatience, std::move(then)};
}

bool ProviderAsks::take(const ipc::Delivered& delivered) {
  if (delivered.id <= kFirstErrand || delivered.id > last_) return false;
  auto found = asked_.extract(delivered.id);
  if (found.empty()) return true;  // given up meanwhile
  Json answer{{"status", delivered.status}};
  if (delivered.status == 200) {
    auto body = base::parse_json(delivered.body, kAnswerDepth);
    if (!body.ok() || !body->is_object()) return false;
    answer["body"] = std::move(*body);
  } else {
    answer["why"] = base::printable(delivered.body);
  }
  found.mapped().then(std::move(answer));
  return true;
}

void ProviderAsks::answer_all(bool all, const char* why) {
  std::vector<Answered> over;
  for (auto it = asked_.begin(); it != asked_.end();) {
    if (!all && clock_.monotonic() < it->second.deadline) {
      ++it;
      continue;
    }
    over.push_back(std::move(it->second.then));
    it = asked_.erase(it);
  }
  for (const Answered& then : over) then(no_answer(why));
}

void ProviderAsks::link_gone() { answer_all(true, "the link to the identity provider ended: begin again"); }

void ProviderAsks::look() { answer_all(false, "the identity provider did not answer in time"); }

bool ProviderAsks::first_use(const std::string& state) {
  const base::Nanos now = clock_.monotonic();
  if (used_.size() >= kMostRemembered)
    std::erase_if(used_, [now](const auto& one) { return one.second <= now; });
  if (used_.size() >= kMostRemembered) return false;
  const auto [place, fresh] = used_.try_emplace(base::sha256_hex(state), now + kRemembered);
  return fresh || std::exchange(place->second, now + kRemembered) <= now;
}

}  // namespace postern::ledger
