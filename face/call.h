// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What the functions of a face see of a request and its answer: the words of gateway/answer/call.h.
#pragma once

#include "gateway/answer/call.h"

namespace postern::face {

using accounts::Rank;
using answer::Call;
using answer::CallPtr;
using answer::Identity;
using answer::json_response;
using answer::no_content;
using answer::problem;
using answer::Reply;
using answer::Response;
using answer::Source;

}  // namespace postern::face
