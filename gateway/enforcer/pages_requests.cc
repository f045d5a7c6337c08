// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The parts of the engineer's page that are about asking: the form, what was asked for, what was approved.
#include <algorithm>
#include <array>

#include "gateway/enforcer/page_parts.h"

namespace postern::enforcer {
namespace {

using base::Micros;

constexpr Micros kPageMinute = 60 * base::kWallSecond;
constexpr Micros kPageHour = 60 * kPageMinute;

struct DurationChoice {
  Micros duration;
  Markup option, chosen;
};
constexpr auto kDurationChoices = std::to_array<DurationChoice>({
    {30 * kPageMinute, "<option value=\"30m\">30 minutes</option>",
     "<option value=\"30m\" selected>30 minutes</option>"},
    {kPageHour, "<option value=\"1h\">1 hour</option>", "<option value=\"1h\" selected>1 hour</option>"},
    {4 * kPageHour, "<option value=\"4h\">4 hours</option>",
     "<option value=\"4h\" selected>4 hours</option>"},
    {8 * kPageHour, "<option value=\"8h\">8 hours</option>",
     "<option value=\"8h\" selected>8 hours</option>"},
    {24 * kPageHour, "<option value=\"1d\">1 day</option>", "<option value=\"1d\" selected>1 day</option>"},
    {96 * kPageHour, "<option value=\"4d\">4 days</option>", "<option value=\"4d\" selected>4 days</option>"},
});
constexpr Micros kUsualDuration = 8 * kPageHour;

// Those that the configuration allows, the usual one chosen, or the longest below it. None is allowed where the longest
// grant is shorter than all of them: then nothing is sent, and the configuration's default holds.
void write_durations(Html& html, Micros longest) {
  for (std::size_t i = 0; i < kDurationChoices.size(); ++i) {
    const DurationChoice& one = kDurationChoices[i];
    if (one.duration > longest) break;
    const bool last = i + 1 == kDurationChoices.size() || kDurationChoices[i + 1].duration > longest;
    const bool chosen = one.duration == kUsualDuration || (last && one.duration < kUsualDuration);
    html.raw(chosen ? one.chosen : one.option);
  }
  if (longest < kDurationChoices[0].duration) html.raw("<option value=\"\">As long as usual</option>");
}

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

void write_approvals_badge(Html& html, int approvals) {
  if (approvals > 1) html.raw(" <span class=\"badge\">").number(approvals).raw(" approvals</span>");
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
    html.raw(one.write ? Markup(" <span class=\"badge badge-write\">write</span>") : Markup(""));
    write_approvals_badge(html, one.approvals);
    html.raw("</label>\n");
  }
  html.raw("</fieldset>\n");
}

// number tells the fields of one form from those of another; 0 is the form to ask for something new.
void write_reason(Html& html, const RequestHintsView& hints, long long number) {
  if (!hints.reasons.empty()) {
    html.raw("<div class=\"field\"><label for=\"template-").number(number);
    html.raw("\">Reason</label><select name=\"template\" id=\"template-").number(number);
    html.raw("\"><option value=\"\">In my own words</option>");
    for (const std::string& reason : hints.reasons)
      html.raw("<option value=\"").text(reason).raw("\">").text(reason).raw("</option>");
    html.raw("</select></div>\n");
  }
  html.raw("<div class=\"field\"><label for=\"reason-").number(number);
  html.raw(hints.reasons.empty() ? Markup("\">Reason (the administrator reads it)</label>")
                                 : Markup("\">In detail (the administrator reads it)</label>"));
  html.raw("<textarea id=\"reason-").number(number).raw("\" name=\"reason\"");
  html.raw(hints.reasons.empty() ? Markup(" required") : Markup(""))
      .raw(" maxlength=\"1000\" rows=\"3\"></textarea></div>\n");
}

// The pattern is RE2's: visit.js tries it where the browser's expressions agree, the ledger always.
void write_ticket(Html& html, const RequestHintsView& hints, long long number) {
  html.raw("<div class=\"field\"><label for=\"ticket-").number(number);
  html.raw(hints.ticket_required ? Markup("\">Ticket") : Markup("\">Ticket (optional)"));
  if (!hints.ticket_hint.empty()) html.raw(" <small class=\"text\">").text(hints.ticket_hint).raw("</small>");
  html.raw("</label><input id=\"ticket-").number(number);
  html.raw("\" name=\"ticket\" maxlength=\"120\" autocomplete=\"off\"");
  html.raw(hints.ticket_required ? Markup(" required") : Markup(""));
  if (!hints.ticket_pattern.empty()) {
    html.raw(" data-pattern=\"").text(hints.ticket_pattern);
    html.raw("\" data-wrong=\"This does not look like the number of a ticket. ")
        .text(hints.ticket_hint)
        .raw("\"");
  }
  html.raw("></div>\n");
}

void write_talk(Html& html, const RequestView& request) {
  if (request.talk.empty()) return;
  html.raw("<ul class=\"talk\">");
  for (const TalkView& one : request.talk) {
    html.raw(one.mine ? Markup("<li class=\"mine\"><b>You</b> ") : Markup("<li><b>Administrator</b> "));
    write_time(html, one.at);
    html.raw("<p class=\"text\">").text(one.text).raw("</p></li>");
  }
  html.raw("</ul>");
}

void write_answer_form(Html& html, const RequestView& request, long long number) {
  if (request.talk.empty() || request.talk.back().mine) return;
  html.raw("<form class=\"ask\" method=\"post\" action=\"/.postern/api/requests/").text(request.id);
  html.raw("/answer\" data-answer><div class=\"field\"><label for=\"answer-").number(number);
  html.raw("\">Your answer (the administrator reads it)</label><textarea id=\"answer-").number(number);
  html.raw(
      "\" name=\"text\" required maxlength=\"1000\" rows=\"2\"></textarea></div>"
      "<button type=\"submit\" class=\"primary\">Send answer</button></form>");
}

void write_asked(Html& html, const RequestView& request) {
  html.raw("<p class=\"says\">");
  html.raw(request.by_vendor  ? Markup("Asked for you at Mission Control ")
           : request.by_admin ? Markup("Asked for you by an administrator ")
                              : Markup("Asked "));
  write_time(html, request.created);
  if (!request.duration.empty())
    html.raw(", for <span class=\"text\">").text(request.duration).raw("</span>");
  if (request.start) {
    html.raw(", from ");
    write_time(html, *request.start);
  }
  if (!request.ticket.empty()) html.raw(", ticket <bdi class=\"text\">").text(request.ticket).raw("</bdi>");
  html.raw("</p>");
}

void write_approvals(Html& html, const RequestView& request) {
  if (request.approvals_needed < 2) return;
  html.raw("<p class=\"says\"><b>")
      .number(request.approvals)
      .raw(" of ")
      .number(request.approvals_needed)
      .raw("</b> approvals");
  if (!request.offered.empty())
    html.raw(", of something else than you asked for: <bdi class=\"text\">")
        .text(request.offered)
        .raw("</bdi>");
  html.raw("</p>");
}

constexpr std::string_view kRequestStates[] = {"pending", "approved", "refused", "withdrawn", "expired"};

void write_request(Html& html, const RequestView& request, long long number) {
  const bool known = std::find(std::begin(kRequestStates), std::end(kRequestStates), request.state) !=
                     std::end(kRequestStates);
  const std::string_view state = known ? std::string_view(request.state) : "unknown";
  const bool pending = state == "pending";
  html.raw("<li class=\"request\" data-request=\"").text(request.id).raw("\" data-state=\"").text(state);
  html.raw("\" data-said=\"").number(request.approvals).raw(" ");
  html.number(static_cast<long long>(request.talk.size())).raw("\"><div><p class=\"title\">");
  html.raw("<bdi class=\"text\">").text(request.asked).raw("</bdi> <span class=\"state state-").text(state);
  html.raw("\">")
      .text(pending ? std::string_view("waiting") : state)
      .raw("</span></p><p class=\"says text\">");
  html.text(request.reason).raw("</p>");
  write_asked(html, request);
  if (pending) write_approvals(html, request);
  if (!request.note.empty()) html.raw("<p class=\"text\">Answer: ").text(request.note).raw("</p>");
  write_talk(html, request);
  if (pending) write_answer_form(html, request, number);
  html.raw("</div>");
  if (pending && !request.by_admin) {
    html.raw("<form method=\"post\" action=\"/.postern/api/requests/").text(request.id);
    html.raw("/withdraw\"><button type=\"submit\">Withdraw</button></form>");
  }
  html.raw("</li>\n");
}

// The same once more, for longer: a request of its own, which an administrator decides.
void write_longer(Html& html, const HomeView& view, const GrantView& grant, long long number) {
  html.raw(
      "<details><summary>Ask for longer</summary>\n<form class=\"ask\" method=\"post\" "
      "action=\"/.postern/api/requests\" data-ask data-nothing=\"\">\n"
      "<input type=\"hidden\" name=\"extends\" value=\"");
  html.text(grant.id).raw("\">\n");
  write_reason(html, view.hints, number);
  html.raw("<div class=\"fields\">");
  write_ticket(html, view.hints, number);
  html.raw("<div class=\"field\"><label for=\"duration-").number(number);
  html.raw("\">For how long, from its end on</label><select name=\"duration\" id=\"duration-")
      .number(number)
      .raw("\">");
  write_durations(html, view.hints.longest_grant);
  html.raw(
      "</select></div></div>\n<button type=\"submit\" class=\"primary\">Send "
      "request</button>\n</form></details>");
}

}  // namespace

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
  write_reason(html, view.hints, 0);
  html.raw("<div class=\"fields\">");
  write_ticket(html, view.hints, 0);
  html.raw(
      "<div class=\"field\"><label for=\"duration-0\">For how long</label><select id=\"duration-0\" "
      "name=\"duration\">");
  write_durations(html, view.hints.longest_grant);
  html.raw(
      "</select></div>\n<div class=\"field\"><label for=\"start\">Start <small data-zone=\"(your time zone; "
      "empty: once it is approved)\">(UTC; empty: once it is "
      "approved)</small></label><input id=\"start\" name=\"start\" type=\"datetime-local\" data-over=\"The "
      "start is over "
      "already. Leave it empty to start once it is approved.\" data-far=\"The start may be 90 days away at "
      "most.\"></div></div>\n"
      "<button type=\"submit\" class=\"primary\">Send request</button>\n</form>\n</section>\n");
}

