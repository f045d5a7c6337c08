// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What writes changed: an operation with before: has the component asked for a document before and after its call,
// and exchange.changed says what differs. Both readings are exchanges of their own in the log, of class read, with
// the session's credential and cookies; the engineer never sees what they bring.
//
// What a response would be relieved of is not in the patch either: both documents pass through a redactor first, with
// the policy's rules and the session's key. So a secret that stayed the same makes no difference, one that changed is
// seen to have, and its token is the one that the engineer was shown.
//
// A reading that fails does not keep the call from being made: the event says what is missing. The reading after
// begins when the call's exchange is over, so it goes on when the client has left.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "gateway/enforcer/document_reading.h"

namespace postern::enforcer {

struct Site;

class ChangeRecords {
 public:
  static constexpr std::size_t kMost = 256;  // under way at a time; past it, none is read

  explicit ChangeRecords(Site& site);
  ~ChangeRecords();
  ChangeRecords(const ChangeRecords&) = delete;
  ChangeRecords& operator=(const ChangeRecords&) = delete;

  // Reads, then calls then: whatever came of it, the call may go on. who is never given twice.
  void before(std::uint64_t who, ChangeContext context, std::function<void()> then);
  // The call was sent, and is over. Nothing if there was no before.
  void after(std::uint64_t who, int status);
  void forget(std::uint64_t who);  // the call was not sent, or its exchange is gone
  std::size_t size() const { return records_.size(); }

 private:
  struct Record {
    ChangeContext context;
    Document before;
    int status = 0;  // of the call
    bool sent = false;
    std::function<void()> then;
    std::unique_ptr<DocumentReading> reading;
  };
  void read(Record& record, std::uint64_t who);
  void on_read(std::uint64_t who, Document document);
  void tell(const Record& record, const Document& after);

  Site& site_;
  std::map<std::uint64_t, Record> records_;
};

}  // namespace postern::enforcer
