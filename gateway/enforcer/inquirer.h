// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What authorities were asked outside about certificates that came here: the answers of their OCSP responders, which the
// supervisor hands in, and the question when one comes about which nothing is known. Nobody is taken at their word there:
// answers are judged by the verifier like all evidence, and whether and where something can be asked is judged by the
// supervisor, from the chain.
//
// A sign-in waits for the first answer about its certificate, for a bounded time; then revocation: hard or soft decides, as
// for whoever nothing can be known about. Nodes are not waited for: the next connection knows more.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "certs/verify.h"
#include "gateway/loop/loop.h"

namespace postern::enforcer {

// Whose certificates are asked about; services are "service NAME".
inline constexpr const char* kEngineersCertificates = "engineers";

class Inquirer {
 public:
  static constexpr base::Nanos kAskAgain =
      300 * base::kSecond;                              // about a certificate that nothing was learned of
  static constexpr std::size_t kMostRemembered = 4096;  // certificates asked about; then all are forgotten

  using Ask = std::function<void(const base::Json& question, std::function<void(const base::Json&)> done)>;
  // ask: of the supervisor.
  Inquirer(loop::Loop& loop, Ask ask);
  ~Inquirer();
  Inquirer(const Inquirer&) = delete;
  Inquirer& operator=(const Inquirer&) = delete;

  void set_wait(base::Micros wait) { wait_ = wait; }
  void set_answers(std::shared_ptr<const certs::Answers> answers);
  const std::shared_ptr<const certs::Answers>& answers() const { return answers_; }  // never nullptr

  // whose: "engineers", or "service NAME"; host: of a server. Does nothing if it was asked about lately.
  void ask(const std::string& whose, const std::string& host, const std::vector<std::string>& chain);
  // Calls then, once, when the answer is there, or there will be none, or the time is over; perhaps at once. False: nothing
  // is to be waited for, and then is not called.
  bool wait(const std::string& whose, const std::vector<std::string>& chain, std::function<void()> then);

 private:
  struct Waiting;
  void answered(const std::string& key, const base::Json& answer);
  void release(const std::string& key);

  loop::Loop& loop_;
  Ask ask_;
  base::Micros wait_ = 3 * base::kWallSecond;
  std::shared_ptr<const certs::Answers> answers_ = std::make_shared<const certs::Answers>();
  std::map<std::string, base::Nanos> asked_;  // by the leaf's fingerprint and whose it is
  std::map<std::string, std::unique_ptr<Waiting>> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::enforcer
