// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is asked outside about revocations: lists that the configuration names by address or leaves to the authorities'
// own certificates, and, about certificates of engineers and nodes that enforcers have seen, lists and answers of OCSP
// responders where those certificates say so. The link fetches; here each is judged once more (in a copy of this
// process), kept (kept_inquiries.h), and given to the enforcers.
//
// Whoever has a certificate does not choose where we go: its chain is verified up to the configured authority first, and
// then only hosts count that the configuration names (revocation_sources.hosts, and those of its lists), or that the
// authority's own certificate in the configuration names.
//
// Nothing older takes the place of what is at hand: who stands between us and the authority could show an old list in
// which a certificate was still good.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/kept_inquiries.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

// Of certificates that were seen: then the ones longest not asked about are forgotten. And bytes of all answers together.
inline constexpr std::size_t kMostSeen = 512, kAnswersText = 2U << 20U;

// The configuration in force, and what it means here.
struct Ground {
  const Config& config;
  const Material& material;
  base::Micros now;
};

class Inquiries {
 public:
  // After a configuration was read, and for the material that goes with it: what is asked from now on. Reads what was kept
  // of what is new here. next: as of number_staples.
  void plan(const Ground& ground, std::uint32_t& next);
  // Into material, from where parts.cc takes it: lists and answers, and what the link is to fetch.
  void put_into(const Config& config, Material& material) const;

  // An enforcer has seen a chain of certificates of whose. Denied: nothing can be asked, and why, for its log.
  struct Asked {
    std::vector<std::string> open;  // names of what nobody has answered or failed at yet
    bool added = false;             // the link does not know of all, or is to fetch one at once
  };
  base::Result<Asked> ask(const Ground& ground, const std::string& whose, const std::string& host,
                          const std::vector<std::string>& chain, std::uint32_t& next);

  // What the link fetched under a name, or why it did not.
  struct Taken {
    base::Result<certs::StapleTimes> verdict;
    bool changed = false;  // enforcers have to be told
    bool revoked = false;  // a certificate that was good until now
    bool list = true;
    struct News {
      audit::EventType type;
      std::string subject;
      base::Json detail;
      audit::Severity severity;
    };
    std::vector<News> news;
  };
  Taken take(const Ground& ground, const std::string& name, const base::Result<std::string>& body);

  void ask_again() { ++asked_; }  // all of it, now: "postern cert refresh"
  bool has(const std::string& name) const { return all_.contains(name); }
  std::size_t size() const { return all_.size(); }

  const http::Authority* place_of(std::uint32_t id) const;  // nullptr: there is none
  // Of status: [{"evidence":"crl"|"ocsp", "whose", "url", "subject"* of what the answer is about, "lists":[as crls_json] or
  // "from"*, "until"*, "over"*, "revoked"*; "fetched"*, "why"*, "failing_since"*, "failures"}]
  base::Json status(base::Micros now) const;
  // That were fetched about certificates of whose, with the address of each: for CrlWatch.
  std::vector<std::pair<std::string, certs::CrlFacts>> lists(const std::string& whose) const;

 private:
  struct One : Inquiry {
    http::WebAddress at;
    std::uint64_t asked = 0;  // as asked_ below, of this one
  };
  // Whose certificates we ask about, as the configuration has it.
  struct Whose {
    std::string name;
    const RevocationFetch* wanted;
    const std::string* authorities;  // PEM
    bool own_authorities;            // they are the configuration's, not the system's
    certs::Revocation revocation;
    certs::Purpose purpose;
  };
  static std::vector<Whose> all_whose(const Ground& ground);
  static bool may_ask(const Ground& ground, const Whose& whose, const http::WebAddress& at);
  static void add_planned(const Whose& whose, std::map<std::string, One>& out);
  base::Json fetches(const Config& config, const Material& material) const;
  static const Whose* find_whose(const std::vector<Whose>& all, const std::string& name);  // nullptr: nobody
  // Whether what a certificate that was seen named is still to be asked.
  static bool may_go_on(const Ground& ground, const std::vector<Whose>& all, const Inquiry& seen,
                        const http::WebAddress& at);
  void read_kept(const Ground& ground, const std::vector<Whose>& all,
                 std::map<std::string, One>& wanted) const;
  static void judge_again(const Whose& whose, One& one, base::Micros now);
  static bool still_counts(const Whose& whose, const One& one, base::Micros now);
  base::Status take_body(const Ground& ground, const Whose& whose, One& one, const std::string& body);
  base::Status fits(const Ground& ground, const One& one) const;
  Taken failed(const Ground& ground, const Whose& whose, One& one, const base::Error& why);
  static bool name_again(const Ground& ground, One& known, const Inquiry& by);
  void make_room(const Ground& ground);

  std::map<std::string, One> all_;  // by name
  std::uint64_t asked_ = 0;
};

}  // namespace postern::supervisor
