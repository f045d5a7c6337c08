// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One row per fault: where it is found, and what is said.
#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

std::string faults_of(const std::string& text) {
  const ParsedPolicy parsed = parse_policy(text);
  EXPECT_EQ(parsed.policy == nullptr, !parsed.faults.empty());
  return base::format_faults("p", parsed.faults);
}

TEST(ParsePolicy, ReadsWhatTheDocumentSays) {
  const auto policy = policy_of(
      "version: 1\n"
      "capabilities:\n"
      "  silences.write:\n"
      "    title: Silences\n"
      "    description: All about silences.\n"
      "    group: Alerts\n"
      "    class: write\n"
      "    operations:\n"
      "      - GET /s\n"
      "      - call: POST /s/{id}\n"
      "        title: Change one\n"
      "        parameters: { path: { id: { max_length: 8 } }, query: { b: {}, a: { one_of: [y, x] } }, "
      "other: allow }\n"
      "        body: { content_types: [Application/JSON], max_size: 64 }\n"
      "never:\n"
      "  - GET /debug/**\n"
      "roles:\n"
      "  admin: [silences.write]\n");
  const Capability& capability = policy->capabilities()[0];
  EXPECT_EQ(capability.name, "silences.write");
  EXPECT_EQ(capability.title, "Silences");
  EXPECT_EQ(capability.description, "All about silences.");
  EXPECT_EQ(capability.group, "Alerts");
  EXPECT_EQ(capability.klass, Class::Write);
  EXPECT_EQ(capability.mark.line, 3);
  EXPECT_EQ(capability.end_operation, 2);
  const Operation& operation = policy->operations()[1];
  EXPECT_EQ(operation.text(), "POST /s/{id}");
  EXPECT_EQ(operation.title, "Change one");
  EXPECT_EQ(operation.constraints.path[0].segment, 1);
  EXPECT_EQ(operation.constraints.path[0].value.max_length, 8U);
  EXPECT_EQ(operation.constraints.query[0].name, "a");
  EXPECT_EQ(operation.constraints.query[0].one_of, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(operation.constraints.other_query);
  EXPECT_EQ(operation.constraints.content_types, std::vector<std::string>{"application/json"});
  EXPECT_EQ(operation.constraints.max_size, 64U);
  EXPECT_EQ(policy->never()[0].methods, bit(Method::Get) | bit(Method::Head));
  EXPECT_EQ(policy->find_role("admin")->capabilities, std::vector<int>{0});
  EXPECT_EQ(policy->find_role("viewer"), nullptr);
  EXPECT_EQ(policy->find_capability("silences.write"), 0);
  EXPECT_EQ(policy->find_capability("silences"), -1);
}

TEST(ParsePolicy, TheHashIsThatOfTheText) {
  const std::string text = "version: 1\ncapabilities: {}\n";
  EXPECT_EQ(policy_of(text)->hash(), policy_of(text)->hash());
  EXPECT_NE(policy_of(text)->hash(), policy_of(text + "#\n")->hash());
  EXPECT_EQ(policy_of(text)->hash().size(), 71U);
  EXPECT_EQ(policy_of(text)->hash().substr(0, 7), "sha256:");
}

// Whole documents: where the fault stands and how it begins.
TEST(ParsePolicy, NamesEachFaultOfADocument) {
  const std::string head = "version: 1\ncapabilities:\n";
  const std::string rest = "    title: T\n    class: write\n    operations: [GET /a]\n";
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "p: "},
      {"[]", "p:1:1: a policy must be a map of keys and values, not a list"},
      {"capabilities: {}\n", "p:1:1: a policy says which form it has: write version: 1"},
      {"version: 2\ncapabilities: {}\n", "p:1:10: this version of Postern reads version: 1"},
      {"version: '1'\ncapabilities: {}\n", "p:1:10: this version of Postern reads version: 1"},
      {"version: 1\n", "p:1:1: a policy needs capabilities"},
      {"version: 1\ncapabilities: {}\ncapabilties: {}\n",
       "p:3:1: unknown key \"capabilties\" in a policy, did you mean \"capabilities\"?"},
      {"version: 1\ncapabilities: {}\nzzz: {}\n",
       "p:3:1: unknown key \"zzz\" in a policy; known are version, capabilities"},
      {"version: 1\ncapabilities: {}\nredact: {}\n", "p:3:9: redact must be a list, not a map"},
      {"version: 1\ncapabilities: {}\nredact: [password]\n",
       "p:3:10: an item of redact is json: PATH or header: NAME"},
      {"version: 1\ncapabilities: {}\nredact:\n  - json: password\n",
       "p:4:11: \"password\", at character 1: a path begins with $, such as $..password"},
      {"version: 1\ncapabilities: {}\nredact:\n  - jsn: $..a\n",
       "p:4:5: unknown key \"jsn\" in an item of redact, did you mean \"json\"?"},
      {"version: 1\ncapabilities: {}\nredact:\n  - header: \"a b\"\n",
       "p:4:13: \"a b\" is not the name of a header field"},
      {"version: 1\ncapabilities: {}\nredact:\n  - json: $..a\n  - json: $..a\n",
       "p:5:5: \"$..a\" is in redact already, at line 4: keep one"},
      {"version: 1\ncapabilities: []\n", "p:2:15: capabilities must be a map of keys and values, not a list"},
      {"version: 1\ncapabilities: {}\ncapabilities: {}\n", "p:3:1: the key \"capabilities\" appears twice"},
      {head + "  Silences:\n" + rest, "p:3:3: \"Silences\" is not a capability's name"},
      {head + "  a..b:\n" + rest, "p:3:3: \"a..b\" is not a capability's name"},
      {head + "  c: x\n", "p:3:6: a capability must be a map"},
      {head + "  c:\n    class: read\n    operations: [GET /a]\n", "p:3:3: capability \"c\" needs a title"},
      {head + "  c:\n    title: T\n    operations: [GET /a]\n",
       "p:3:3: capability \"c\" needs class: read, or class: write"},
      {head + "  c:\n    title: T\n    class: reed\n    operations: [GET /a]\n",
       "p:5:12: class must be read or write"},
      {head + "  c:\n    title: T\n    class: read\n", "p:3:3: capability \"c\" needs operations"},
      {head + "  c:\n    title: T\n    class: read\n    operations: []\n",
       "p:6:17: capability \"c\" lists no operation"},
      {head + "  c:\n    title: [T]\n    class: read\n    operations: [GET /a]\n",
       "p:4:12: title must be a text, not a list"},
      {head + "  c:\n    title: T\n    class: read\n    hold: true\n    operations: [GET /a]\n",
       "p:6:11: hold is for capabilities of class write"},
      {head + "  c:\n    title: T\n    class: read\n    approvals: 0\n    operations: [GET /a]\n",
       "p:6:16: approvals must be a number of administrators, 1 to 9"},
      {head + "  c:\n    title: T\n    class: read\n    approvals: [2]\n    operations: [GET /a]\n",
       "p:6:16: approvals must be a number of administrators, 1 to 9"},
      {head + "  c:\n    title: T\n    class: read\n    operations: [POST /a]\n",
       "p:6:18: POST can change something, and this capability is of class read"},
      {head + "  c:\n" + rest + "never: [PURGE /a]\n",
       "p:7:9: \"PURGE\" is not a method; known are ANY, GET"},
      {head + "  c:\n" + rest + "never:\n  - ANY /x/{y}\n  - ANY /x/{z}\n",
       "p:9:5: \"ANY /x/{z}\" is in never already, at line 8: keep one"},
      {head + "  c:\n" + rest + "never:\n  - ANY /x//y\n",
       "p:8:12: an empty segment never reaches a decision"},
      {head + "  c:\n" + rest + "roles:\n  vewer: [c]\n",
       "p:8:3: roles are viewer, user and admin: \"vewer\" is none, did you mean \"viewer\"?"},
      {head + "  silences:\n" + rest + "roles:\n  viewer: [silence]\n",
       "p:8:12: there is no capability \"silence\", did you mean \"silences\"?"},
      {head + "  c:\n" + rest + "roles:\n  viewer: [c, c]\n",
       "p:8:15: capability \"c\" is in this role already"},
      {head + "  c:\n" + rest + "roles: [viewer]\n", "p:7:8: roles must be a map"},
  };
  for (const auto& [text, want] : table) EXPECT_EQ(faults_of(text).substr(0, want.size()), want) << text;
}

