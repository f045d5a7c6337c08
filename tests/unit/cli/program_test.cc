// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/json.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/generate.h"
#include "tests/unit/cli/run.h"

namespace postern::cli {
namespace {

void visit(const CLI::App& app, const std::vector<std::string>& words,
           const std::function<void(const std::vector<std::string>&)>& see) {
  see(words);
  for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> longer = words;
    longer.push_back(child->get_name());
    visit(*child, longer, see);
  }
}

constexpr const char* kPolicy =
    "version: 1\ncapabilities:\n  metrics.read:\n    title: Read metrics\n    class: read\n    operations:\n "
    "     - GET "
    "/api/v1/query\n";

TEST(Postern, HelpsWithEveryCommand) {
  Program program;
  add_all_commands(program);
  visit(program.app(), {}, [](std::vector<std::string> words) {
    words.emplace_back("--help");
    const Ran ran = run_postern(words);
    EXPECT_EQ(ran.code, kDone) << words.front();
    EXPECT_NE(ran.out.find("Exit codes:"), std::string::npos) << ran.out;
  });
}

TEST(Postern, HasTheCommandsThatPeopleScriptAgainst) {
  Program program;
  add_all_commands(program);
  std::string all;
  visit(program.app(), {}, [&](const std::vector<std::string>& words) {
    for (const std::string& word : words) all += word + " ";
    all += "\n";
  });
  for (const char* name : {"init ",
                           "serve ",
                           "status ",
                           "config check ",
                           "policy check ",
                           "policy explain ",
                           "policy diff ",
                           "policy import ",
                           "remote-access show ",
                           "remote-access set ",
                           "capability list ",
                           "capability set ",
                           "request list ",
                           "request show ",
                           "request approve ",
                           "request refuse ",
                           "grant list ",
                           "hold list ",
                           "hold show ",
                           "hold pass ",
                           "hold refuse ",
                           "grant show ",
                           "grant revoke ",
                           "engineer list ",
                           "engineer add ",
                           "engineer approve ",
                           "engineer remove ",
                           "pass issue ",
                           "session list ",
                           "session show ",
                           "session end ",
                           "session export ",
                           "events ",
                           "audit verify ",
                           "audit proof ",
                           "audit token-key ",
                           "audit export ",
                           "audit reindex ",
                           "hold list ",
                           "hold show ",
                           "hold pass ",
                           "hold refuse ",
                           "cert list ",
                           "cert issue ",
                           "reload ",
                           "version "}) {
    EXPECT_NE(all.find("\n" + std::string(name) + "\n"), std::string::npos) << name;
  }
}

TEST(Postern, TellsItsVersionWithoutACommand) {
  const Ran ran = run_postern({"--version"});
  EXPECT_EQ(ran.code, kDone);
  EXPECT_TRUE(ran.out.starts_with("postern ")) << ran.out;
}

TEST(Postern, EndsWithTwoForWrongUsage) {
  EXPECT_EQ(run_postern({}).code, kUsage);
  EXPECT_EQ(run_postern({"nonsense"}).code, kUsage);
  EXPECT_EQ(run_postern({"remote-access", "set", "maybe"}).code, kUsage);
  EXPECT_EQ(run_postern({"capability", "set", "x"}).code, kUsage);
  EXPECT_EQ(run_postern({"status", "--nonsense"}).code, kUsage);
}

TEST(Postern, EndsWithThreeIfTheGatewayIsNotThere) {
  const Ran ran = run_postern({"--socket", make_folder() + "/none", "status"});
  EXPECT_EQ(ran.code, kUnreachable);
  EXPECT_NE(ran.err.find("is it running"), std::string::npos);
}

TEST(Postern, EndsWithOneAndTheReasonIfTheGatewayRefuses) {
  FakeGateway gateway([](const std::string&) {
    return answer_with(
        404,
        R"({"type":"about:blank","title":"There is no such thing","status":404,"code":"not_found","detail":"no \u001b[2J"})");
  });
  const Ran ran = run_postern({"--socket", gateway.path(), "capability", "set", "x", "on"});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_NE(ran.err.find("There is no such thing: no \\x1b[2J (not_found)"), std::string::npos) << ran.err;
}

TEST(Postern, PrintsTheAnswerAsJsonWhereverJsonStands) {
  FakeGateway gateway([](const std::string&) { return answer_with(200, R"({"items":[{"name":"alice"}]})"); });
  for (const auto& words :
       {std::vector<std::string>{"--json", "--socket", gateway.path(), "engineer", "list"},
        std::vector<std::string>{"engineer", "list", "--json", "--socket", gateway.path()}}) {
    const Ran ran = run_postern(words);
    EXPECT_EQ(ran.code, kDone) << ran.err;
    const auto json = base::parse_json(ran.out);
    ASSERT_TRUE(json.ok()) << ran.out;
    EXPECT_EQ((*json)["items"][0]["name"], "alice");
  }
}

TEST(Postern, FailsAReloadThatTheGatewayDidNotTake) {
  FakeGateway gateway([](const std::string&) {
    return answer_with(
        200,
        R"({"config":{"ok":true,"faults":[]},"policy":{"ok":false,"faults":[{"file":"p.yaml","line":3,"column":5,"message":"wrong"}]}})");
  });
  const Ran ran = run_postern({"--socket", gateway.path(), "reload"});
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_NE(ran.out.find("p.yaml:3:5: wrong"), std::string::npos);
  EXPECT_EQ(run_postern({"--socket", gateway.path(), "reload", "--json"}).code, kFailed);
}

TEST(Postern, ExportsIntoANewFileOnly) {
  FakeGateway gateway([](const std::string&) { return answer_with(200, R"({"events":[]})"); });
  const std::string out = make_folder() + "/visit.json";
  const std::vector<std::string> words{"--socket", gateway.path(), "session", "export", "X", "--out", out};
  EXPECT_EQ(run_postern(words).code, kDone);
  const Ran again = run_postern(words);
  EXPECT_EQ(again.code, kFailed);
  EXPECT_NE(again.err.find(out), std::string::npos);
}

TEST(Postern, ChecksAPolicyWithoutAGateway) {
  const std::string folder = make_folder();
  write_text(folder + "/good.yaml", kPolicy);
  write_text(folder + "/bad.yaml", "version: 1\ncapabilities:\n  x:\n    class: reed\n");
  EXPECT_EQ(run_postern({"policy", "check", folder + "/good.yaml"}).code, kDone);
  const Ran bad = run_postern({"policy", "check", folder + "/bad.yaml"});
  EXPECT_EQ(bad.code, kFailed);
  EXPECT_NE(bad.err.find(folder + "/bad.yaml:4:"), std::string::npos) << bad.err;
  const Ran json = run_postern({"policy", "check", folder + "/bad.yaml", "--json"});
  EXPECT_EQ(json.code, kFailed);
  EXPECT_FALSE(base::parse_json(json.out).value()["faults"].empty());
}

TEST(Postern, ExplainsInTheCanonicalForm) {
  const std::string folder = make_folder();
  write_text(folder + "/p.yaml", kPolicy);
  const auto explain = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"policy", "explain", "--json", "--policy", folder + "/p.yaml"});
    return run_postern(words);
  };
  EXPECT_EQ(explain({"GET", "/api/v1/%71uery"}).code, kDone);
  EXPECT_EQ(explain({"GET", "/api/v1/../query"}).code, kFailed);
  const Ran listed = explain({"POST", "/api/v1/query"});
  EXPECT_EQ(listed.code, kFailed);
  EXPECT_EQ(base::parse_json(listed.out).value()["code"], "operation_not_listed");
  EXPECT_EQ(explain({"--on", "metrics.read", "GET", "/api/v1/query"}).code, kDone);
  EXPECT_EQ(explain({"--on", "nothing", "GET", "/api/v1/query"}).code, kFailed);
}

