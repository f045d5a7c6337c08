// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/pages.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/refusal.h"
#include "gateway/enforcer/html.h"
#include "gateway/enforcer/page_parts.h"

namespace postern::enforcer {
namespace {

using base::Micros;

// Everything up to <main>; title is ours or a refusal's, never a visitor's.
void open_page(Html& html, std::string_view title) {
  html.raw(R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>)")
      .text(title)
      .raw(R"( – Postern</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/.postern/assets/visit.css">
<script src="/.postern/assets/visit.js" defer></script>
</head>
<body>
)");
}

void write_mark(Html& html) {
  html.raw(
      R"(<svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true"><rect width="32" height="32" rx="7"/>)"
      R"(<path d="M9 25V14a7 7 0 0 1 14 0v11h-4V14a3 3 0 0 0-6 0v11z"/></svg>)");
}

void write_top(Html& html) {
  html.raw("<header class=\"top\"><a class=\"brand\" href=\"/.postern/\">");
  write_mark(html);
  html.raw("<span>Postern</span></a></header>\n");
}

std::string finish(Html& html) {
  html.raw("</main>\n</body>\n</html>\n");
  return std::move(html).take();
}

// So that a picture of the page leads to the log.
void write_event(Html& html, Markup words, std::string_view id) {
  if (id.empty()) return;
  html.raw("<p class=\"hint\">").raw(words).raw(" <code>").text(id).raw("</code></p>\n");
}

// ---- what I may do now

void write_home_top(Html& html, const HomeView& view) {
  html.raw("<header class=\"top\"><a class=\"brand\" href=\"/.postern/\">");
  write_mark(html);
  html.raw("<span>Postern</span></a>\n<p class=\"who\"><bdi class=\"text\">").text(view.engineer);
  html.raw("</bdi><small>Session ends in ");
  write_left(html, view.now, view.expires);
  html.raw(", when idle in ");
  write_left(html, view.now, view.idle_until);
  html.raw(
      "</small></p>\n<form method=\"post\" action=\"/.postern/sign-out\"><button type=\"submit\">Sign "
      "out</button></form>"
      "</header>\n");
}

struct Door {
  std::string_view mode;
  Markup css_class;
  Markup words;
};

constexpr Door kDoors[] = {
    {"approved", "door door-approved",
     "Remote access is on for approved visits: you reach what an administrator has approved for you."},
    {"read-only", "door door-read-only",
     "Remote access is read-only: you may use the read capabilities that are on. Nothing can be changed."},
    {"all", "door door-all", "Remote access is on: you may use every capability that is on."},
};
constexpr Door kClosedDoor = {
    "off", "door door-off",
    "Remote access is off. Nothing can be reached until an administrator switches it on."};

// A word that we do not know counts as closed.
const Door& door_of(std::string_view mode) {
  for (const Door& door : kDoors) {
    if (door.mode == mode) return door;
  }
  return kClosedDoor;
}

void write_door(Html& html, const HomeView& view) {
  const Door& door = door_of(view.remote_access);
  html.raw("<p class=\"")
      .raw(door.css_class)
      .raw("\"><span class=\"dot\" aria-hidden=\"true\"></span><span>")
      .raw(door.words);
  if (view.remote_access_until) {
    html.raw(" Until ");
    write_time(html, *view.remote_access_until);
    html.raw(".");
  }
  html.raw("</span></p>\n");
}

void write_services(Html& html, const std::vector<ServiceView>& services) {
  if (services.empty()) return;
  html.raw("<nav class=\"services\" aria-label=\"Services\">\n");
  for (const ServiceView& service : services) {
    html.raw("<a class=\"button primary\" href=\"")
        .text(service.path)
        .raw("\">Open <bdi class=\"text\">")
        .text(service.name);
    html.raw("</bdi> <small>").text(service.path).raw("</small></a>\n");
  }
  html.raw("</nav>\n");
}

void write_operations(Html& html, const CapabilityView& capability) {
  html.raw("<details><summary><code>")
      .text(capability.name)
      .raw("</code> · ")
      .number(static_cast<long long>(capability.operations.size()));
  html.raw(capability.operations.size() == 1 ? Markup(" operation") : Markup(" operations"))
      .raw("</summary><ul>");
  for (const std::string& operation : capability.operations)
    html.raw("<li><code class=\"text\">").text(operation).raw("</code></li>");
  html.raw("</ul></details>");
}

// The heading above already says that it is off, or needs an approval.
bool adds_something(const CapabilityView& capability) {
  if (capability.standing == Standing::On) return false;
  return capability.why != base::Refusal::None && capability.why != base::Refusal::CapabilityOff &&
         capability.why != base::Refusal::ApprovalNeeded;
}

void write_capability(Html& html, const CapabilityView& capability) {
  html.raw("<li><p class=\"title\"><bdi class=\"text\">")
      .text(capability.title.empty() ? capability.name : capability.title)
      .raw("</bdi>");
  html.raw(capability.write ? Markup(" <span class=\"badge badge-write\">write</span>")
                            : Markup(" <span class=\"badge\">read</span>"));
  html.raw("</p>");
  if (!capability.description.empty())
    html.raw("<p class=\"says text\">").text(capability.description).raw("</p>");
  if (capability.until) {
    html.raw("<p class=\"says\">Until ");
    write_time(html, *capability.until);
    html.raw("</p>");
  }
  if (adds_something(capability))
    html.raw("<p class=\"says\">").text(base::text_of(capability.why).title).raw(".</p>");
  write_operations(html, capability);
  html.raw("</li>\n");
}

// The groups of the capabilities with one standing, in order of first appearance.
std::vector<std::string_view> groups_of(const HomeView& view, Standing standing) {
  std::vector<std::string_view> groups;
  for (const CapabilityView& one : view.capabilities) {
    if (one.standing != standing || std::find(groups.begin(), groups.end(), one.group) != groups.end())
      continue;
    groups.push_back(one.group);
  }
  return groups;
}

struct StandingText {
  Standing standing;
  Markup css_class;
  Markup heading;
  Markup lead;
  Markup empty;
};

constexpr StandingText kStandings[] = {
    {Standing::On, "on", "You may use now", "", "Nothing at the moment."},
    {Standing::Ask, "ask", "Needs an approval", "Ask below; an administrator decides.", ""},
    {Standing::Off, "off", "Off", "Only an administrator can switch these on.", ""},
};

void write_standing(Html& html, const HomeView& view, const StandingText& text) {
  const auto groups = groups_of(view, text.standing);
  if (groups.empty() && text.empty.text().empty()) return;
  html.raw("<section class=\"panel ")
      .raw(text.css_class)
      .raw("\">\n<h2 class=\"standing\"><span class=\"dot\" aria-hidden=\"true\"></span>");
  html.raw(text.heading).raw("</h2>\n");
  if (groups.empty()) html.raw("<p class=\"hint\">").raw(text.empty).raw("</p>\n");
  if (!text.lead.text().empty()) html.raw("<p class=\"hint\">").raw(text.lead).raw("</p>\n");
  for (const std::string_view group : groups) {
    if (!group.empty()) html.raw("<h3 class=\"group text\">").text(group).raw("</h3>\n");
    html.raw("<ul class=\"list\">\n");
    for (const CapabilityView& one : view.capabilities) {
      if (one.standing == text.standing && one.group == group) write_capability(html, one);
    }
    html.raw("</ul>\n");
  }
  html.raw("</section>\n");
}

// ---- calls that wait

void write_waiting(Html& html, const HomeView& view) {
  if (view.waiting.empty()) return;
  html.raw(
      "<section class=\"panel ask\">\n<h2 class=\"standing\"><span class=\"dot\" "
      "aria-hidden=\"true\"></span>Waits "
      "for an administrator</h2>\n<p class=\"hint\">Nothing was sent yet. Each call goes on by itself once "
      "it may pass; "
      "leave its page open.</p>\n<ul class=\"list\">\n");
  for (const WaitingView& one : view.waiting) {
    html.raw("<li data-waiting=\"").text(one.id).raw("\"><p class=\"what text\"><b>");
    html.text(one.method).raw("</b> ").text(one.target).raw("</p><p class=\"says\"><bdi class=\"text\">");
    html.text(one.capability_title).raw("</bdi>, asked ");
    write_time(html, one.since);
    html.raw("; refused in ");
    write_left(html, view.now, one.until);
    html.raw(" unless somebody decides. Number <code>").text(one.id).raw("</code></p></li>\n");
  }
  html.raw("</ul>\n</section>\n");
}

// ---- refusal

void write_fact_list(Html& html, const RefusalView& view, const base::RefusalText& text) {
  html.raw("<dl class=\"facts\">\n<dt>What to do</dt><dd>").text(text.remedy).raw("</dd>\n");
  if (!view.event_id.empty()) html.raw("<dt>Event</dt><dd><code>").text(view.event_id).raw("</code></dd>\n");
  html.raw("<dt>Code</dt><dd><code>")
      .text(text.code)
      .raw("</code>, HTTP status ")
      .number(text.status)
      .raw("</dd>\n</dl>\n");
}

void write_nearest(Html& html, const std::vector<std::string>& nearest) {
  if (nearest.empty()) return;
  html.raw("<div><h2>Listed operations close to it</h2>\n<ul>\n");
  for (const std::string& operation : nearest)
    html.raw("<li><code class=\"text\">").text(operation).raw("</code></li>\n");
  html.raw("</ul></div>\n");
}

void write_way_on(Html& html, const RefusalView& view) {
  html.raw("<div class=\"buttons\">");
  if (view.refusal == base::Refusal::NoSession || view.refusal == base::Refusal::SessionEnded) {
    html.raw("<a class=\"button primary\" href=\"/.postern/sign-in\">Sign in</a>");
  } else if (!view.capability.empty()) {
    html.raw("<a class=\"button primary\" href=\"/.postern/#ask-")
        .text(view.capability)
        .raw("\">Request “<bdi>");
    html.text(view.capability_title.empty() ? view.capability : view.capability_title).raw("</bdi>”</a>");
  }
  html.raw("<a class=\"button\" href=\"/.postern/\">What I may do now</a></div>\n");
}

// ---- session ended

struct Ending {
  std::string_view reason;
  Markup title;
  Markup words;
};

constexpr Ending kEndings[] = {
    {"signed_out", "You are signed out", "Nothing can be reached with this session any more."},
    {"idle", "Your session ended because it was idle",
     "Sign in again to go on. Your approvals are not affected."},
    {"expired", "Your session has reached its end",
     "Sign in again to go on, as long as your approval lasts."},
    {"revoked", "An administrator ended your session",
     "Running requests were cut. If you do not know why, ask before you sign in again."},
    {"certificate_revoked", "Your certificate was revoked",
     "Its authority took it back, and running requests were cut. Ask your own people for another one."},
    {"certificate_refused", "Your certificate is no longer accepted here",
     "It has expired, or does not keep to what this installation demands. Ask the administrator."},
    {"remote_access_off", "Remote access was switched off",
     "All sessions ended. An administrator can switch it on again."},
    {"superseded", "Your session was replaced by a newer one",
     "You signed in somewhere else. Go on there, or sign in here again."},
    {"signed_out_at_provider", "You signed out at your identity provider",
     "That ended this session too. Sign in again to go on."},
    {"gateway_stopped", "The gateway was stopped", "Sign in again once it runs."},
};
constexpr Ending kUnknownEnding = {"error", "Your session has ended",
                                   "Sign in again; if it ends again, tell the administrator the event id."};

const Ending& ending_of(std::string_view reason) {
  for (const Ending& ending : kEndings) {
    if (ending.reason == reason) return ending;
  }
  return kUnknownEnding;
}

// A link and no form: what a form leads to must be ours (kPageContentSecurityPolicy).
void write_provider(Html& html, const SignInView& view) {
  if (view.openid.empty()) return;
  html.raw("<div class=\"buttons\"><a class=\"button\" href=\"")
      .text(view.openid)
      .raw("\">Sign in with your company's account</a></div>\n");
}

}  // namespace

