// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/places.h"

#include <gtest/gtest.h>

#include "tests/unit/cli/run.h"

namespace postern::cli {
namespace {

TEST(Places, AreRelativeToTheConfiguration) {
  const std::string folder = make_folder();
  write_text(folder + "/postern.yaml",
             "control_socket: run/control.sock\nstate_directory: ./state\nunknown: 1\n");
  const auto places = find_places(folder + "/postern.yaml");
  ASSERT_TRUE(places.ok()) << places.error().message;
  EXPECT_EQ(places->control_socket, folder + "/run/control.sock");
  EXPECT_EQ(places->state_directory, folder + "/state");
}

TEST(Places, LeaveAKeyThatIsACredentialAsItIs) {
  const std::string folder = make_folder();
  write_text(folder + "/postern.yaml", "log_key: credential:log.key\n");
  EXPECT_EQ(find_places(folder + "/postern.yaml")->log_key, "credential:log.key");
}

TEST(Places, AreTheDefaultsWhereTheConfigurationSaysNothing) {
  const std::string folder = make_folder();
  write_text(folder + "/postern.yaml", "version: 1\n");
  const auto places = find_places(folder + "/postern.yaml");
  ASSERT_TRUE(places.ok());
  EXPECT_EQ(places->control_socket, "/run/postern/control.sock");
}

TEST(Places, SayWhatToDoWithoutAReadableConfiguration) {
  const std::string folder = make_folder();
  EXPECT_NE(find_places(folder + "/none.yaml").error().message.find("--config"), std::string::npos);
  write_text(folder + "/bad.yaml", "a: [1\n");
  EXPECT_NE(find_places(folder + "/bad.yaml").error().message.find("--socket"), std::string::npos);
}

}  // namespace
}  // namespace postern::cli
