// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "tests/unit/ledger/scene.h"

namespace postern::ledger {
namespace {

using base::Json;

constexpr base::Micros kOneDay = 24LL * 3600 * base::kWallSecond;

struct TokenScene : Scene {
  static Json order(Json more = Json::object()) {
    Json out{{"command", "token.create"},
             {"name", "deploy"},
             {"admin", "root"},
             {"rank", "admin"},
             {"scopes", {"read", "policy"}},
             {"token_sha256", std::string(64, 'a')}};
    out.update(more);
    return out;
  }
  std::string make(Json more = Json::object()) {
    return base::json_text_or(admin(order(std::move(more))).reply, "id", "");
  }
  Decision use(const std::string& id, const char* client) {
    return admin({{"command", "token.use"}, {"id", id}, {"client", client}});
  }
};

TEST(DecideToken, IsMadeForNinetyDaysWithWhatItMay) {
  TokenScene scene;
  const std::string id = scene.make();
  const state::Token& token = scene.state.tokens().at(id);
  EXPECT_EQ(token.expires, kNoon + 90 * kOneDay);
  EXPECT_EQ(token.scopes, (std::vector<std::string>{"policy", "read"}));
  EXPECT_EQ(token.owner, "root");
  EXPECT_TRUE(token.admin);
  EXPECT_EQ(base::to_hex(token.sha256), std::string(64, 'a'));
}

TEST(DecideToken, RefusesWhatIsNone) {
  TokenScene scene;
  for (const Json& wrong :
       {Json{{"name", "A b"}}, Json{{"admin", ""}}, Json{{"rank", "root"}}, Json{{"scopes", Json::array()}},
        Json{{"scopes", {"everything"}}}, Json{{"networks", {"192.0.2.7/24"}}}, Json{{"token_sha256", "00"}},
        Json{{"expires", "367d"}}, Json{{"rank", "auditor"}}, Json{{"scopes", "read"}}}) {
    EXPECT_EQ(status_of(scene.admin(TokenScene::order(wrong))), 400) << base::dump_json(wrong);
  }
  EXPECT_TRUE(scene.state.tokens().empty());
}

TEST(DecideToken, OfOneAdminHaveDifferentNames) {
  TokenScene scene;
  scene.make();
  EXPECT_EQ(status_of(scene.admin(TokenScene::order())), 409);
  EXPECT_EQ(status_of(scene.admin(TokenScene::order({{"admin", "eve"}}))), 200);
}

TEST(DecideToken, EndsWhenItIsRevokedOrItsTimeIsOver) {
  TokenScene scene;
  const std::string revoked = scene.make();
  EXPECT_EQ(status_of(scene.admin({{"command", "token.revoke"}, {"id", revoked}})), 200);
  EXPECT_TRUE(scene.all.back().closes);
  EXPECT_EQ(status_of(scene.admin({{"command", "token.revoke"}, {"id", revoked}})), 404);
  scene.make({{"expires", "1h"}});
  scene.now += kOneDay;
  scene.due();
  EXPECT_EQ(scene.all.back().type, audit::EventType::TokenExpired);
  EXPECT_TRUE(scene.state.tokens().empty());
}

TEST(DecideToken, AUseIsAnEventOncePerAddressAndDay) {
  TokenScene scene;
  const std::string id = scene.make();
  EXPECT_EQ(scene.use(id, "192.0.2.1").events.size(), 1u);
  EXPECT_EQ(scene.use(id, "192.0.2.1").events.size(), 0u);
  EXPECT_EQ(scene.use(id, "192.0.2.2").events.size(), 1u);
  scene.now += kOneDay;
  EXPECT_EQ(scene.use(id, "192.0.2.1").events.size(), 1u);
  EXPECT_EQ(status_of(scene.use("nothing", "192.0.2.1")), 404);
}

TEST(DecideToken, IsNotMadeWhileTheLogCannotBeWrittenButRevoked) {
  TokenScene scene;
  const std::string id = scene.make();
  scene.writable = false;
  EXPECT_EQ(status_of(scene.admin(TokenScene::order({{"name", "other"}}))), 503);
  EXPECT_EQ(status_of(scene.admin({{"command", "token.revoke"}, {"id", id}})), 200);
}

}  // namespace
}  // namespace postern::ledger
