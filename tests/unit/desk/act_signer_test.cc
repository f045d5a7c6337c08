// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log of acts is held against the very code that verifies a gateway's log, by its files.
#include "mission/desk/act_signer.h"

#include <filesystem>

#include "audit/tlog_proof.h"
#include "audit/verify.h"
#include "base/file.h"
#include "mission/store/sqlite_database.h"
#include "tests/unit/desk/rig.h"

namespace postern::mission {
namespace {

class ActSignerTest : public DeskRig {
 protected:
  ActSignerTest() { start(); }

  // A server: its memory is a file of its own.
  std::unique_ptr<ActSigner> server(const std::string& name) {
    return std::make_unique<ActSigner>(
        *parts,
        ActSigner::Keeper{
            [this] { return base::Result<std::string>(certs::format_verifier_key(certs::verifier_of(key))); },
            [this](const std::string& text) -> base::Result<std::string> {
              if (!keeper_answers) return base::fail(base::Code::Unavailable, "the keeper is not connected");
              return certs::signature_line(key, text);
            }},
        directory + "/" + name);
  }
  void start() { signer = server("log-checkpoint"); }
  void act(int count = 1) {
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(parts->record({"test.act", "person:alice", "uid 0", std::to_string(++acts_)}).ok());
    commits->flush();
  }
  // As somebody who has the database.
  void vandalise(const std::string& sql) {
    const auto database = open_sqlite_database(directory + "/mission.sqlite");
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->begin().ok());
    ASSERT_TRUE((*database)->run(sql, {}, nullptr).ok()) << sql;
    ASSERT_TRUE((*database)->commit().ok());
  }
  std::string exported() {
    const std::string folder = directory + "/exported" + std::to_string(++exports_);
    const auto put = [&](const std::string& path) {
      const auto file = act_log_file(*store, path);
      if (!file.ok()) return;
      std::filesystem::create_directories(std::filesystem::path(folder + "/" + path).parent_path());
      EXPECT_TRUE(base::write_file(folder + "/" + path, *file, 0600).ok());
    };
    put("checkpoint");
    const auto size = static_cast<std::uint64_t>(store->act_log()->signed_size);
    for (unsigned level = 0; level < audit::tile_levels(size); ++level) {
      const std::uint64_t hashes = size >> (8 * level);
      for (std::uint64_t first = 0; first < hashes; first += 256) {
        const std::size_t width = std::min<std::uint64_t>(256, hashes - first);
        put(audit::path_of(audit::hash_tile(level, first / 256, width)));
        if (level == 0) put(audit::path_of(audit::entry_bundle(first / 256, width)));
      }
    }
    return folder;
  }
  audit::VerifyReport verified() {
    return audit::verify_log({exported(), certs::verifier_of(key), {}, 1, {}});
  }

  certs::SignerKey key{"mission.example.com/audit", base::Secret(std::string(32, 'a'))};
  std::unique_ptr<ActSigner> signer;

