// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/forwarding.h"

#include <gtest/gtest.h>

#include <string>

namespace postern::http {
namespace {

std::string names(const Fields& fields) {
  std::string out;
  fields.for_each([&](const Field& field) { out.append(field.name).append(" "); });
  return out;
}

Fields make(std::initializer_list<std::string_view> list) {
  Fields fields;
  for (const std::string_view name : list) fields.put(name, "v");
  return fields;
}

TEST(Forwarding, WhatBelongsToTheConnectionStaysThere) {
  Fields fields =
      make({"accept", "keep-alive", "te", "trailer", "upgrade", "proxy-connection", "proxy-authorization",
            "http2-settings", "content-length", "transfer-encoding", "x-hop", "x-stays"});
  fields.put("connection", "close, X-Hop");
  EXPECT_EQ(strip_hop_by_hop(fields), 11U);
  EXPECT_EQ(names(fields), "accept x-stays ");
}

TEST(Forwarding, AClientCannotSayWhoItIsOrHowItCame) {
  Fields fields = make({"accept",
                        "host",
                        "authorization",
                        "cookie",
                        "forwarded",
                        "via",
                        "x-forwarded-for",
                        "x-forwarded-anything",
                        "x-real-ip",
                        "true-client-ip",
                        "cf-connecting-ip",
                        "x-original-url",
                        "x-rewrite-url",
                        "x-http-method-override",
                        "x-method-override",
                        "remote-user",
                        "x-webauth-user",
                        "x-webauth-role",
                        "ssl-client-cert",
                        "x-auth-request-user",
                        "x_forwarded_for",
                        "content_length",
                        "content-length-of-it",
                        "transfer-encoding-x",
                        "expect",
                        "postern-event",
                        "content-type",
                        "if-none-match",
                        "origin",
                        "referer",
                        "sec-fetch-site"});
  strip_request_fields(fields);
  EXPECT_EQ(names(fields), "accept content-type if-none-match origin referer sec-fetch-site ");
}

TEST(Forwarding, TheComponentCannotTurnTheBrowserAgainstPostern) {
  Fields fields =
      make({"content-type", "set-cookie", "alt-svc", "clear-site-data", "strict-transport-security",
            "service-worker-allowed", "nel", "report-to", "reporting-endpoints", "postern-event", "etag",
            "location", "x-custom", "connection"});
  strip_response_fields(fields);
  EXPECT_EQ(names(fields), "content-type etag location x-custom ");
}

TEST(Forwarding, OnlyFieldsWithoutAMeaningMayBeTrailers) {
  const Fields fields =
      make({"x-checksum", "digest", "host", "cookie", "x-forwarded-for", "content_length", "set-cookie"});
  std::string may;
  fields.for_each([&](const Field& field) { may += may_be_trailer(field) ? 'y' : 'n'; });
  EXPECT_EQ(may, "yynnnnn");
}

}  // namespace
}  // namespace postern::http
