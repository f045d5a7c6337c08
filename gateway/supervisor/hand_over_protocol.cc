// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/hand_over_protocol.h"

#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "base/bytes.h"
#include "base/plain_text.h"

namespace postern::supervisor {
namespace {

using base::Json;

constexpr std::size_t kMostText = 1024;  // bytes of a version, a path, a reason
constexpr std::size_t kMostNames = 16;
constexpr std::int64_t kMostCount = std::numeric_limits<std::uint32_t>::max();

base::Error not_one(std::string_view what) {
  return base::fail(base::Code::Invalid, "the other gateway's word is not " + std::string(what));
}

bool speaks_ours(const Json& said) {
  return said.is_object() && base::json_number_or(said, "protocol", 0) == kHandOverProtocol;
}

Json address_json(const Address& address) {
  return {{"host", address.host}, {"port", address.port}, {"v6", address.v6}};
}

std::optional<Address> parse_place(const Json& said, const char* key) {
  const auto found = said.find(key);
  if (found == said.end() || !found->is_object()) return std::nullopt;
  const std::int64_t port = base::json_number_or(*found, "port", 0);
  Address out{base::json_text_or(*found, "host", ""), 0, base::json_bool_or(*found, "v6", false)};
  if (port < 1 || port > 65535 || out.host.empty() || out.host.size() > kMostText) return std::nullopt;
  out.port = static_cast<std::uint16_t>(port);
  return out;
}

bool take_names(const Json& said, std::vector<std::string>& names) {
  const auto list = said.find("fds");
  if (list == said.end() || !list->is_array() || list->size() > kMostNames) return false;
  for (const Json& name : *list) {
    if (!name.is_string() || name.get_ref<const std::string&>().size() > kMostText) return false;
    names.push_back(name.get<std::string>());
  }
  return true;
}

}  // namespace

Json to_json(const HandOverOffer& offer) {
  Json out = {{"protocol", kHandOverProtocol},
              {"version", offer.version},
              {"pid", offer.pid},
              {"program", offer.program},
              {"control", offer.control},
              {"support", address_json(offer.support)},
              {"admin", address_json(offer.admin)},
              {"fds", offer.fds}};
  if (offer.challenge) out["challenge"] = address_json(*offer.challenge);
  return out;
}

base::Result<HandOverOffer> parse_hand_over_offer(std::string_view text) {
  const base::Result<Json> said = base::parse_json(text);
  if (!said.ok() || !speaks_ours(*said)) return not_one("an offer of this protocol");
  HandOverOffer out;
  out.version = base::json_text_or(*said, "version", "");
  out.program = base::json_text_or(*said, "program", "");
  out.control = base::json_text_or(*said, "control", "");
  out.pid = base::json_number_or(*said, "pid", 0);
  const auto support = parse_place(*said, "support");
  const auto admin = parse_place(*said, "admin");
  const bool short_enough =
      std::max({out.version.size(), out.program.size(), out.control.size()}) <= kMostText;
  if (!support || !admin || out.pid <= 0 || out.pid > std::numeric_limits<std::int32_t>::max() ||
      !short_enough || !take_names(*said, out.fds))
    return not_one("a whole offer");
  out.support = *support;
  out.admin = *admin;
  if (said->contains("challenge")) {
    out.challenge = parse_place(*said, "challenge");
    if (!out.challenge) return not_one("a whole offer");
  }
  return out;
}

base::Result<std::string> parse_hand_over_ask(std::string_view text) {
  const base::Result<Json> said = base::parse_json(text);
  if (!said.ok() || !speaks_ours(*said))
    return base::fail(base::Code::Invalid, "this gateway hands over by protocol " +
                                               std::to_string(kHandOverProtocol) +
                                               ", which the other does not speak");
  return base::printable(base::json_text_or(*said, "version", ""), kMostText);
}

std::string parse_hand_over_why(std::string_view text) {
  const base::Result<Json> said = base::parse_json(text);
  const std::string why = said.ok() ? base::json_text_or(*said, "why", "") : std::string();
  return why.empty() ? "it gave no reason" : base::printable(why, kMostText);
}

Json to_json(const HandOverEnd& end) {
  return {{"cut", end.cut}, {"closed_us", end.closed}, {"duration_us", end.duration}};
}

base::Result<HandOverEnd> parse_hand_over_end(std::string_view text) {
  const base::Result<Json> said = base::parse_json(text);
  if (!said.ok() || !said->is_object()) return not_one("the end of its log");
  const auto number = [&](const char* key, std::int64_t most) {
    return std::clamp<std::int64_t>(base::json_number_or(*said, key, 0), 0, most);
  };
  constexpr base::Micros kLongest = 86'400 * base::kWallSecond;
  return HandOverEnd{static_cast<std::uint32_t>(number("cut", kMostCount)), number("closed_us", kLongest),
                     number("duration_us", kLongest)};
}

std::string own_program() {
  struct stat info {};
  if (::stat("/proc/self/exe", &info) != 0) return {};
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

}  // namespace postern::supervisor
