// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/router.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/bytes.h"
#include "base/json.h"
#include "console/version.h"

namespace postern::console {
namespace {

TEST(Router, FindsARouteAndDecodesWhatItCaptures) {
  const Found found = find_route(http::Method::Post, "/api/v1/engineers/a%20b/approve");
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(found.captures, std::vector<std::string>{"a b"});
}

TEST(Router, PrefersNothingOverAnEmptySegment) {
  EXPECT_EQ(find_route(http::Method::Get, "/api/v1/grants/").route, nullptr);
  EXPECT_EQ(find_route(http::Method::Get, "/api/v1/grants/x/").route, nullptr);
  EXPECT_EQ(find_route(http::Method::Get, "/api/v1").route, nullptr);
}

TEST(Router, AnswersHeadWhereItAnswersGet) {
  EXPECT_NE(find_route(http::Method::Head, "/api/v1/status").route, nullptr);
  EXPECT_EQ(find_route(http::Method::Head, "/api/v1/passes").route, nullptr);
}

TEST(Router, LetsOnlyAdminsChangeAnything) {
  for (const Route& route : routes()) {
    if (route.method == http::Method::Get) continue;
    // Signing in and out, looking after one's own account, following an invitation.
    const bool own = route.path.starts_with("/api/v1/sign-") || route.path.starts_with("/api/v1/account/") ||
                     route.path == "/api/v1/invitation" || route.path == "/api/v1/invitation/accept";
    // What another signs: a log's checkpoint, which changes nothing that an admin sets, and a provider's word that somebody left.
    const bool of_others =
        route.path == "/witness/add-checkpoint" || route.path == "/api/v1/openid/backchannel-logout";
    EXPECT_TRUE(own || route.access == (of_others ? Access::Signed : Access::Admins)) << route.path;
  }
}

// Whoever holds a stolen cookie can close what is open, and open nothing. A change that is new stands here, if that is so of it, or
// in the table with its proof.
TEST(Router, AsksAgainForAllButWhatClosesOrOpensNothing) {
  const std::set<std::string> open_nothing{
      "DELETE /api/v1/admins/{name}/sign-ins",
      "DELETE /api/v1/invitations/{id}",
      "DELETE /api/v1/engineers/{name}",
      "POST /api/v1/requests/{id}/ask-back",
      "POST /api/v1/requests/{id}/refuse",
      "POST /api/v1/grants/{id}/revoke",
      "POST /api/v1/notifications/{name}/test",
      "POST /api/v1/holds/{id}/refuse",
      "POST /api/v1/proposals/{id}/refuse",
      "POST /api/v1/updates/stop",
      "POST /api/v1/updates/announced/{target}/postpone",
      "POST /api/v1/updates/announced/{target}/cancel",
      "POST /api/v1/updates/sources/look",
      "POST /api/v1/sessions/{id}/end",
      "DELETE /api/v1/tokens/{id}",
      "DELETE /api/v1/intake/tokens/{id}",
      "POST /api/v1/link/check",
  };
  std::set<std::string> unasked;
  for (const Route& route : routes()) {
    if (route.access == Access::Admins && route.method != http::Method::Get && route.needs_proof == nullptr)
      unasked.insert(std::string(http::to_text(route.method)) + " " + std::string(route.path));
  }
  EXPECT_EQ(unasked, open_nothing);
}

TEST(Router, NoTokenReachesAccountsTokensOrKeys) {
  for (const Route& route : routes()) {
    const bool sensitive = route.path.find("token") != std::string_view::npos ||
                           route.path.find("sign-") != std::string_view::npos ||
                           route.path.find("admins") != std::string_view::npos ||
                           route.path.find("/log/") != std::string_view::npos;
    const bool reads = route.scope == Scope::Read && route.method == http::Method::Get;
    EXPECT_TRUE(!sensitive || route.scope == Scope::None || reads) << route.path;
    EXPECT_TRUE(route.method == http::Method::Get || route.scope != Scope::Read) << route.path;
  }
}

TEST(Router, IsWhatTheOpenApiDocumentDescribes) {
  const auto document = base::parse_json(openapi_document());
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ((*document)["openapi"], "3.1.0");
  std::set<std::string> described, routed, open, open_routes, scoped, scoped_routes, repeatable, changing;
  for (const auto& [path, methods] : (*document)["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      described.insert(method + " " + path);
      if (operation.contains("security")) open.insert(method + " " + path);
      if (const std::string scope = base::json_text_or(operation, "x-token-scope", ""); !scope.empty())
        scoped.insert(method + " " + path + " " + scope);
      for (const auto& parameter : operation.value("parameters", base::Json::array())) {
        if (base::json_text_or(parameter, "$ref", "") == "#/components/parameters/IdempotencyKey")
          repeatable.insert(method + " " + path);
        if (base::json_text_or(parameter, "in", "") != "path") continue;
        EXPECT_NE(path.find("{" + parameter["name"].get<std::string>() + "}"), std::string::npos) << path;
      }
    }
  }
  for (const Route& route : routes()) {
    const std::string name = base::to_lower(http::to_text(route.method)) + " " + std::string(route.path);
    EXPECT_TRUE(routed.insert(name).second) << "twice: " << name;
    if (route.scope != Scope::None) scoped_routes.insert(name + " " + std::string(to_text(route.scope)));
    const bool anyone = route.access == Access::Anyone || route.access == Access::Signed;
    if (anyone) open_routes.insert(name);
    if (!anyone && route.method != http::Method::Get) changing.insert(name);
  }
  EXPECT_EQ(described, routed);
  EXPECT_EQ(open, open_routes);
  EXPECT_EQ(scoped, scoped_routes);
  EXPECT_EQ(repeatable, changing);
}

// x-role and x-proof: who may, and what is asked again, as the table has it.
TEST(Router, IsWhatTheOpenApiDocumentSaysOfRolesAndProofs) {
  const auto document = base::parse_json(openapi_document());
  ASSERT_TRUE(document.ok()) << document.error().message;
  const std::map<Access, std::string> words{{Access::Anyone, "anyone"},
                                            {Access::Signed, "anyone"},
                                            {Access::Readers, "auditor"},
                                            {Access::Admins, "admin"}};
  std::set<std::string> described, routed;
  for (const auto& [path, methods] : (*document)["paths"].items()) {
    for (const auto& [method, operation] : methods.items())
      described.insert(method + " " + path + " " + base::json_text_or(operation, "x-role", "nobody") + " " +
                       operation.value("x-proof", base::Json()).dump());
  }
  for (const Route& route : routes()) {
    const bool always = route.needs_proof == proof::always;
    const base::Json proof = route.needs_proof == nullptr ? base::Json()
                             : always                     ? base::Json(true)
                                                          : base::Json("opening");
    routed.insert(base::to_lower(http::to_text(route.method)) + " " + std::string(route.path) + " " +
                  words.at(route.access) + " " + proof.dump());
  }
  EXPECT_EQ(described, routed);
}

}  // namespace
}  // namespace postern::console
