// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/updates.h"

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "line/updates.h"
#include "tests/unit/desk/rig.h"
#include "tests/unit/update/vendor.h"

namespace postern::mission {
namespace {

using base::Json;
using ::testing::HasSubstr;

constexpr const char* kName = "p-2.tar.gz";

class UpdatesTest : public DeskRig {
 protected:
  UpdatesTest() {
    vendor.add(kName, artefact);
    vendor.publish();
  }
  Answer post(const std::string& target, const Json& body, http::Method method = http::Method::Post) {
    Answer answer = ask({.method = method, .target = target, .body = base::dump_json(body), .local = true});
    commits->flush();
    return answer;
  }
  Json get(const std::string& target) {
    return *base::parse_json(ask({.method = http::Method::Get, .target = target, .local = true}).body);
  }
  std::string file() const { return update::artefact_name(base::sha256_hex(artefact)); }
  Answer put(std::int64_t piece, const std::string& bytes) {
    return post("/api/v1/updates/files/" + file(),
                {{"length", artefact.size()}, {"piece", piece}, {"data", base::to_base64(bytes)}});
  }
  void upload() {
    for (std::size_t at = 0, piece = 0; at < artefact.size(); at += line::kUpdatePiece, ++piece)
      ASSERT_EQ(put(static_cast<std::int64_t>(piece), artefact.substr(at, line::kUpdatePiece)).status, 200);
  }
  Answer publish_all() {
    return post("/api/v1/updates", {{"roots", vendor.roots},
                                    {"timestamp", vendor.timestamp},
                                    {"snapshot", vendor.snapshot},
                                    {"targets", vendor.targets}});
  }
  void offer(int ring, int stop_at = 50) {
    ASSERT_EQ(post("/api/v1/updates/" + std::string(kName) + "/offer", {{"ring", ring}, {"stop_at", stop_at}})
                  .status,
              200);
  }
  Answer line_ask(const Enrolled& who, std::string_view path, const std::string& body) {
    return ask({.target = std::string(path), .body = body, .certificate = who.certificate});
  }
  Answer fetch(const Enrolled& who, const std::string& name, std::int64_t piece = 0) {
    return line_ask(who, line::kUpdateFilePath, line::format(line::UpdateAsk{name, piece}));
  }
  line::UpdateOffers offers_of(const Enrolled& who) {
    return line::parse_update_offers(line_ask(who, line::kUpdateOffersPath, "{}").body).value();
  }
  void tell(const Enrolled& who, const std::string& type, const std::string& outcome = "") {
    line::Report report{ulid(),
                        line::Kind::Event,
                        1,
                        clock.wall(),
                        {{"type", type}, {"subject", kName}, {"outcome", outcome}}};
    ASSERT_EQ(this->report(who, {report}).status, 200);
  }

