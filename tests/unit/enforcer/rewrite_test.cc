// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/rewrite.h"

#include <gtest/gtest.h>

namespace postern::enforcer {
namespace {

class Rewrite : public ::testing::Test {
 protected:
  Rewrite() {
    node.authority = "prom:9090";
    service.strip_request = {"x-secret-in"};
    service.strip_response = {"x-secret-out"};
  }
  std::string response(std::string_view name, std::string_view value) {
    fields.put(name, value);
    rewrite_response(fields, passage);
    return std::string(fields.find(name).value_or("(gone)"));
  }
  std::string request(std::string_view name, std::string_view value) {
    fields.put(name, value);
    rewrite_request(fields, passage);
    return std::string(fields.find(name).value_or("(gone)"));
  }
  Node node;
  Service service;
  Passage passage{"support.example:8443", "192.0.2.7", &node, &service};
  http::Fields fields;
};

TEST_F(Rewrite, ALocationThatNamesTheComponentBecomesAPath) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://prom:9090/graph?x", "/graph?x"},
      {"HTTPS://PROM:9090/graph", "/graph"},
      {"//prom:9090/graph", "/graph"},
      {"http://prom:9090", "/"},
      {"http://prom:9090?x", "/?x"},
      {"/graph", "/graph"},
      {"http://prom:90901/graph", "http://prom:90901/graph"},
      {"http://prom:9090.evil.example/", "http://prom:9090.evil.example/"},
      {"https://elsewhere.example/", "https://elsewhere.example/"},
  };
  for (const auto& [theirs, ours] : cases) {
    fields.clear();
    EXPECT_EQ(response("location", theirs), ours);
  }
  fields.clear();
  EXPECT_EQ(response("content-location", "http://prom:9090/a"), "/a");
}

// A browser reads "//evil.example/" and "/\evil.example/" as another host.
TEST_F(Rewrite, NoLocationOfTheComponentBecomesAnotherHost) {
  EXPECT_EQ(response("location", "http://prom:9090//evil.example/"), "/.//evil.example/");
  fields.clear();
  EXPECT_EQ(response("location", "http://prom:9090/\\evil.example/"), "/./\\evil.example/");
}

TEST_F(Rewrite, OriginsInListsOfSourcesBecomeOurs) {
  EXPECT_EQ(response("content-security-policy",
                     "connect-src 'self' http://prom:9090 ws://prom:9090; img-src a.example"),
            "connect-src 'self' https://support.example:8443 wss://support.example:8443; img-src a.example");
  EXPECT_EQ(response("access-control-allow-origin", "http://prom:9090"), "https://support.example:8443");
  EXPECT_EQ(with_our_origin("http://prom:90901 http://prom:9090/x", "prom:9090", "us"),
            "http://prom:90901 https://us/x");
}

TEST_F(Rewrite, EveryLineOfSeveralStaysAndIsRewritten) {
  fields.put("content-security-policy", "default-src 'none'");
  fields.put("content-security-policy", "connect-src http://prom:9090");
  fields.put("content-security-policy", "img-src 'self'");
  rewrite_response(fields, passage);
  std::string all;
  fields.for_each([&](const http::Field& f) {
    if (f.id == http::FieldId::ContentSecurityPolicy) all += std::string(f.value) + "|";
  });
  EXPECT_EQ(all, "default-src 'none'|connect-src https://support.example:8443|img-src 'self'|");
}

TEST_F(Rewrite, OriginAndRefererThatNameUsNameTheComponent) {
  EXPECT_EQ(request("origin", "https://support.example:8443"), "http://prom:9090");
  EXPECT_EQ(request("referer", "https://SUPPORT.example:8443/a?b"), "http://prom:9090/a?b");
  fields.clear();
  EXPECT_EQ(request("origin", "https://support.example:84430"), "https://support.example:84430");
  fields.clear();
  EXPECT_EQ(request("origin", "null"), "null");
  node.https = true;
  fields.clear();
  EXPECT_EQ(request("origin", "https://support.example:8443"), "https://prom:9090");
}

