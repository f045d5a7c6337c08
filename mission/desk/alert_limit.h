// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// How many alerts an installation may have. What it tells is its own to choose, names included: were each an alert, one hostile
// installation would bury the others' and fill the store. So of a rule kMostAlerts stand for themselves, and one more says how many
// others there are. What Mission Control itself noticed always stands for itself: nobody pushes it out by telling more. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "mission/store/alerts.h"

namespace postern::mission {

inline constexpr std::size_t kMostAlerts = 32;            // open, of a rule and an installation
inline constexpr std::string_view kOtherAlerts = "more";  // the subject of the one that stands for the others

// What is open keeps its place, also while it is gone and not over yet; then what is severe. open: in the order of their numbers.
std::vector<Finding> within_limit(std::vector<Finding> found, const std::vector<Alert>& open);

}  // namespace postern::mission