std::string render_sign_in(const SignInView& view) {
  Html html;
  open_page(html, "Sign in");
  write_top(html);
  html.raw(
      "<main>\n<section class=\"panel card narrow\">\n<h1>Sign in for support</h1>\n"
      "<p class=\"lead\">An administrator of this installation gives you a pass. It signs in once.</p>\n"
      "<form class=\"sign-in\" method=\"post\" action=\"/.postern/sign-in\" data-sign-in>\n");
  write_trouble(html, view.message);
  write_event(html, "Event", view.event_id);
  if (!view.return_to.empty())
    html.raw("<input type=\"hidden\" name=\"return\" value=\"").text(view.return_to).raw("\">\n");
  html.raw(
      "<div class=\"field\"><label for=\"pass\">Pass</label><input id=\"pass\" name=\"pass\" "
      "type=\"password\" required "
      "autocomplete=\"off\" spellcheck=\"false\" autocapitalize=\"none\"></div>\n"
      "<button type=\"submit\" class=\"primary\">Sign in</button>\n</form>\n");
  write_provider(html, view);
  html.raw(
      "<p class=\"hint\">Every visit is recorded: what you open, what you send, and what is "
      "refused.</p>\n</section>\n");
  return finish(html);
}

std::string render_home(const HomeView& view) {
  Html html;
  open_page(html, "What I may do now");
  write_home_top(html, view);
  html.raw("<main data-home>\n<h1>What you may do now</h1>\n");
  write_door(html, view);
  if (view.policy_waits)
    html.raw(
        "<p class=\"hint\">The policy has changed, and the administrator has yet to accept that: what it "
        "newly lists is "
        "refused until then.</p>\n");
  write_services(html, view.services);
  write_waiting(html, view);
  write_requests(html, view.requests);
  write_grants(html, view);
  write_standing(html, view, kStandings[0]);
  write_standing(html, view, kStandings[1]);
  write_request_form(html, view);
  write_standing(html, view, kStandings[2]);
  write_event(html, "Every step of this visit is recorded. It began with event", view.event_id);
  return finish(html);
}

