// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Questions to a policy file: no gateway is asked, nothing is changed. The policy in force is in policy_in_force.cc.
#include <algorithm>
#include <cstdio>

#include "base/bytes.h"
#include "base/file.h"
#include "gateway/cli/commands.h"
#include "gateway/http/target.h"
#include "policy/check.h"
#include "policy/diff.h"
#include "policy/explain.h"
#include "policy/import.h"
#include "redact/path.h"

namespace postern::cli {
namespace {

constexpr std::size_t kFileLimit = base::kYamlSizeLimit;

base::Json fault_json(const std::string& file, const base::Mark& mark, std::string_view message) {
  return {{"file", file}, {"line", mark.line}, {"column", mark.column}, {"message", message}};
}

base::Json faults_json(const std::string& file, const std::vector<base::Fault>& faults) {
  base::Json list = base::Json::array();
  for (const base::Fault& fault : faults) list.push_back(fault_json(file, fault.mark, fault.message));
  return list;
}

void say(std::string_view lines) {
  std::fwrite(lines.data(), 1, lines.size(), stderr);
  if (!lines.ends_with('\n')) std::fputc('\n', stderr);
}

// The policy of a file; nullptr after its faults were printed, a line each.
std::shared_ptr<const policy::Policy> load(const std::string& file) {
  const auto text = base::read_file(file, kFileLimit);
  if (!text.ok()) {
    fail_with(text.error().message);
    return nullptr;
  }
  policy::ParsedPolicy parsed = policy::parse_policy(*text);
  if (parsed.policy == nullptr) say(base::format_faults(file, parsed.faults));
  return parsed.policy;
}

std::vector<std::string> redactions(const policy::Policy& policy) {
  std::vector<std::string> out;
  for (const redact::Path& path : policy.redaction().paths) out.push_back("json: " + path.text);
  for (const std::string& header : policy.redaction().headers) out.push_back("header: " + header);
  return out;
}

int check(bool json, const std::string& file) {
  const auto text = base::read_file(file, kFileLimit);
  if (!text.ok()) return fail_with(text.error().message);
  const policy::ParsedPolicy parsed = policy::parse_policy(*text);
  std::vector<policy::Finding> findings;
  if (parsed.policy != nullptr) findings = policy::check(*parsed.policy);
  const bool sound = parsed.policy != nullptr &&
                     std::none_of(findings.begin(), findings.end(), [](const policy::Finding& finding) {
                       return finding.severity == policy::Severity::Error;
                     });
  if (!json) {
    if (!parsed.faults.empty()) say(base::format_faults(file, parsed.faults));
    if (!findings.empty()) say(policy::format_findings(file, findings));
    if (!sound) return kFailed;
    print(file + ": " + std::to_string(parsed.policy->capabilities().size()) + " capabilities, " +
          std::to_string(parsed.policy->operations().size()) +
          " operations; none of them reaches what never rules out\n");
    const std::vector<std::string> redacted = redactions(*parsed.policy);
    if (!redacted.empty()) print("taken out of responses beside what is found by itself:\n");
    for (const std::string& one : redacted) print("  " + one + "\n");
    return kDone;
  }
  base::Json answer{
      {"ok", sound}, {"faults", faults_json(file, parsed.faults)}, {"findings", base::Json::array()}};
  for (const policy::Finding& finding : findings) {
    base::Json item = fault_json(file, finding.mark, finding.message);
    item["severity"] = finding.severity == policy::Severity::Error ? "error" : "warning";
    if (!finding.witness.empty()) item["witness"] = finding.witness;
    answer["findings"].push_back(std::move(item));
  }
  if (parsed.policy != nullptr) {
    answer["hash"] = parsed.policy->hash();
    answer["redact"] = redactions(*parsed.policy);
  }
  print(base::dump_json(answer) + "\n");
  return sound ? kDone : kFailed;
}

struct Asked {
  std::string file, method, target, content_type;
  std::vector<std::string> on;
  bool body = false;
  bool websocket = false;
};

base::Json explanation_json(const policy::Policy& policy, const policy::Explanation& explanation,
                            std::string_view target) {
  const policy::Decision& decision = explanation.decision;
  base::Json json{{"allowed", decision.allowed()},
                  {"code", base::text_of(decision.refusal).code},
                  {"target", target},
                  {"why", explanation.why},
                  {"voices", base::Json::array()},
                  {"nearest", base::Json::array()}};
  const auto text = [&](int operation) {
    return policy.operations()[static_cast<std::size_t>(operation)].text();
  };
  if (decision.operation >= 0) json["operation"] = text(decision.operation);
  if (decision.capability >= 0)
    json["capability"] = policy.capabilities()[static_cast<std::size_t>(decision.capability)].name;
  for (const policy::Voice& voice : explanation.voices) {
    json["voices"].push_back(
        {{"line", voice.mark.line}, {"column", voice.mark.column}, {"says", voice.says}});
  }
  for (const policy::Near& near : explanation.nearest) {
    json["nearest"].push_back({{"operation", text(near.operation)}, {"how", near.how}});
  }
  return json;
}

// Every capability is taken for on unless some are named: the first question is whether the policy allows it
// at all.
base::Result<std::vector<base::Refusal>> standing_of(const policy::Policy& policy,
                                                     const std::vector<std::string>& on) {
  std::vector<base::Refusal> standing(policy.capabilities().size(),
                                      on.empty() ? base::Refusal::None : base::Refusal::CapabilityOff);
  for (const std::string& name : on) {
    const int index = policy.find_capability(name);
    if (index < 0)
      return base::fail(base::Code::NotFound,
                        "the policy has no capability \"" + base::printable(name) + "\"");
    standing[static_cast<std::size_t>(index)] = base::Refusal::None;
  }
  return standing;
}

int explain(bool json, const Asked& asked) {
  const auto policy = load(asked.file);
  if (policy == nullptr) return kFailed;
  http::CanonicalTarget target;
  const http::Verdict verdict = http::canonicalise(asked.target, {}, target);
  if (!verdict.ok()) {
    const std::string_view code = base::text_of(verdict.refusal).code;
    if (json)
      print(base::dump_json(base::Json{{"allowed", false}, {"code", code}, {"why", verdict.sentence}}) +
            "\n");
    return fail_with(std::string(code) + ": " + std::string(verdict.sentence));
  }
  std::vector<policy::QueryParameter> query;
  for (const http::Parameter& parameter : target.parameters().all())
    query.push_back({parameter.name, parameter.value});
  policy::Question question;
  question.method = asked.method;
  question.path = target.path();
  question.query = query;
  question.content_type = asked.content_type;
  question.websocket = asked.websocket;
  question.has_body = asked.body || !asked.content_type.empty();
  const auto standing = standing_of(*policy, asked.on);
  if (!standing.ok()) return fail_with(standing.error().message);
  const policy::Explanation explanation = policy::explain(*policy, question, *standing);
  print(json ? base::dump_json(explanation_json(*policy, explanation, target.text())) + "\n"
             : policy::to_text(*policy, explanation) + "\n");
  return explanation.decision.allowed() ? kDone : kFailed;
}

base::Json changes_json(const std::vector<policy::Change>& changes) {
  base::Json list = base::Json::array();
  for (const policy::Change& change : changes) {
    list.push_back({{"capability", change.capability},
                    {"what", change.what},
                    {"detail", change.detail},
                    {"effect", policy::to_text(change.effect)},
                    {"line", change.mark.line}});
  }
  return list;
}

int diff(bool json, const std::string& old_file, const std::string& new_file) {
  const auto old_policy = load(old_file);
  const auto new_policy = load(new_file);
  if (old_policy == nullptr || new_policy == nullptr) return kFailed;
  const policy::Difference difference = policy::diff(*old_policy, *new_policy);
  if (!json) {
    print(policy::to_text(difference) + "\n");
    return kDone;
  }
  print(base::dump_json(base::Json{{"newly_allowed", changes_json(difference.newly_allowed)},
                                   {"no_longer_allowed", changes_json(difference.no_longer_allowed)},
                                   {"changed", changes_json(difference.changed)},
                                   {"never_added", changes_json(difference.never_added)},
                                   {"never_removed", changes_json(difference.never_removed)},
                                   {"roles", changes_json(difference.roles)},
                                   {"redaction", changes_json(difference.redaction)},
                                   {"opens", difference.opens()}}) +
        "\n");
  return kDone;
}

int import(bool json, const std::string& file, const policy::ImportOptions& options) {
  const auto text = base::read_file(file, kFileLimit);
  if (!text.ok()) return fail_with(text.error().message);
  const policy::Imported imported = policy::import_openapi(*text, options);
  const bool sound = imported.faults.empty();
  if (json) {
    print(base::dump_json(base::Json{{"ok", sound},
                                     {"policy", imported.policy},
                                     {"faults", faults_json(file, imported.faults)},
                                     {"notes", faults_json(file, imported.notes)}}) +
          "\n");
    return sound ? kDone : kFailed;
  }
  if (!imported.notes.empty()) say(base::format_faults(file, imported.notes));
  if (!sound) {
    say(base::format_faults(file, imported.faults));
    return kFailed;
  }
  print(imported.policy);
  return kDone;
}

void add_explain(Program& program, CLI::App* group) {
  auto asked = std::make_shared<Asked>();
  CLI::App* command = program.command(
      group, "explain", "Say why a request would pass or not; exit 0 if it would",
      "policy explain --policy policy.yaml GET '/prometheus/api/v1/query?query=up'\n"
      "policy explain --policy policy.yaml --on metrics.read POST /alertmanager/api/v2/silences",
      [&program, asked] { return explain(program.json(), *asked); });
  command->add_option("--policy", asked->file, "the policy file")->required()->type_name("FILE");
  command->add_option("--on", asked->on, "capabilities that are on; all of them unless said otherwise")
      ->delimiter(',')
      ->type_name("NAME,...");
  command->add_option("--content-type", asked->content_type, "of the request's body")->type_name("TYPE");
  command->add_flag("--body", asked->body, "the request has a body");
  command->add_flag("--websocket", asked->websocket, "the request asks for a WebSocket");
  command->add_option("method", asked->method, "GET, POST, ...")->required()->type_name("METHOD");
  command->add_option("target", asked->target, "path and query, as a client sends them")
      ->required()
      ->type_name("TARGET");
}

}  // namespace

void add_policy_commands(Program& program) {
  CLI::App* group = program.group("policy", "Questions to a policy file, and the policy in force");
  add_policy_in_force_commands(program, group);
  auto file = std::make_shared<std::string>();
  program
      .command(group, "check", "Check a policy: form, meaning, and that nothing reaches what never rules out",
               "policy check policy.yaml", [&program, file] { return check(program.json(), *file); })
      ->add_option("file", *file, "the policy file")
      ->required()
      ->type_name("FILE");
  add_explain(program, group);
  struct Pair {
    std::string from, to;
    bool pending = false;
  };
  auto pair = std::make_shared<Pair>();
  CLI::App* compare = program.command(
      group, "diff", "Say what a new policy newly allows, and what no longer",
      "policy diff old.yaml new.yaml\npolicy diff --pending", [&program, pair] {
        if (pair->pending != pair->to.empty() || pair->from.empty() != pair->to.empty()) {
          fail_with("give two files, or --pending");
          return kUsage;
        }
        return pair->pending ? show_pending_policy(program) : diff(program.json(), pair->from, pair->to);
      });
  compare->add_option("old", pair->from, "the policy as it is")->type_name("OLD");
  compare->add_option("new", pair->to, "the policy as it would be")->type_name("NEW");
  compare->add_flag("--pending", pair->pending,
                    "ask the gateway: the policy in force beside the accepted one");
  struct Document {
    std::string file;
    policy::ImportOptions options;
  };
  auto document = std::make_shared<Document>();
  CLI::App* draft = program.command(
      group, "import", "Make a first draft of a policy from an OpenAPI 3 or Swagger 2 document",
      "policy import openapi.yaml --prefix /prometheus --name prometheus > policy.yaml",
      [&program, document] { return import(program.json(), document->file, document->options); });
  draft->add_option("document", document->file, "YAML or JSON")->required()->type_name("FILE");
  draft->add_option("--prefix", document->options.prefix, "the service's path below the support listener")
      ->type_name("PATH");
  draft->add_option("--name", document->options.name, "comes before each capability's name")
      ->type_name("NAME");
}

}  // namespace postern::cli
