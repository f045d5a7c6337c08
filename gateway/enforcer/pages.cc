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

// What a command was refused with is told as a clause; here it stands alone.
void write_trouble(Html& html, std::string_view message) {
  if (message.empty()) return;
  std::string sentence(message);
  if (sentence[0] >= 'a' && sentence[0] <= 'z') sentence[0] = static_cast<char>(sentence[0] - 'a' + 'A');
  if (!sentence.ends_with('.')) sentence += '.';
  html.raw("<p class=\"trouble\" role=\"alert\">").text(sentence).raw("</p>\n");
}

// So that a picture of the page leads to the log.
void write_event(Html& html, Markup words, std::string_view id) {
  if (id.empty()) return;
  html.raw("<p class=\"hint\">").raw(words).raw(" <code>").text(id).raw("</code></p>\n");
}

// "2026-03-01 08:09 UTC"; visit.js turns it into the reader's zone and keeps this for hovering.
void write_time(Html& html, Micros time) {
  const std::string full = base::format_time(time);
  html.raw("<time datetime=\"").text(full).raw("\">").text(full.substr(0, 10)).raw(" ");
  html.text(full.substr(11, 5)).raw(" UTC</time>");
}

// What is left until end, rounded to what people read; visit.js counts it down.
void write_left(Html& html, Micros now, Micros end) {
  const long long seconds = std::max<Micros>(0, end - now) / base::kWallSecond;
  html.raw("<span data-left=\"").number(seconds).raw("\">");
  if (seconds >= 3600) html.number(seconds / 3600).raw(" h ");
  if (seconds >= 60) html.number(seconds / 60 % 60).raw(" min");
  if (seconds < 60) html.number(seconds).raw(" s");
  html.raw("</span>");
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

// ---- asking

void write_role_choice(Html& html, const std::vector<std::string>& roles) {
  if (roles.empty()) return;
  html.raw(
      "<div class=\"field\"><label for=\"role\">Role</label><select id=\"role\" name=\"role\">"
      "<option value=\"\">No role: only what I tick below</option>");
  for (const std::string& role : roles) {
    html.raw("<option value=\"").text(role).raw("\">").text(role).raw("</option>");
  }
  html.raw("</select></div>\n");
}

void write_capability_choice(Html& html, const HomeView& view) {
  html.raw("<fieldset class=\"options\"><legend>Capabilities</legend>\n");
  for (const CapabilityView& one : view.capabilities) {
    if (one.standing != Standing::Ask) continue;
    html.raw("<label id=\"ask-")
        .text(one.name)
        .raw("\"><input type=\"checkbox\" name=\"capabilities\" value=\"")
        .text(one.name)
        .raw("\"><bdi class=\"text\">");
    html.text(one.title.empty() ? one.name : one.title).raw("</bdi>");
    html.raw(one.write ? Markup(" <span class=\"badge badge-write\">write</span>") : Markup(""))
        .raw("</label>\n");
  }
  html.raw("</fieldset>\n");
}

constexpr Markup kDurations =
    "<option value=\"1h\">1 hour</option><option value=\"4h\">4 hours</option><option value=\"8h\" "
    "selected>8 hours</option>"
    "<option value=\"1d\">1 day</option><option value=\"4d\">4 days</option>";

void write_request_form(Html& html, const HomeView& view) {
  const bool can_ask = std::any_of(view.capabilities.begin(), view.capabilities.end(),
                                   [](const CapabilityView& one) { return one.standing == Standing::Ask; });
  if (!can_ask) return write_trouble(html, view.message);
  html.raw(
      "<section class=\"panel\" id=\"request\">\n<h2>Request access</h2>\n"
      "<form class=\"ask\" method=\"post\" action=\"/.postern/api/requests\" data-ask "
      "data-nothing=\"Choose a role or at least one capability.\">\n");
  write_trouble(html, view.message);
  write_role_choice(html, view.roles);
  write_capability_choice(html, view);
  html.raw(
      "<div class=\"field\"><label for=\"reason\">Reason (the administrator reads it)</label>"
      "<textarea id=\"reason\" name=\"reason\" required maxlength=\"1000\" rows=\"3\"></textarea></div>\n"
      "<div class=\"fields\"><div class=\"field\"><label for=\"ticket\">Ticket (optional)</label>"
      "<input id=\"ticket\" name=\"ticket\" maxlength=\"120\" autocomplete=\"off\"></div>\n"
      "<div class=\"field\"><label for=\"duration\">For how long</label><select id=\"duration\" "
      "name=\"duration\">");
  html.raw(kDurations);
  html.raw(
      "</select></div></div>\n"
      "<button type=\"submit\" class=\"primary\">Send request</button>\n</form>\n</section>\n");
}

constexpr std::string_view kRequestStates[] = {"pending", "approved", "refused", "withdrawn", "expired"};

void write_request(Html& html, const RequestView& request) {
  const bool known = std::find(std::begin(kRequestStates), std::end(kRequestStates), request.state) !=
                     std::end(kRequestStates);
  const std::string_view state = known ? std::string_view(request.state) : "unknown";
  html.raw("<li class=\"request\" data-request=\"")
      .text(request.id)
      .raw("\" data-state=\"")
      .text(state)
      .raw("\"><div><p class=\"title\">");
  html.raw("<bdi class=\"text\">")
      .text(request.asked)
      .raw("</bdi> <span class=\"state state-")
      .text(state)
      .raw("\">")
      .text(state);
  html.raw("</span></p><p class=\"says text\">").text(request.reason).raw("</p>");
  if (!request.note.empty()) html.raw("<p class=\"text\">Answer: ").text(request.note).raw("</p>");
  html.raw("<p class=\"says\">Asked ");
  write_time(html, request.created);
  html.raw("</p></div>");
  if (state == "pending") {
    html.raw("<form method=\"post\" action=\"/.postern/api/requests/").text(request.id);
    html.raw("/withdraw\"><button type=\"submit\">Withdraw</button></form>");
  }
  html.raw("</li>\n");
}

void write_requests(Html& html, const std::vector<RequestView>& requests) {
  if (requests.empty()) return;
  html.raw("<section class=\"panel\">\n<h2>Your requests</h2>\n<ul class=\"list\">\n");
  for (const RequestView& request : requests) write_request(html, request);
  html.raw("</ul>\n</section>\n");
}

// The same once more, for longer: a request of its own, which an administrator decides. number tells the fields of one
// grant from those of another.
void write_longer(Html& html, const GrantView& grant, long long number) {
  html.raw(
      "<details><summary>Ask for longer</summary>\n<form class=\"ask\" method=\"post\" "
      "action=\"/.postern/api/requests\" data-ask data-nothing=\"\">\n");
  for (const std::string& name : grant.capabilities)
    html.raw("<input type=\"hidden\" name=\"capabilities\" value=\"").text(name).raw("\">\n");
  html.raw("<div class=\"field\"><label for=\"reason-").number(number);
  html.raw("\">Reason (the administrator reads it)</label><textarea id=\"reason-").number(number);
  html.raw("\" name=\"reason\" required maxlength=\"1000\" rows=\"2\"></textarea></div>\n");
  html.raw("<div class=\"field\"><label for=\"duration-").number(number);
  html.raw("\">For how long, from the approval on</label><select name=\"duration\" id=\"duration-")
      .number(number)
      .raw("\">");
  html.raw(kDurations)
      .raw(
          "</select></div>\n<button type=\"submit\" class=\"primary\">Send "
          "request</button>\n</form></details>");
}

void write_grants(Html& html, const HomeView& view) {
  if (view.grants.empty()) return;
  html.raw("<section class=\"panel\">\n<h2>Approved for you</h2>\n<ul class=\"list\">\n");
  long long number = 0;
  for (const GrantView& grant : view.grants) {
    html.raw("<li><p class=\"title text\">");
    for (std::size_t i = 0; i < grant.capabilities.size(); ++i) {
      html.raw(i == 0 ? Markup("") : Markup(", ")).text(grant.capabilities[i]);
    }
    html.raw("</p><p class=\"says\">Until ");
    write_time(html, grant.until);
    html.raw(", in ");
    write_left(html, view.now, grant.until);
    html.raw("</p>");
    write_longer(html, grant, ++number);
    html.raw("</li>\n");
  }
  html.raw("</ul>\n</section>\n");
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
    {"remote_access_off", "Remote access was switched off",
     "All sessions ended. An administrator can switch it on again."},
    {"superseded", "Your session was replaced by a newer one",
     "You signed in somewhere else. Go on there, or sign in here again."},
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
      "<button type=\"submit\" class=\"primary\">Sign in</button>\n</form>\n"
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
      "in</a></div>\n</section>\n");
  return finish(html);
}

std::string render_signed_out(std::string_view event_id) {
  return render_session_ended({.reason = "signed_out", .event_id = std::string(event_id)});
}

}  // namespace postern::enforcer
