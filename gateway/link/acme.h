// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Has a certificate issued, and renewed ahead of time (acme_dialogue.h says in which words): one attempt at a time, on
// connections that the supervisor opens, with requests that the keeper makes and signs (keeper/acme_signer.h). What comes of
// it goes to the supervisor, which judges the certificate and says whether it took it.
//
// After a failure it waits: a minute, doubling up to six hours, and up to a quarter longer, but half of what is left of the certificate
// at hand at most; longer if the authority says so (Retry-After). The supervisor remembers that for the next life of this process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "certs/keeper_channel.h"
#include "gateway/link/acme_dialogue.h"
#include "gateway/link/call.h"
#include "gateway/link/challenge_server.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/client_context.h"

namespace postern::link {

struct AcmeSettings {
  std::uint32_t place = 0;  // by which the supervisor knows its address
  std::string host;         // Host to send; "https://" and this is what its addresses begin with
  std::string target;       // of its directory
  std::string tls_name;
  std::string
      challenge;  // "http-01": answered here; "tls-alpn-01": by the support listener, with the keeper's certificate
  std::shared_ptr<tls::ClientContext> tls;
  base::Micros from = 0, until = 0;  // of the certificate at hand; 0: there is none
  std::int64_t asked = 0;            // a larger number than before: now, whatever the schedule says
  int failures = 0;                  // in a row, of attempts that an earlier process made
  base::Micros next = 0;             // when it wanted to ask again; only after failures

  // Of the link's part: {"id", "host", "target", "tls_name", "challenge", "roots", "from", "until", "asked",
  // "failures", "next"}.
  static base::Result<AcmeSettings> read(const base::Json& json, const base::Clock& clock);
};

// When a certificate is renewed: after two thirds of its time, and up to a twenty-fourth of it later. chance: 0 to 1.
base::Micros acme_renewal(base::Micros from, base::Micros until, double chance);
// How long after the failures-th failure in a row. left: of the certificate at hand, so that it is asked once more while
// there is time; 0 or less: there is none, or it is over.
base::Micros acme_again_after(int failures, base::Micros left, double chance);

class Acme {
 public:
  using Connected = std::function<void(base::Result<base::UniqueFd>)>;
  using Connect = std::function<void(std::uint32_t place, Connected done)>;
  // {"chain"}, {"why", "failures", "next"} or {"due"}: when it is renewed (microseconds since the epoch). taken is called with empty if it was taken, else
  // with why not.
  using Tell =
      std::function<void(const base::Json& said, std::function<void(const std::string& refusal)> taken)>;

  Acme(loop::Loop& loop, Connect connect, Tell tell, certs::KeeperChannel& keeper, ChallengeServer& server);
  ~Acme();
  Acme(const Acme&) = delete;
  Acme& operator=(const Acme&) = delete;

  void configure(std::optional<AcmeSettings> settings);

 private:
  void schedule();
  void begin();
  void go_on();
  void ask(const AcmeAsk& question);
  base::Status show_challenge();
  void hide_challenge();
  void connected(std::uint64_t id, base::Result<base::UniqueFd> socket);
  void answered(std::uint64_t id, const base::Result<Answer>& answer);
  void issued(const std::string& chain);
  void failed(const std::string& why, base::Micros not_before);
  void drop();

  loop::Loop& loop_;
  Connect connect_;
  Tell tell_;
  certs::KeeperChannel& keeper_;
  ChallengeServer& server_;
  std::optional<AcmeSettings> settings_;
  loop::Timer timer_;
  std::unique_ptr<AcmeDialogue> dialogue_;  // while an attempt is under way
  AcmeAsk question_;                        // that is under way
  std::string signed_body_;                 // its body
  std::string shown_;                       // the token of the challenge that is answered; empty: none is
  std::unique_ptr<Call> call_;
  std::uint64_t under_way_ = 0;  // 0: nothing is
  std::uint64_t next_id_ = 1;
  int failures_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::link
