// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/tunnels.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace postern::mission {
namespace {

using answer::Reply;
using answer::Response;
using base::Json;

// Connections of one installation that are written down one by one; an installation keeps 10,000 events, and these are not to
// push out the others. Refusals apart: knocking costs a stranger nothing.
constexpr KeyedPace::Settings kRelayedNotes{{60, 2 * base::kSecond}, 2 * kMostInstallations};
constexpr KeyedPace::Settings kRefusedNotes{{10, 30 * base::kSecond}, 2 * kMostInstallations};
// Of one address for one installation.
constexpr KeyedPace::Settings kJoins{{Tunnels::kAtOnceOfAddress, base::kSecond / 2}, 20'000};

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}
std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

Tunnels::Tunnels(Parts& parts, std::string domain, std::string relay)
    : parts_(parts),
      domain_(std::move(domain)),
      relay_(std::move(relay)),
      notes_(parts, kRelayedNotes),
      refusals_(parts, kRefusedNotes),
      joins_(kJoins) {}

Tunnels::~Tunnels() { *alive_ = false; }

Response Tunnels::wait(const std::string& installation) {
  if (!relays())
    return refusal(404, line::kNoRelay, "There is no relay", "this Mission Control relays no engineers");
  Place& place = places_[installation];
  if (place.waiting.size() + place.used.size() >= line::kMostTunnels || streams_ >= kMostStreams) {
    Response out =
        refusal(429, line::kTooMany, "There are too many", "so many requests for the tunnel are enough");
    out.fields.emplace_back("retry-after", "10");
    return out;
  }
  const auto joint = std::make_shared<Joint>([this, installation, alive = alive_](Joint& of) {
    if (*alive) over(installation, of);
  });
  ++streams_;
  place.waiting.push_back(joint);
  Response out = joint->to_installation();
  give_waiting(installation);
  return out;
}

base::Result<std::optional<Installation>> Tunnels::find(std::string_view name) {
  std::optional<Installation> nobody;
  if (!relays() || name.size() <= domain_.size() + 1 || !name.ends_with("." + domain_)) return nobody;
  const std::string label(name.substr(0, name.size() - domain_.size() - 1));
  if (label.find('.') != std::string::npos) return nobody;
  std::string id = upper(label);
  if (!base::is_ulid(id)) {
    auto named = parts_.store.installation_named(label);
    if (!named.ok()) return std::move(named).error();
    if (named->empty()) return nobody;
    id = *std::move(named);
  }
  auto known = parts_.store.installation(id);
  if (known.ok() && *known && (*known)->standing == Standing::Retired) return nobody;
  return known;
}

void Tunnels::forget_those_who_left() {
  engineers_.remove_if([](const Engineer& one) { return one.call->left; });
}

void Tunnels::join(answer::CallPtr call, const Reply& reply) {
  forget_those_who_left();
  const std::string& client = call->client;
  const std::string name = call->parameter("name");
  auto known = find(name);
  Engineer engineer{{}, client, name, call, reply, parts_.clock.monotonic() + kPatience};
  if (!known.ok()) return reply(store_problem(known.error()));
  if (!*known) return refuse(engineer, 404, "not_found", "no installation has this name");
  engineer.installation = (*known)->id;
  const auto found = places_.find(engineer.installation);
  if (found == places_.end()) return refuse(engineer, 403, "tunnel_closed", "its tunnel is closed");
  if (has_share(found->first, found->second, client) ||
      joins_.take(engineer.installation + " " + origin_of_client(client), parts_.clock.monotonic()) > 0)
    return refuse(engineer, 503, "limit_reached", "too many connections come from this address");
  if (!found->second.waiting.empty()) return give(found->first, found->second, engineer);
  const auto wait = std::count_if(engineers_.begin(), engineers_.end(), [&](const Engineer& one) {
    return one.installation == engineer.installation;
  });
  if (engineers_.size() >= kMostEngineers || static_cast<std::size_t>(wait) >= kMostEngineersOfOne ||
      found->second.used.size() >= line::kMostTunnels)
    return refuse(engineer, 503, "limit_reached", "too many connections go there already");
  engineers_.push_back(std::move(engineer));
}

bool Tunnels::has_share(const std::string& installation, const Place& place,
                        const std::string& client) const {
  const std::string origin = origin_of_client(client);
  auto theirs = std::count_if(place.used.begin(), place.used.end(), [&](const auto& each) {
    return origin_of_client(each.second.client) == origin;
  });
  theirs += std::count_if(engineers_.begin(), engineers_.end(), [&](const Engineer& one) {
    return one.installation == installation && origin_of_client(one.client) == origin;
  });
  return static_cast<std::size_t>(theirs) >= kMostOfAddress;
}

void Tunnels::give(const std::string& installation, Place& place, const Engineer& engineer) {
  const JointPtr joint = place.waiting.front();
  place.waiting.pop_front();
  const line::TunnelHead head{parts_.new_id(), relay_, engineer.client, engineer.name};
  place.used[joint.get()] = {joint, head.id, engineer.client, engineer.name, parts_.clock.monotonic()};
  note(notes_, installation, "tunnel.relayed",
       {{"connection", head.id}, {"client", engineer.client}, {"name", engineer.name}});
  engineer.reply(joint->to_engineer(head));
}

void Tunnels::give_waiting(const std::string& installation) {
  forget_those_who_left();
  for (auto it = engineers_.begin(); it != engineers_.end();) {
    const auto place = places_.find(installation);
    if (place == places_.end() || place->second.waiting.empty()) return;
    if (it->installation != installation) {
      ++it;
      continue;
    }
    const Engineer engineer = std::move(*it);
    it = engineers_.erase(it);
    give(installation, place->second, engineer);
  }
}

void Tunnels::over(const std::string& installation, Joint& joint) {
  const auto found = places_.find(installation);
  if (found == places_.end()) return;
  Place& place = found->second;
  if (const auto used = place.used.find(&joint); used != place.used.end()) {
    const Use use = std::move(used->second);
    place.used.erase(used);
    --streams_;
    Json body{{"connection", use.id},
              {"client", use.client},
              {"name", use.name},
              {"bytes_of_engineer", joint.down()},
              {"bytes_of_installation", joint.up()},
              {"duration_us", (parts_.clock.monotonic() - use.since) / 1000}};
    if (!joint.why().empty()) body["why"] = joint.why();
    note(notes_, installation, "tunnel.ended", std::move(body));
  } else {
    const auto waits = std::find_if(place.waiting.begin(), place.waiting.end(),
                                    [&](const JointPtr& one) { return one.get() == &joint; });
    if (waits == place.waiting.end()) return;
    place.waiting.erase(waits);
    --streams_;
  }
  if (place.waiting.empty() && place.used.empty()) places_.erase(found);
}

void Tunnels::end(const std::string& installation) {
  const auto found = places_.find(installation);
  if (found == places_.end()) return;
  std::vector<JointPtr> all(found->second.waiting.begin(), found->second.waiting.end());
  for (const auto& [joint, use] : found->second.used) all.push_back(use.joint);
  for (const JointPtr& joint : all) joint->break_off("the installation was ended here");
}

void Tunnels::end_all() {
  std::vector<std::string> all;
  for (const auto& [installation, place] : places_) all.push_back(installation);
  for (const std::string& installation : all) end(installation);
  for (const Engineer& engineer : std::exchange(engineers_, {}))
    refuse(engineer, 503, "stopping", "Mission Control stops");
}

void Tunnels::look() {
  forget_those_who_left();
  const base::Nanos now = parts_.clock.monotonic();
  for (auto it = engineers_.begin(); it != engineers_.end();) {
    const bool open = places_.contains(it->installation);
    if (open && it->until > now) {
      ++it;
      continue;
    }
    const Engineer engineer = std::move(*it);
    it = engineers_.erase(it);
    open ? refuse(engineer, 503, "limit_reached", "the installation did not answer in time")
         : refuse(engineer, 403, "tunnel_closed", "its tunnel is closed");
  }
}

void Tunnels::refuse(const Engineer& engineer, int status, std::string_view code, const std::string& why) {
  if (!engineer.installation.empty())
    note(refusals_, engineer.installation, "tunnel.refused",
         {{"client", engineer.client}, {"name", engineer.name}, {"why", why}});
  engineer.reply(refusal(status, code, "Nobody is relayed", why));
}

void Tunnels::note(PacedNotes& notes, const std::string& installation, std::string_view type, Json body) {
  notes.note(installation, type, std::move(body));
  parts_.commits.then([](bool) {});
}

Json Tunnels::status() const {
  if (!relays()) return nullptr;
  std::size_t waiting = 0, connected = 0;
  for (const auto& [installation, place] : places_) {
    waiting += place.waiting.size();
    connected += place.used.size();
  }
  return {{"domain", domain_}, {"waiting", waiting}, {"connected", connected}};
}

Json Tunnels::status_of(const std::string& installation, const std::string& label) const {
  if (!relays()) return nullptr;
  const auto found = places_.find(installation);
  Json names = Json::array({lower(installation) + "." + domain_});
  if (!label.empty()) names.insert(names.begin(), label + "." + domain_);
  return {{"open", found != places_.end()},
          {"waiting", found == places_.end() ? 0 : found->second.waiting.size()},
          {"connected", found == places_.end() ? 0 : found->second.used.size()},
          {"names", names}};
}

}  // namespace postern::mission
