// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What installations ask, as line/protocol.h has it. Whoever asks may be hostile, with a certificate or without: each reaches
// only what is its own, within limits of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/answer/call.h"
#include "mission/desk/keyed_pace.h"
#include "mission/desk/lives.h"
#include "mission/desk/log_witness.h"
#include "mission/desk/offences.h"
#include "mission/desk/paced_notes.h"
#include "mission/desk/parts.h"
#include "mission/desk/shown_certificates.h"
#include "mission/desk/tunnels.h"

namespace postern::mission {

// A certificate whose successor was used is worth nothing after so long: what was under way on it is done then.
inline constexpr base::Micros kOverlap = 3600 * base::kWallSecond;
// Whose answer to its enrolment was lost may ask again with the same code and the same key, for so long.
inline constexpr base::Micros kAskAgain = 3600 * base::kWallSecond;
// Between two times that it is written down that an installation was heard.
inline constexpr base::Nanos kHeardEvery = 20 * base::kSecond;

class LineApi {
 public:
  LineApi(Parts& parts, Lives& lives, Tunnels& tunnels);
  LineApi(const LineApi&) = delete;
  LineApi& operator=(const LineApi&) = delete;

  void answer(const std::shared_ptr<answer::Call>& call, const answer::Reply& reply);
  bool converses(const answer::Call& call) const;

 private:
  struct Asker {
    Installation installation;
    IssuedCertificate certificate;
    base::Micros successor_seen = 0;  // of its certificate; 0: it has none that was used
    bool replaced = false;            // as was known when it was shown before
  };
  // Who asks, or why it is nobody: then the reply was given.
  std::optional<Asker> identify(const answer::Call& call, const answer::Reply& reply);
  bool judge(const answer::Call& call, const answer::Reply& reply, Asker& asker);
  void answer_known(const std::shared_ptr<answer::Call>& call, const answer::Reply& reply,
                    const Asker& asker);
  bool is_known(Asker& asker, const answer::Call& call, const answer::Reply& reply);
  void note_copy(const Asker& asker, const answer::Call& call, std::string_view why);
  // The same reply, of which a refusal of its form is counted.
  answer::Reply watched(const std::string& installation, const answer::Reply& reply);
  void note_use(const Asker& asker, const answer::Call& call);
  void enrol(const answer::Call& call, const answer::Reply& reply);
  void renew(const answer::Call& call, const answer::Reply& reply, const Asker& asker);
  void reports(const answer::Call& call, const answer::Reply& reply, const Asker& asker);
  void orders(const answer::Call& call, const answer::Reply& reply, const Asker& asker);
  base::Status keep(const Asker& asker, const line::Report& report);
  base::Status keep_health(const Asker& asker, const line::Report& report, line::Taken& taken);
  // Not used yet, or is_again(); else the reply was given.
  std::optional<Enrolment> good_code(const line::EnrolRequest& asked, const answer::Call& call,
                                     const answer::Reply& reply);
  bool is_again(const Enrolment& used, const std::string& request);
  void enrol_again(const answer::Call& call, const answer::Reply& reply, const Enrolment& code,
                   const std::string& key);
  base::Result<IssuedCertificate> certify(const std::string& id, const std::string& key, std::string& pem);

  Parts& parts_;
  Lives& lives_;
  Tunnels& tunnels_;
  LogWitness witness_;
  ShownCertificates shown_;
  Offences offences_;
  KeyedPace codes_, requests_, tunnel_requests_, update_requests_, renewals_;
  PacedNotes turns_, standings_, copies_;
  std::map<std::string, base::Nanos> heard_;
};

}  // namespace postern::mission
