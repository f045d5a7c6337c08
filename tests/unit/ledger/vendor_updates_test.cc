// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The vendor's updates at a customer: documents that a vendor signed, handed by a Mission Control that the test plays, as it should and
// as it should not.
#include "gateway/ledger/vendor_updates.h"

#include <gmock/gmock.h>

#include <chrono>
#include <latch>
#include <thread>

#include "base/file.h"
#include "tests/unit/audit/temporary_folder.h"
#include "tests/unit/ledger/faulty_files.h"
#include "tests/unit/update/vendor.h"

namespace postern::ledger {
namespace {

using audit::EventType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct VendorClock : base::Clock {
  base::Nanos mono = 1000 * base::kSecond;
  base::Micros now = update::kVendorNow;
  base::Nanos monotonic() const override { return mono; }
  base::Micros wall() const override { return now; }
};

constexpr const char* kArtefact = "p.tar.gz";

class VendorUpdatesAtACustomer : public ::testing::Test {
 protected:
  struct Answer {
    std::uint16_t status = 200;
    std::string body;
  };
  VendorUpdatesAtACustomer() {
    for (int i = 0; i < 3 * static_cast<int>(update::kPiece) + 17; ++i)
      artefact += static_cast<char>('a' + i % 23);
    release(artefact);
    offer({kArtefact});
    begin();
  }
  ~VendorUpdatesAtACustomer() override { settle(); }

  // Of the vendor and of Mission Control.
  void release(const std::string& bytes, const std::string& version = "2.0.0",
               const std::vector<std::string>& from = {}) {
    vendor.add(kArtefact, bytes, version);
    vendor.targets_.targets[kArtefact].from = from;
    publish();
    files_there[update::artefact_name(base::sha256_hex(bytes))] = bytes;
  }
  void publish() {
    vendor.publish_next();
    files_there["timestamp.json"] = vendor.timestamp;
    files_there[update::snapshot_name(vendor.snapshot_.version)] = vendor.snapshot;
    files_there[update::targets_name(vendor.targets_.version)] = vendor.targets;
  }
  void offer(const std::vector<std::string>& names, bool suspended = false) {
    offers.offers.clear();
    for (const std::string& name : names)
      offers.offers.push_back({name, suspended, suspended ? "it failed elsewhere" : ""});
  }
  Answer answer_to(const std::string& place, const std::string& body) {
    if (place == "updates/offers")
      return hostile_offers ? Answer{200, *hostile_offers} : Answer{200, line::format(offers)};
    const auto asked = line::parse_update_ask(body).value();
    if (hostile && hostile(asked)) return *hostile(asked);
    const auto found = files_there.find(asked.file);
    if (found == files_there.end()) return {404, "there is no such file"};
    const auto from = static_cast<std::size_t>(asked.piece) * update::kPiece;
    if (from >= found->second.size()) return {404, "there is no such piece"};
    if (asked.file.ends_with(".artefact")) pieces.push_back(asked.piece);
    return {200, found->second.substr(from, update::kPiece)};
  }

