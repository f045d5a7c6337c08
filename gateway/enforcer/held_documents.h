// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// For whoever decides about a waiting call: the document that it would change (before: of the policy), as it is while the
// call waits, and what the call would make of it. The ledger puts both beside the call (hold.compared, or proposal.compared of what
// Mission Control proposed). Read once, when the call begins to wait: the document may change while it does, so what is shown says when it was read, and the record
// of the call (change_records.h) reads anew.
//
// A reading outlives its call: one that was answered meanwhile is still an exchange of the log with an end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gateway/enforcer/document_reading.h"

namespace postern::enforcer {

class HeldDocuments {
 public:
  static constexpr std::size_t kMost =
      64;  // readings under way at a time; past it, it is said that none was made

  explicit HeldDocuments(Site& site);
  ~HeldDocuments();
  HeldDocuments(const HeldDocuments&) = delete;
  HeldDocuments& operator=(const HeldDocuments&) = delete;

  // context: hold names the call, or without one session the proposal; without a service there is nobody to ask, and that is said.
  // body: without secrets. told: the ledger has it, or is not there.
  void read(
      ChangeContext context, std::string content_type, std::string body, std::function<void()> told = [] {});
  // Instead: it cannot be read. Of context only who waits.
  void say_why(ChangeContext context, std::string why, std::function<void()> told);
  std::size_t size() const { return readings_.size(); }

 private:
  struct Held {
    ChangeContext context;
    std::string content_type, body;
    std::function<void()> told;
    std::unique_ptr<DocumentReading> reading;
  };
  void on_read(std::uint64_t number, const Document& document);
  void tell(const Held& held, const Document& document);

  Site& site_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Held> readings_;
};

}  // namespace postern::enforcer
