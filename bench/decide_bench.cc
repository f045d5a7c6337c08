// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The claim: a decision costs less than 300 ns and about the same at 10, 1,000 and 100,000 operations. Prints
// nanoseconds of CPU time per decide() for questions of which three in four are listed, in random order over
// the whole policy, so that the big policy does not hide in a cache; the median of the repetitions.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "policy/decide.h"

namespace {

using namespace postern;

constexpr int kQuestions = 1 << 15;
constexpr int kRepetitions = 15;

double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Five operations for each resource, fifty resources for each service: the way REST APIs look.
constexpr std::array<const char*, 5> kShapes{"GET /s#/api/v1/r#", "GET /s#/api/v1/r#/{id}",
                                             "GET /s#/api/v1/r#/{id}/status", "POST /s#/api/v1/r#",
                                             "DELETE /s#/api/v1/r#/{id}"};
constexpr std::array<const char*, 5> kPaths{"/s#/api/v1/r#", "/s#/api/v1/r#/7f3a",
                                            "/s#/api/v1/r#/7f3a/status", "/s#/api/v1/r#",
                                            "/s#/api/v1/r#/7f3a/log"};
constexpr std::array<const char*, 5> kMethods{"GET", "GET", "GET", "POST", "GET"};

std::string shape(std::string_view pattern, int resource) {
  std::string text(pattern);
  text.replace(text.find('#'), 1, std::to_string(resource / 50));
  return text.replace(text.find('#'), 1, std::to_string(resource % 50));
}

std::string policy_text(int operations) {
  std::string text = "version: 1\ncapabilities:\n";
  for (int i = 0; i < operations; ++i) {
    if (i % 100 == 0) {
      text += "  c" + std::to_string(i / 100) + ":\n    title: t\n    class: write\n    operations:\n";
    }
    text += "      - " + shape(kShapes[static_cast<std::size_t>(i % 5)], i / 5) + "\n";
  }
  return text + "never:\n  - ANY /debug/**\n  - ANY /{service}/admin/**\n";
}

struct Asked {
  std::uint32_t begin;
  std::uint16_t size;
  std::uint16_t kind;
};

double measure(int operations) {
  const policy::ParsedPolicy parsed = policy::parse_policy(policy_text(operations));
  if (parsed.policy == nullptr) {
    std::fprintf(stderr, "%s\n", base::format_faults("generated", parsed.faults).c_str());
    std::exit(1);
  }
  const std::vector<base::Refusal> standing(parsed.policy->capabilities().size(), base::Refusal::None);
  std::mt19937 random(1);
  std::string paths;  // of all questions: side by side, so that reading them is not what is measured
  std::vector<Asked> asked;
  for (int i = 0; i < kQuestions; ++i) {
    const std::size_t kind = random() % 5;
    const int resource = static_cast<int>(random() % static_cast<unsigned>(operations / 5)) +
                         (random() % 16 == 0 ? 1'000'000 : 0);
    const std::string path = shape(kPaths[kind], resource);
    asked.push_back({static_cast<std::uint32_t>(paths.size()), static_cast<std::uint16_t>(path.size()),
                     static_cast<std::uint16_t>(kind)});
    paths += path;
  }
  std::vector<double> times;
  int allowed = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    allowed = 0;
    const double begin = cpu_nanoseconds();
    for (const Asked& one : asked) {
      policy::Question question;
      question.method = kMethods[one.kind];
      question.path = std::string_view(paths).substr(one.begin, one.size);
      allowed += decide(*parsed.policy, question, standing).allowed() ? 1 : 0;
    }
    times.push_back((cpu_nanoseconds() - begin) / kQuestions);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  std::printf("%8d operations  %7.1f ns per decide()  %2d %% allowed\n", operations, median,
              allowed * 100 / kQuestions);
  return median;
}

}  // namespace

int main() {
  const double small = measure(10);
  measure(1'000);
  const double large = measure(100'000);
  std::printf("ratio of 100,000 to 10: %.2f\n", large / small);
  return 0;
}
