// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an enforcer is told about the component and its limits. Read from the part of the configuration that
// the supervisor sends; see gateway/supervisor/parts.h for the JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "gateway/http/authority.h"
#include "gateway/http/h1_request.h"

namespace postern::enforcer {

struct HealthCheck {
  std::string path;  // empty: this node is not asked
  base::Nanos interval = 5 * base::kSecond;
  base::Nanos timeout = 2 * base::kSecond;
  int status_from = 200, status_to = 399;
};

struct Node {
  std::uint32_t id = 0;  // what the supervisor is asked to connect to
  std::string service, url;
  bool https = false;
  std::string name;       // that its certificate must be for
  std::string authority;  // what is sent as Host
  std::string roots_pem;  // trusted for it; empty for plain HTTP
  HealthCheck health;
};

struct Service {
  std::string name;
  std::string path;  // "/prometheus/", or "/": requests below it go here; the longest wins
  std::vector<Node> nodes;
  std::vector<std::string> strip_request,
      strip_response;  // fields that this site keeps to itself, lower case
};

struct Settings {
  std::uint32_t index = 0;
  bool checks_health = false;  // one enforcer asks for all
  std::vector<Service> services;
  std::vector<http::Authority> names;  // under which engineers reach us
  std::string support_authority_pem;   // roots of engineers' certificates; may be empty
  http::HeadLimits head;
  std::uint64_t request_body = 64ULL << 20U;  // bytes
  std::size_t query = 8192;
  base::Nanos connect = 5 * base::kSecond;
  base::Nanos response_head = 60 * base::kSecond;    // from the request's last byte to the response's head
  base::Nanos component_idle = 120 * base::kSecond;  // between two pieces of a response

  // The service whose path is the longest that the request's lies below; nullptr if there is none.
  const Service* service_at(std::string_view path) const;

  static base::Result<Settings> read(const base::Json& part, std::uint32_t index);
};

}  // namespace postern::enforcer
