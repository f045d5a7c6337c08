// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/inquirer.h"

#include <utility>

#include "base/bytes.h"
#include "base/crypto.h"
#include "base/log.h"
#include "gateway/loop/dispose_later.h"

namespace postern::enforcer {

// One certificate that was asked about, and is not answered yet.
struct Inquirer::Waiting {
  std::vector<std::function<void()>> then;
  std::unique_ptr<loop::Timer> timer;
};

namespace {

// Two services may trust different authorities, and be allowed different places: what was asked for one says nothing of the
// other.
std::string inquiry_key(const std::string& whose, const std::vector<std::string>& chain) {
  return base::sha256_hex(chain.front()) + " of " + whose;
}

}  // namespace

Inquirer::Inquirer(loop::Loop& loop, Ask ask) : loop_(loop), ask_(std::move(ask)) {}

Inquirer::~Inquirer() { *alive_ = false; }

void Inquirer::set_answers(std::shared_ptr<const certs::Answers> answers) {
  answers_ = answers == nullptr ? std::make_shared<const certs::Answers>() : std::move(answers);
}

void Inquirer::ask(const std::string& whose, const std::string& host, const std::vector<std::string>& chain) {
  if (!ask_ || chain.empty()) return;
  const std::string key = inquiry_key(whose, chain);
  const base::Nanos now = loop_.now();
  const auto known = asked_.find(key);
  if (waiting_.contains(key) || (known != asked_.end() && known->second + kAskAgain > now)) return;
  if (asked_.size() >= kMostRemembered) asked_.clear();
  asked_[key] = now;
  auto& waiting = waiting_[key] = std::make_unique<Waiting>();
  waiting->timer = std::make_unique<loop::Timer>(loop_, [this, key] { release(key); });
  waiting->timer->start(wait_ * 1000);
  base::Json question{{"ask", "inquire"}, {"whose", whose}, {"host", host}, {"chain", base::Json::array()}};
  for (const std::string& der : chain) question["chain"].push_back(base::to_base64(der));
  ask_(question, [this, key, alive = alive_](const base::Json& answer) {
    if (*alive) answered(key, answer);
  });
}

bool Inquirer::wait(const std::string& whose, const std::vector<std::string>& chain,
                    std::function<void()> then) {
  ask(whose, {}, chain);
  if (chain.empty()) return false;
  const auto found = waiting_.find(inquiry_key(whose, chain));
  if (found == waiting_.end()) return false;
  found->second->then.push_back(std::move(then));
  return true;
}

void Inquirer::answered(const std::string& key, const base::Json& answer) {
  if (!base::json_bool_or(answer, "ok", false))
    base::log_info("nobody is asked about the certificate " + key + ": " +
                   base::json_text_or(answer, "why", "for no reason given"));
  release(key);
}

// The timer may be the one that calls.
void Inquirer::release(const std::string& key) {
  auto found = waiting_.extract(key);
  if (found.empty()) return;
  const auto all = std::move(found.mapped()->then);
  found.mapped()->timer->stop();
  loop::dispose_later(loop_, std::move(found.mapped()));
  for (const auto& then : all) then();
}

}  // namespace postern::enforcer
