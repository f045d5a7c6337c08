// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/crypto.h"

namespace postern::line {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kId = "01JD7Z3V5T4Q2N8M6K0H1F9C3B";
constexpr std::string_view kRequest =
    "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n";
constexpr std::string_view kChain = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
constexpr base::Micros kNoon = 1'764'244'800'000'000;

TEST(LineCode, IsForAPersonToType) {
  ASSERT_TRUE(base::init_crypto().ok());
  std::set<std::string> made;
  for (int i = 0; i < 100; ++i) {
    const std::string code = new_code();
    EXPECT_EQ(code.size(), 23u);
    EXPECT_EQ(normal_code(code).size(), 20u);
    made.insert(code);
  }
  EXPECT_EQ(made.size(), 100u);
  EXPECT_EQ(normal_code("ooilL 00000-00000 00000"), "00111000000000000000");
  EXPECT_EQ(normal_code("0000000000000000000"), "") << "19";
  EXPECT_EQ(normal_code("000000000000000000000"), "") << "21";
  EXPECT_EQ(normal_code("0000000000000000000U"), "") << "no letter of the alphabet";
}

TEST(LineName, IsReadInItsOneFormOnly) {
  const InstallationName name{"mission.vendor.example", std::string(kId)};
  EXPECT_EQ(uri_of(name), "spiffe://mission.vendor.example/installation/01JD7Z3V5T4Q2N8M6K0H1F9C3B");
  EXPECT_EQ(parse_uri(uri_of(name)).value(), name);
  for (const std::string& wrong :
       {std::string("spiffe:///installation/") + std::string(kId),
        std::string("spiffe://Mission/installation/") + std::string(kId), uri_of(name) + "/",
        "https://mission.vendor.example/installation/" + std::string(kId),
        std::string("spiffe://m/installation/01jd7z3v5t4q2n8m6k0h1f9c3b"),
        std::string("spiffe://m/engineer/") + std::string(kId), std::string()})
    EXPECT_FALSE(parse_uri(wrong).ok()) << wrong;
}

TEST(LineDocuments, ComeBackAsTheyWent) {
  const auto asked =
      parse_enrol_request(format(EnrolRequest{"00111000000000000000", std::string(kRequest), "0.1.0"}));
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_EQ(asked->code, "00111000000000000000");
  EXPECT_EQ(asked->request, kRequest);
  const auto enrolled = parse_enrolled(format(Enrolled{std::string(kId), "Example AG", std::string(kChain)}));
  ASSERT_TRUE(enrolled.ok()) << enrolled.error().message;
  EXPECT_EQ(enrolled->customer, "Example AG");
  EXPECT_EQ(parse_renew_request(format(RenewRequest{std::string(kRequest)}))->request, kRequest);
  EXPECT_EQ(parse_renewed(format(Renewed{std::string(kChain)}))->chain, kChain);
  EXPECT_THAT(parse_taken(format(Taken{{std::string(kId)}}))->ids, ElementsAre(kId));
}

TEST(LineDocuments, AreRefusedWholeWhenAFieldIsWrong) {
  EXPECT_THAT(parse_enrol_request("{}").error().message, HasSubstr("no code"));
  EXPECT_THAT(parse_enrol_request(R"({"code":"12345"})").error().message, HasSubstr("20 letters and digits"));
  EXPECT_THAT(parse_enrol_request(R"({"code":"00000-00000-00000-00000","request":"MIIB","version":"1"})")
                  .error()
                  .message,
              HasSubstr("request is not PEM"));
  EXPECT_THAT(parse_enrolled(R"({"installation":"7"})").error().message, HasSubstr("not a ULID"));
  EXPECT_THAT(parse_taken(R"({"taken":[7]})").error().message, HasSubstr("ULIDs"));
  EXPECT_THAT(parse_renewed("[]").error().message, HasSubstr("no JSON object"));
  EXPECT_FALSE(parse_renewed(std::string(kDocumentLimit + 1, ' ')).ok());
}

TEST(LineReports, KeepTheirOrderAndNameWhatIsNotKnown) {
  const std::string newer =
      std::string(R"({"reports":[{"id":")") + std::string(kId) +
      R"(","kind":"weather","schema":"any"},{"id":"01JD7Z3V5T4Q2N8M6K0H1F9C3C","kind":"event","schema":2,)"
      R"("time":"2025-11-27T12:00:00Z","body":{"type":"node.down"},"more":true}]})";
  const auto reports = parse_reports(newer);
  ASSERT_TRUE(reports.ok()) << reports.error().message;
  EXPECT_THAT(reports->unknown, ElementsAre(kId));
  ASSERT_EQ(reports->known.size(), 1u);
  EXPECT_EQ(reports->known[0].kind, Kind::Event);
  EXPECT_EQ(reports->known[0].schema, 2);
  EXPECT_EQ(reports->known[0].time, kNoon);
  EXPECT_EQ(parse_reports(format(reports->known))->known[0].body, reports->known[0].body);
}

TEST(LineReports, HaveLimits) {
  Report report{std::string(kId), Kind::Health, 1, kNoon, {}};
  report.body = {{"text", std::string(kReportBody, 'x')}};
  EXPECT_THAT(parse_reports(format({report})).error().message, HasSubstr("body has more than"));
  report.body = base::Json::object();
  EXPECT_TRUE(parse_reports(format(std::vector<Report>(kMostReports, report))).ok());
  EXPECT_FALSE(parse_reports(format(std::vector<Report>(kMostReports + 1, report))).ok());
}

TEST(LineOrders, AreLines) {
  const std::string hello = format(Order{OrderKind::Hello, kNoon, "0.1.0"});
  EXPECT_EQ(hello.back(), '\n');
  const auto order = parse_order(hello.substr(0, hello.size() - 1));
  ASSERT_TRUE(order.ok()) << order.error().message;
  EXPECT_EQ(order->kind, OrderKind::Hello);
  EXPECT_EQ(order->text, "0.1.0");
  EXPECT_EQ(order->time, kNoon);
  EXPECT_EQ(parse_order(R"({"order":"dance","time":"2025-11-27T12:00:00Z"})")->kind, OrderKind::Unknown);
  EXPECT_FALSE(parse_order(R"({"order":"pulse"})").ok());
  EXPECT_FALSE(parse_order(R"({"order":"conflict","time":"2025-11-27T12:00:00Z"})").ok());
}

TEST(LineRefusals, AreReadWithoutTrust) {
  EXPECT_EQ(parse_refusal(R"({"code":"enrolment_code_expired","detail":"ended\nyesterday"})").code,
            kExpiredCode);
  EXPECT_EQ(parse_refusal("<html>").code, "");
}

}  // namespace
}  // namespace postern::line
