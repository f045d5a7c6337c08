// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Paths from a peer's certificate to one that is trusted (RFC 5280 6.1, RFC 4158). There may be several, as with
// authorities that have signed each other: each is tried until one is good. The work is bounded (work.h), and no
// name with the same key stands twice on a path, so that loops end.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "certs/candidate.h"
#include "certs/work.h"

namespace postern::certs {

using Path =
    std::vector<const Candidate*>;  // the peer's own first, the trusted one last; one that is both, alone

struct PathAnswer {
  Path path;                       // good, or as far as the one went that failure speaks of
  std::optional<Failure> failure;  // nothing: the path is good
  bool led_nowhere = false;        // to no anchor: the failure's sentence is still without its subject
};

// presented: at least one, the peer's own first, the rest in any order. judge: what else is asked of a path, whose
// names and signatures lead to an anchor.
PathAnswer find_path(const std::vector<Candidate>& anchors, const std::vector<Candidate>& presented,
                     const std::function<std::optional<Failure>(const Path&)>& judge, Work& work);

// "certificate 2 (CN=...)"; for the peer's own "the certificate for HOST", or "the certificate of CN=..." without one.
std::string called(const Candidate& candidate, std::size_t place, std::string_view host);

}  // namespace postern::certs
