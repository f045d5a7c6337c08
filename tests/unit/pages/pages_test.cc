// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "gateway/enforcer/html.h"

namespace postern::enforcer {
namespace {

using base::Refusal;
using testing::HasSubstr;
using testing::Not;

constexpr base::Micros kNow = 1'772'352'549'123'456;  // 2026-03-01T08:09:09.123456Z
constexpr base::Micros kMinute = 60 * base::kWallSecond;

std::string escaped(std::string_view text) {
  std::string out;
  escape_html(out, text);
  return out;
}

RequestView request_with(const std::string& text, const std::string& state) {
  RequestView view;
  view.id = view.asked = view.reason = view.note = view.ticket = view.duration = view.offered = text;
  view.state = state;
  view.created = kNow;
  view.approvals = 1;
  view.approvals_needed = 2;
  view.talk = {{false, text, kNow}, {true, text, kNow}, {false, text, kNow}};
  return view;
}

HomeView home_with(const std::string& text) {
  HomeView view;
  view.engineer = text;
  view.now = kNow;
  view.expires = kNow + 90 * kMinute;
  view.idle_until = kNow + 15 * kMinute;
  view.remote_access = "approved";
  view.services = {{text, text}};
  view.waiting = {{text, text, text, text, kNow, kNow}};
  view.grants = {{text, {text, text}, kNow, kNow, text}, {text, {text}, kNow + kMinute, kNow + 1, text}};
  view.requests = {request_with(text, "pending"), request_with(text, text)};
  view.hints = {{text, text}, text, text, true};
  view.roles = {text};
  view.message = text;
  for (const Standing standing : {Standing::On, Standing::Ask, Standing::Off}) {
    view.capabilities.push_back(
        {text, text, text, text, true, standing, Refusal::CapabilityOff, kNow, {text, text}});
  }
  return view;
}

RefusalView refusal_with(const std::string& text) {
  return {Refusal::OperationNotListed, text, text, text, text, 0, {text, text}, text, text};
}

// Every page there is, with the same text in every place that outside text can reach.
std::vector<std::string> pages_with(const std::string& text) {
  return {render_sign_in({text, text, text, text}), render_home(home_with(text)),
          render_refusal(refusal_with(text)), render_session_ended({text, text, text})};
}

std::ptrdiff_t count(const std::string& page, char c) { return std::count(page.begin(), page.end(), c); }

TEST(EscapeHtml, LeavesOrdinaryTextAsItIs) {
  EXPECT_EQ(escaped("GET /api/v1/query?a=1 – größer, 日本, 😀\t\n"),
            "GET /api/v1/query?a=1 – größer, 日本, 😀\t\n");
}

TEST(EscapeHtml, WritesEveryCharacterThatMarkupIsMadeOfAsAReference) {
  EXPECT_EQ(escaped("<a href=\"x\" b='y'>&amp;"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
}

TEST(EscapeHtml, ReplacesControlCharacters) {
  EXPECT_EQ(escaped(std::string_view("a\0b\x1b[2J\x7f", 8)), "a\uFFFDb\uFFFD[2J\uFFFD");
  EXPECT_EQ(escaped("\xC2\x85"), "\uFFFD");
}

TEST(EscapeHtml, ReplacesCharactersThatTurnTheDirectionOfWriting) {
  EXPECT_EQ(escaped("txt.\u202Eexe"), "txt.\uFFFDexe");
  for (const char* character : {"\u200E", "\u200F", "\u202A", "\u2066", "\u2069"})
    EXPECT_EQ(escaped(character), "\uFFFD");
  EXPECT_EQ(escaped("\u200D\u2013\u2065"), "\u200D\u2013\u2065");
}

TEST(EscapeHtml, ReplacesBytesThatAreNoUtf8AndGoesOn) {
  EXPECT_EQ(escaped("\xC0\xBC"
                    "script"),
            "\uFFFD\uFFFDscript");
  EXPECT_EQ(escaped("\xE2\x82"), "\uFFFD\uFFFD");
  EXPECT_EQ(escaped("\xF0\x9F<b>"), "\uFFFD\uFFFD&lt;b&gt;");
}

TEST(EscapeHtml, GivesUtf8WithoutMarkupForEveryPairOfBytes) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string out = escaped(std::string{static_cast<char>(a), static_cast<char>(b)});
      ASSERT_TRUE(base::is_utf8(out)) << a << " " << b;
      ASSERT_EQ(out.find_first_of("<>\"'"), std::string::npos) << a << " " << b;
    }
  }
}

TEST(Pages, HostileTextAddsNoTagAndEndsNoAttribute) {
  const std::vector<std::string> calm = pages_with("calm");
  for (const std::string hostile :
       {"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onfocus='alert(1)",
        "</title><script src=//e>", "<!--", "]]>", "\xFF<\xE2\x80"}) {
    const std::vector<std::string> pages = pages_with(hostile);
    for (std::size_t i = 0; i < pages.size(); ++i) {
      for (const char c : {'<', '>', '"'})
        EXPECT_EQ(count(pages[i], c), count(calm[i], c)) << hostile << " in page " << i;
    }
  }
}

TEST(Pages, CarryNoInlineScriptNoInlineStyleAndNoHandler) {
  for (const std::string& page : pages_with("calm")) {
    EXPECT_THAT(page, Not(HasSubstr("<style")));
    EXPECT_THAT(page, Not(HasSubstr(" style=")));
    EXPECT_THAT(page, Not(HasSubstr(" onclick=")));
    EXPECT_THAT(page, HasSubstr("<script src=\"/.postern/assets/visit.js\" defer></script>"));
    EXPECT_EQ(page.find("<script"), page.rfind("<script"));
  }
}

TEST(Pages, SignInSaysWhyItWasRefusedAndRemembersWhereToGo) {
  const std::string page =
      render_sign_in({"This pass was used before.", "/prometheus/graph?g0.expr=up&x=1", ""});
  EXPECT_THAT(page, HasSubstr("<p class=\"trouble\" role=\"alert\">This pass was used before.</p>"));
  EXPECT_THAT(page, HasSubstr("name=\"return\" value=\"/prometheus/graph?g0.expr=up&amp;x=1\""));
  EXPECT_THAT(page, HasSubstr("action=\"/.postern/sign-in\""));
  EXPECT_THAT(render_sign_in({}), Not(HasSubstr("role=\"alert\"")));
  EXPECT_THAT(render_sign_in({}), Not(HasSubstr("name=\"return\"")));
}

TEST(Pages, HomeShowsWhatIsOnWhatNeedsAskingAndWhatIsOff) {
  HomeView view = home_with("x");
  view.capabilities = {
      {"metrics.read", "Read metrics", "", "", false, Standing::On, Refusal::None, {}, {"GET /a"}},
      {"silences.write", "Silence", "", "", true, Standing::Ask, Refusal::ApprovalNeeded, {}, {"POST /b"}},
      {"config.read", "Config", "", "", false, Standing::Off, Refusal::CapabilityOff, {}, {}}};
  const std::string page = render_home(view);
  const std::size_t on = page.find("You may use now");
  const std::size_t ask = page.find("Needs an approval");
  const std::size_t off = page.find(">Off</h2>");
  ASSERT_TRUE(on < ask && ask < off && off != std::string::npos);
  EXPECT_EQ(page.find("Read metrics"), page.rfind("Read metrics"));
  EXPECT_TRUE(page.find("Read metrics") > on && page.find("Read metrics") < ask);
  EXPECT_GT(page.find("config.read"), off);
  EXPECT_THAT(page, HasSubstr("name=\"capabilities\" value=\"silences.write\""));
  EXPECT_THAT(page, Not(HasSubstr("value=\"config.read\"")));
}

TEST(Pages, ARefusalLeadsToTheBoxOfTheVeryCapability) {
  RefusalView refusal;
  refusal.capability = "silences.write";
  HomeView home = home_with("x");
  home.capabilities = {{"silences.write", "", "", "", true, Standing::Ask, Refusal::ApprovalNeeded, {}, {}}};
  EXPECT_THAT(render_refusal(refusal), HasSubstr("href=\"/.postern/#ask-silences.write\""));
  EXPECT_THAT(render_home(home), HasSubstr("<label id=\"ask-silences.write\"><input type=\"checkbox\""));
}

TEST(Pages, HomeOffersNoRequestFormWhenNothingCanBeAskedFor) {
  HomeView view = home_with("x");
  view.capabilities.clear();
  EXPECT_THAT(render_home(view), Not(HasSubstr("Request access")));
  EXPECT_THAT(render_home(view), HasSubstr("Nothing at the moment."));
}

TEST(Pages, HomeShowsTheCallsThatWait) {
  HomeView view = home_with("x");
  view.waiting = {{"01JD", "POST", "/alertmanager/api/v2/silences", "Silence", kNow, kNow + 5 * kMinute}};
  const std::string page = render_home(view);
  EXPECT_THAT(page, HasSubstr("Waits for an administrator"));
  EXPECT_THAT(page, HasSubstr("<b>POST</b> /alertmanager/api/v2/silences"));
  EXPECT_THAT(page, HasSubstr("refused in <span data-left=\"300\">5 min</span>"));
  view.waiting.clear();
  EXPECT_THAT(render_home(view), Not(HasSubstr("Waits for")));
}

TEST(Pages, AGrantCanBeAskedForForLonger) {
  HomeView view = home_with("x");
  view.grants = {{"g", {"metrics.read", "silences.write"}, kNow + 20 * kMinute, kNow, ""},
                 {"h", {"logs.read"}, kNow + kMinute, kNow, ""}};
  const std::string page = render_home(view);
  EXPECT_THAT(page, HasSubstr("in <span data-left=\"1200\">20 min</span>"));
  EXPECT_THAT(page, HasSubstr("<input type=\"hidden\" name=\"extends\" value=\"g\">"));
  EXPECT_THAT(page, HasSubstr("for=\"reason-2\""));
}

TEST(Pages, HomeSaysHowMuchTimeIsLeft) {
  const std::string page = render_home(home_with("x"));
  EXPECT_THAT(page, HasSubstr("<span data-left=\"5400\">1 h 30 min</span>"));
  EXPECT_THAT(page, HasSubstr("<span data-left=\"900\">15 min</span>"));
}

TEST(Pages, HomeCountsNoTimeBelowZero) {
  HomeView view = home_with("x");
  view.expires = view.now - kMinute;
  EXPECT_THAT(render_home(view), HasSubstr("<span data-left=\"0\">0 s</span>"));
}

TEST(Pages, HomeSaysRemoteAccessInWordsAndTakesAnUnknownModeForOff) {
  HomeView view = home_with("x");
  view.remote_access = "read-only";
  EXPECT_THAT(render_home(view), HasSubstr("Remote access is read-only"));
  view.remote_access = "everything";
  EXPECT_THAT(render_home(view), HasSubstr("Remote access is off."));
}

TEST(Pages, HomeLetsOnlyAWaitingRequestBeWithdrawn) {
  HomeView view = home_with("x");
  view.requests = {request_with("01A", "pending")};
  EXPECT_THAT(render_home(view), HasSubstr("action=\"/.postern/api/requests/01A/withdraw\""));
  view.requests[0].state = "refused";
  EXPECT_THAT(render_home(view), Not(HasSubstr("/withdraw")));
  view.requests = {request_with("01A", "pending")};
  view.requests[0].by_admin = true;
  EXPECT_THAT(render_home(view), Not(HasSubstr("/withdraw"))) << "it is not the engineer's";
}

TEST(Pages, ARequestSaysHowFarItIsAndTakesAnAnswerOnlyWhereItIsAsked) {
  HomeView view = home_with("x");
  view.requests = {request_with("01A", "pending")};
  EXPECT_THAT(render_home(view), HasSubstr("<b>1 of 2</b> approvals, of something else than you asked for"));
  EXPECT_THAT(render_home(view), HasSubstr("action=\"/.postern/api/requests/01A/answer\""));
  view.requests[0].talk.pop_back();
  EXPECT_THAT(render_home(view), Not(HasSubstr("/answer\"")));
  view.requests[0].approvals_needed = 1;
  EXPECT_THAT(render_home(view), Not(HasSubstr("approvals, of")));
}

TEST(Pages, TheFormOffersOnlyDurationsThatTheConfigurationAllows) {
  HomeView view = home_with("x");
  view.grants.clear();
  view.hints.longest_grant = 4 * 60 * kMinute;
  EXPECT_THAT(render_home(view), HasSubstr("<option value=\"4h\" selected>"));
  EXPECT_THAT(render_home(view), Not(HasSubstr("8 hours")));
  view.hints.longest_grant = 2 * kMinute;
  EXPECT_THAT(render_home(view), HasSubstr("As long as usual"));
}

TEST(Pages, TheFormAsksForATicketAsTheConfigurationSays) {
  HomeView view = home_with("x");
  view.grants.clear();
  view.hints = {{"Incident"}, "SUP-[0-9]+", "such as SUP-7", true};
  const std::string page = render_home(view);
  EXPECT_THAT(page, HasSubstr("<option value=\"Incident\">Incident</option>"));
  EXPECT_THAT(page, HasSubstr("autocomplete=\"off\" required data-pattern=\"SUP-[0-9]+\""));
  EXPECT_THAT(page, HasSubstr(">Ticket <small class=\"text\">such as SUP-7</small>"));
  view.hints = {};
  EXPECT_THAT(render_home(view), HasSubstr(">Ticket (optional)</label>"));
}

TEST(Pages, ARefusalSaysWhatWasRefusedWhyAndWhereToFindIt) {
  RefusalView view;
  view.refusal = Refusal::ApprovalNeeded;
  view.method = "POST";
  view.target = "/alertmanager/api/v2/silences";
  view.why = "silences.write is set to ask";
  view.event_id = "01JD3W9ZK5QX";
  view.nearest = {"GET /alertmanager/api/v2/silences"};
  view.capability = "silences.write";
  const std::string page = render_refusal(view);
  for (const char* text :
       {"This capability needs an approval", "<b>POST</b> /alertmanager/api/v2/silences",
        "silences.write is set to ask", "Request access at /.postern/.", "01JD3W9ZK5QX", "approval_needed",
        "HTTP status 403", "GET /alertmanager/api/v2/silences", "href=\"/.postern/#ask-silences.write\""}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
}

TEST(Pages, ARefusalForWantOfASessionLeadsToTheSignIn) {
  RefusalView view;
  for (const Refusal refusal : {Refusal::NoSession, Refusal::SessionEnded}) {
    view.refusal = refusal;
    EXPECT_THAT(render_refusal(view), HasSubstr("href=\"/.postern/sign-in\""));
  }
}

TEST(Pages, EveryRefusalHasAPage) {
  for (const base::RefusalText& text : base::all_refusals()) {
    RefusalView view;
    view.refusal = text.refusal;
    EXPECT_THAT(render_refusal(view), HasSubstr(escaped(text.title)));
  }
}

TEST(Pages, EveryEndOfASessionHasItsOwnWords) {
  EXPECT_THAT(render_signed_out(""), AllOf(HasSubstr("You are signed out"), Not(HasSubstr("Event"))));
  EXPECT_THAT(render_session_ended({"revoked", "01E"}), HasSubstr("An administrator ended your session"));
  EXPECT_THAT(render_session_ended({"revoked", "01E"}), HasSubstr("<code>01E</code>"));
  EXPECT_THAT(render_session_ended({"remote_access_off", ""}), HasSubstr("Remote access was switched off"));
  EXPECT_THAT(render_session_ended({"no such reason", ""}), HasSubstr("Your session has ended"));
}

}  // namespace
}  // namespace postern::enforcer