  // Of the customer.
  void begin() {
    updates = std::make_unique<VendorUpdates>(
        loop, clock, files, folder.path(),
        VendorUpdates::Calls{
            [this](const ipc::Errand& errand) {
              if (!link) return false;
              given.push_back({errand.id, {std::string(errand.place), std::string(errand.body)}});
              return true;
            },
            [this](const Draft& draft) { recorded.push_back(draft); }, [this] { return allowed; },
            [this](const std::string& service) {
              return service == "prometheus" ? versions : std::set<std::string>{"0.1.0"};
            },
            [this] { return in_use; }});
    updates->configure({root_text(), keep, {"prometheus"}});
  }
  std::string root_text() const { return pinned ? vendor.roots.front() : std::string(); }
  void restart() {
    for (int i = 0; i < 2; ++i) {  // what changed while the file was being written is written next
      settle();
      updates->look();
    }
    settle();
    given.clear();
    updates.reset();
    begin();
  }
  void settle() {
    constexpr int kThreads = 4;
    const auto together = std::make_shared<std::latch>(kThreads);
    int idle = 0;
    for (int i = 0; i < kThreads; ++i)
      loop.run_elsewhere([together] { together->arrive_and_wait(); }, [&idle] { ++idle; });
    while (idle < kThreads) loop.turn();
    for (int turn = 0; turn < 20; ++turn) loop.turn();
  }
  // A tick, and what Mission Control answers to what is asked then.
  void turn() {
    updates->look();
    while (line && !given.empty()) {
      const auto errand = given.front();
      given.erase(given.begin());
      ++answered;
      const Answer answer = answer_to(errand.second.first, errand.second.second);
      EXPECT_TRUE(updates->take({errand.first, answer.status, answer.body}));
    }
    loop.turn();
  }
  bool until(const std::function<bool()>& there) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!there()) {
      if (std::chrono::steady_clock::now() > end) return false;
      turn();
    }
    return true;
  }
  void later(base::Nanos time) {
    clock.mono += time;
    clock.now += time / 1000;
  }
  // One whole look, begun anew.
  void look() {
    later(VendorUpdates::kEvery * 2);
    const auto before = clock.now;
    turn();
    ASSERT_TRUE(until([&] { return given.empty() && looked_at() >= before; }));
    turn();
  }
  base::Micros looked_at() const {
    const std::string text = base::json_text_or(updates->status(), "looked", "");
    return text.empty() ? 0 : base::parse_time(text).value();
  }
  bool fetched() {
    return until([this] { return updates->offers().size() == 1 && updates->offers()[0].whole; });
  }
  int happened(EventType type) const {
    return static_cast<int>(std::count_if(recorded.begin(), recorded.end(),
                                          [type](const Draft& one) { return one.type == type; }));
  }
  base::Json last(EventType type) const {
    for (auto one = recorded.rbegin(); one != recorded.rend(); ++one) {
      if (one->type == type) return *base::parse_json(one->detail);
    }
    return base::Json::object();
  }
  std::string reason() const {
    return base::json_text_or(last(EventType::UpdateMetadataRefused), "reason", "none");
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const VendorOffer& one : updates->offers()) out.push_back(one.target.name);
    return out;
  }
  std::vector<std::string> in_folder() const {
    auto out = audit::system_files().list(folder.path() + "/updates").value();
    std::erase_if(out, [](const std::string& name) {
      return name == "." || name == ".." || name.starts_with("state.json");
    });
    return out;
  }
  std::string sha256() const { return base::sha256_hex(artefact); }

  update::Vendor vendor;
  std::string artefact;
  std::map<std::string, std::string> files_there;
  line::UpdateOffers offers;
  std::optional<std::string> hostile_offers;
  std::function<std::optional<Answer>(const line::UpdateAsk&)> hostile;
  std::vector<std::int64_t> pieces;  // of artefacts, that were handed out
  int answered = 0;

  audit::TemporaryFolder folder;
  FaultyFiles files;
  VendorClock clock;
  loop::Loop loop;
  std::vector<std::pair<std::uint64_t, std::pair<std::string, std::string>>> given;
  std::vector<Draft> recorded;
  bool link = true, line = true, allowed = true, pinned = true;
  std::int64_t keep = 1 << 30;
  std::string in_use;
  std::set<std::string> versions{"1.0.0"};
  std::unique_ptr<VendorUpdates> updates;
};

TEST_F(VendorUpdatesAtACustomer, NothingIsAskedWhileNobodySwitchedThatOn) {
  allowed = false;
  for (int i = 0; i < 5; ++i) turn(), later(VendorUpdates::kEvery);
  EXPECT_EQ(answered, 0);
  EXPECT_THAT(updates->offers(), IsEmpty());
  allowed = true;
  pinned = false;
  restart();
  for (int i = 0; i < 5; ++i) turn(), later(VendorUpdates::kEvery);
  EXPECT_EQ(answered, 0) << "no root is pinned";
  EXPECT_THAT(*updates->refuse(kArtefact), HasSubstr("switched off, or no root"));
  EXPECT_THAT(recorded, IsEmpty());
}

