// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/incoming.h"

#include <gtest/gtest.h>

namespace postern::enforcer {
namespace {

class Incoming : public ::testing::Test {
 protected:
  Incoming() {
    settings.names = {*http::parse_authority("support.example")};
    settings.request_body = 100;
    wire.method = "GET";
    wire.target = "/a?b=c";
    wire.fields = {{"host", "support.example"}};
  }
  // The code of the refusal; "breach" where the terminator cannot have parsed that.
  std::string_view read() {
    head.clear();
    const auto verdict = read_head(wire, settings, head, target);
    return verdict ? base::text_of(verdict->refusal).code : "breach";
  }
  bool cross_site(std::string_view method, std::vector<ipc::WireField> fields) {
    wire.method = method;
    fields.push_back({"host", "support.example"});
    wire.fields = std::move(fields);
    EXPECT_EQ(read(), "none");
    return is_cross_site(head, settings.names);
  }
  bool from_elsewhere(std::string_view method, std::vector<ipc::WireField> fields) {
    cross_site(method, std::move(fields));
    return comes_from_elsewhere(head, settings.names);
  }

  Settings settings;
  ipc::RequestHead wire;
  http::RequestHead head;
  http::CanonicalTarget target;
};

TEST_F(Incoming, WhatIsRightIsReadAsItWasSent) {
  EXPECT_EQ(read(), "none");
  EXPECT_EQ(head.method, http::Method::Get);
  EXPECT_EQ(target.text(), "/a?b=c");
}

TEST_F(Incoming, ATargetWithoutACanonicalFormIsRefusedAndLeavesNone) {
  for (const std::string_view sent : {"/a/../b", "/a;b", "/a?b=%zz", "*"}) {
    wire.target = sent;
    EXPECT_EQ(read(), "target_not_canonical") << sent;
    EXPECT_EQ(target.text(), "") << sent;
    EXPECT_EQ(head.target, sent);
  }
  wire.target = "/a//b";
  EXPECT_EQ(read(), "operation_not_listed");
}

TEST_F(Incoming, AnotherHostIsRefusedInTheFieldAndInTheTarget) {
  wire.fields = {{"host", "rebound.example"}};
  EXPECT_EQ(read(), "wrong_host");
  wire.minor = 0;
  EXPECT_EQ(read(), "wrong_host");
  wire.fields = {{"host", "support.example"}};
  EXPECT_EQ(read(), "none");
  wire.target = "https://rebound.example/a";
  EXPECT_EQ(read(), "wrong_host");
}

TEST_F(Incoming, AnAbsoluteTargetSaysTheHost) {  // RFC 9112 3.2.2: whatever the field says
  settings.names.push_back(*http::parse_authority("other.example"));
  for (const std::string_view sent :
       {"https://other.example/a", "https://other.example", "HTTP://other.example?a"}) {
    wire.target = sent;
    EXPECT_EQ(read(), "none") << sent;
    EXPECT_EQ(head.fields.count(http::FieldId::Host), 1U);
    EXPECT_EQ(head.fields.find(http::FieldId::Host), "other.example") << sent;
  }
}

TEST_F(Incoming, ABodyAnnouncedAboveTheLimitIsRefusedBeforeItComes) {
  const auto announce = [&](std::string_view length, std::uint64_t size) {
    wire.method = "PUT";
    wire.body = ipc::BodyKind::Sized;
    wire.length = size;
    wire.fields = {{"host", "support.example"}, {"content-length", length}};
    return read();
  };
  EXPECT_EQ(announce("100", 100), "none");
  EXPECT_EQ(announce("101", 101), "body_too_large");
  EXPECT_EQ(target.text(), "/a?b=c");
}

TEST_F(Incoming, WhatNoParserOfOursLetsPassIsABreach) {
  wire.method = "BREW";
  EXPECT_EQ(read(), "breach");
  wire.method = "GET";
  wire.minor = 2;
  EXPECT_EQ(read(), "breach");
  wire.minor = 1;
  wire.target = "/a b";
  EXPECT_EQ(read(), "breach");
  wire.target = "/";
  wire.body = ipc::BodyKind::Streamed;
  EXPECT_EQ(read(), "breach");
  wire.body = ipc::BodyKind::None;
  wire.fields.clear();
  EXPECT_EQ(read(), "breach");  // no Host
}

TEST_F(Incoming, OnlyPathsBelowOurFolderAreOurs) {
  EXPECT_TRUE(is_ours("/.postern"));
  EXPECT_TRUE(is_ours("/.postern/"));
  EXPECT_TRUE(is_ours("/.postern/api/session"));
  EXPECT_FALSE(is_ours("/.posternx"));
  EXPECT_FALSE(is_ours("/a/.postern/"));
}

TEST_F(Incoming, AChangeFromAnotherSiteIsSeen) {
  EXPECT_TRUE(cross_site("POST", {{"origin", "https://evil.example"}}));
  EXPECT_TRUE(cross_site("POST", {{"origin", "https://support.example.evil.example"}}));
  EXPECT_TRUE(cross_site("POST", {{"origin", "http://support.example"}}));
  EXPECT_TRUE(cross_site("DELETE", {{"sec-fetch-site", "cross-site"}}));
  EXPECT_TRUE(cross_site("POST", {{"origin", "https://support.example"}, {"sec-fetch-site", "cross-site"}}));
}

TEST_F(Incoming, AnOriginOfNullCountsOnlyWithTheBrowsersOwnWord) {
  EXPECT_TRUE(cross_site("POST", {{"origin", "null"}}));
  EXPECT_TRUE(cross_site("POST", {{"origin", "null"}, {"sec-fetch-site", "same-site"}}));
  EXPECT_TRUE(cross_site("POST", {{"origin", "null"}, {"sec-fetch-site", "none"}}));
  EXPECT_FALSE(cross_site("POST", {{"origin", "null"}, {"sec-fetch-site", "same-origin"}}));
}

TEST_F(Incoming, OurOwnPagesProgramsAndWhatOnlyReadsPass) {
  EXPECT_FALSE(
      cross_site("POST", {{"origin", "https://support.example"}, {"sec-fetch-site", "same-origin"}}));
  EXPECT_FALSE(cross_site("POST", {}));
  for (const std::string_view safe : {"GET", "HEAD", "OPTIONS"})
    EXPECT_FALSE(cross_site(safe, {{"origin", "https://evil.example"}, {"sec-fetch-site", "cross-site"}}));
}

TEST_F(Incoming, WhereAReadingComesFromIsSeenToo) {
  EXPECT_TRUE(from_elsewhere("GET", {{"sec-fetch-site", "cross-site"}}));
  EXPECT_TRUE(from_elsewhere("GET", {{"sec-fetch-site", "same-site"}}));
  EXPECT_TRUE(from_elsewhere("HEAD", {{"origin", "https://evil.example"}}));
  EXPECT_FALSE(from_elsewhere("GET", {{"sec-fetch-site", "same-origin"}}));
  EXPECT_FALSE(from_elsewhere("GET", {{"sec-fetch-site", "none"}})) << "typed in, or a bookmark";
  EXPECT_FALSE(from_elsewhere("GET", {{"origin", "https://support.example"}}));
  EXPECT_FALSE(from_elsewhere("GET", {})) << "no browser";
}

}  // namespace
}  // namespace postern::enforcer
