// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's part in the line to Mission Control: what admins want of it (enrol, check), what the link says came of it,
// and how the line is. Certificates are judged here (line_folder.h); nothing of the network is parsed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

class Line {
 public:
  struct Calls {
    std::function<void(audit::EventType type, const std::string& actor, const std::string& subject,
                       const base::Json& detail)>
        record;
    std::function<void()> tell_link;        // its part has changed
    std::function<void()> new_certificate;  // and so have the keeper's and the ledger's
    std::function<base::Micros()> now;
  };
  explicit Line(Calls calls) : calls_(std::move(calls)) {}

  // At the start, and with each reload: before is what material was. wanted: nullptr: there is none.
  void prepare(const MissionControl* wanted, const LineMaterial& before, LineMaterial& material);
  // What prepare() prepared is in force: both outlive this, or the next call.
  void adopt(const MissionControl* wanted, LineMaterial& material);

  // What the link says or asks, as {"do": ..}; the answer to it.
  base::Json on_link(const base::Json& said);
  // The same of the console: "enrol" {"code", "actor"}, "check", "status". {"ok", "message"*, "asked"* or "check"* or "link"*}
  base::Json on_console(const base::Json& question);
  void link_gone();

  // Null: none is configured. Else {"url", "proxy"*, "revocation", "state": "not_enrolled"|"unusable"|"connecting"|"up"|"waiting"|
  // "refused", "why"*, "code"*, "since"*, "attempts"*, "next"*, "version"*, "skew_us"*, "installation"*, "customer"*,
  // "certificate"*: {"issuer","not_after"}, "enrolment"*: {"asked","state": "under_way"|"done"|"failed","why"*,"code"*},
  // "check"*: {"number","steps"*}, "tunnel"*: {"open","waiting","connected","why"*}: where the configuration has one}
  base::Json status() const;

 private:
  struct Enrolment {
    std::int64_t asked = 0;
    std::string state, actor, why, code;
  };
  base::Json enrol(const base::Json& question);
  base::Json check();
  void take_state(const base::Json& said);
  void take_tunnel(const base::Json& said);
  base::Json take_enrolled(const base::Json& said);
  base::Json take_enrol_failed(const base::Json& said);
  base::Json renew();
  base::Json take_renewed(const base::Json& said);
  void end_enrolment(std::string_view state, const std::string& why, const std::string& code);
  void went_down(const std::string& why);
  bool may_record_loss();
  base::Json described(base::Json detail) const;

  Calls calls_;
  const MissionControl* wanted_ = nullptr;
  LineMaterial* material_ = nullptr;
  std::string problem_;                     // with the folder
  base::Json said_ = base::Json::object();  // by the link, last
  base::Json tunnel_;                       // what it said of the tunnel; null: nothing
  // Not before: the link reads from the network, and in strange hands may say anything as often as it likes.
  base::Micros next_conflict_ = 0, next_renewal_ = 0, losses_since_ = 0;
  int losses_ = 0;               // since then
  int renewal_tries_ = 0;        // that are left of what was asked for last
  std::int64_t unrecorded_ = 0;  // losses since the last that was recorded
  bool untold_ = false;          // it is down, and that was not recorded
  bool up_ = false;
  base::Micros since_ = 0;      // up, or not
  base::Micros down_told_ = 0;  // 0: the loss was not recorded
  std::optional<Enrolment> enrolment_;
  std::int64_t checked_ = 0;
  base::Json steps_;
};

}  // namespace postern::supervisor
