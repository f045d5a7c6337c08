// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the ledger has done about a node that is being updated (ledger/rolling.h): looks at it, waits until nothing is under way on it,
// sends it a call that the configuration holds. The ledger says which node and which call, never what is sent; it has recorded it.
//
// The questions are asked as health.h asks them; a call is sent with the service's credential of the role that it names, on a
// connection of its own, and is not sent a second time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gateway/enforcer/component_pool.h"
#include "gateway/ipc/ledger_protocol.h"

namespace postern::enforcer {

class NodeTasks {
 public:
  struct Calls {
    std::function<void(std::uint64_t id, const base::Json& answer)> answer;
    std::function<std::size_t(int node)> under_way;  // exchanges on it
    std::function<std::size_t(int node)> cut;        // all of them; how many
  };
  static constexpr std::size_t kMostTasks = 64;        // at once
  static constexpr std::size_t kTail = 2048;           // bytes of an answer that are told
  static constexpr std::size_t kDocument = 1U << 20U;  // bytes of an answer in which a version is looked for

  NodeTasks(loop::Loop& loop, ComponentPool& pool, Calls calls);
  ~NodeTasks();
  NodeTasks(const NodeTasks&) = delete;
  NodeTasks& operator=(const NodeTasks&) = delete;

  void configure(std::shared_ptr<const Settings> settings) { settings_ = std::move(settings); }
  void take(const ipc::NodeTask& task);
  void forget();  // the ledger that gave them is gone

 private:
  class Question;
  class Look;
  class Call;
  class Drain;
  struct Task;
  void begin(std::uint64_t id, const base::Json& json, int node);
  void done(std::uint64_t id, const base::Json& answer);

  loop::Loop& loop_;
  ComponentPool& pool_;
  Calls calls_;
  std::shared_ptr<const Settings> settings_;
  std::uint64_t last_key_;
  std::map<std::uint64_t, std::unique_ptr<loop::Disposable>> tasks_;
};

// ${version}, ${before}, ${node} and ${service} in the text of a call.
std::string filled_in(std::string text, const base::Json& task);

}  // namespace postern::enforcer