void write_requests(Html& html, const std::vector<RequestView>& requests) {
  if (requests.empty()) return;
  html.raw(
      "<section class=\"panel\" id=\"requests\" aria-live=\"polite\">\n<h2>Your requests</h2>\n<ul "
      "class=\"list\">\n");
  long long number = 0;
  for (const RequestView& request : requests) write_request(html, request, ++number);
  html.raw("</ul>\n</section>\n");
}

void write_grants(Html& html, const HomeView& view) {
  if (view.grants.empty()) return;
  html.raw("<section class=\"panel\">\n<h2>Approved for you</h2>\n<ul class=\"list\">\n");
  long long number = 0;
  for (const GrantView& grant : view.grants) {
    html.raw("<li data-grant=\"").text(grant.id).raw("\"><p class=\"title text\">");
    for (std::size_t i = 0; i < grant.capabilities.size(); ++i) {
      html.raw(i == 0 ? Markup("") : Markup(", ")).text(grant.capabilities[i]);
    }
    html.raw("</p><p class=\"says\">");
    if (grant.from > view.now) {
      html.raw("From ");
      write_time(html, grant.from);
      html.raw(", until ");
      write_time(html, grant.until);
    } else {
      html.raw("Until ");
      write_time(html, grant.until);
      html.raw(", in ");
      write_left(html, view.now, grant.until);
    }
    html.raw("</p>");
    if (!grant.reason.empty()) html.raw("<p class=\"says text\">").text(grant.reason).raw("</p>");
    write_longer(html, view, grant, ++number);
    html.raw("</li>\n");
  }
  html.raw("</ul>\n</section>\n");
}

}  // namespace postern::enforcer