std::string render_refusal(const RefusalView& view) {
  const base::RefusalText& text = base::text_of(view.refusal);
  Html html;
  open_page(html, text.title);
  write_top(html);
  html.raw("<main>\n<section class=\"panel card\">\n<p class=\"code\">Refused</p>\n<h1>")
      .text(text.title)
      .raw("</h1>\n");
  if (!view.method.empty() || !view.target.empty()) {
    html.raw("<p class=\"what text\"><b>").text(view.method).raw("</b> ").text(view.target).raw("</p>\n");
  }
  if (!view.why.empty()) html.raw("<p class=\"text\">").text(view.why).raw("</p>\n");
  write_fact_list(html, view, text);
  write_nearest(html, view.nearest);
  write_way_on(html, view);
  html.raw("</section>\n");
  return finish(html);
}

std::string render_session_ended(const SessionEndedView& view) {
  const Ending& ending = ending_of(view.reason);
  Html html;
  open_page(html, ending.title.text());
  write_top(html);
  html.raw("<main>\n<section class=\"panel card\">\n<h1>")
      .raw(ending.title)
      .raw("</h1>\n<p class=\"lead\">")
      .raw(ending.words)
      .raw("</p>\n");
  write_event(html, "Event", view.event_id);
  html.raw(
      "<div class=\"buttons\"><a class=\"button primary\" href=\"/.postern/sign-in\">Sign "
      "in</a>");
  if (!view.provider.empty())
    html.raw("<a class=\"button\" href=\"")
        .text(view.provider)
        .raw("\">Sign out of your company's account too</a>");
  html.raw("</div>\n</section>\n");
  return finish(html);
}

std::string render_signed_out(std::string_view event_id, std::string_view provider) {
  return render_session_ended(
      {.reason = "signed_out", .event_id = std::string(event_id), .provider = std::string(provider)});
}

}  // namespace postern::enforcer
