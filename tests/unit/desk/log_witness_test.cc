// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints of installations' logs, with their keys and trees made here.
#include <gmock/gmock.h>

#include "audit/merkle.h"
#include "audit/tree_hasher.h"
#include "audit/witness.h"
#include "base/bytes.h"
#include "certs/checkpoint.h"
#include "certs/note.h"
#include "line/witness.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

using ::testing::HasSubstr;

// A log of leaves that are known, so that every tree and proof of it can be made.
struct TestLog {
  certs::SignerKey key;
  std::vector<audit::Hash> leaves;

  explicit TestLog(std::string name, char seed = 'l')
      : key{std::move(name), base::Secret(std::string(32, seed))} {}
  void grow(int to, char what = 'e') {
    audit::TreeHasher hasher;
    while (static_cast<int>(leaves.size()) < to)
      leaves.push_back(hasher.leaf(std::string(1, what) + std::to_string(leaves.size())));
  }
  std::string verifier() const { return certs::format_verifier_key(certs::verifier_of(key)); }
  std::string checkpoint(std::size_t size) const {
    audit::TreeHasher hasher;
    const certs::Checkpoint head{key.name, size, root(hasher, 0, size)};
    const std::string text = certs::format_checkpoint(head);
    return text + "\n" + certs::signature_line(key, text);
  }
  // RFC 6962, section 2.1.2, by its recursion.
  std::vector<audit::Hash> proof(std::size_t from, std::size_t to) const {
    std::vector<audit::Hash> out;
    if (from > 0 && from < to) subproof(from, 0, to, true, out);
    return out;
  }
  std::string shown(std::size_t old_size, std::size_t size) const {
    return line::format_checkpoint_request(
        audit::format_add_checkpoint({old_size, proof(old_size, size), checkpoint(size)}));
  }

 private:
  static std::size_t half(std::size_t size) {
    std::size_t out = 1;
    while (out * 2 < size) out *= 2;
    return out;
  }
  audit::Hash root(audit::TreeHasher& hasher, std::size_t from, std::size_t size) const {
    if (size == 0) return hasher.nothing();
    if (size == 1) return leaves.at(from);
    const std::size_t left = half(size);
    return hasher.node(root(hasher, from, left), root(hasher, from + left, size - left));
  }
  void subproof(std::size_t of, std::size_t from, std::size_t size, bool whole,
                std::vector<audit::Hash>& out) const {
    audit::TreeHasher hasher;
    if (of == size) {
      if (!whole) out.push_back(root(hasher, from, size));
      return;
    }
    const std::size_t left = half(size);
    if (of <= left) {
      subproof(of, from, left, whole, out);
      out.push_back(root(hasher, from + left, size - left));
    } else {
      subproof(of - left, from + left, size - left, false, out);
      out.push_back(root(hasher, from, left));
    }
  }
};

class WitnessOfLogs : public DeskRig {
 protected:
  void says(const Enrolled& who, const std::string& key) {
    ASSERT_EQ(report(who, {{ulid(), line::Kind::Registration, 1, clock.wall(), {{"log", key}}}}).status, 200);
  }
  line::CheckpointAnswer show(const Enrolled& who, const std::string& document) {
    const Answer answer = ask(
        {.target = std::string(line::kCheckpointsPath), .body = document, .certificate = who.certificate});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return line::parse_checkpoint_answer(answer.body).value();
  }
  bool is_cosigned(const TestLog& log, std::size_t size, const line::CheckpointAnswer& answer) {
    const auto witness = certs::parse_verifier_key(*cosigner.verifier_key());
    return answer.status == 200 && audit::take_cosignature(log.checkpoint(size), answer.body, *witness).ok();
  }
  int told(const std::string& id, std::string_view type) {
    int out = 0;
    const auto events = store->events(id, 0, 100);
    for (const StoredEvent& one : *events) out += one.type == type ? 1 : 0;
    return out;
  }
  base::Json log_shown(const Enrolled& who) {
    const Answer answer =
        ask({.method = http::Method::Get, .target = "/api/v1/installations/" + who.id, .local = true});
    return base::parse_json(answer.body)->at("log");
  }
  int accept(const Enrolled& who) {
    return ask({.target = "/api/v1/installations/" + who.id + "/accept-log", .body = "{}", .local = true})
        .status;
  }
};

TEST_F(WitnessOfLogs, ALogThatGrowsIsCosigned) {
  const Enrolled one = enrolled();
  TestLog log("postern/aa");
  log.grow(20);
  EXPECT_EQ(show(one, log.shown(0, 5)).status, 404) << "nobody has said whose it is";
  says(one, log.verifier());
  EXPECT_TRUE(is_cosigned(log, 5, show(one, log.shown(0, 5))));
  EXPECT_TRUE(is_cosigned(log, 5, show(one, log.shown(5, 5)))) << "the same again";
  EXPECT_TRUE(is_cosigned(log, 18, show(one, log.shown(5, 18))));
  commits->flush();
  const base::Json shown = log_shown(one);
  EXPECT_EQ(shown["size"], 18);
  EXPECT_EQ(shown["origin"], "postern/aa");
  EXPECT_THAT(shown["checkpoint"].get<std::string>(), HasSubstr("mission.example.com/witness"));
  reopen();
  const line::CheckpointAnswer behind = show(one, log.shown(5, 20));
  EXPECT_EQ(behind.status, 409);
  EXPECT_EQ(behind.body, "18\n");
  EXPECT_TRUE(is_cosigned(log, 20, show(one, log.shown(18, 20))));
  EXPECT_EQ(told(one.id, "installation.log_known"), 1);
  EXPECT_EQ(told(one.id, "installation.log_conflict"), 0) << "who does not know where we are convicts nobody";
}

