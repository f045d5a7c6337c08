// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/desk/registrar.h"

#include <utility>

#include "accounts/orders.h"
#include "base/log.h"

namespace postern::mission {
namespace {

constexpr std::string_view kWho = "person";

face::Registrar::Answer refusal_of(int status, std::string_view code, std::string_view message) {
  return {false, status, {{"code", code}, {"message", message}, {"status", status}}};
}

face::Registrar::Answer nothing_kept() {
  return refusal_of(503, "store_unavailable", "nothing of this was kept: try again later");
}

}  // namespace

base::Status Registrar::load() {
  const auto found = parts_.store.people();
  if (!found.ok()) return found.error();
  if (found->version == 0) {
    accounts_ = {};
  } else {
    auto parsed = accounts::parse_accounts(found->text, accounts::kPeopleRanks);
    if (!parsed.ok())
      return base::fail(base::Code::Corrupt,
                        "the people in the store cannot be read: restore it from a copy");
    accounts_ = std::move(parsed->accounts);
  }
  version_ = found->version;
  known_ = true;
  return base::Ok{};
}

base::Status Registrar::open(std::string_view seed) {
  seed_ = seed;
  base::Status loaded = load();
  if (!loaded.ok() || version_ > 0 || seed.empty()) return loaded;
  auto first = accounts::parse_admins(seed, accounts::kPeopleRanks);
  if (!first.ok()) return base::fail(first.error().code, "the first people: " + first.error().message);
  base::Status kept = keep(*first);
  if (kept.ok()) kept = parts_.store.commit();
  if (kept.ok()) accounts_ = *std::move(first);
  known_ = kept.ok();
  return kept;
}

void Registrar::look() {
  if (!known_) {
    if (open(std::string(seed_)).ok() && on_change_) on_change_();
    return;
  }
  const auto found = parts_.store.people();
  if (!found.ok() || found->version == version_) return;
  if (base::Status read = load(); !read.ok()) return base::log_error("the store: " + read.error().message);
  if (on_change_) on_change_();
}

// Whoever was faster, on another server, is told by the version; then what there is is read again.
base::Status Registrar::keep(const accounts::Accounts& next) {
  const std::string text = accounts::format_accounts(next, {}, accounts::kPeopleRanks);
  if (text.size() > accounts::kAccountsLimit)
    return base::fail(base::Code::Limit, "there are too many accounts");
  const auto set = parts_.store.set_people(version_, text);
  if (!set.ok()) return set.error();
  if (!*set) return base::fail(base::Code::Exists, "somebody else changed the accounts meanwhile: try again");
  ++version_;
  return base::Ok{};
}

answer::Response Registrar::unavailable() const {
  return answer::problem(503, "store_unavailable", "Mission Control cannot read or write now",
                         "Try again later.");
}

void Registrar::order(std::string_view name, base::Json arguments, Done done) {
  if (!known_)
    return parts_.commits.then([done = std::move(done)](bool /*durable*/) { done(nothing_kept()); });
  const std::string actor = base::json_text_or(arguments, "actor", ""),
                    from = base::json_text_or(arguments, "from", "");
  accounts::Ordered made = accounts::decide({parts_.clock.wall(), parts_.ulids, accounts::kPeopleRanks, kWho},
                                            accounts_, {name, arguments, actor, from});
  Answer answer{true, 200, std::move(made.reply)};
  if (made.refused) answer = refusal_of(made.refused->status, made.refused->code, made.refused->message);
  if (made.next) {
    base::Status kept = keep(*made.next);
    if (kept.ok() && !made.event.empty())
      kept = parts_.record({std::string(kWho) + "." + made.event, actor, from, made.subject, made.detail});
    if (kept.ok()) accounts_ = *std::move(made.next);
    if (!kept.ok()) {
      base::log_error("a change of people was not made: " + kept.error().message);
      answer = kept.error().code == base::Code::Exists ? refusal_of(409, "conflict", kept.error().message)
                                                       : nothing_kept();
    }
  }
  parts_.commits.then([this, done = std::move(done), answer = std::move(answer)](bool durable) {
    settle(durable, done, answer);
  });
}

// Of a change that was lost, accounts and version are nobody's: another server's next change has the same version. Where what there
// is cannot be read now, nothing is known until look() has read it.
void Registrar::settle(bool durable, const Done& done, const Answer& answer) {
  const bool lost = !durable || answer.status == 409;
  if (lost) {
    const base::Status read = load();
    known_ = read.ok();
    if (!read.ok()) base::log_error("the store: " + read.error().message);
  }
  if (known_ && on_change_) on_change_();
  done(durable ? answer : nothing_kept());
}

bool Registrar::note(const face::Note& note) {
  auto detail = base::parse_json(note.detail);
  base::Json said = detail.ok() && detail->is_object() ? *std::move(detail) : base::Json::object();
  const std::string from = base::json_text_or(said, "client", "");
  const base::Status kept = parts_.record(
      {std::string(kWho) + "." + std::string(note.event), note.actor, from, note.subject, std::move(said)});
  return kept.ok();
}

}  // namespace postern::mission