TEST_F(VendorUpdatesAtACustomer, TakeWhatIsSignedAndOfferedAndFetchNothingThatNobodyWants) {
  look();
  EXPECT_THAT(names(), ElementsAre(kArtefact));
  const VendorOffer& offer = updates->offers()[0];
  EXPECT_EQ(offer.target.version, "2.0.0");
  EXPECT_FALSE(offer.whole);
  EXPECT_EQ(offer.have, 0);
  EXPECT_EQ(last(EventType::UpdateMetadataTaken)["targets_version"], vendor.targets_.version);
  EXPECT_THAT(pieces, IsEmpty());
  EXPECT_THAT(*updates->refuse(kArtefact), HasSubstr("not all of its file is here"));
  look();
  EXPECT_EQ(happened(EventType::UpdateMetadataTaken), 1) << "nothing new";
  EXPECT_EQ(happened(EventType::UpdateMetadataRefused), 0);
}

TEST_F(VendorUpdatesAtACustomer, FetchWhatIsWantedAndHoldItAgainstItsHash) {
  updates->want(kArtefact);
  ASSERT_TRUE(fetched());
  EXPECT_THAT(pieces, ElementsAre(0, 1, 2, 3));
  const VendorOffer& offer = updates->offers()[0];
  EXPECT_EQ(offer.artefact, folder.path() + "/updates/" + sha256());
  EXPECT_EQ(base::read_file(offer.artefact, 1U << 20U).value(), artefact);
  EXPECT_THAT(in_folder(), ElementsAre(sha256()));
  EXPECT_EQ(updates->refuse(kArtefact), std::nullopt);
  EXPECT_EQ(happened(EventType::UpdateDownloading), 1);
  EXPECT_EQ(last(EventType::UpdateDownloaded)["bytes"], artefact.size());
  EXPECT_EQ(recorded.back().subject, kArtefact);
  clock.now += 8 * update::kVendorDay;
  EXPECT_THAT(*updates->refuse(kArtefact), HasSubstr("expired")) << "the timestamp is good for seven days";
}

