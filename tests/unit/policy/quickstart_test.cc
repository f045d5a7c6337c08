// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The policy that the quickstart puts in front of a real Prometheus and Alertmanager keeps what its comments
// say.
#include "base/file.h"
#include "policy/check.h"
#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

using base::Refusal;

class QuickstartPolicy : public testing::Test {
 protected:
  QuickstartPolicy()
      : policy_(
            policy_of(base::read_file(POSTERN_ROOT "/deploy/quickstart/policy.yaml", 1U << 20U).value())) {}
  std::shared_ptr<const Policy> policy_;
};

TEST_F(QuickstartPolicy, HasNoFindings) { EXPECT_EQ(format_findings("policy.yaml", check(*policy_)), ""); }

TEST_F(QuickstartPolicy, LetsThePagesOfPrometheusLoad) {
  for (const char* path :
       {"/prometheus/", "/prometheus/graph", "/prometheus/graph/", "/prometheus/classic/graph",
        "/prometheus/classic/static/js/graph/index.js",
        "/prometheus/classic/static/js/graph/graph_template.handlebar", "/prometheus/classic/alerts",
        "/prometheus/classic/targets", "/prometheus/classic/rules", "/prometheus/classic/status",
        "/prometheus/api/v1/query", "/prometheus/api/v1/query_range",
        "/prometheus/api/v1/label/__name__/values"}) {
    EXPECT_EQ(ask(*policy_, {"GET", path, {{"v", "2.42.0+ds"}}}), Refusal::None) << path;
  }
}

TEST_F(QuickstartPolicy, LetsSilencesBeCreatedAndExpired) {
  const std::string json = "application/json";
  const std::string id = "/alertmanager/api/v2/silence/0f2e8f7c-6d1f-4b0b-9d3c-2d6a3c1b0f11";
  EXPECT_EQ(ask(*policy_, {"POST", "/alertmanager/api/v2/silences", {}, json, true}), Refusal::None);
  EXPECT_EQ(ask(*policy_, {"DELETE", id}), Refusal::None);
  EXPECT_EQ(ask(*policy_, {"GET", id}), Refusal::None);
  EXPECT_EQ(ask(*policy_, {"DELETE", "/alertmanager/api/v2/silence/all"}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(ask(*policy_, {"POST", "/alertmanager/api/v2/silences", {}, "text/plain", true}),
            Refusal::BodyNotAllowed);
}

TEST_F(QuickstartPolicy, NeverStopsReloadsProfilesOrShowsTheConfiguration) {
  for (const char* path :
       {"/prometheus/-/quit", "/prometheus/-/reload", "/prometheus/debug/pprof/heap",
        "/prometheus/api/v1/admin/tsdb/snapshot", "/prometheus/config", "/prometheus/classic/config",
        "/prometheus/api/v1/status/config", "/prometheus/classic/flags", "/prometheus/api/v1/status/flags",
        "/alertmanager/-/reload", "/alertmanager/debug/pprof/", "/alertmanager/api/v2/status",
        "/alertmanager/api/v1/status"}) {
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
      EXPECT_EQ(ask(*policy_, {method, path}), Refusal::Never) << method << " " << path;
    }
  }
}

TEST_F(QuickstartPolicy, ListsNothingElse) {
  EXPECT_EQ(ask(*policy_, {"POST", "/alertmanager/api/v2/alerts", {}, "application/json", true}),
            Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy_, {"GET", "/prometheus/federate"}), Refusal::OperationNotListed);
  EXPECT_EQ(ask(*policy_, {"POST", "/prometheus/api/v1/read"}), Refusal::OperationNotListed);
}

TEST_F(QuickstartPolicy, GivesChangesToTheAdminRoleOnly) {
  for (const Role& role : policy_->roles()) {
    for (const int capability : role.capabilities) {
      const bool write = policy_->capabilities()[static_cast<std::size_t>(capability)].klass == Class::Write;
      EXPECT_TRUE(!write || role.name == "admin") << role.name;
    }
  }
  EXPECT_EQ(policy_->roles().size(), 3U);
}

}  // namespace
}  // namespace postern::policy