TEST(ParsePolicy, TheDocumentBeforeIsThatOfTheCall) {
  const ParsedPolicy parsed = parse_policy(R"(version: 1
capabilities:
  a: {title: A, class: write, operations: [{call: "PUT /a/{x}/b/{y}", before: "GET /c/{y}/{x}"}]}
)");
  ASSERT_NE(parsed.policy, nullptr) << base::format_faults("p", parsed.faults);
  EXPECT_EQ(parsed.policy->operations()[0].before_path("/a/1/b/2%20"), "/c/2%20/1");
}

TEST(ParsePolicy, ACapabilityHoldsAllOfItsOperationsAndAnOperationItself) {
  const ParsedPolicy parsed = parse_policy(R"(version: 1
capabilities:
  a: {title: A, class: write, hold: true, operations: [POST /a, {call: POST /b, hold: false}]}
  b: {title: B, class: write, operations: [POST /c, {call: POST /d, hold: true}]}
)");
  ASSERT_NE(parsed.policy, nullptr) << base::format_faults("p", parsed.faults);
  std::string held;
  for (const Operation& operation : parsed.policy->operations()) held += operation.hold ? "1" : "0";
  EXPECT_EQ(held, "1101");
}

// Operations, in a capability of class write: the item stands at 7:9.
TEST(ParsePolicy, NamesEachFaultOfAnOperation) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"/a", "p:7:9: \"/a\" is not METHOD /path"},
      {"GET  /a", "p:7:9: \"GET  /a\" is not METHOD /path, with one space"},
      {"ANY /a", "p:7:9: an operation is one method: list each one that is meant; ANY is for never only"},
      {"get /a", "p:7:9: methods are upper case: write GET"},
      {"TRACE /a", "p:7:9: TRACE is refused always: leave it out"},
      {"FETCH /a", "p:7:9: \"FETCH\" is not a method"},
      {"GET /a/%7e", "p:7:16: this is not how the path reaches a decision: write \"~\" instead of \"%7e\""},
      {"[GET /a]", "p:7:9: an operation is METHOD /path, or a map with call: METHOD /path, not a list"},
      {"{ safe: true }", "p:7:9: an operation needs call: METHOD /path"},
      {"{ call: PUT /a, before: POST /b }", "p:7:33: before is read with GET, and nothing else"},
      {"{ call: PUT /a, before: GET /b/** }", "p:7:33: before names one document: ** could be any"},
      {"{ call: 'PUT /a/{x}', before: 'GET /b/{y}' }",
       "p:7:39: the call has no {y} that could stand in its before"},
      {"{ call: PUT /a, before: [] }", "p:7:33: before is GET /path, not a list"},
      {"{ call: GET /a, saef: true }",
       "p:7:25: unknown key \"saef\" in an operation, did you mean \"safe\"?"},
      {"{ call: GET /a, safe: 1 }", "p:7:31: safe must be true or false"},
      {"{ call: GET /a, parameters: { querry: {} } }",
       "p:7:39: unknown key \"querry\" in parameters, did you mean \"query\"?"},
      {"{ call: GET /a, parameters: { other: maybe } }", "p:7:46: other must be refuse or allow"},
      {"{ call: 'GET /a/{id}', parameters: { path: { ident: {} } } }",
       "p:7:54: the path of this operation has no {ident}"},
      {"{ call: 'GET /a/{name}', parameters: { path: { nam: {} } } }",
       "p:7:56: the path of this operation has no {nam}, did you mean \"name\"?"},
      {"{ call: GET /a, parameters: { query: { k: v } } }",
       "p:7:51: the rule for \"k\" ({} lets any value pass) must be a map"},
      {"{ call: GET /a, parameters: { query: { k: { matches: '(' } } } }",
       "p:7:62: not a regular expression in RE2 syntax"},
      {"{ call: GET /a, parameters: { query: { k: { matches: 'a(?=b)' } } } }",
       "p:7:62: not a regular expression in RE2 syntax"},
      {"{ call: GET /a, parameters: { query: { k: { one_of: [] } } } }", "p:7:61: one_of is empty"},
      {"{ call: GET /a, parameters: { query: { k: { one_of: [x, x] } } } }",
       "p:7:61: one_of has \"x\" twice"},
      {"{ call: GET /a, parameters: { query: { k: { one_of: [x], matches: x } } } }",
       "p:7:51: the rule for \"k\" has both matches and one_of"},
      {"{ call: GET /a, parameters: { query: { k: { max_length: 0 } } } }",
       "p:7:65: max_length must be a whole number from 1 to"},
      {"{ call: GET /a, body: maybe }", "p:7:31: body is none, or a map"},
      {"{ call: POST /a, body: { max_size: 1MB } }", "p:7:44: max_size must be a whole number"},
      {"{ call: POST /a, body: { content_types: [json] } }", "p:7:50: \"json\" is not type/subtype"},
      {"{ call: POST /a, body: { content_types: ['*/*'] } }", "p:7:50: \"*/*\" is not type/subtype"},
      {"{ call: POST /a, body: { content_types: [] } }", "p:7:49: content_types is empty"},
      {"GET /b/{x}\n      - GET /b/{y}",
       "p:8:9: \"GET /b/{y}\" is in this capability already, at line 7: keep one"},
  };
  for (const auto& [item, want] : table)
    EXPECT_EQ(faults_of(text_with({item})).substr(0, want.size()), want) << item;
}

