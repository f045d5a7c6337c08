// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The tunnels of installations: the requests that each keeps waiting, and the engineers who come for one of them by its name,
// `<label>.<domain>`: the label is the installation's id in lower case, or the name that the vendor gave it. Joins the two (joint.h).
//
// An installation of whom no request waits has no tunnel: its engineers are refused, and told so. One whose requests are all in
// use is given kPatience to bring another.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/answer/call.h"
#include "mission/desk/joint.h"
#include "mission/desk/keyed_pace.h"
#include "mission/desk/paced_notes.h"
#include "mission/desk/parts.h"

namespace postern::mission {

class Tunnels {
 public:
  // domain: of the names; empty: nobody is relayed. relay: what this Mission Control calls itself.
  Tunnels(Parts& parts, std::string domain, std::string relay);
  ~Tunnels();
  Tunnels(const Tunnels&) = delete;
  Tunnels& operator=(const Tunnels&) = delete;

  // An installation's request.
  answer::Response wait(const std::string& installation);
  // The relay's: an engineer asks for the name that is the call's parameter. Answered with 200 and a conversation; 404: the name is nobody's;
  // 403: the tunnel is closed; 503: too many, or nobody came in time.
  void join(answer::CallPtr call, const answer::Reply& reply);
  void end(const std::string& installation);  // it was retired
  void end_all();                             // we stop
  void look();                                // call every second or so

  bool relays() const { return !domain_.empty(); }
  base::Json status() const;  // {"domain", "waiting", "connected"}; null: nobody is relayed
  // {"open", "waiting", "connected", "names"}
  base::Json status_of(const std::string& installation, const std::string& label) const;

  static constexpr std::size_t kMostStreams = 20'000;  // of all installations, waiting and in use
  static constexpr std::size_t kMostEngineers = 256;   // that wait for a request
  // Of one installation: so one who knocks often keeps neither others from it, nor from other installations.
  static constexpr std::size_t kMostEngineersOfOne = 16;  // that wait for a request
  static constexpr std::size_t kMostOfAddress = 16;       // in use and waiting, from one address
  static constexpr int kAtOnceOfAddress = 10;             // and then two a second
  static constexpr base::Nanos kPatience = 4 * base::kSecond;

 private:
  using JointPtr = std::shared_ptr<Joint>;
  struct Use {
    JointPtr joint;
    std::string id, client, name;
    base::Nanos since = 0;
  };
  struct Place {  // of one installation
    std::list<JointPtr> waiting;
    std::map<Joint*, Use> used;
  };
  struct Engineer {
    std::string installation, client, name;
    answer::CallPtr call;
    answer::Reply reply;
    base::Nanos until = 0;
  };
  // The installation of that name, and what is said if there is none.
  base::Result<std::optional<Installation>> find(std::string_view name);
  void give(const std::string& installation, Place& place, const Engineer& engineer);
  void give_waiting(const std::string& installation);
  void over(const std::string& installation, Joint& joint);
  void forget_those_who_left();
  void refuse(const Engineer& engineer, int status, std::string_view code, const std::string& why);
  void note(PacedNotes& notes, const std::string& installation, std::string_view type, base::Json body);

  Parts& parts_;
  const std::string domain_, relay_;
  std::map<std::string, Place> places_;
  std::size_t streams_ = 0;
  std::list<Engineer> engineers_;
  // That address has its share of that installation.
  bool has_share(const std::string& installation, const Place& place, const std::string& client) const;

  PacedNotes notes_, refusals_;
  KeyedPace joins_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::mission
