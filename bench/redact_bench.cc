// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What redaction costs, in MB/s on one core: text without secrets, a Prometheus exposition, JSON with and
// without rules, and text in which every line has a secret. Pieces of 16 KiB, best of several rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "redact/redactor.h"
#include "redact/rules.h"

using namespace postern;
using namespace postern::redact;

namespace {

constexpr std::size_t kSize = 4U << 20U;
constexpr std::size_t kPiece = 16U << 10U;

std::string repeat(std::string_view line, std::string_view other) {
  std::string out;
  for (unsigned i = 0; out.size() < kSize; ++i) {
    out += i % 2 == 0 ? line : other;
    out += std::to_string(i * 2654435761U);
    out += '\n';
  }
  return out;
}

std::string json_series() {
  std::string out = R"({"status":"success","data":{"resultType":"matrix","result":[)";
  for (unsigned i = 0; out.size() < kSize; ++i) {
    out += i == 0 ? "" : ",";
    out +=
        R"({"metric":{"__name__":"http_requests_total","instance":"10.0.0.7:9090","job":"api","code":"200"},"values":[)";
    for (unsigned k = 0; k < 20; ++k)
      out += (k == 0 ? "[17672256" : ",[17672256") + std::to_string(10 + k) + ",\"" + std::to_string(i * k) +
             "\"]";
    out += "]}";
  }
  return out + "]}}";
}

std::shared_ptr<const Rules> rules_of(std::initializer_list<std::string_view> texts) {
  std::vector<Path> paths;
  for (const std::string_view text : texts) paths.push_back(*parse_path(text));
  return Rules::make(paths);
}

void measure(const char* name, Form form, const std::shared_ptr<const Rules>& rules,
             const std::string& body) {
  constexpr int kRounds = 15;
  double best = 1e18;
  std::uint64_t total = 0;
  std::string out;
  out.reserve(64U << 10U);
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    Redactor redactor(form, rules, std::string(base::KeyedHash::kKeySize, 'k'));
    for (std::size_t at = 0; at < body.size(); at += kPiece) {
      out.clear();
      redactor.feed(std::string_view(body).substr(at, kPiece), out);
    }
    redactor.finish(out);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
    total = redactor.counts().total;
  }
  std::printf("%-44s %7.0f MB/s   %llu replaced\n", name, static_cast<double>(body.size()) / best / 1e6,
              static_cast<unsigned long long>(total));
}

}  // namespace

int main() {
  POSTERN_CHECK(base::init_crypto().ok());
  const auto none = rules_of({});
  const auto some = rules_of({"$..password", "$..token", "$..apiKey", "$.data.secrets[*].value"});
  Rules::Literals known;
  for (const char* one :
       {"kZ8f-2Qw9-Lm31-token", "cG9zdGVybjpzZWNyZXQtcGFzcw==", "secret-pass", "v1.api.key-0123456789"})
    known.push_back(std::make_shared<const base::Secret>(one));
  const auto literal = none->with(known);
  const std::string log =
      repeat("2026-03-01T08:49:37Z info request handled path=/api/v1/query status=200 bytes=",
             "2026-03-01T08:49:38Z warn the node did not answer in time; it is asked again, attempt ");
  const std::string metrics = repeat(
      "http_request_duration_seconds_bucket{handler=\"/api/v1/"
      "query\",le=\"0.1\",instance=\"10.0.0.7:9090\"} ",
      "# HELP process_network_receive_bytes_total Number of bytes received by the process over the network ");
  const std::string json = json_series();
  measure("log lines, detectors only", Form::Text, none, log);
  measure("log lines, with 4 names", Form::Text, some, log);
  measure("log lines, with 4 literals", Form::Text, literal, log);
  measure("metrics, detectors only", Form::Text, none, metrics);
  measure("metrics, with 4 literals", Form::Text, literal, metrics);
  measure(
      "script, detectors only", Form::Code, none,
      repeat("function a(b){return b.c(\"d\",e=>{this.f=e.g||0})}//", "const h=[1,2,3].map(i=>`${i}-`);"));
  measure("JSON, detectors only", Form::Json, none, json);
  measure("JSON, with 4 paths", Form::Json, some, json);
  measure("JSON, with 4 literals", Form::Json, literal, json);
  measure("YAML, with 4 names", Form::Yaml, some,
          repeat("  - name: something\n    value: 12", "    labels:\n      app: api\n      id: "));
  measure("a secret in every line", Form::Text, some,
          repeat("user=bob password=hunter2 from ", "postgres://bob:hunter2@db/"));
  return 0;
}
