// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "audit/ocsf.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/json.h"
#include "tests/unit/audit/sample.h"

namespace postern::audit {
namespace {

base::Json as_ocsf(std::string_view line) {
  std::string out;
  EXPECT_TRUE(append_ocsf(out, line).ok()) << line;
  EXPECT_TRUE(out.ends_with("}\n"));
  EXPECT_EQ(out.find('\n'), out.size() - 1) << "one line";
  return base::parse_json(out.substr(0, out.size() - 1)).value();
}

// What the classes require beside the attributes of all, and which activities they know (schema.ocsf.io 1.3.0).
struct Class {
  std::set<std::string> required;
  std::set<int> activities;
};
const std::map<int, Class>& classes() {
  static const std::map<int, Class> all{
      {0, {{}, {0, 99}}},
      {2004, {{"finding_info"}, {1, 2, 3, 99}}},
      {3001, {{"user"}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99}}},
      {3002, {{"user", "service"}, {1, 2, 3, 4, 5, 99}}},
      {3004, {{"entity"}, {1, 2, 3, 4, 99}}},
      {4002, {{"http_request", "http_response", "dst_endpoint"}, {1, 2, 3, 4, 5, 6, 7, 8, 99}}},
      {6002, {{"app"}, {1, 2, 3, 4, 99}}},
  };
  return all;
}

TEST(Ocsf, MapsEveryTypeOfTheCatalogueToAClassWithAllThatItRequires) {
  std::uint64_t number = 0;
  for (const EventText& text : all_events()) {
    ASSERT_NE(ocsf_class_of(text.type), nullptr) << text.name << " is not in the table of audit/ocsf.cc";
    const base::Json json = as_ocsf(sample(text.type, ++number));
    const int uid = json.at("class_uid");
    const auto known = classes().find(uid);
    ASSERT_NE(known, classes().end()) << text.name;
    EXPECT_EQ(json.at("category_uid"), uid / 1000) << text.name;
    const int activity = json.at("activity_id");
    EXPECT_TRUE(known->second.activities.contains(activity)) << text.name << " " << activity;
    EXPECT_EQ(json.at("type_uid"), uid * 100 + activity) << text.name;
    EXPECT_EQ(json.at("time"), (kNoon + static_cast<base::Micros>(number) * 1000) / 1000) << text.name;
    EXPECT_TRUE(std::set<int>({1, 3, 5}).contains(json.at("severity_id").get<int>())) << text.name;
    EXPECT_EQ(json.at("metadata").at("version"), kOcsfVersion);
    EXPECT_FALSE(json.at("metadata").at("product").at("vendor_name").get<std::string>().empty());
    EXPECT_EQ(json.at("metadata").at("event_code"), text.name);
    EXPECT_EQ(json.at("metadata").at("uid"), sample_id(number));
    EXPECT_FALSE(json.at("message").get<std::string>().empty());
    for (const std::string& attribute : known->second.required)
      EXPECT_TRUE(json.contains(attribute) && !json.at(attribute).empty())
          << text.name << " lacks " << attribute;
  }
}

TEST(Ocsf, TellsAnExchangeByItsMethod) {
  const base::Json json = as_ocsf(sample(
      EventType::ExchangeForwarded, 1, "S",
      R"({"method":"POST","target":"/api/v2/silences?a=b","service":"alerts","node":"10.0.0.1:9093","client":"192.0.2.7"})"));
  EXPECT_EQ(json["class_uid"], 4002);
  EXPECT_EQ(json["type_uid"], 400206);
  EXPECT_EQ(json["http_request"]["http_method"], "POST");
  EXPECT_EQ(json["http_request"]["url"]["path"], "/api/v2/silences");
  EXPECT_EQ(json["http_request"]["url"]["query_string"], "a=b");
  EXPECT_EQ(json["src_endpoint"]["ip"], "192.0.2.7");
  EXPECT_EQ(json["dst_endpoint"]["svc_name"], "alerts");
  const base::Json completed = as_ocsf(
      sample(EventType::ExchangeCompleted, 2, "S", R"({"forwarded":"X","status":404,"duration_us":1500})"));
  EXPECT_EQ(completed["http_request"]["uid"], "X");
  EXPECT_EQ(completed["http_response"]["code"], 404);
  EXPECT_EQ(completed["duration"], 1);
  EXPECT_EQ(as_ocsf(sample(EventType::ExchangeRefused, 3, "S", R"({"method":"PATCH"})"))["type_uid"], 400299);
}

TEST(Ocsf, TellsWhoSignedInAndWhoWasRefused) {
  const base::Json json = as_ocsf(
      sample(EventType::SessionRefused, 1, {}, R"({"engineer":"mallory","client":"192.0.2.9"})", "gateway"));
  EXPECT_EQ(json["type_uid"], 300201);
  EXPECT_EQ(json["status_id"], 2);
  EXPECT_EQ(json["severity_id"], 3);
  EXPECT_EQ(json["user"]["name"], "mallory");
  EXPECT_EQ(json["src_endpoint"]["ip"], "192.0.2.9");
  const base::Json opened = as_ocsf(sample(EventType::SessionOpened, 2, "S1", R"({"engineer":"alice"})"));
  EXPECT_EQ(opened["status_id"], 1);
  EXPECT_EQ(opened["session"]["uid"], "S1");
  EXPECT_EQ(opened["actor"]["user"]["name"], "alice");
}

TEST(Ocsf, LosesNothing) {
  const std::string detail =
      R"({"what":"capability","name":"a\u0022b","until":"2026-03-01T10:00:00.000000Z"})";
  const base::Json json = as_ocsf(sample(EventType::PermissionChanged, 1, "S", detail, "admin:root"));
  EXPECT_EQ(json["unmapped"]["detail"], base::parse_json(detail).value());
  EXPECT_EQ(json["unmapped"]["actor"], "admin:root");
  EXPECT_EQ(json["unmapped"]["session"], "S");
}

TEST(Ocsf, RefusesWhatIsNoEvent) {
  std::string out;
  for (const char* line : {"", "{}", "{\"v\":1}", "nonsense"})
    EXPECT_FALSE(append_ocsf(out, line).ok()) << line;
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace postern::audit
