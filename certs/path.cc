// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/path.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"

namespace postern::certs {
namespace {

bool identifiers_fit(const Candidate& of, const Candidate& issuer) {
  return of.authority_key_identifier.empty() || issuer.key_identifier.empty() ||
         of.authority_key_identifier == issuer.key_identifier;
}

class Search {
 public:
  Search(const std::vector<Candidate>& anchors, const std::vector<Candidate>& presented,
         const std::function<std::optional<Failure>(const Path&)>& judge, Work& work)
      : anchors_(anchors), presented_(presented), judge_(judge), work_(work) {}

  PathAnswer run() {
    path_.push_back(&presented_.front());
    if (extend()) return {path_, std::nullopt, false};
    if (work_.exhausted) {
      return {{&presented_.front()},
              Failure{Rule::Limits, 0,
                      "the chain needs more checks than one chain may cost: it was made to be slow"},
              false};
    }
    return judged_ ? *judged_ : *dead_end_;
  }

 private:
  // Depth is bounded by the number of certificates presented.
  bool extend() {  // NOLINT(misc-no-recursion)
    const Candidate& top = *path_.back();
    const auto itself = std::find_if(anchors_.begin(), anchors_.end(),
                                     [&](const Candidate& one) { return one.der == top.der; });
    if (itself != anchors_.end()) return ends_well();
    bool forged = false;
    // Key identifiers are a hint for the order only (RFC 5280 4.2.1.1).
    for (const bool fits : {true, false}) {
      for (const Candidate& anchor : anchors_) {
        if (identifiers_fit(top, anchor) == fits && extend_by(anchor, true, forged)) return true;
      }
      for (const Candidate& one : presented_) {
        if (identifiers_fit(top, one) == fits && extend_by(one, false, forged)) return true;
      }
    }
    note_dead_end(forged);
    return false;
  }

  bool extend_by(const Candidate& issuer, bool anchor, bool& forged) {  // NOLINT(misc-no-recursion)
    const Candidate& top = *path_.back();
    if (work_.exhausted || !is_issuer_name_of(issuer, top) || is_on_path(issuer)) return false;
    if (!work_.may_check()) return false;
    if (!is_signed_by(top, issuer)) {
      forged = true;
      return false;
    }
    path_.push_back(&issuer);
    const bool good = anchor ? ends_well() : extend();
    if (!good) path_.pop_back();
    return good;
  }

  bool is_on_path(const Candidate& issuer) const {
    return std::any_of(path_.begin(), path_.end(),
                       [&](const Candidate* one) { return same_subject_and_key(*one, issuer); });
  }

  bool ends_well() {
    auto failure = judge_(path_);
    if (!failure) return true;
    if (!judged_) judged_ = PathAnswer{path_, std::move(failure), false};
    return false;
  }

  // Without the subject of its sentence: the caller knows whom the peer was asked for.
  void note_dead_end(bool forged) {
    if (dead_end_ && dead_end_->path.size() >= path_.size()) return;
    const Candidate& top = *path_.back();
    const std::string issuer = " (issuer: " + base::printable(top.facts.issuer) + ")";
    Failure failure{Rule::UnknownIssuer, path_.size(), "was not issued by a trusted authority" + issuer};
    if (forged)
      failure = {Rule::Signature, path_.size(), "was not signed by the authority that it names" + issuer};
    if (forged && top.fault) failure = {top.fault->rule, path_.size(), top.fault->what};
    if (!forged && top.self_issued && work_.may_check() && is_signed_by(top, top))
      failure = {Rule::SelfSigned, path_.size(), "was not issued by a trusted authority: it signed itself"};
    dead_end_ = PathAnswer{path_, std::move(failure), true};
  }

  const std::vector<Candidate>& anchors_;
  const std::vector<Candidate>& presented_;
  const std::function<std::optional<Failure>(const Path&)>& judge_;
  Work& work_;
  Path path_;
  std::optional<PathAnswer> judged_;    // the first path that led to an anchor and was not good
  std::optional<PathAnswer> dead_end_;  // the longest that led nowhere
};

}  // namespace

PathAnswer find_path(const std::vector<Candidate>& anchors, const std::vector<Candidate>& presented,
                     const std::function<std::optional<Failure>(const Path&)>& judge, Work& work) {
  return Search(anchors, presented, judge, work).run();
}

std::string called(const Candidate& candidate, std::size_t place, std::string_view host) {
  const std::string subject = base::printable(candidate.facts.subject, 120);
  if (place > 1) return "certificate " + std::to_string(place) + " (" + subject + ")";
  if (!host.empty()) return "the certificate for " + base::printable(host);
  return subject.empty() ? "the certificate" : "the certificate of " + subject;
}

}  // namespace postern::certs
