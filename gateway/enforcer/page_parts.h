// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Parts that the sources of the engineers' pages share (pages.h). Each writes outside text as text.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "gateway/enforcer/html.h"
#include "gateway/enforcer/pages.h"

namespace postern::enforcer {

// What a command was refused with is told as a clause; here it stands alone. Nothing if it is empty.
void write_trouble(Html& html, std::string_view message);
// "2026-03-01 08:09 UTC"; visit.js turns it into the reader's zone and keeps this for hovering.
void write_time(Html& html, base::Micros time);
// What is left until end, rounded to what people read; visit.js counts it down.
void write_left(Html& html, base::Micros now, base::Micros end);

// Of the home page: what was asked for, what was approved, and the form to ask.
void write_requests(Html& html, const std::vector<RequestView>& requests);
void write_grants(Html& html, const HomeView& view);
void write_request_form(Html& html, const HomeView& view);

}  // namespace postern::enforcer
