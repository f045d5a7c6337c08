// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Postern-Event on what lies below /.postern/: an event that is in the log, or no such field.
#include "tests/unit/enforcer/scene.h"

namespace postern::enforcer {
namespace {

class VisitEvent : public EnforcerScene {
 protected:
  std::string named(std::uint64_t id) { return field(id, "postern-event"); }
  std::uint64_t post_json(std::string_view target, std::string_view text, bool signed_in = true) {
    const std::string with = signed_in ? cookie() : "", length = std::to_string(text.size());
    ipc::RequestHead request = head("POST", target, with);
    request.body = ipc::BodyKind::Sized;
    request.length = text.size();
    request.fields.push_back({"content-length", length});
    request.fields.push_back({"content-type", "application/json"});
    send_message(Type::RequestHead, ++last, request);
    send(Type::RequestBody, last, text);
    end_request(last);
    return last;
  }
  void reply(bool ok, std::string_view json, std::string_view event) {
    ASSERT_TRUE(until([&] { return ledger->commands.size() > answered_; }));
    ledger->reply(ledger->commands[answered_++].first, ok, json, event);
  }

 private:
  std::size_t answered_ = 0;
};

TEST_F(VisitEvent, WhatASessionReadsNamesTheOpeningOfTheVisit) {
  for (const std::string_view target : {"/.postern/", "/.postern/api/session", "/.postern/api/requests",
                                        "/.postern/assets/visit.css", "/.postern", "/.postern/sign-in"}) {
    EXPECT_EQ(named(get(target)), "id-of-session.opened") << target;
    done(last);
  }
  EXPECT_NE(body(1).find("<code>id-of-session.opened</code>"), std::string::npos);
}

TEST_F(VisitEvent, WithoutASessionAPageNamesNone) {
  for (const std::string_view target : {"/.postern/", "/.postern/sign-in", "/.postern/assets/visit.css"}) {
    send_message(Type::RequestHead, ++last, head("GET", target, ""));
    EXPECT_LT(status(last), 400) << target;
    EXPECT_EQ(named(last), "") << target;
    done(last);
  }
}

TEST_F(VisitEvent, WhatAPostMadeIsNamed) {
  const std::uint64_t request = post_json("/.postern/api/requests", R"({"role":"viewer","reason":"r"})");
  reply(true, R"({"id":"r1"})", "id-of-request.created");
  EXPECT_EQ(status(request), 201);
  EXPECT_EQ(named(request), "id-of-request.created");
  done(request);
  const std::uint64_t left = post_json("/.postern/sign-out", "{}");
  reply(true, "{}", "id-of-session.ended");
  EXPECT_EQ(status(left), 204);
  EXPECT_EQ(named(left), "id-of-session.ended");
}

TEST_F(VisitEvent, ASignInNamesTheSessionThatItOpenedAndARefusedOneItsRefusal) {
  const std::uint64_t in = post_json("/.postern/sign-in", R"({"pass":"x"})", false);
  reply(true, R"({"session":"s1","token":"t"})", "id-of-the-opening");
  EXPECT_EQ(status(in), 200);
  EXPECT_EQ(named(in), "id-of-the-opening");
  done(in);
  const std::uint64_t refused = post_json("/.postern/sign-in", R"({"pass":"x"})", false);
  reply(false, R"({"status":403,"code":"sign_in_refused","message":"used"})", "id-of-the-refusal");
  EXPECT_EQ(status(refused), 403);
  EXPECT_EQ(named(refused), "id-of-the-refusal");
  EXPECT_EQ(base::json_text_or(*base::parse_json(body(refused)), "event", ""), "id-of-the-refusal");
}

TEST_F(VisitEvent, WhatTheLedgerRefusedWithoutAnEventNamesTheVisit) {
  const std::uint64_t id = post_json("/.postern/api/requests", R"({"role":"viewer"})");
  reply(false, R"({"status":400,"code":"invalid","message":"say a reason"})", "");
  EXPECT_EQ(status(id), 400);
  EXPECT_EQ(named(id), "id-of-session.opened");
}

TEST_F(VisitEvent, ABodyThatCannotBeReadIsARefusalLikeAnyOther) {
  const std::uint64_t id = post_json("/.postern/sign-in", "{", false);
  EXPECT_EQ(code(id), "malformed");
  EXPECT_EQ(refused_event(id)["detail"]["target"], "/.postern/sign-in");
}

TEST_F(VisitEvent, AMalformedRequestAfterASignInIsOfThatSession) {
  const std::uint64_t in = post_json("/.postern/sign-in", R"({"pass":"x"})", false);
  reply(true, R"({"session":"s1","token":"t"})", "id-of-the-opening");
  status(in);
  done(in);
  send_message(Type::RequestRefused, ++last,
               ipc::RequestRefused{1, base::Refusal::Malformed, "no HTTP", "GET"});
  EXPECT_EQ(refused_event(last)["session"], "s1");
}

}  // namespace
}  // namespace postern::enforcer
