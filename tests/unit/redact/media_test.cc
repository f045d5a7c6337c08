// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "redact/kind.h"

namespace postern::redact {
namespace {

TEST(Media, TheFormFollowsTheTypeAndWhatIsUnknownIsText) {
  const std::pair<const char*, Form> cases[] = {
      {"application/json", Form::Json},
      {"Application/JSON; charset=utf-8", Form::Json},
      {"application/problem+json", Form::Json},
      {"application/x-ndjson", Form::Json},
      {"application/yaml", Form::Yaml},
      {"text/x-yaml ; x=y", Form::Yaml},
      {"text/html", Form::Code},
      {"image/svg+xml", Form::Code},
      {"text/plain", Form::Text},
      {"text/event-stream", Form::Text},
      {"application/x-www-form-urlencoded", Form::Text},
      {"application/x-pem-file", Form::Text},
      {"", Form::Text},
      {"application/vnd.of-somebody", Form::Text},
      {"image/png", Form::Binary},
      {"application/octet-stream", Form::Binary},
      {"application/vnd.google.protobuf; proto=x", Form::Binary},
  };
  for (const auto& [type, form] : cases) EXPECT_EQ(media_of(type).form, form) << type;
}

TEST(Media, WhatTheDetectorsCannotReadIsSaidToBeUnreadable) {
  EXPECT_TRUE(media_of("text/plain; charset=ISO-8859-1").readable);
  EXPECT_FALSE(media_of("text/plain; charset=\"UTF-16LE\"").readable);
  EXPECT_FALSE(media_of("application/json;charset=utf-32").readable);
  EXPECT_TRUE(media_of("image/png; charset=utf-16").readable);
}

}  // namespace
}  // namespace postern::redact
