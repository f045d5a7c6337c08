// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the HTTP machinery costs per exchange, in nanoseconds: read a browser's head, bring its target to
// canonical form, write it anew for the component; and the same for a response. Best of several rounds, one
// core.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "base/check.h"
#include "gateway/http/forwarding.h"
#include "gateway/http/h1_request.h"
#include "gateway/http/h1_response.h"
#include "gateway/http/h1_write.h"
#include "gateway/http/target.h"

using namespace postern::http;

namespace {

constexpr std::string_view kRequest =
    "GET "
    "/prometheus/api/v1/"
    "query_range?query=rate(http_requests_total%7Bjob%3D%22api%22%7D%5B5m%5D)&start=1767225600"
    "&end=1767229200&step=15 HTTP/1.1\r\n"
    "Host: support.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"120\", \"Not?A_Brand\";v=\"24\"\r\n"
    "Accept: application/json, text/plain, */*\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Referer: https://support.example.com/prometheus/graph\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Cookie: __Host-postern=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4\r\n"
    "\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sun, 01 Mar 2026 08:49:37 "
    "GMT\r\nContent-Length: 1200\r\n"
    "Vary: Origin\r\nContent-Encoding: gzip\r\n\r\n";

template <typename Work>
void measure(const char* name, Work work) {
  constexpr int kRounds = 200;
  constexpr int kTimes = 2000;  // short rounds: the best one was not interrupted
  double best = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) work();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / kTimes);
  }
  std::printf("%-28s %7.0f ns\n", name, best);
}

}  // namespace

int main() {
  std::printf("request head of %zu bytes, response head of %zu bytes\n", kRequest.size(), kResponse.size());
  RequestParser parser{HeadLimits{}};
  measure("parse_request_head", [&] {
    parser.reset();
    POSTERN_CHECK(parser.parse(kRequest).state == HeadState::Complete);
  });
  const RequestHead head = parser.head();
  CanonicalTarget target;
  measure("canonicalise", [&] { POSTERN_CHECK(canonicalise(head.target, {}, target).ok()); });
  Fields fields = head.fields;
  measure("copy and strip fields", [&] {
    fields = head.fields;
    strip_request_fields(fields);
  });
  std::string out;
  measure("write_request_head", [&] {
    out.clear();
    write_request_head(out, {head.method, target.text(), "127.0.0.1:9090"}, fields, head.body, true);
  });
  ResponseParser responses{HeadLimits{}};
  measure("parse_response_head", [&] {
    responses.reset();
    POSTERN_CHECK(responses.parse(kResponse, Method::Get).state == HeadState::Complete);
  });
  measure("write_response_head", [&] {
    out.clear();
    write_response_head(out, {200, ""}, responses.head().fields, responses.head().body, true);
  });
  return 0;
}