TEST_F(Rewrite, CredentialsAndWhatASiteKeepsToItselfDoNotPass) {
  for (const char* name :
       {"cookie", "authorization", "x-secret-in", "forwarded", "x-real-ip", "connection", "x_y"})
    fields.put(name, "x");
  fields.put("x-forwarded-for", "203.0.113.9");
  fields.put("accept", "*/*");
  rewrite_request(fields, passage);
  EXPECT_EQ(fields.find("accept"), "*/*");
  EXPECT_EQ(fields.find("x-forwarded-for"), "192.0.2.7");
  EXPECT_EQ(fields.find("x-forwarded-proto"), "https");
  EXPECT_EQ(fields.find("x-forwarded-host"), "support.example:8443");
  EXPECT_EQ(fields.find("accept-encoding"), "identity");
  EXPECT_EQ(fields.size(), 5U);
}

TEST_F(Rewrite, ATraceGoesOnAtTheComponent) {
  const char* const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(request("traceparent", parent), parent);
  EXPECT_EQ(request("tracestate", "vendor=t61rcWkgMzE,other=1"), "vendor=t61rcWkgMzE,other=1");
}

TEST_F(Rewrite, TheComponentIsAskedForTheWholeBodyAsItIs) {
  for (const char* name : {"accept-encoding", "range", "if-range", "want-digest"})
    fields.put(name, "gzip, br");
  fields.put("if-none-match", "W/\"1\"");
  fields.put("if-match", "W/\"1\", \"2\", W/\"3\"");
  rewrite_request(fields, passage);
  EXPECT_EQ(fields.find("accept-encoding"), "identity");
  for (const char* name : {"range", "if-range", "want-digest"}) EXPECT_FALSE(fields.find(name)) << name;
  EXPECT_EQ(fields.find("if-none-match"), "W/\"1\"");
  EXPECT_EQ(fields.find("if-match"), "\"1\", \"2\", \"3\"");  // it was we who made them weak
}

TEST_F(Rewrite, TheListsOfAServiceComeFromItsConfiguration) {
  const auto read = Settings::read({{"services",
                                     {{{"name", "prom"},
                                       {"path", "/"},
                                       {"strip_request", {"x-internal-token"}},
                                       {"strip_response", {"server", "x-build"}}}}},
                                    {"names", {"support.example"}}},
                                   0, [](std::string_view) { return base::UniqueFd(); });
  ASSERT_TRUE(read.ok());
  service = *read->service_at("/anything");
  fields.put("x-internal-token", "t");
  fields.put("accept", "*/*");
  rewrite_request(fields, passage);
  EXPECT_FALSE(fields.find("x-internal-token"));
  EXPECT_TRUE(fields.find("accept"));
  fields.clear();
  fields.put("server", "nginx");
  fields.put("x-build", "1");
  fields.put("etag", "x");
  rewrite_response(fields, passage);
  EXPECT_FALSE(fields.find("server"));
  EXPECT_FALSE(fields.find("x-build"));
  EXPECT_TRUE(fields.find("etag"));
}

TEST_F(Rewrite, TheServiceIsTheOneWithTheLongestPath) {
  Settings settings;
  for (const char* path : {"/", "/a/", "/a/b/"}) {
    service.path = path;
    settings.services.push_back(service);
  }
  const auto path_of = [&](std::string_view path) { return settings.service_at(path)->path; };
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("/a"), "/a/");
  EXPECT_EQ(path_of("/a/b"), "/a/b/");
  EXPECT_EQ(path_of("/a/bc"), "/a/");
  EXPECT_EQ(path_of("/ab/"), "/");
  settings.services.erase(settings.services.begin());
  EXPECT_EQ(settings.service_at("/b"), nullptr);
}

TEST_F(Rewrite, WhatAComponentMayNotTellAClientIsTakenOut) {
  for (const char* name : {"set-cookie", "x-powered-by", "www-authenticate", "x-secret-out", "alt-svc",
                           "postern-event", "clear-site-data", "strict-transport-security"})
    fields.put(name, "x");
  fields.put("etag", "\"1\"");
  rewrite_response(fields, passage);
  EXPECT_EQ(fields.find("etag"), "\"1\"");
  EXPECT_EQ(fields.find("x-content-type-options"), "nosniff");
  EXPECT_EQ(fields.find("strict-transport-security"), "max-age=31536000");
  EXPECT_EQ(fields.size(), 3U);
}

}  // namespace
}  // namespace postern::enforcer
