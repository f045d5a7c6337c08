// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/node_states.h"

#include <gtest/gtest.h>

namespace postern::console {
namespace {

base::Json event(const char* type, const char* second, const char* which = "service") {
  return {{"type", type},
          {"time", std::string("2026-03-01T08:09:") + second + ".000000Z"},
          {"detail", {{"service", "prom"}, {"node", "http://a"}, {"credential", which}}}};
}

TEST(NodeStates, TellWhichCredentialsAreRefusedUntilOneIsAccepted) {
  NodeStates states;
  states.take(event("node.credential_refused", "10"));
  states.take(event("node.credential_refused", "11", "viewer"));
  EXPECT_EQ(states.refused_credentials("prom", "http://a"), base::Json::array({"service", "viewer"}));
  EXPECT_EQ(states.refused_credentials("prom", "http://b"), base::Json::array());
  states.take(event("node.credential_accepted", "12"));
  EXPECT_EQ(states.refused_credentials("prom", "http://a"), base::Json::array({"viewer"}));
}

TEST(NodeStates, TakeTheNewestWordWhateverTheOrder) {
  NodeStates states;
  states.take(event("node.credential_accepted", "12"));
  states.take(event("node.credential_refused", "10"));
  EXPECT_EQ(states.refused_credentials("prom", "http://a"), base::Json::array());
}

TEST(NodeStates, ForgetWhatWasRefusedBeforeTheConfigurationInForce) {
  NodeStates states;
  states.take(event("config.changed", "11"));
  states.take(event("node.credential_refused", "10"));
  EXPECT_EQ(states.refused_credentials("prom", "http://a"), base::Json::array());
  states.take(event("node.credential_refused", "13"));
  EXPECT_EQ(states.refused_credentials("prom", "http://a"), base::Json::array({"service"}));
}

}  // namespace
}  // namespace postern::console
