// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The policy that a running gateway has in force, what of it waits, and the acceptance.
#include "base/bytes.h"
#include "gateway/cli/commands.h"

namespace postern::cli {
namespace {

const std::vector<Column> kInForce{{"In force", "hash"},
                                   {"Since", "loaded", Kind::Time},
                                   {"Accepted", "accepted.hash"},
                                   {"On", "accepted.at", Kind::Time},
                                   {"By", "accepted.by"}};

struct EffectWords {
  const char* effect;
  const char* title;
};
constexpr EffectWords kEffects[] = {{"new", "Newly allowed"},
                                    {"looser", "Looser than before"},
                                    {"gone", "No longer allowed"},
                                    {"stricter", "Stricter than before"},
                                    {"same", "The same in other words"}};

std::string line_of_change(const base::Json& change) {
  const std::string capability = base::json_text_or(change, "capability", "");
  const std::string kind = base::json_text_or(change, "kind", "");
  const std::string what = base::json_text_or(change, "what", "");
  const std::string detail = base::json_text_or(change, "detail", "");
  std::string out = "  ";
  if (kind == "never") out += "never ";
  if (kind == "role") out += "role ";
  if (kind == "redaction") out += "redaction ";
  if (!capability.empty()) out += base::printable(capability) + (what.empty() ? "" : ": ");
  out += base::printable(what);
  if (!detail.empty()) out += " (" + base::printable(detail, 1024) + ")";
  return out + "\n";
}

std::string show_changes(const base::Json& answer) {
  std::string out;
  for (const auto& [effect, title] : kEffects) {
    std::string lines;
    for (const base::Json& change : answer.value("changes", base::Json::array())) {
      if (base::json_text_or(change, "effect", "") == effect) lines += line_of_change(change);
    }
    if (!lines.empty()) out += std::string(title) + ":\n" + lines;
  }
  if (const std::int64_t left_off = base::json_number_or(answer, "left_off", 0); left_off > 0)
    out += "and " + std::to_string(left_off) + " changes more\n";
  return out;
}

std::string waiting_words(const base::Json& answer) {
  if (!base::json_bool_or(answer, "waits", false)) return "Nothing waits to be accepted.\n";
  const bool readable = base::json_bool_or(answer.value("accepted", base::Json::object()), "readable", true);
  return std::string(
             readable ? ""
                      : "What was accepted before cannot be read: nothing passes until this is accepted.\n") +
         "To open it: postern policy accept " + base::printable(base::json_text_or(answer, "hash", "")) +
         "\n";
}

std::string show_pending(const base::Json& answer) { return show_changes(answer) + waiting_words(answer); }

}  // namespace

int show_pending_policy(Program& program) {
  return program.ask({http::Method::Get, "/api/v1/policy/diff", {}}, show_pending);
}

void add_policy_in_force_commands(Program& program, CLI::App* group) {
  program.command(
      group, "show", "Show which policy is in force, and which one is accepted", "policy show", [&program] {
        return program.ask({http::Method::Get, "/api/v1/policy", {}}, [](const base::Json& answer) {
          return to_lines(answer, kInForce) +
                 (base::json_bool_or(answer, "waits", false)
                      ? "1 policy waits to be accepted: postern policy diff --pending says what it opens.\n"
                      : "");
        });
      });
  auto hash = std::make_shared<std::string>();
  program
      .command(group, "accept",
               "Open what the policy in force newly allows; without its hash: only say what that is",
               "policy accept\npolicy accept "
               "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
               [&program, hash] {
                 // Nobody accepts what he has not been shown.
                 if (hash->empty()) {
                   return program.ask(
                       {http::Method::Get,
                        "/api/v1/policy/diff",
                        {},
                        [](const base::Json& answer) { return !base::json_bool_or(answer, "waits", false); }},
                       show_pending);
                 }
                 return program.ask({http::Method::Post, "/api/v1/policy/accept", {{"hash", *hash}}},
                                    [](const base::Json& answer) { return to_lines(answer, kInForce); });
               })
      ->add_option("hash", *hash, "of the policy in force, as the diff shows it")
      ->type_name("HASH");
}

}  // namespace postern::cli