TEST_F(WitnessOfLogs, ALogThatWasRolledBackIsToldOnceAnHour) {
  const Enrolled one = enrolled();
  TestLog log("postern/aa"), other("postern/aa");
  log.grow(12);
  other.grow(8);
  other.grow(16, 'f');
  says(one, log.verifier());
  EXPECT_EQ(show(one, log.shown(0, 10)).status, 200);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(show(one, other.shown(10, 16)).status, 422);
    EXPECT_EQ(show(one, other.shown(10, 10)).status, 409);
  }
  EXPECT_EQ(told(one.id, "installation.log_conflict"), 1);
  const auto events = store->events(one.id, 0, 1);
  EXPECT_EQ(events->front().body["known_size"], 10);
  EXPECT_THAT(events->front().body["note"].get<std::string>(), HasSubstr("postern/aa\n16\n"));
  EXPECT_TRUE(log_shown(one).contains("conflict"));
  clock.advance(3601 * base::kSecond);
  EXPECT_EQ(show(one, other.shown(10, 10)).status, 409);
  EXPECT_EQ(told(one.id, "installation.log_conflict"), 2);
  EXPECT_EQ(store->events(one.id, 0, 1)->front().body["proved"], true) << "one size, two roots, one key";
  EXPECT_TRUE(is_cosigned(log, 12, show(one, log.shown(10, 12)))) << "the true one goes on";
}

TEST_F(WitnessOfLogs, NothingIsSignedThatWasNotKeptFirst) {
  const Enrolled one = enrolled();
  TestLog log("postern/aa");
  log.grow(6);
  says(one, log.verifier());
  keeper_answers = false;
  const Answer none = ask({.target = std::string(line::kCheckpointsPath),
                           .body = log.shown(0, 6),
                           .certificate = one.certificate});
  EXPECT_EQ(none.status, 503);
  keeper_answers = true;
  EXPECT_EQ(show(one, log.shown(0, 6)).body, "6\n") << "it was seen, and is remembered";
  EXPECT_TRUE(is_cosigned(log, 6, show(one, log.shown(6, 6))));
}

TEST_F(WitnessOfLogs, NobodySpeaksForTheLogOfAnother) {
  const Enrolled one = enrolled(), two = enrolled();
  TestLog log("postern/aa"), forged("postern/aa", 'x');
  log.grow(9);
  forged.grow(9, 'f');
  says(one, log.verifier());
  EXPECT_EQ(show(one, log.shown(0, 4)).status, 200);
  says(two, log.verifier());
  says(two, forged.verifier());
  for (int i = 0; i < 10; ++i) says(two, forged.verifier());
  EXPECT_EQ(told(two.id, "installation.log_refused"), 3) << "an event each, up to a few in an hour";
  EXPECT_TRUE(log_shown(two).is_null());
  for (const std::string& document : {log.shown(4, 9), forged.shown(0, 9), forged.shown(4, 9)})
    EXPECT_EQ(show(two, document).status, 404);
  EXPECT_EQ(accept(two), 404);
  EXPECT_EQ(show(one, forged.shown(4, 9)).status, 403) << "the same name, another key";
  EXPECT_EQ(log_shown(one)["size"], 4);
}

TEST_F(WitnessOfLogs, AnotherKeyCountsOnceItIsAccepted) {
  const Enrolled one = enrolled();
  TestLog log("postern/aa"), next("postern/aa", 'n'), anew("postern/bb", 'b');
  for (TestLog* each : {&log, &next, &anew}) each->grow(9);
  says(one, log.verifier());
  EXPECT_EQ(show(one, log.shown(0, 4)).status, 200);
  says(one, next.verifier());
  EXPECT_EQ(show(one, next.shown(4, 9)).status, 403);
  EXPECT_EQ(log_shown(one)["offered"], next.verifier());
  EXPECT_EQ(told(one.id, "installation.log_refused"), 1);
  EXPECT_EQ(accept(one), 204);
  EXPECT_EQ(accept(one), 404) << "done already";
  EXPECT_TRUE(is_cosigned(next, 9, show(one, next.shown(4, 9)))) << "it goes on from what was seen";

  says(one, anew.verifier());
  EXPECT_EQ(show(one, anew.shown(0, 3)).status, 404);
  EXPECT_EQ(accept(one), 204);
  EXPECT_TRUE(is_cosigned(anew, 3, show(one, anew.shown(0, 3))));
  EXPECT_EQ(told(one.id, "installation.log_accepted"), 2);
  EXPECT_EQ(log_shown(one)["origin"], "postern/bb");

  says(one, next.verifier());
  EXPECT_TRUE(log_shown(one).contains("offered"));
  says(one, anew.verifier());
  EXPECT_FALSE(log_shown(one).contains("offered")) << "it thought better of it";
}

TEST_F(WitnessOfLogs, WhatIsNoCheckpointIsRefused) {
  const Enrolled one = enrolled();
  TestLog log("postern/aa");
  log.grow(9);
  for (const char* key : {"", "junk", "a+b+c"}) says(one, key);
  says(one, *cosigner.verifier_key());
  EXPECT_TRUE(log_shown(one).is_null()) << "the key of a witness is no log's";
  says(one, log.verifier());
  EXPECT_EQ(show(one, line::format_checkpoint_request("old 0\n")).status, 400);
  EXPECT_EQ(show(one, line::format_checkpoint_request("old 9\n\n" + log.checkpoint(4))).status, 400);
  EXPECT_EQ(ask({.target = std::string(line::kCheckpointsPath), .body = "{}", .certificate = one.certificate})
                .status,
            400);
  EXPECT_EQ(ask({.target = std::string(line::kCheckpointsPath), .body = log.shown(0, 4)}).status, 403)
      << "without a certificate";
}

}  // namespace
}  // namespace postern::mission
