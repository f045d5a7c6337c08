// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reads tests/strictness/cases.json, and takes a connection's bytes through everything that judges them:
// head, Host, target, body, until they end. The end-to-end suite sends the same cases to a running gateway.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/message.h"
#include "gateway/http/verdict.h"

namespace postern::http {

inline constexpr std::string_view kTestHost = "postern.test";

struct StrictnessCase {
  std::string name;
  std::string clause;
  std::string raw;   // HOST and <...*N> replaced
  std::string code;  // of the refusal; empty: to be accepted
  // What an accepted one must come out as; empty where the case says nothing.
  std::string method;
  std::string target;
  bool has_body = false;
  std::string body;
  std::size_t requests = 1;
};

std::vector<StrictnessCase> read_strictness_cases();

struct Judged {
  Verdict verdict;
  std::size_t requests = 0;  // accepted to their end
  std::size_t left = 0;      // bytes that belong to no whole request
  // Of the first request.
  std::string method;
  std::string sent_target;
  std::string target;
  std::string fields;  // "name: value\n" each
  Framing framing;
  std::string body;

  bool operator==(const Judged& other) const;
};

// Feeds raw so that it arrives in pieces ending at cuts (offsets, rising), then whole.
Judged judge_bytes(std::string_view raw, const std::vector<std::size_t>& cuts);

}  // namespace postern::http
