// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What nodes of the component send to the intake (docs/INTAKE.md): a batch of events, strictly one JSON object. schema.json says
// the same for others; a test holds the two together. Pure: text in, a batch or a sentence out.
//
//   {"sent": time*, "events": [{"id","time","type","service"*,"node"*,"gateway"*,"detail": {key: short text or number}*}]}
//
// An id is the sender's own: the same id of the same token is the same event, however often it is sent. A severity is nobody's to
// send: it follows from the type.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace postern::intake {

inline constexpr std::size_t kMostEvents = 100;        // of a batch
inline constexpr std::size_t kMostBytes = 64U << 10U;  // of its text
inline constexpr std::size_t kLongestId = 64;
inline constexpr std::size_t kLongestName = 128;  // of a service, node or gateway, in bytes
inline constexpr std::size_t kMostDetails = 16;
inline constexpr std::size_t kLongestKey = 32;
inline constexpr std::size_t kLongestText = 256;  // bytes of a value
inline constexpr base::Micros kFarthestAhead =
    24 * 3600 * base::kWallSecond;  // a clock that is wrong by more tells nothing

// What a type must say beside its name.
enum class About : std::uint8_t { Node, Gateway };
struct Type {
  std::string_view name;  // as in the catalogue of events; "remote_gateway.heartbeat" alone is none there
  About about = About::Node;
};
std::span<const Type> types();
inline constexpr std::string_view kHeartbeat = "remote_gateway.heartbeat";

struct Event {
  std::string id;
  base::Micros time = 0;
  std::string type;
  std::string service, node, gateway;  // empty: not said
  base::Json said = base::Json::object();
};
struct Batch {
  std::vector<Event> events;
  std::optional<base::Micros> sent;  // when it was sent, by the sender's clock
};

// Invalid, with a sentence that says which event and what would be right.
base::Result<Batch> parse_batch(std::string_view text, base::Micros now);
base::Result<Batch> read_batch(const base::Json& json, base::Micros now);
base::Json to_json(const Batch& batch);

// Texts of a name that people read: valid UTF-8 without control bytes, 1 to kLongestName bytes.
bool is_name(std::string_view text);

std::string_view schema_document();  // schema.json

}  // namespace postern::intake
