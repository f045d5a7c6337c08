// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an answer's status and fields must say together (RFC 9112 sections 6.3 and 9; RFC 9110 section 15), in whichever
// version of HTTP it came. docs/HTTP.md names each tolerance that real servers need.
#pragma once

#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

// What a Refused of this folder says of an answer: whose fault it is.
constexpr Verdict wrong_answer(std::string_view sentence) {
  return refused(base::Refusal::ComponentMalformed, sentence);
}

// Judges status, version and fields as they stand in head, and fills in body, declared_size and keep_alive, whatever
// they were before. Changes no field. method: of the request that is answered; it decides whether a body follows.
// upgrade: a WebSocket was asked for, and 101 may be the answer; otherwise that is refused.
Verdict judge_response(ResponseHead& head, Method method, bool upgrade);

}  // namespace postern::http
