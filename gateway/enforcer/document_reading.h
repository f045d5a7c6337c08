// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One GET of the gateway's own: the document that tells what a call changes (before: of the policy), taken whole, with
// the session's credential and cookies. It is an exchange of its own in the log, of class read; the engineer never sees
// what it brings.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/enforcer/component_carrier.h"
#include "gateway/enforcer/settings.h"
#include "gateway/loop/deadlines.h"
#include "gateway/loop/loop.h"
#include "redact/rules.h"

namespace postern::enforcer {

struct Site;

// What is read, on behalf of which call.
struct ChangeContext {
  std::string session, engineer, capability, policy, client;
  std::string forwarded;  // id of the call's exchange.forwarded; empty: it waits, see hold
  std::string
      hold;  // for which it is read; empty: for the record of a call that may be sent, or for a proposal
  std::string method, target;
  std::string read;                            // the document's target
  std::shared_ptr<const Settings> settings;    // what service and credential point into
  std::shared_ptr<const redact::Rules> rules;  // of the policy that decided
  std::string key;                             // the session's, for tokens
  const Service* service = nullptr;
  const Credential* credential = nullptr;
  std::size_t node = 0;
};

struct Document {
  int status = 0;         // 0: none came
  std::string text, why;  // why: it is not the document
};

// The document without secrets; found grows by how many there were.
base::Result<base::Json> without_secrets(std::string_view document, const ChangeContext& context,
                                         std::uint64_t& found);

// A call's body as it may be shown: text that calls itself binary is looked at like text.
std::string body_without_secrets(std::string_view body, std::string_view type,
                                 std::shared_ptr<const redact::Rules> rules, std::string_view key);

class DocumentReading final : public ComponentUser, public loop::Disposable {
 public:
  static constexpr base::Nanos kPatience = 10 * base::kSecond;

  // context outlives this. key: of the pool, nobody else's.
  DocumentReading(Site& site, const ChangeContext& context, std::uint64_t key,
                  std::function<void(Document)> done);
  ~DocumentReading() override;

  // Once. done is called once, unless this is destroyed before: it may be called from within, and may hand this to
  // the loop to be disposed of.
  void start();

  void on_component_head(const http::ResponseHead& head) override;
  std::size_t component_room() const override;
  void on_component_body(std::string_view piece) override;
  void on_component_end(const http::Fields&) override;
  void on_component_failed(base::Refusal, std::string_view why, Loss) override;
  void on_component_drained() override {}

 private:
  void record();
  void send(ComponentCarrier& connection);
  void finish(const std::string& why);
  void release();

  Site& site_;
  const ChangeContext& context_;
  std::uint64_t key_;
  std::function<void(Document)> done_;
  base::Nanos began_;
  loop::Deadline deadline_;
  ComponentCarrier* connection_ = nullptr;
  std::string id_;
  Document document_;
  std::uint64_t bytes_ = 0;
  bool too_large_ = false;
};

}  // namespace postern::enforcer
