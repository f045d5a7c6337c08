// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/updates.h"

#include <gmock/gmock.h>

#include "line/updates.h"
#include "mission/desk/roll_out.h"
#include "tests/unit/desk/updates_rig.h"

namespace postern::mission {
namespace {

using base::Json;
using ::testing::HasSubstr;

constexpr const char* kName = kTestUpdate;

class UpdatesTest : public UpdatesRig {};

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

TEST_F(UpdatesTest, OfTwoUploadsOfOneArtefactTheLaterOneGoesOn) {
  const std::string name = file();
  const UpdateUpload other{name, "of another server", clock.wall()};
  ASSERT_EQ(put(0, artefact.substr(0, line::kUpdatePiece)).status, 200);
  ASSERT_TRUE(*store->begin_file(other, static_cast<std::int64_t>(artefact.size())));
  const std::string end = artefact.substr(line::kUpdatePiece);
  EXPECT_THAT(put(1, end).body, HasSubstr("somebody else brings this artefact, too"));
  ASSERT_EQ(put(0, artefact.substr(0, line::kUpdatePiece)).status, 200);
  EXPECT_FALSE(*store->add_piece(other, 0, "of another server")) << "it began before";
  EXPECT_EQ(put(1, end).body, R"({"whole":true})");
  EXPECT_EQ(*store->update_piece(file(), 0)->value().begin(), 'a');
}

TEST_F(UpdatesTest, AnArtefactThatBecameWholeMeanwhileTakesNoMorePieces) {
  ASSERT_EQ(put(0, artefact.substr(0, line::kUpdatePiece)).status, 200);
  const std::string name = file();
  const UpdateUpload other{name, "of another server", clock.wall()};
  ASSERT_TRUE(*store->begin_file(other, static_cast<std::int64_t>(artefact.size())));
  ASSERT_TRUE(*store->add_piece(other, 0, artefact.substr(0, line::kUpdatePiece)));
  ASSERT_TRUE(*store->add_piece(other, 1, artefact.substr(line::kUpdatePiece)));
  ASSERT_TRUE(*store->end_file(other));
  EXPECT_EQ(put(1, std::string(artefact.size() - line::kUpdatePiece, 'x')).body, R"({"whole":true})");
  EXPECT_EQ(store->update_piece(file(), 1)->value(), artefact.substr(line::kUpdatePiece));
  EXPECT_EQ(publish_all().status, 200);
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

TEST_F(UpdatesTest, IsSuspendedByNobodyWhomItIsNotOfferedTo) {
  const Enrolled first = enrolled(), evil = enrolled();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  ASSERT_EQ(post("/api/v1/installations/" + first.id + "/ring", {{"ring", 1}}, http::Method::Put).status,
            200);
  const auto suspended = [&] { return !get("/api/v1/updates")["items"][0]["suspended"].is_null(); };
  tell(evil, "update.ended", "rolled_back");
  EXPECT_FALSE(suspended()) << "it is offered to nobody";
  offer(1, 1);
  tell(evil, "update.ended", "rolled_back");
  EXPECT_FALSE(suspended()) << "it is not offered to ring 9";
  offer(9, 1);
  tell(first, "update.begun");
  EXPECT_FALSE(suspended());
  EXPECT_EQ(*store->count_failures(kName, 9), 0) << "it said so before it was offered it";
  tell(evil, "update.begun");
  tell(evil, "update.ended", "rolled_back");
  EXPECT_TRUE(suspended()) << "it was offered it";
}

TEST_F(UpdatesTest, IsNotSuspendedAgainByThoseWhereItFailedBeforeItWasResumed) {
  const Enrolled one = enrolled(), two = enrolled(), three = enrolled();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  offer(9, 50);
  const std::string path = "/api/v1/updates/" + std::string(kName);
  const auto suspended = [&] { return !get(path)["suspended"].is_null(); };
  const auto resume = [&] { ASSERT_EQ(post(path + "/resume", Json::object()).status, 200); };
  tell(one, "update.ended", "rolled_back");
  resume();  // it is not suspended: what failed counts on
  tell(two, "update.ended", "stopped");
  EXPECT_TRUE(suspended());
  resume();
  for (int i = 0; i < 3; ++i) {
    tell(one, "update.ended", "rolled_back");
    tell(one, "update.ended", "done");
    tell(one, "update.ended", "stopped");
    tell(two, "update.ended", "stopped");
  }
  EXPECT_FALSE(suspended());
  tell(three, "update.ended", "rolled_back");
  EXPECT_FALSE(suspended()) << "a third";
  offer(9, 33);
  tell(three, "update.ended", "rolled_back");
  EXPECT_TRUE(suspended());
  EXPECT_THAT(get(path)["suspended"].get<std::string>(), HasSubstr("1 of 3 installations of ring 9"));
}

TEST_F(UpdatesTest, SaysRingByRingHowFarItIsAndWhy) {
  const Enrolled one = enrolled(), two = enrolled(), three = enrolled();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  ASSERT_EQ(post("/api/v1/installations/" + one.id + "/ring", {{"ring", 1}}, http::Method::Put).status, 200);
  EXPECT_TRUE(get("/api/v1/updates")["items"][0]["rings"].is_null()) << "it is offered to nobody";
  offer(1);
  tell(one, "update.announced", "", {{"start", "2026-03-02T01:00:00.000000Z"}});
  Json item = get("/api/v1/updates")["items"][0];
  ASSERT_EQ(item["rings"].size(), 2U);
  EXPECT_EQ(item["rings"][0]["waiting"], 1);
  EXPECT_EQ(item["rings"][0]["behind"], 1);
  EXPECT_EQ(item["rings"][1]["behind"], 0) << "it is not offered to ring 9";
  EXPECT_EQ(item["rings"][1]["untold"], 2);
  offer(9, 60);
  tell(two, "update.ended", "rolled_back", {{"why", "node b: exit status 1\n"}});
  const std::string path = "/api/v1/updates/" + std::string(kName);
  Json shown = get(path + "?of=behind&limit=2");
  EXPECT_EQ(shown["rings"][1]["failed"], 1);
  ASSERT_EQ(shown["installations"].size(), 2U);
  ASSERT_TRUE(shown.contains("next"));
  std::map<std::string, Json> states;
  for (const Json& each : shown["installations"]) states[each["id"]] = each;
  const Json rest = get(path + "?of=behind&limit=2&after=" + shown["next"].get<std::string>());
  for (const Json& each : rest["installations"]) states[each["id"]] = each;
  ASSERT_EQ(states.size(), 3U);
  EXPECT_EQ(states[one.id]["starts"], "2026-03-02T01:00:00.000000Z");
  EXPECT_EQ(states[two.id]["state"], "rolled_back");
  EXPECT_THAT(states[two.id]["why"].get<std::string>(), HasSubstr("node b: exit status 1"));
  EXPECT_TRUE(states[three.id]["state"].is_null());
  EXPECT_EQ(ask({.method = http::Method::Get, .target = path + "?of=nobody", .local = true}).status, 400);
  const Json own = get("/api/v1/installations/" + two.id)["updates"];
  EXPECT_EQ(own["ring"], 9);
  EXPECT_EQ(own["items"][0]["state"], "rolled_back");
  std::map<std::string, Json> fleet = lags();
  EXPECT_EQ(fleet[one.id]["behind"], 1);
  EXPECT_EQ(fleet[two.id]["failed"], 1);
  EXPECT_EQ(fleet[three.id]["untold"], 1);
  tell(one, "update.ended", "done");
  tell(three, "update.withdrawn");
  fleet = lags();
  EXPECT_EQ(fleet[one.id]["behind"], 0);
  EXPECT_EQ(fleet[three.id]["untold"], 0);
  EXPECT_EQ(get(path)["rings"][1]["not_for"], 1);
}

TEST_F(UpdatesTest, SaysWhoSuspendedItAndHowTheVendorsDocumentsAre) {
  const Enrolled one = enrolled();
  EXPECT_TRUE(get("/api/v1/updates")["documents"].is_null());
  upload();
  ASSERT_EQ(publish_all().status, 200);
  Json documents = get("/api/v1/updates")["documents"];
  EXPECT_EQ(documents["root"]["version"], 1);
  EXPECT_EQ(documents["targets"]["version"], 1);
  EXPECT_TRUE(documents["trouble"].is_null()) << documents;
  offer(9, 50);
  const std::string path = "/api/v1/updates/" + std::string(kName);
  ASSERT_EQ(post(path + "/suspend", {{"why", "it loses samples"}}).status, 200);
  Json shown = get(path);
  EXPECT_EQ(shown["suspended"], "it loses samples");
  EXPECT_THAT(shown["suspended_by"].get<std::string>(), HasSubstr("person:"));
  ASSERT_EQ(post(path + "/resume", Json::object()).status, 200);
  EXPECT_TRUE(get(path)["suspended_by"].is_null());
  tell(one, "update.ended", "rolled_back");
  EXPECT_EQ(get(path)["suspended_by"], "failures");
  clock.advance(400LL * 86400 * base::kSecond);
  EXPECT_THAT(get("/api/v1/updates")["documents"]["trouble"].get<std::string>(), HasSubstr("expired"));
}

TEST_F(UpdatesTest, AnotherArtefactUnderItsNameBeginsAnew) {
  const Enrolled one = enrolled();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  offer(9);
  tell(one, "update.ended", "done");
  artefact = std::string(line::kUpdatePiece, 'b') + "another";
  vendor.targets_.targets.clear();
  vendor.add(kName, artefact);
  vendor.publish_next();
  upload();
  ASSERT_EQ(publish_all().status, 200);
  const Json shown = get("/api/v1/updates/" + std::string(kName));
  EXPECT_EQ(shown["ring"], 0);
  EXPECT_TRUE(shown["installations"][0]["state"].is_null());
}

// What an update may replace, of updates of one service: the later one where nothing else says so.
TEST(RollOut, OneReplacesAnotherThatItNames) {
  const auto make = [](const char* version, std::vector<std::string> from, base::Micros published) {
    return Replacing{version, "service p", version, std::move(from), 9, false, published};
  };
  const Replacing second = make("2", {"1"}, 5), third = make("3", {"1", "2"}, 5), any = make("4", {}, 5);
  EXPECT_TRUE(replaces(third, second));
  EXPECT_FALSE(replaces(second, third));
  EXPECT_TRUE(replaces(any, third));
  EXPECT_FALSE(replaces(third, any));
  EXPECT_TRUE(replaces(make("2", {"3"}, 9), third)) << "each names the other: the later one";
  EXPECT_FALSE(replaces(third, make("2", {"3"}, 9)));
  EXPECT_TRUE(replaces(make("5", {}, 6), any));
  Replacing other = third;
  other.of = "service q";
  EXPECT_FALSE(replaces(other, second));
}

class LagTest : public DeskRig {
 protected:
  void publish(const std::string& version, const std::vector<std::string>& from, std::int64_t ring) {
    UpdateOffer offer;
    offer.name = "p-" + version;
    offer.sha256 = version;
    offer.about = {{"custom", {{"service", "p"}, {"version", version}, {"from", from}}}};
    offer.ring = ring;
    offer.published = clock.wall();
    ASSERT_TRUE(store->set_offer(offer).ok());
  }
  void told(const Enrolled& who, const std::string& version, const std::string& state) {
    ASSERT_TRUE(store->set_update_state({who.id, "", "p-" + version, state, clock.wall()}).ok());
  }
  Lag lag(const Enrolled& who) { return Lags::count(*store)->of(who.id); }
};

TEST_F(LagTest, IsOfWhatItsRingIsOffered) {
  const Enrolled first = enrolled(), last = enrolled();
  ASSERT_TRUE(store->set_ring(first.id, 1).ok());
  publish("2", {"1"}, 9);
  publish("3", {"1", "2"}, 1);
  EXPECT_EQ(lag(first).ring, 1);
  EXPECT_EQ(lag(first).offered, 2);
  EXPECT_EQ(lag(first).untold, 1) << "3 replaces 2";
  EXPECT_EQ(lag(last).offered, 1);
  EXPECT_EQ(lag(last).untold, 1);
  told(last, "3", "announced");  // of which it has heard, though it is not offered to it any more
  EXPECT_EQ(lag(last).behind, 0);
  told(last, "2", "missed");
  EXPECT_EQ(lag(last).behind, 1);
  EXPECT_EQ(lag(last).untold, 0);
}

TEST_F(LagTest, WhoTookWhatReplacesItIsNotBehind) {
  const Enrolled who = enrolled();
  publish("2", {"1"}, 9);
  told(who, "2", "rolled_back");
  EXPECT_EQ(lag(who).behind, 1);
  EXPECT_EQ(lag(who).failed, 1);
  publish("3", {"1", "2"}, 9);
  EXPECT_EQ(lag(who).behind, 1);
  EXPECT_EQ(lag(who).untold, 0) << "it is on its way with the service";
  told(who, "3", "done");
  EXPECT_EQ(lag(who).behind, 0);
  EXPECT_EQ(lag(who).failed, 0);
  EXPECT_EQ(lag(who).untold, 0);
}

TEST_F(LagTest, NobodyIsBehindWithWhatIsSuspendedAndFailuresStay) {
  const Enrolled one = enrolled(), two = enrolled();
  publish("2", {}, 9);
  told(one, "2", "failed");
  told(two, "2", "scheduled");
  UpdateOffer offer = **store->offer("p-2");
  offer.suspended = "it fails";
  ASSERT_TRUE(store->set_offer(offer).ok());
  EXPECT_EQ(lag(two).behind, 0);
  EXPECT_EQ(lag(two).untold, 0);
  EXPECT_EQ(lag(one).behind, 0);
  EXPECT_EQ(lag(one).failed, 1);
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