TEST(Postern, SaysWhatANewPolicyAllows) {
  const std::string folder = make_folder();
  write_text(folder + "/old.yaml", kPolicy);
  write_text(folder + "/new.yaml", std::string(kPolicy) + "      - GET /api/v1/series\n");
  const Ran ran = run_postern({"policy", "diff", "--json", folder + "/old.yaml", folder + "/new.yaml"});
  EXPECT_EQ(ran.code, kDone);
  EXPECT_EQ(base::parse_json(ran.out).value()["newly_allowed"][0]["what"], "GET /api/v1/series");
}

TEST(Manual, HasAPagePerCommand) {
  Program program;
  add_all_commands(program);
  const auto pages = man_pages(program.app());
  EXPECT_TRUE(pages.contains("postern.1"));
  const std::string& page = pages.at("postern-session-export.1");
  EXPECT_NE(page.find(".TH \"postern-session-export\" 1"), std::string::npos);
  EXPECT_NE(page.find("\\-\\-format"), std::string::npos) << page;
}

TEST(Completion, KnowsEveryCommandInEveryShell) {
  Program program;
  add_all_commands(program);
  EXPECT_NE(bash_completion(program.app()).find("'session export'"), std::string::npos);
  EXPECT_TRUE(zsh_completion(program.app()).starts_with("#compdef postern"));
  EXPECT_NE(fish_completion(program.app()).find("-a export"), std::string::npos);
}

}  // namespace
}  // namespace postern::cli