TEST(ParsePolicy, ReportsAllFaultsInTheOrderOfTheFile) {
  const std::string text = text_with({"ANY /a", "GET b", "GET /c"}, {"FOO /x"}) + "roles: { viewer: [d] }\n";
  EXPECT_EQ(parse_policy(text).faults.size(), 4U);
  EXPECT_EQ(faults_of(text).substr(0, 6), "p:7:9:");
}

TEST(ParsePolicy, StopsCountingFaultsAtItsLimit) {
  EXPECT_EQ(parse_policy(text_with(std::vector<std::string>(kFaultLimit + 50, "ANY /a"))).faults.size(),
            kFaultLimit);
}

TEST(ParsePolicy, ASafePostMayStandInAReadCapability) {
  const std::string text =
      "version: 1\ncapabilities:\n  c: { title: T, class: read, operations: [{ call: POST /q, safe: true }] "
      "}\n";
  EXPECT_TRUE(policy_of(text)->operations()[0].safe);
}

// What bounds the cost of a decision is a limit that the author is told about.
TEST(ParsePolicy, LimitsTheArrangementsOfWildcards) {
  std::vector<std::string> operations;
  for (std::size_t i = 0; i <= kArrangementLimit; ++i) {
    std::string path;
    for (std::size_t bit = 0; bit < 7; ++bit)
      path += (i >> bit & 1U) != 0 ? "/{p" + std::to_string(bit) + "}" : "/a";
    operations.push_back("GET " + path);
  }
  const std::string faults = faults_of(text_with(operations));
  EXPECT_EQ(faults.substr(0, 8), "p:71:9: ");
  EXPECT_NE(faults.find("in 65 different arrangements of places; at most 64"), std::string::npos) << faults;
  operations.pop_back();
  EXPECT_EQ(faults_of(text_with(operations)), "");
}

TEST(ParsePolicy, LimitsHowManyCapabilitiesListOneOperation) {
  std::string text = "version: 1\ncapabilities:\n";
  for (std::size_t i = 0; i < kListingLimit; ++i) {
    text += "  c" + std::to_string(i) + ": { title: T, class: read, operations: [GET /a] }\n";
  }
  EXPECT_EQ(faults_of(text), "");
  EXPECT_NE(faults_of(text + "  x: { title: T, class: read, operations: [GET /a] }\n")
                .find("listed by more than 16 capabilities"),
            std::string::npos);
}

}  // namespace
}  // namespace postern::policy