TEST_F(VendorUpdatesAtACustomer, EachReasonIsAnEventAndWhatIsKnownCountsOn) {
  look();
  const auto good = files_there;
  const std::string old_timestamp = files_there["timestamp.json"];
  const auto told = [&](const std::function<void()>& attack) {
    publish();
    attack();
    later(Hourly::kEvery);
    look();
    const std::string out = reason();
    files_there = good;
    return out;
  };
  const auto timestamp = [&]() -> std::string& { return files_there["timestamp.json"]; };
  const auto changed = [](const std::string& document, const char* key, const base::Json& to) {
    base::Json json = base::Json::parse(document);
    json["signed"][key] = to;
    return json.dump();
  };
  EXPECT_EQ(told([&] { timestamp() = "{"; }), "malformed");
  EXPECT_EQ(told([&] { timestamp() = changed(timestamp(), "spec_version", "2.0.0"); }), "specification");
  EXPECT_EQ(told([&] { timestamp() = std::string(40'000, ' '); }), "too_long");
  EXPECT_EQ(told([&] { timestamp() = std::string(3 * update::kPiece, ' '); }), "too_long");
  EXPECT_EQ(told([&] { timestamp() = changed(timestamp(), "version", 999); }), "signature");
  EXPECT_EQ(told([&] {
              update::Timestamp old = vendor.timestamp_;
              old.version = 1;
              timestamp() = vendor.sign(update::to_json(old), {"timestamp"});
            }),
            "version");
  EXPECT_EQ(told([&] {
              update::Timestamp old = vendor.timestamp_;
              old.expires = clock.now - 1;
              timestamp() = vendor.sign(update::to_json(old), {"timestamp"});
            }),
            "expired");
  EXPECT_THAT(names(), ElementsAre(kArtefact)) << "the documents of before are still good";
  EXPECT_EQ(told([&] { files_there[update::snapshot_name(vendor.snapshot_.version)] += " "; }), "mismatch");
  EXPECT_EQ(told([&] { files_there.erase("timestamp.json"); }), "missing");
  EXPECT_EQ(told([&] {
              hostile = [](const line::UpdateAsk& asked) {
                return asked.file == "timestamp.json"
                           ? std::optional(Answer{ipc::kTooLongAnswer, "its answer has more"})
                           : std::nullopt;
              };
            }),
            "too_long");
  hostile = nullptr;
  EXPECT_THAT(updates->status()["problem"].get<std::string>(), HasSubstr("its answer has more"));
  EXPECT_THAT(names(), IsEmpty()) << "a newer timestamp was good, and what it names was never handed";
  publish();
  look();
  EXPECT_THAT(names(), ElementsAre(kArtefact));
  EXPECT_EQ(updates->status()["timestamp"]["version"], vendor.timestamp_.version)
      << "and the line is not held against them";
}

TEST_F(VendorUpdatesAtACustomer, TheSameReasonIsAnEventOnceAnHour) {
  files_there["timestamp.json"] = "{";
  for (int i = 0; i < 3; ++i) look();
  EXPECT_EQ(happened(EventType::UpdateMetadataRefused), 2) << "looks are half an hour apart here";
  EXPECT_EQ(last(EventType::UpdateMetadataRefused)["unrecorded"], 1);
  EXPECT_EQ(last(EventType::UpdateMetadataRefused)["document"], "timestamp.json");
}

TEST_F(VendorUpdatesAtACustomer, AVendorThatHasPublishedNothingIsNoIncident) {
  files_there.clear();
  look();
  EXPECT_THAT(recorded, IsEmpty());
  EXPECT_EQ(updates->status()["problem"], "the vendor has published nothing yet");
}

TEST_F(VendorUpdatesAtACustomer, WhatIsOfferedAndNotSignedIsLeftOutAndSaidOnce) {
  offer({kArtefact, "evil.tar.gz", "../../etc/passwd"});
  look();
  EXPECT_THAT(names(), ElementsAre(kArtefact));
  EXPECT_EQ(happened(EventType::UpdateMetadataRefused), 1) << "one in an hour";
  EXPECT_EQ(reason(), "unsigned");
  EXPECT_EQ(recorded.back().subject, "evil.tar.gz");
  updates->want("evil.tar.gz");
  look();
  EXPECT_THAT(pieces, IsEmpty());
  EXPECT_EQ(updates->status()["left_out"].size(), 2U);
  EXPECT_THAT(*updates->refuse("evil.tar.gz"), HasSubstr("not offered"));
}

TEST_F(VendorUpdatesAtACustomer, AStormOfOffersIsRefusedAndTheOffersOfBeforeStay) {
  look();
  base::Json list = base::Json::array();
  for (int i = 0; i < 201; ++i) list.push_back({{"name", "n" + std::to_string(i)}});
  hostile_offers = base::dump_json(base::Json{{"offers", list}});
  look();
  EXPECT_EQ(reason(), "malformed");
  EXPECT_EQ(last(EventType::UpdateMetadataRefused)["document"], "offers");
  EXPECT_THAT(names(), ElementsAre(kArtefact));
  hostile_offers =
      R"({"offers":[{"name":")" + std::string(kArtefact) + R"("},{"name":")" + kArtefact + R"("}]})";
  look();
  EXPECT_THAT(names(), ElementsAre(kArtefact)) << "twice is once";
}

TEST_F(VendorUpdatesAtACustomer, WhatDoesNotFitIsLeftOut) {
  const auto why = [this]() -> std::string {
    look();
    return updates->status()["left_out"].empty() ? "offered"
                                                 : updates->status()["left_out"][0]["why"].get<std::string>();
  };
  release(artefact, "2.0.0", {"1.0.0"});
  EXPECT_EQ(why(), "offered");
  versions = {"1.0.0", "2.0.0"};
  EXPECT_EQ(why(), "offered") << "half of the nodes have it";
  versions = {"2.0.0"};
  EXPECT_THAT(why(), HasSubstr("is of version 2.0.0 already"));
  versions = {"0.9.0"};
  EXPECT_THAT(why(), HasSubstr("may not replace"));
  versions = {};
  EXPECT_THAT(why(), HasSubstr("is not known"));
  vendor.targets_.targets[kArtefact].of = "grafana";
  publish();
  EXPECT_EQ(why(), "there is no service grafana here");
  vendor.targets_.targets[kArtefact].product = true;
  publish();
  EXPECT_EQ(why(), "it is for grafana, which is not here");
}

TEST_F(VendorUpdatesAtACustomer, OnlyWhatIsCertainlyNotOfferedIsGone) {
  release(artefact, "2.0.0", {"1.0.0"});
  allowed = true;
  look();
  EXPECT_TRUE(updates->gone("another.tar.gz"));
  EXPECT_FALSE(updates->gone(kArtefact));
  versions = {};
  later(VendorUpdates::kJudgeEvery);
  turn();
  EXPECT_TRUE(names().empty());
  EXPECT_FALSE(updates->gone(kArtefact)) << "that no version is known is another matter";
  offer({});
  look();
  EXPECT_TRUE(updates->gone(kArtefact));
  offer({kArtefact});
  look();
  EXPECT_FALSE(updates->gone(kArtefact));
  clock.now += 400LL * 86'400 * base::kWallSecond;
  EXPECT_FALSE(updates->gone("another.tar.gz")) << "what was signed has ended, and nobody knows";
  allowed = false;
  EXPECT_TRUE(updates->gone(kArtefact)) << "an admin has switched it off";
}

TEST_F(VendorUpdatesAtACustomer, ADownloadGoesOnAfterEachPieceWhereverItWasInterrupted) {
  for (std::int64_t stop = 0; stop < 4; ++stop) {
    for (const bool anew : {false, true}) {
      pieces.clear();
      recorded.clear();
      hostile = [&](const line::UpdateAsk& asked) {
        return asked.file.ends_with(".artefact") && asked.piece == stop
                   ? std::optional(Answer{0, "the line broke"})
                   : std::nullopt;
      };
      updates->want(kArtefact);
      later(Hourly::kEvery);
      ASSERT_TRUE(until([&] {
        later(VendorUpdates::kLostPause / 100);
        return static_cast<std::int64_t>(pieces.size()) == stop && updates->status().contains("problem");
      }));
      if (anew) restart();
      hostile = nullptr;
      ASSERT_TRUE(until([&] {
        later(VendorUpdates::kLostPause / 100);
        return updates->offers().size() == 1 && updates->offers()[0].whole;
      }));
      EXPECT_THAT(pieces, ElementsAre(0, 1, 2, 3)) << "none came twice, " << stop << anew;
      EXPECT_EQ(happened(EventType::UpdateDownloaded), 1);
      EXPECT_EQ(base::read_file(updates->offers()[0].artefact, 1U << 20U).value(), artefact);
      updates->forget(kArtefact);
      ASSERT_TRUE(until([&] { return in_folder().empty(); }));
    }
  }
  EXPECT_EQ(happened(EventType::UpdateArtefactRefused), 0);
}

TEST_F(VendorUpdatesAtACustomer, OtherBytesAreThrownAwayAndAskedForLaterAndLater) {
  std::string other = artefact;
  other.back() = '!';
  files_there[update::artefact_name(sha256())] = other;
  updates->want(kArtefact);
  base::Nanos pause = VendorUpdates::kFirstPause;
  for (int i = 1; i <= 3; ++i) {
    const auto refused = [this] {
      const base::Json offer = updates->status()["offers"];
      return !offer.empty() && offer[0].contains("why") && offer[0]["have"] == 0 && in_folder().empty();
    };
    ASSERT_TRUE(until([&] { return pieces.size() == 4U * static_cast<unsigned>(i) && refused(); }));
    later(pause - base::kSecond);
    for (int turns = 0; turns < 20; ++turns) turn();
    EXPECT_EQ(pieces.size(), 4U * static_cast<unsigned>(i)) << "not yet";
    later(base::kSecond);
    pause *= 2;
  }
  EXPECT_EQ(last(EventType::UpdateArtefactRefused)["reason"], "mismatch");
  EXPECT_EQ(happened(EventType::UpdateArtefactRefused), 1) << "once an hour";
  EXPECT_EQ(happened(EventType::UpdateDownloaded), 0);
  files_there[update::artefact_name(sha256())] = artefact;
  updates->want(kArtefact);
  updates->forget(kArtefact);
  updates->want(kArtefact);  // somebody wants it now
  ASSERT_TRUE(fetched());
}

TEST_F(VendorUpdatesAtACustomer, PiecesThatAreNotThoseOfTheArtefactAreRefused) {
  const auto told = [this](const Answer& answer) {
    hostile = [answer](const line::UpdateAsk& asked) {
      return asked.file.ends_with(".artefact") && asked.piece == 1 ? std::optional(answer) : std::nullopt;
    };
    recorded.clear();
    updates->want(kArtefact);
    later(VendorUpdates::kLongestPause);
    EXPECT_TRUE(until([this] { return happened(EventType::UpdateArtefactRefused) == 1; }));
    return base::json_text_or(last(EventType::UpdateArtefactRefused), "reason", "");
  };
  EXPECT_EQ(told({200, ""}), "mismatch");
  later(Hourly::kEvery);
  EXPECT_EQ(told({200, std::string(17, 'x')}), "mismatch");
  EXPECT_EQ(told({ipc::kTooLongAnswer, "its answer has more than 196608 bytes"}), "too_long");
  EXPECT_EQ(told({404, "it is not published, or not offered"}), "missing");
  hostile = nullptr;
  later(VendorUpdates::kLongestPause);
  ASSERT_TRUE(fetched());
}

TEST_F(VendorUpdatesAtACustomer, AFullDiskCostsTheArtefactAndIsLookedAtAgain) {
  files.full = true;
  updates->want(kArtefact);
  ASSERT_TRUE(until([this] { return happened(EventType::UpdateArtefactRefused) == 1; }));
  EXPECT_EQ(last(EventType::UpdateArtefactRefused)["reason"], "disk");
  files.full = false;
  files.room = artefact.size() + ArtefactFile::kSpared - 1;
  later(Hourly::kEvery);
  ASSERT_TRUE(until([this] { return happened(EventType::UpdateArtefactRefused) == 2; }));
  EXPECT_EQ(last(EventType::UpdateArtefactRefused)["reason"], "no_room") << "the log needs what is left";
  files.room = artefact.size() + ArtefactFile::kSpared;
  later(VendorUpdates::kFirstPause);
  ASSERT_TRUE(fetched());
}

TEST_F(VendorUpdatesAtACustomer, NoMoreIsKeptThanTheConfigurationSays) {
  keep = static_cast<std::int64_t>(artefact.size()) - 1;
  restart();
  updates->want(kArtefact);
  ASSERT_TRUE(until([this] { return happened(EventType::UpdateArtefactRefused) == 1; }));
  EXPECT_EQ(last(EventType::UpdateArtefactRefused)["reason"], "limit");
  EXPECT_THAT(pieces, IsEmpty());
  updates->configure({root_text(), keep + 1, {"prometheus"}});
  later(VendorUpdates::kFirstPause);
  ASSERT_TRUE(fetched());
}

TEST_F(VendorUpdatesAtACustomer, WhatWasTakenOutlivesARestartAndNoOlderOneIsTakenThen) {
  look();
  const std::string old = files_there["timestamp.json"];
  publish();
  look();
  updates->want(kArtefact);
  ASSERT_TRUE(fetched());
  restart();
  line = false;
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_THAT(names(), ElementsAre(kArtefact)) << "before Mission Control says anything";
  EXPECT_TRUE(updates->offers()[0].whole);
  EXPECT_EQ(updates->refuse(kArtefact), std::nullopt);
  line = true;
  files_there["timestamp.json"] = old;
  turn();
  look();
  EXPECT_EQ(reason(), "version");
  EXPECT_EQ(updates->status()["timestamp"]["version"], vendor.timestamp_.version);
}

TEST_F(VendorUpdatesAtACustomer, WhatWasKeptIsJudgedAnewAtEachStart) {
  look();
  settle();
  const std::string path = folder.path() + "/updates/state.json";
  std::string text = base::read_file(path, 1U << 20U).value();
  base::Json json = base::Json::parse(text);
  json["kept"]["timestamp"] = "{}";
  ASSERT_TRUE(audit::system_files().remove(path).ok());
  auto file = audit::system_files().create(path).value();
  ASSERT_TRUE(file->write_at(0, json.dump()).ok());
  restart();
  line = false;
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(last(EventType::UpdateMetadataRefused)["document"], "kept");
  EXPECT_THAT(updates->offers(), IsEmpty()) << "nobody believes a snapshot that no timestamp names";
  line = true;
  turn();
  look();
  EXPECT_THAT(names(), ElementsAre(kArtefact));
}

TEST_F(VendorUpdatesAtACustomer, SwitchedOffMidwayItRestsAndGoesOnWhereItWas) {
  hostile = [this](const line::UpdateAsk& asked) -> std::optional<Answer> {
    if (asked.file.ends_with(".artefact") && asked.piece == 2) allowed = false;
    return std::nullopt;
  };
  updates->want(kArtefact);
  ASSERT_TRUE(until([this] { return !allowed; }));
  hostile = nullptr;
  const int before = answered;
  for (int i = 0; i < 50; ++i) turn(), later(VendorUpdates::kEvery / 10);
  EXPECT_EQ(answered, before);
  EXPECT_THAT(updates->offers(), IsEmpty());
  EXPECT_THAT(in_folder(), ElementsAre(sha256() + ".part"));
  allowed = true;
  pieces.clear();
  ASSERT_TRUE(fetched());
  EXPECT_EQ(pieces.front(), 3) << "what was on its way had arrived";
}

TEST_F(VendorUpdatesAtACustomer, WhatIsSuspendedIsNotFetchedAndDoesNotRun) {
  updates->want(kArtefact);
  ASSERT_TRUE(fetched());
  offer({kArtefact}, true);
  look();
  EXPECT_TRUE(updates->offers()[0].suspended);
  EXPECT_THAT(*updates->refuse(kArtefact), HasSubstr("suspended it: it failed elsewhere"));
  offer({});
  look();
  EXPECT_THAT(updates->offers(), IsEmpty());
  EXPECT_THAT(in_folder(), ElementsAre(sha256())) << "it may be offered again";
}

TEST_F(VendorUpdatesAtACustomer, WhatIsForgottenGoesUnlessItMayStillBeRolledBack) {
  updates->want(kArtefact);
  ASSERT_TRUE(fetched());
  in_use = sha256();
  updates->forget(kArtefact);
  for (int i = 0; i < 20; ++i) turn();
  settle();
  EXPECT_THAT(in_folder(), ElementsAre(sha256()));
  in_use = "another";
  updates->tidy();
  EXPECT_TRUE(until([this] { return in_folder().empty(); }));
}

TEST_F(VendorUpdatesAtACustomer, WhatNobodyListedIsGoneAfterAStart) {
  updates->want(kArtefact);
  ASSERT_TRUE(fetched());
  settle();
  for (const std::string& name : {std::string(64, 'a'), std::string(64, 'b') + ".part", std::string("evil")})
    ASSERT_TRUE(audit::system_files().create(folder.path() + "/updates/" + name).ok());
  restart();
  EXPECT_THAT(in_folder(), ElementsAre(sha256()));
}

TEST_F(VendorUpdatesAtACustomer, ALineThatComesBackIsAskedAtOnceAndNotWithoutEnd) {
  line = false;
  turn();
  ASSERT_EQ(given.size(), 1U);
  EXPECT_TRUE(updates->take({given.front().first, 0, "there is no line"}));
  given.clear();
  turn();
  EXPECT_THAT(given, IsEmpty());
  later(VendorUpdates::kLinePause);
  line = true;
  updates->line_is_back();
  ASSERT_TRUE(until([this] { return looked_at() != 0; }));
  const int before = answered;
  for (int i = 0; i < 10; ++i) updates->line_is_back(), turn();
  EXPECT_EQ(answered, before);
  updates->look_now();
  turn();
  EXPECT_EQ(answered, before) << "a second ago it was";
  later(VendorUpdates::kLookPause);
  ASSERT_TRUE(until([&] { return answered > before; }));
}

TEST_F(VendorUpdatesAtACustomer, ALinkThatDiesOrAnswersLateIsNothingToThem) {
  line = false;
  turn();
  const std::uint64_t late = given.front().first;
  updates->link_gone();
  given.clear();
  later(VendorUpdates::kLostPause);
  turn();
  ASSERT_EQ(given.size(), 1U);
  EXPECT_TRUE(updates->take({late, 200, "{}"}));
  EXPECT_FALSE(updates->take({late + 1000, 200, "{}"})) << "nobody asked that";
  later(VendorUpdates::kPatience);
  turn();
  EXPECT_THAT(updates->status()["problem"].get<std::string>(), HasSubstr("in time"));
  given.clear();
  line = true;
  later(VendorUpdates::kLostPause);
  ASSERT_TRUE(until([this] { return looked_at() != 0; }));
  EXPECT_EQ(happened(EventType::UpdateMetadataRefused), 0);
}

TEST_F(VendorUpdatesAtACustomer, BeforeMissionControlWasAskedNothingIsGone) {
  line = false;
  turn();
  EXPECT_FALSE(updates->gone(kArtefact)) << "nobody said so";
  line = true;
  turn();
  look();
  EXPECT_TRUE(updates->gone("another.tar.gz"));
  restart();
  line = false;
  turn();
  EXPECT_TRUE(updates->gone("another.tar.gz")) << "it was said before the restart";
}

TEST_F(VendorUpdatesAtACustomer, ATimestampThatEndsSoonIsSaidOnce) {
  look();
  EXPECT_EQ(happened(EventType::UpdateMetadataEnding), 0);
  clock.now += 5 * update::kVendorDay;
  look();
  look();
  EXPECT_EQ(happened(EventType::UpdateMetadataEnding), 1);
  EXPECT_EQ(last(EventType::UpdateMetadataEnding)["document"], "timestamp");
}

TEST_F(VendorUpdatesAtACustomer, ANewRootIsFollowedAndSaid) {
  look();
  vendor.make_key("root3");
  vendor.assign("root", {"root2", "root3"}, 2);
  files_there[update::root_name(2)] = vendor.next_root({"root1", "root2", "root3"});
  look();
  EXPECT_EQ(last(EventType::UpdateMetadataTaken)["root_version"], 2);
  restart();
  EXPECT_EQ(updates->status()["root"]["version"], 2);
}

}  // namespace
}  // namespace postern::ledger
