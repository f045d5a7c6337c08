// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/relayed.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace postern::supervisor {
namespace {

TEST(Relayed, TakesNobodyWhoseHeadIsNotOne) {
  std::vector<audit::EventType> recorded;
  Relayed relayed(
      [&](audit::EventType type, const std::string&, const base::Json&) { recorded.push_back(type); },
      [] { return std::vector<Child*>(); });
  const base::Json good{{"id", "01HZX3T9GQ6W5JX0V4M2K8N7PD"},
                        {"relay", "mission.vendor.example"},
                        {"client", "192.0.2.7:50123"},
                        {"name", "acme.reach.vendor.example"}};
  const auto said = [&](const char* key, const char* value) {
    base::Json question = good;
    question[key] = value;
    const auto socket = relayed.open(question, base::kSecond);
    return socket.ok() ? std::string() : socket.error().message;
  };
  EXPECT_EQ(said("relay", ""), "the relay of a connection is not a DNS name in lower case");
  EXPECT_EQ(said("client", "the console"), "the client of a connection is not an address with a port");
  EXPECT_EQ(said("client", ""), "the client of a connection is not an address with a port");
  EXPECT_EQ(said("id", "1"), "the id of a connection is not a ULID");
  EXPECT_EQ(said("name", "acme.reach.vendor.example"), "no terminator is there to take it");
  EXPECT_EQ(recorded, std::vector<audit::EventType>(5, audit::EventType::TunnelRefused));
}

}  // namespace
}  // namespace postern::supervisor