 private:
  int acts_ = 0, exports_ = 0;
};

TEST_F(ActSignerTest, SignsWhatCameSoThatTheFilesVerify) {
  for (const int count : {1, 2, 252, 3, 300}) {
    act(count);
    signer->look();
    EXPECT_EQ(signer->problem(), "");
    const auto head = store->act_log();
    EXPECT_EQ(head->signed_size, head->size);
    const audit::VerifyReport report = verified();
    EXPECT_TRUE(report.ok()) << report.faults.front().file << report.faults.front().what;
    EXPECT_EQ(report.entries, static_cast<std::uint64_t>(head->size));
  }
  const auto before = store->act_log()->checkpoint;
  signer->look();
  EXPECT_EQ(store->act_log()->checkpoint, before) << "nothing came";
}

TEST_F(ActSignerTest, GoesOnAfterARestartAndAtAnotherServer) {
  act(257);
  signer->look();
  start();
  act();
  signer->look();
  const auto other = server("other");
  act(2);
  other->look();
  EXPECT_EQ(store->act_log()->signed_size, store->act_log()->size);
  act();
  signer->look();
  EXPECT_EQ(signer->problem() + other->problem(), "");
  EXPECT_TRUE(verified().ok());
}

TEST_F(ActSignerTest, MoreThanItTakesAtOnceIsSignedStepByStep) {
  act(static_cast<int>(ActSigner::kAtOnce) + 5);
  signer->look();
  EXPECT_EQ(store->act_log()->signed_size, ActSigner::kAtOnce);
  signer->look();
  EXPECT_EQ(store->act_log()->signed_size, store->act_log()->size);
  EXPECT_TRUE(verified().ok());
}

TEST_F(ActSignerTest, AKeeperThatIsAwayLeavesTheLogAsItWas) {
  act();
  keeper_answers = false;
  signer->look();
  EXPECT_EQ(store->act_log()->signed_size, 0);
  EXPECT_EQ(signer->problem(), "");
  keeper_answers = true;
  act();
  signer->look();
  EXPECT_EQ(store->act_log()->signed_size, store->act_log()->size);
  EXPECT_TRUE(verified().ok());
}

TEST_F(ActSignerTest, ARowThatIsChangedIsFoundByWhoeverVerifies) {
  act(400);
  signer->look();
  for (const char* change : {"actor='person:bob'", "time=time+1", "detail='{\"a\":1}'", "subject=''",
                             "client='x'", "type='t'", "id='other'"}) {
    vandalise(std::string("UPDATE acts SET ") + change + " WHERE number=300");
    const audit::VerifyReport report = verified();
    ASSERT_EQ(report.faults.size(), 1U) << change;
    EXPECT_EQ(report.faults[0].index, 299U) << change;
    EXPECT_EQ(report.faults[0].what, "entry 299 is not the one that was logged");
  }
}

TEST_F(ActSignerTest, ARowThatIsRemovedIsFoundByWhoeverVerifies) {
  act(40);
  signer->look();
  vandalise("DELETE FROM acts WHERE number=7");
  const audit::VerifyReport report = verified();
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(report.faults[0].index, 6U);
  act();
  signer->look();
  EXPECT_EQ(signer->problem(), "") << "what comes is signed, and the hole stays one";
  EXPECT_EQ(verified().faults[0].index, 6U);
}

TEST_F(ActSignerTest, ARowThatIsRemovedBeforeItWasSignedIsSaid) {
  act(3);
  const auto size = store->act_log()->size;
  vandalise("DELETE FROM acts WHERE number=" + std::to_string(size - 1));
  signer->look();
  EXPECT_EQ(signer->problem(), "the act with number " + std::to_string(size - 1) + " is missing");
  EXPECT_EQ(store->act_log()->signed_size, 0);
}

TEST_F(ActSignerTest, HashesThatWereChangedAreNotBuiltUpon) {
  act(10);
  signer->look();
  vandalise(
      "UPDATE act_tiles SET hashes=(SELECT substr(hashes,1,20) || 'AAAA' || substr(hashes,25) FROM act_tiles "
      "AS own WHERE own.level=0 AND own.number=0) WHERE level=0 AND number=0");
  act();
  signer->look();
  EXPECT_EQ(signer->problem(), "the hashes of acts in the store are not those that were signed");
  vandalise("DELETE FROM act_tiles");
  signer->look();
  EXPECT_EQ(signer->problem(), "hashes of the acts from number 1 on are missing in the store");
}

TEST_F(ActSignerTest, AnOlderCopyOfTheStoreIsKnownByWhatThisServerSaw) {
  act(5);
  signer->look();
  const std::string file = directory + "/mission.sqlite", copy = directory + "/copy.sqlite";
  vandalise("UPDATE act_log SET id=1");  // settles what SQLite has beside the file
  close();
  std::filesystem::copy_file(file, copy);
  reopen();
  start();
  act(5);
  signer->look();
  close();
  std::filesystem::copy_file(copy, file, std::filesystem::copy_options::overwrite_existing);
  for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(file + beside);
  reopen();
  start();
  act(7);
  signer->look();
  EXPECT_NE(signer->problem().find("the log of acts was rolled back"), std::string::npos)
      << signer->problem();
  EXPECT_NE(signer->problem().find("remove " + directory + "/log-checkpoint"), std::string::npos);
  // Another server, which never saw it, is no wiser; grown past what was seen, it is another history.
  const auto other = server("other");
  other->look();
  EXPECT_EQ(other->problem(), "");
  signer->look();
  EXPECT_NE(signer->problem().find("acts are not those that this server saw signed"), std::string::npos)
      << signer->problem();
}

TEST_F(ActSignerTest, ACheckpointOfAnotherKeyIsNotBelieved) {
  act();
  signer->look();
  key = certs::SignerKey{"mission.example.com/audit", base::Secret(std::string(32, 'b'))};
  act();
  signer->look();
  EXPECT_NE(signer->problem().find("the checkpoint in the store"), std::string::npos) << signer->problem();
}

TEST_F(ActSignerTest, OneActIsProvedAlone) {
  act(300);
  signer->look();
  const auto proof = audit::prove_event(audit::system_files(), exported(), 123);
  ASSERT_TRUE(proof.ok()) << proof.error().message;
  const auto head = audit::verify_tlog_proof(*audit::parse_tlog_proof(audit::format_tlog_proof(*proof)),
                                             certs::verifier_of(key));
  EXPECT_TRUE(head.ok()) << head.error().message;
  EXPECT_NE(proof->extra.find("\"type\":\"test.act\""), std::string::npos);
}

TEST_F(ActSignerTest, HasNoFilesButItsOwn) {
  act(3);
  signer->look();
  for (const char* path : {"", "..", "tile/0/000", "tile/0/000.p/200", "tile/1/000.p/1", "tile/0/001.p/1",
                           "tile/entries/000.p/200", "tile/9/000.p/1", "tile/63/000.p/1", "checkpoint/"})
    EXPECT_EQ(act_log_file(*store, path).error().code, base::Code::NotFound) << path;
  EXPECT_TRUE(act_log_file(*store, "tile/0/000.p/2").ok());
}

TEST_F(ActSignerTest, IsThereForWhoeverAsks) {
  admin->log = signer.get();
  const auto get = [&](const std::string& path, const std::string& cookie) {
    return at_page(http::Method::Get, path, {}, cookie);
  };
  EXPECT_EQ(get("/api/v1/log/checkpoint", {}).status, 404);
  const std::string vera = sign_in("vera");
  signer->look();
  const Answer checkpoint = get("/api/v1/log/checkpoint", {});
  EXPECT_EQ(checkpoint.status, 200);
  EXPECT_EQ(checkpoint.body, store->act_log()->checkpoint);
  const base::Json log = *base::parse_json(get("/api/v1/log", vera).body);
  EXPECT_EQ(log["key"], certs::format_verifier_key(certs::verifier_of(key)));
  EXPECT_EQ(log["size"], log["signed"]);
  EXPECT_FALSE(log.contains("problem"));
  EXPECT_EQ(get("/api/v1/log", {}).status, 401);
  EXPECT_EQ(get("/api/v1/log/file?path=tile/0/000.p/1", {}).status, 401);
  EXPECT_EQ(get("/api/v1/log/file?path=tile/0/000.p/1", vera).body.size(), 32U);
  EXPECT_EQ(get("/api/v1/log/file?path=../mission.sqlite", vera).status, 404);
}

}  // namespace
}  // namespace postern::mission
