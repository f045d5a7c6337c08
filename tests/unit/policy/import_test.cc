// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "policy/import.h"

#include "base/file.h"
#include "tests/unit/policy/fixture.h"

namespace postern::policy {
namespace {

using base::Refusal;

Imported import_file(const std::string& name, const ImportOptions& options) {
  const auto text = base::read_file(POSTERN_ROOT "/tests/unit/policy/documents/" + name, 1U << 20U);
  Imported imported = import_openapi(text.value(), options);
  EXPECT_TRUE(imported.faults.empty()) << base::format_faults(name, imported.faults);
  return imported;
}

bool noted(const Imported& imported, const std::string& text) {
  return base::format_faults("d", imported.notes).find(text) != std::string::npos;
}

std::vector<std::string> capabilities_of(const Policy& policy) {
  std::vector<std::string> out;
  for (const Capability& capability : policy.capabilities()) out.push_back(capability.name);
  return out;
}

TEST(Import, ReadsAlertmanagersSwagger2) {
  const Imported imported = import_file("alertmanager.swagger.yaml", {"/alertmanager", "am"});
  const auto policy = policy_of(imported.policy);
  EXPECT_EQ(capabilities_of(*policy),
            (std::vector<std::string>{"am.alert.read", "am.alert.write", "am.general.read", "am.silence.read",
                                      "am.silence.write"}));
  const std::string id = "/alertmanager/api/v2/silence/0f2e8f7c-6d1f-4b0b-9d3c-2d6a3c1b0f11";
  EXPECT_EQ(ask(*policy, {"DELETE", id}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"DELETE", "/alertmanager/api/v2/silence/x"}), Refusal::ParameterNotAllowed)
      << "the format is uuid";
  EXPECT_EQ(ask(*policy, {"POST", "/alertmanager/api/v2/silences", {}, "application/json", true}),
            Refusal::None);
  EXPECT_EQ(ask(*policy, {"POST", "/alertmanager/api/v2/silences", {}, "text/plain", true}),
            Refusal::BodyNotAllowed);
  EXPECT_EQ(
      ask(*policy,
          {"GET", "/alertmanager/api/v2/alerts", {{"filter", "a"}, {"filter", "b"}, {"active", "true"}}}),
      Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/alertmanager/api/v2/alerts", {{"active", "maybe"}}}),
            Refusal::ParameterNotAllowed);
  EXPECT_EQ(ask(*policy, {"GET", "/alertmanager/api/v2/alerts", {{"surprise", "1"}}}),
            Refusal::ParameterNotAllowed);
}

TEST(Import, ReadsOpenApi3InYaml) {
  const Imported imported = import_file("store.openapi.yaml", {"", ""});
  const auto policy = policy_of(imported.policy);
  EXPECT_EQ(capabilities_of(*policy), (std::vector<std::string>{"orders.read", "orders.write", "other.read",
                                                                "reports-and-exports.read"}));
  EXPECT_EQ(ask(*policy, {"GET", "/store/v3/orders", {{"state", "open"}, {"limit", "10"}}}), Refusal::None)
      << "path from the server's url";
  EXPECT_EQ(ask(*policy, {"GET", "/store/v3/orders", {{"state", "lost"}}}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(ask(*policy, {"GET", "/store/v3/orders/AB-12"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/store/v3/orders/AB-12x"}), Refusal::ParameterNotAllowed)
      << "the pattern is anchored";
  EXPECT_EQ(ask(*policy, {"GET", "/store/v3/reports/may.csv"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/store/v3/reports/may.pdf"}), Refusal::ParameterNotAllowed);
  EXPECT_EQ(ask(*policy, {"POST", "/store/v3/orders/AB-12/cancel", {}, "", true}), Refusal::BodyNotAllowed)
      << "no body is described";
  EXPECT_EQ(ask(*policy, {"PUT", "/store/v3/orders/AB-12", {}, "application/json", true}), Refusal::None);
  EXPECT_TRUE(noted(imported, "\"/orders/{id}/cancel\" is deprecated"));
  EXPECT_TRUE(noted(imported, "leads out of this document"));
  EXPECT_TRUE(noted(imported, "TRACE is refused always"));
  EXPECT_TRUE(noted(imported, "is not RE2 syntax: any value passes"));
  EXPECT_NE(imported.policy.find("title: \"List \\\"open\\\" orders\""), std::string::npos)
      << imported.policy;
}

TEST(Import, ReadsOpenApi31InJson) {
  const Imported imported = import_file("inventory.openapi.json", {"/inv", "inv"});
  const auto policy = policy_of(imported.policy);
  EXPECT_EQ(capabilities_of(*policy), (std::vector<std::string>{"inv.items.read", "inv.items.write"}));
  EXPECT_EQ(ask(*policy, {"GET", "/inv/items/7"}), Refusal::None);
  EXPECT_EQ(ask(*policy, {"GET", "/inv/items/x"}), Refusal::ParameterNotAllowed)
      << "from a referenced parameter";
  EXPECT_EQ(ask(*policy, {"PATCH", "/inv/items/7", {}, "application/merge-patch+json", true}), Refusal::None);
}

TEST(Import, KeepsReadsAndWritesApart) {
  const auto policy = policy_of(import_file("store.openapi.yaml", {"", ""}).policy);
  for (const Operation& operation : policy->operations()) {
    const Capability& capability = policy->capabilities()[static_cast<std::size_t>(operation.capability)];
    const bool reads = operation.method == Method::Get || operation.method == Method::Head ||
                       operation.method == Method::Options;
    EXPECT_EQ(capability.klass == Class::Read, reads) << operation.text();
  }
  for (const int capability : policy->find_role("viewer")->capabilities) {
    EXPECT_EQ(policy->capabilities()[static_cast<std::size_t>(capability)].klass, Class::Read);
  }
}

TEST(Import, NamesThePlaceOfAFault) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"[]", "d:1:1: an OpenAPI document is a map"},
      {"a: b", "d:1:1: not an OpenAPI document"},
      {"openapi: 4.0.0\npaths: {}", "d:1:10: this version cannot be imported"},
      {"swagger: '1.2'\npaths: {}", "d:1:10: this version cannot be imported"},
      {"openapi: 3.0.0\n", "d:1:1: the document needs paths"},
      {"openapi: 3.0.0\npaths: []", "d:2:8: the document needs paths"},
      {"openapi: 3.0.0\npaths: {}", "d:2:8: paths holds no operation to import"},
      {"openapi: 3.0.0\npaths:\n  a:\n    get: {}", "d:3:3: a path begins with \"/\""},
      {"openapi: 3.0.0\npaths:\n  /a:\n    get: []", "d:4:10: an operation is a map, not a list"},
      {"openapi: 3.0.0\npaths:\n  /a:\n    get:\n      parameters: {}", "d:5:19: parameters must be a list"},
      {"openapi: 3.0.0\npaths:\n  /a:\n    get:\n      parameters:\n        - in: query",
       "d:6:11: a parameter needs a name"},
      {"openapi: 3.0.0\npaths: &a\n  /a: {}", "d:2:"},
      {"{\"openapi\": ", "d:1:"},
  };
  for (const auto& [text, want] : table) {
    const Imported imported = import_openapi(text, {"", ""});
    EXPECT_EQ(base::format_faults("d", imported.faults).substr(0, want.size()), want) << text;
    EXPECT_TRUE(imported.policy.empty());
  }
}

TEST(Import, ARefusedPrefixSaysWhatIsRight) {
  EXPECT_NE(
      base::format_faults("", import_openapi("openapi: 3.0.0\npaths: { /a: { get: {} } }", {"x", ""}).faults)
          .find("write /x"),
      std::string::npos);
}

TEST(Import, EndsAReferenceThatLeadsToItself) {
  const Imported imported = import_openapi(
      "openapi: 3.0.0\npaths:\n  /a: { get: { parameters: [{ $ref: '#/components/parameters/p' }] } }\n"
      "components:\n  parameters:\n    p: { $ref: '#/components/parameters/p' }\n",
      {"", ""});
  EXPECT_TRUE(imported.faults.empty());
  EXPECT_EQ(imported.notes.size(), 1U);
}

}  // namespace
}  // namespace postern::policy
