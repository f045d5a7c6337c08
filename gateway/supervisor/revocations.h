// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's part in the revocations of others, engineers' certificates and nodes': looks again at the files with lists
// (crls.h), takes what the link fetched (inquiries.h), answers enforcers that wait for it, has told to each role what has
// changed, and records when a list is over. Owns the inquiries; the lists themselves are in Material. What came from the
// network is judged in copies of this process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/event.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/crls.h"
#include "gateway/supervisor/inquiries.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

inline constexpr std::size_t kMostWaiting =
    1024;  // enforcers' questions at a time; beyond, one is answered at once

class Revocations {
 public:
  struct Calls {
    std::function<void(audit::EventType type, const std::string& subject, const base::Json& detail,
                       std::optional<audit::Severity> severity)>  // else the type's
        record;
    // As of Upkeep::Calls.
    std::function<bool(const std::string& name, bool severe, base::Json& detail)> may_record;
    std::function<void()> reload_enforcers;  // their part has changed, by lists
    // Of parts.h, what changes most often, told alone.
    std::function<void(const base::Json&part)> tell_enforcers, tell_link;
    std::function<void(const std::vector<std::string>& changed)>
        spread;  // fields, as of differences(): to all roles
    std::function<base::Micros()> now;
  };
  // next_node: as of number_staples; it outlives this.
  Revocations(Calls calls, std::uint32_t& next_node) : calls_(std::move(calls)), next_node_(next_node) {}

  // At the start, and with each reload: what is asked from now on, and what is known of it already into material.
  void prepare(const Config& wanted, Material& material);
  // What prepare() prepared is in force: both outlive this, or the next call.
  void adopt(const Config& wanted, Material& material);

  // What the link fetched under a name, or why not. An error says in one sentence why it is of no use: what is at hand stays.
  base::Result<certs::StapleTimes> on_fetched(const std::string& name, const base::Result<std::string>& body);
  bool has(const std::string& name) const { return inquiries_.has(name); }
  // An enforcer has seen a certificate about which nothing is known: {"whose", "host", "chain":[base64]}. It is answered
  // {"ok":true} when something is, or nothing will be, perhaps at once, or {"ok":false, "why"}. An error is a breach of the
  // protocol, and then nothing is answered.
  using Answer = std::function<void(const base::Json&)>;
  base::Status on_inquire(const base::Json& question, Answer answer);
  // "postern cert refresh": {"ok":true, "count"} or {"ok":false, "message"}.
  base::Json refresh();

  // Every kCrlsEvery: the files again, and what is over. While all is read again, only the second of them.
  void look_at_crls();
  void tell_of_crls();

  const http::Authority* place_of(std::uint32_t id) const { return inquiries_.place_of(id); }
  base::Json status() const { return inquiries_.status(calls_.now()); }  // as of Inquiries

 private:
  // Every file with lists of revoked certificates.
  struct CrlPlace {
    std::string name;  // whose certificates they are about
    std::string_view part;
    const FileName* file = nullptr;
    const std::string* authorities = nullptr;
    certs::Revocation revocation = certs::Revocation::Soft;
    Crls* lists = nullptr;
  };
  // An enforcer that waits until something of these was answered, or failed.
  struct Waiting {
    Answer answer;
    std::set<std::string> open;
  };
  std::vector<CrlPlace> crl_places() const;
  std::vector<CrlPlace> all_crl_places() const;
  std::size_t service_crls_size() const;
  void tell_link_of_fetches() const;
  void answer_waiting();
  Ground ground() const { return {*config_, *material_, calls_.now()}; }

  Calls calls_;
  std::uint32_t& next_node_;
  const Config* config_ = nullptr;
  Material* material_ = nullptr;
  CrlWatch crl_watch_;
  std::map<std::string, std::string> crls_faults_;  // by place; that was told of; empty: there is none
  Inquiries inquiries_;
  std::vector<Waiting> waiting_;
};

}  // namespace postern::supervisor
