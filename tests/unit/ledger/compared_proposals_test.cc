// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What a waiting proposal would change is read by an enforcer, once, and shown to whoever decides; Mission Control is told nothing of it.
#include <gmock/gmock.h>

#include "tests/unit/ledger/house.h"
#include "tests/unit/ledger/proposals_scene.h"

namespace postern::ledger {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ComparedProposal : public ProposalsOfMissionControl {
 protected:
  // That waits for an admin, and whose document the policy names.
  std::string waiting(const char* read = "/api/v2/silences") {
    switched("ask");
    const std::string id = propose();
    beat();
    judge({{"capability", "silences.write"}, {"operation", "POST /api/v2/silences"}, {"read", read}});
    look(1);
    return id;
  }
  Decision compare(const std::string& id, const base::Json& document = {{"secret", "4711"}}) {
    return enforcer({{"command", "proposal.compare"},
                     {"id", id},
                     {"document", document},
                     {"before_bytes", 7},
                     {"before_sha256", base::sha256_hex("{}")},
                     {"changes", 1},
                     {"patch", {{{"op", "replace"}, {"path", "/a"}, {"old", 1}, {"value", 2}}}}});
  }
  std::int64_t compares() {
    return std::count_if(tasks.begin(), tasks.end(),
                         [](const base::Json& each) { return each["do"] == "compare"; });
  }
  void later() { clock.mono += ProposalRunner::kCompareAgain; }
  base::Json shown(const std::string& id) { return state::view(one(id), now); }
};

TEST_F(ComparedProposal, IsReadOnceAndShownWhileItWaits) {
  const std::string id = waiting();
  EXPECT_EQ(tasks.back(), (base::Json{{"do", "compare"}, {"proposal", id}}));
  EXPECT_EQ(shown(id)["read"], "/api/v2/silences");
  EXPECT_FALSE(shown(id).contains("before"));
  EXPECT_FALSE(compare(id).refused);
  answer(base::Json::object());
  later();
  look();
  EXPECT_EQ(compares(), 1);
  EXPECT_EQ(sent(), 0) << "nothing is sent";
  const base::Json before = shown(id)["before"];
  EXPECT_EQ(before["document"], (base::Json{{"secret", "4711"}}));
  EXPECT_EQ(before["patch"][0]["old"], 1);
  EXPECT_EQ(before["time"], base::format_time(now));
  EXPECT_EQ(all.back().type, audit::EventType::ProposalCompared);
  EXPECT_EQ(all.back().actor, "gateway");
  EXPECT_EQ(status_of(compare(id)), 409);
  EXPECT_EQ(status_of(compare("01JD7Z3V5T4Q2N8M6K0H1F9C3B")), 404);
  EXPECT_FALSE(may_command(Sender::Console, "proposal.compare"));
}

TEST_F(ComparedProposal, SurvivesASnapshot) {
  const std::string id = waiting();
  compare(id);
  const auto copy = state::State::from_json(state.to_json());
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(copy->proposals().at(id), one(id));
  EXPECT_EQ(copy->proposals().at(id).before.document, R"({"secret":"4711"})");
}

TEST_F(ComparedProposal, IsNothingThatMissionControlHearsOf) {
  const std::string id = waiting();
  compare(id);
  for (const line::Report& report : asks->due())
    EXPECT_THAT(base::dump_json(report.body), Not(HasSubstr("4711")));
  EXPECT_THAT(base::dump_json(line::to_json(standing_of_proposal(context(), id))), Not(HasSubstr("4711")));
  EXPECT_FALSE(wanted_by_vendor(audit::EventType::ProposalCompared, id))
      << "nor of the event, where they are shared";
  ASSERT_THAT(lines.back(), HasSubstr("4711"));
  const auto event = audit::read_event_head(lines.back());
  ASSERT_TRUE(event.ok());
  EXPECT_THAT(base::dump_json(report_of(notice_of(7, *event)).body), Not(HasSubstr("4711")));
}

TEST_F(ComparedProposal, ThatIsDecidedBeforeIgnoresWhatComesThen) {
  const std::string refused = waiting();
  admin({{"command", "proposal.refuse"}, {"id", refused}});
  const std::size_t events = all.size();
  EXPECT_EQ(status_of(compare(refused)), 409);
  EXPECT_EQ(all.size(), events);
  EXPECT_FALSE(shown(refused).contains("before"));
}

TEST_F(ComparedProposal, IsForgottenOnceItIsDecided) {
  const std::string id = waiting();
  compare(id);
  admin({{"command", "proposal.approve"}, {"id", id}});
  EXPECT_EQ(one(id).before, state::Comparison());
}

TEST_F(ComparedProposal, IsAskedAgainWhereTheEnforcerEndedOrWasNotReady) {
  const std::string id = waiting();
  runner->enforcer_gone(tasks.size());
  look();
  EXPECT_EQ(compares(), 1) << "not at once";
  later();
  look();
  EXPECT_EQ(compares(), 2);
  answer({{"code", "not_now"}});
  later();
  look();
  EXPECT_EQ(compares(), 3);
  restart();
  look();
  EXPECT_EQ(compares(), 1) << "a ledger that comes anew asks too";
  compare(id);
  answer(base::Json::object());
  later();
  look();
  EXPECT_EQ(compares(), 1);
}

TEST_F(ComparedProposal, ThatEndsTheEnforcerEachTimeIsGivenUpAndThatIsSaid) {
  const std::string id = waiting();
  for (int i = 0; i < 10; ++i) {
    runner->enforcer_gone(tasks.size());
    later();
    look();
  }
  EXPECT_EQ(compares(), ProposalRunner::kCompareTries);
  EXPECT_THAT(base::json_text_or(shown(id)["before"], "why", ""), HasSubstr("enforcer ended"));
}

TEST_F(ComparedProposal, IsNotReadWhileTheLogCannotBeWritten) {
  writable = false;
  waiting();
  later();
  look();
  EXPECT_EQ(compares(), 0);
  writable = true;
  look();
  EXPECT_EQ(compares(), 1);
}

TEST_F(ComparedProposal, IsNotReadWhereNobodyWaitsOrThePolicyNamesNoDocument) {
  const std::string none = waiting("");
  EXPECT_EQ(compares(), 0);
  EXPECT_EQ(status_of(compare(none)), 409);
  list.clear();
  switched("on");
  propose();
  beat();
  judge({{"capability", "silences.write"},
         {"operation", "POST /api/v2/silences"},
         {"read", "/api/v2/silences"}});
  look();
  EXPECT_EQ(compares(), 0) << "it is applied at once";
  EXPECT_EQ(sent(), 1);
}

TEST_F(ComparedProposal, OfManyAreFewAtATime) {
  switched("ask");
  for (int i = 0; i < 6; ++i) {
    list.clear();
    propose();
    beat();
    judge({{"capability", "silences.write"}, {"operation", "POST /api/v2/silences"}, {"read", "/x"}});
  }
  look();
  EXPECT_EQ(compares(), static_cast<std::int64_t>(ProposalRunner::kMostCompared));
}

TEST_F(ComparedProposal, WhoseDocumentNoEventCanHoldIsShownWithoutIt) {
  const std::string id = waiting();
  compare(id, {{"a", std::string(30'000, 'x')}});
  EXPECT_FALSE(shown(id)["before"].contains("document"));
  EXPECT_TRUE(shown(id)["before"].contains("patch"));
}

// A whole ledger, with the link that brings what Mission Control proposes.
class ComparedProposalHouse : public House {
 protected:
  base::Json heartbeat() {
    ledger->set_line({true, base::Json::object(), false});
    std::string id;
    until([&] {
      turn(base::kSecond);
      return !link->errands.empty();
    });
    const base::Json document = base::parse_json(link->errands.back().body).value();
    for (const base::Json& report : document["reports"]) {
      taken.push_back(report["id"]);
      if (report["kind"] == "heartbeat") id = report["id"];
    }
    return id;
  }
  void propose(const std::string& id) {
    const base::Json ask{{"id", id},
                         {"kind", "proposal"},
                         {"by", "jane"},
                         {"reason", "too many pages"},
                         {"call", {{"method", "POST"}, {"target", "/api/v2/silences"}, {"body", "{}"}}}};
    const std::string heart = heartbeat();
    base::Json said{{"taken", taken}};
    said["answers"][heart]["asks"] = base::Json::array({ask});
    const std::string body = base::dump_json(said);
    link->send(ipc::ToLedger::Delivered, ipc::Delivered{link->errands.back().id, 200, body});
  }
  Client& asked_to(const char* what) {
    Client* asked = nullptr;
    for (int i = 0; i < 30 && asked == nullptr; ++i) {
      turn(base::kSecond);
      for (Client* one : {enforcer.get(), other.get()}) {
        if (!one->tasks.empty() && one->tasks.back().json["do"] == what) asked = one;
      }
    }
    EXPECT_NE(asked, nullptr) << what;
    return asked != nullptr ? *asked : *enforcer;
  }
  static void answer_task(Client& client, const base::Json& json) {
    const std::string text = base::dump_json(json);
    client.send(ipc::ToLedger::NodeTaskDone, ipc::NodeTaskDone{client.tasks.back().id, text});
  }

  std::unique_ptr<Client> other = join(Sender::Enforcer, 1), link = join(Sender::Link, 0);
  base::Json taken = base::Json::array();
};

TEST_F(ComparedProposalHouse, BelievesNobodyButTheEnforcerThatWasAsked) {
  admin({{"command", "sharing.set"}, {"name", "proposals"}, {"setting", "ask"}});
  const std::string id = ids.make(clock.wall());
  propose(id);
  answer_task(asked_to("judge"), {{"capability", "silences.write"},
                                  {"operation", "POST /api/v2/silences"},
                                  {"read", "/api/v2/silences"}});
  Client& asked = asked_to("compare");
  Client& liar = &asked == enforcer.get() ? *other : *enforcer;
  base::Json told{{"command", "proposal.compare"}, {"id", id}, {"document", {{"a", "a lie"}}}};
  EXPECT_EQ(answer(liar, told).json["status"], 409);
  EXPECT_TRUE(ledger->state().proposals().at(id).is_to_be_compared());
  told["document"] = {{"a", "the truth"}};
  EXPECT_TRUE(answer(asked, told).ok);
  EXPECT_EQ(state::view(ledger->state().proposals().at(id), clock.wall())["before"]["document"]["a"],
            "the truth");
}

}  // namespace
}  // namespace postern::ledger
