// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A console with a real journal and a real index beside it, as a ledger would have left them.
#pragma once

#include <algorithm>

#include "audit/index.h"
#include "audit/journal.h"
#include "tests/unit/console/rig.h"

namespace postern::console {

class LogRig : public Rig {
 protected:
  void SetUp() override {
    auto opened = audit::Journal::open(audit::system_files(), directory + "/journal");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    journal = std::move(*opened);
    auto made = audit::Index::open(directory + "/index/index.db");
    ASSERT_TRUE(made.ok()) << made.error().message;
    index = std::move(*made);
  }

  void write(audit::EventType type, const std::string& session, const std::string& detail) {
    const std::string id = ulids.make(++time);
    audit::EventHead head;
    head.id = id;
    head.time = time;
    head.type = type;
    head.severity = audit::text_of(type).severity;
    head.actor = "engineer:alice";
    head.session = session;
    head.subject = "alice";
    std::string line;
    audit::write_event(line, head, detail);
    ASSERT_TRUE(journal->append(line).ok());
    lines.push_back(line);
  }
  void flush() {
    ASSERT_TRUE(journal->write_and_sync().ok());
    auto reader = audit::JournalReader::open(audit::system_files(), directory + "/journal");
    ASSERT_TRUE(reader.ok());
    ASSERT_TRUE(index->catch_up(**reader).ok());
  }
  void write_visit() {
    write(
        audit::EventType::SessionOpened, visit,
        R"({"engineer":"alice","method":"pass","client":"192.0.2.9:1","expires":"2026-03-01T16:00:00.000000Z"})");
    for (int i = 0; i < 450; ++i) {
      write(audit::EventType::ExchangeRefused, visit,
            R"({"method":"GET","target":"/debug/pprof","code":"never","status":403,"why":"=ruled out"})");
    }
    write(audit::EventType::SessionEnded, visit, R"({"reason":"signed_out","engineer":"alice"})");
    flush();
  }
  Response get(const std::string& target) {
    Ask ask{http::Method::Get, target};
    ask.local = true;
    return answer(ask);
  }
  static std::string whole(Response& response) {
    if (response.source == nullptr) return std::string(response.bytes());
    std::string out;
    Source::State state = Source::State::More;
    while (state == Source::State::More) state = response.source->read(out, 4096);
    EXPECT_EQ(state, Source::State::Done);
    return out;
  }
  std::size_t readings_noted() {
    for (int i = 0; i < 10; ++i) loop.turn();
    return static_cast<std::size_t>(
        std::count_if(fake.events.begin(), fake.events.end(),
                      [](const base::Json& event) { return event["type"] == "log.read"; }));
  }

  const std::string visit = "01JD7Z3V5T4Q2N8M6K0H1F9C3B";
  base::Micros time = 1'772'352'000'000'000;
  base::UlidMaker ulids;
  std::vector<std::string> lines;
  std::unique_ptr<audit::Journal> journal;
  std::unique_ptr<audit::Index> index;
};

}  // namespace postern::console