  update::Vendor vendor;
  std::string artefact = std::string(line::kUpdatePiece, 'a') + "the rest";
};

TEST_F(UpdatesTest, IsPublishedOfferedAndFetchedInPieces) {
  const Enrolled who = enrolled();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  EXPECT_TRUE(offers_of(who).offers.empty());
  EXPECT_EQ(fetch(who, file()).status, 404) << "it is offered to nobody";
  offer(9);
  ASSERT_EQ(offers_of(who).offers.size(), 1U);
  EXPECT_EQ(offers_of(who).offers[0].name, kName);
  EXPECT_EQ(fetch(who, "timestamp.json").body, vendor.timestamp);
  EXPECT_EQ(fetch(who, "1.root.json").body, vendor.roots[0]);
  EXPECT_EQ(fetch(who, "2.root.json").status, 404);
  EXPECT_EQ(fetch(who, file(), 0).body + fetch(who, file(), 1).body, artefact);
  EXPECT_EQ(fetch(who, file(), 2).status, 404);
  EXPECT_EQ(fetch(who, "../mission.sqlite").status, 404);
  EXPECT_EQ(get("/api/v1/updates")["items"][0]["version"], "2.0.0");
}

TEST_F(UpdatesTest, IsNotPublishedWithoutItsArtefactOrWithAnother) {
  const Answer missing = publish_all();
  EXPECT_EQ(missing.code, "update_refused");
  EXPECT_THAT(missing.body, HasSubstr("is not here"));
  const std::string other(artefact.size() - line::kUpdatePiece, 'x');
  ASSERT_EQ(put(0, artefact.substr(0, line::kUpdatePiece)).status, 200);
  EXPECT_THAT(put(1, other).body, HasSubstr("its hash is another"));
  EXPECT_THAT(put(1, other).body, HasSubstr("begin again"));
  EXPECT_EQ(publish_all().status, 409);
  EXPECT_EQ(get("/api/v1/updates")["root"], 0);
}

TEST_F(UpdatesTest, IsJudgedWhenItIsPublished) {
  upload();
  const std::string good = vendor.timestamp;
  vendor.timestamp = vendor.sign(to_json(vendor.timestamp_), {"snapshot"});
  EXPECT_THAT(publish_all().body, HasSubstr("must"));
  vendor.timestamp = good;
  ASSERT_EQ(publish_all().status, 200);
  const update::Vendor old = vendor;
  vendor.publish_next();
  ASSERT_EQ(publish_all().status, 200);
  vendor = old;
  EXPECT_THAT(publish_all().body, HasSubstr("version 2 is known"));
  EXPECT_EQ(get("/api/v1/updates")["timestamp"]["version"], 2);
}

TEST_F(UpdatesTest, GoesToTheRingsOneAfterTheOther) {
  const Enrolled first = enrolled(), last = enrolled();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  ASSERT_EQ(post("/api/v1/installations/" + first.id + "/ring", {{"ring", 1}}, http::Method::Put).status,
            200);
  offer(1);
  EXPECT_EQ(offers_of(first).offers.size(), 1U);
  EXPECT_TRUE(offers_of(last).offers.empty());
  EXPECT_EQ(fetch(last, file()).status, 404);
  offer(9);
  EXPECT_EQ(offers_of(last).offers.size(), 1U);
  EXPECT_EQ(post("/api/v1/installations/" + first.id + "/ring", {{"ring", 10}}, http::Method::Put).status,
            400);
}

TEST_F(UpdatesTest, IsSuspendedWhenTooManyOfARingFail) {
  const Enrolled one = enrolled(), two = enrolled(), three = enrolled();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  offer(9, 50);
  tell(one, "update.downloaded");
  tell(one, "update.begun");
  tell(one, "update.ended", "refused");
  tell(two, "update.ended", "done");
  tell(three, "update.ended", "rolled_back");
  EXPECT_FALSE(offers_of(one).offers[0].suspended) << "a third";
  tell(one, "update.ended", "stopped");
  EXPECT_TRUE(offers_of(two).offers[0].suspended);
  EXPECT_EQ(fetch(two, file()).status, 404);
  const Json shown = get("/api/v1/updates/" + std::string(kName));
  EXPECT_THAT(shown["suspended"].get<std::string>(), HasSubstr("2 of 3 installations of ring 9"));
  std::map<std::string, std::string> states;
  for (const Json& each : shown["installations"]) states[each["id"]] = each["state"];
  EXPECT_EQ(states, (std::map<std::string, std::string>{
                        {one.id, "failed"}, {two.id, "done"}, {three.id, "rolled_back"}}));
  ASSERT_EQ(post("/api/v1/updates/" + std::string(kName) + "/resume", Json::object()).status, 200);
  EXPECT_FALSE(offers_of(two).offers[0].suspended);
}

TEST_F(UpdatesTest, ThatIsNoMoreAmongTheTargetsIsForgotten) {
  upload();
  ASSERT_EQ(publish_all().status, 200);
  vendor.targets_.targets.clear();
  vendor.publish_next();
  ASSERT_EQ(publish_all().status, 200);
  EXPECT_TRUE(get("/api/v1/updates")["items"].empty());
  EXPECT_FALSE(store->update_file(file())->has_value());
}

}  // namespace
}  // namespace postern::mission
