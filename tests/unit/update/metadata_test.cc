// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "update/metadata.h"

#include <gmock/gmock.h>

#include "tests/unit/update/vendor.h"

namespace postern::update {
namespace {

using base::Json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The targets with one member of one target's custom, or of the target, made another.
std::string targets_error(const char* pointer, const Json& value) {
  Vendor vendor;
  vendor.add("p.tar.gz", "bytes");
  Json content = to_json(vendor.targets_);
  content["targets"]["p.tar.gz"][Json::json_pointer(pointer)] = value;
  const auto envelope = parse_envelope(vendor.sign(content, {"targets"}), "targets", kTargetsLimit);
  if (!envelope.ok()) return envelope.error().message;
  const auto read = read_targets(*envelope);
  return read.ok() ? "" : read.error().message;
}

TEST(CanonicalJson, HasOneFormOnly) {
  EXPECT_EQ(canonical_json(Json::parse(R"({ "b": [1, -2, true, null], "a": "\"\\\nü/" })")).value(),
            "{\"a\":\"\\\"\\\\\nü/\",\"b\":[1,-2,true,null]}");
  EXPECT_FALSE(canonical_json(Json::parse("[1.5]")).ok());
}

TEST(KeyId, IsTheHashOfTheKeysCanonicalForm) {
  const std::string key(32, '\1');
  EXPECT_EQ(key_id(key),
            base::sha256_hex(R"({"keytype":"ed25519","keyval":{"public":")" +
                             std::string("0101010101010101010101010101010101010101010101010101010101010101") +
                             R"("},"scheme":"ed25519"})"));
}

TEST(Target, IsReadAsItIsWritten) {
  Vendor vendor;
  vendor.add("p.tar.gz", "bytes");
  Target& target = vendor.targets_.targets["p.tar.gz"];
  target.from = {"1.0", "1.1"};
  target.severity = Severity::Critical;
  target.notes = "First line\nand \"second\"";
  target.not_before = kVendorNow;
  const auto envelope =
      parse_envelope(vendor.sign(to_json(vendor.targets_), {"targets"}), "targets", kTargetsLimit);
  const auto read = read_targets(envelope.value());
  ASSERT_TRUE(read.ok()) << read.error().message;
  const Target& again = read->targets.at("p.tar.gz");
  EXPECT_EQ(again.of, "prometheus");
  EXPECT_FALSE(again.product);
  EXPECT_THAT(again.from, ElementsAre("1.0", "1.1"));
  EXPECT_EQ(again.severity, Severity::Critical);
  EXPECT_EQ(again.notes, target.notes);
  EXPECT_EQ(again.not_before, kVendorNow);
  EXPECT_EQ(again.postpone_hours, 72);
  EXPECT_EQ(again.length, 5);
}

TEST(Target, ThatIsNotOneIsRefused) {
  EXPECT_EQ(targets_error("/custom/else", "is ignored"), "");
  EXPECT_THAT(targets_error("/length", 0), HasSubstr("length"));
  EXPECT_THAT(targets_error("/length", kArtefactLimit + 1), HasSubstr("length"));
  EXPECT_THAT(targets_error("/hashes/sha256", std::string(64, 'A')), HasSubstr("sha256"));
  EXPECT_THAT(targets_error("/custom", Json(nullptr)), HasSubstr("what it is an update of"));
  EXPECT_THAT(targets_error("/custom/product", "postern"), HasSubstr("a service or of a product"));
  EXPECT_THAT(targets_error("/custom/version", "../1"), HasSubstr("version"));
  EXPECT_THAT(targets_error("/custom/from", Json::array({1})), HasSubstr("from"));
  EXPECT_THAT(targets_error("/custom/severity", "dire"), HasSubstr("severity"));
  EXPECT_THAT(targets_error("/custom/notes", "\x1b[31m"), HasSubstr("notes"));
  EXPECT_THAT(targets_error("/custom/notes", std::string(kNotesLimit + 1, 'a')), HasSubstr("notes"));
  EXPECT_THAT(targets_error("/custom/not_before", "soon"), HasSubstr("not_before"));
  EXPECT_THAT(targets_error("/custom/postpone_hours", -1), HasSubstr("postpone_hours"));
}

TEST(Targets, HaveNoPathsAndNoDelegations) {
  Vendor vendor;
  vendor.add("../p", "bytes");
  const auto path =
      parse_envelope(vendor.sign(to_json(vendor.targets_), {"targets"}), "targets", kTargetsLimit);
  EXPECT_THAT(read_targets(path.value()).error().message, HasSubstr("name"));
  Json content = to_json(Vendor().targets_);
  content["delegations"] = Json::object();
  const auto delegating = parse_envelope(vendor.sign(content, {"targets"}), "targets", kTargetsLimit);
  EXPECT_THAT(read_targets(delegating.value()).error().message, HasSubstr("delegates"));
}

TEST(Envelope, OfAnotherSpecificationRoleOrFormIsRefused) {
  const Vendor vendor;
  const Json sound = to_json(vendor.timestamp_);
  const auto error_with = [&](const char* key, const Json& value) {
    Json content = sound;
    content[key] = value;
    const auto envelope = parse_envelope(vendor.sign(content, {"timestamp"}), "timestamp", kTimestampLimit);
    return envelope.ok() ? std::string() : envelope.error().message;
  };
  EXPECT_EQ(error_with("else", 1), "");
  EXPECT_EQ(error_with("spec_version", "1.0.99"), "");
  for (const char* version : {"2.0.0", "1.0", "1.0.", "1..0", "10.0.0", "1.0.0.0", "1.x.0"})
    EXPECT_THAT(error_with("spec_version", version), HasSubstr("specification")) << version;
  EXPECT_THAT(error_with("_type", "snapshot"), HasSubstr("role"));
  EXPECT_THAT(error_with("version", 0), HasSubstr("version"));
  EXPECT_THAT(error_with("version", kMostVersion + 1), HasSubstr("version"));
  EXPECT_THAT(error_with("expires", "never"), HasSubstr("expires"));
  EXPECT_EQ(parse_envelope(std::string(100, ' '), "root", 99).error().code, base::Code::Limit);
  for (const char* text : {"", "[]", "{}", R"({"signed":1,"signatures":[]})", R"({"signed":{},"signed":{}})"})
    EXPECT_FALSE(parse_envelope(text, "root", 99).ok()) << text;
}

TEST(Root, ThatContradictsItselfIsRefused) {
  const Vendor vendor;
  const auto error_with = [&](const char* pointer, const Json& value) {
    Json content = to_json(vendor.root_);
    content[Json::json_pointer(pointer)] = value;
    const auto read = read_root(parse_envelope(vendor.sign(content, {"root1"}), "root", kRootLimit).value());
    return read.ok() ? std::string() : read.error().message;
  };
  EXPECT_THAT(error_with("/consistent_snapshot", false), HasSubstr("consistent_snapshot"));
  EXPECT_THAT(error_with("/roles/root/threshold", 3), HasSubstr("threshold"));
  EXPECT_THAT(error_with("/roles/root/threshold", 0), HasSubstr("threshold"));
  EXPECT_THAT(error_with("/roles/timestamp", Json(nullptr)), HasSubstr("who signs timestamp"));
  EXPECT_THAT(error_with("/roles/targets/keyids", Json::array({vendor.id("targets"), vendor.id("targets")})),
              HasSubstr("each once"));
  // A key under another's name.
  EXPECT_THAT(error_with(("/keys/" + vendor.id("root1")).c_str(), key_json(vendor.public_of("root2"))),
              HasSubstr("what its id says"));
}

TEST(RepositoryName, IsNeverAPath) {
  for (const char* good : {"timestamp.json", "1.root.json", "20.snapshot.json", "7.targets.json"})
    EXPECT_TRUE(is_repository_name(good)) << good;
  EXPECT_TRUE(is_repository_name(artefact_name(base::sha256_hex("x"))));
  for (const char* bad : {"", "root.json", "01.root.json", ".root.json", "../1.root.json", "1.root.json/",
                          "x.artefact", "1.timestamp.json", "12345678901.root.json"})
    EXPECT_FALSE(is_repository_name(bad)) << bad;
}

}  // namespace
}  // namespace postern::update
