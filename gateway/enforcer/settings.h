// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an enforcer is told about the component and its limits. Read from the part of the configuration that
// the supervisor sends; see gateway/supervisor/parts.h for the JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "certs/verify.h"
#include "gateway/enforcer/admission.h"
#include "gateway/http/authority.h"
#include "gateway/http/h1_request.h"
#include "measure/reading.h"

namespace postern::enforcer {

struct HealthCheck {
  std::string path;  // empty: this node is not asked
  base::Nanos interval = 5 * base::kSecond;
  base::Nanos timeout = 2 * base::kSecond;
  int status_from = 200, status_to = 399;
};

// What nodes are shown to let a request in: a header field, whose value is in locked memory and leaves it only for the
// head of a request that is being written; or a certificate, whose key is the keeper's alone.
struct Credential {
  std::string role;   // of the component, whose sessions use it; empty: those of every other role
  std::string field;  // lower case; empty: it is a certificate
  base::Secret value;
  // What of it is taken out of responses and out of the log, wherever it stands: the token, the password and its pair in
  // base64, the field's value. A short one would be found where it is not meant, and is left alone (redact/rules.h).
  std::vector<std::shared_ptr<const base::Secret>> literals;
  std::string certificate_pem;  // the leaf, then its intermediates; empty: it is a field
  bool is_certificate() const { return !certificate_pem.empty(); }
  std::string_view which() const { return role.empty() ? std::string_view("service") : role; }  // for events
};

// Whether a node is spoken to in HTTP/2: where it offers it in the TLS handshake, never, or without being asked.
enum class Http2 : std::uint8_t { Auto, Off, PriorKnowledge };

struct Node {
  std::uint32_t id = 0;  // what the supervisor is asked to connect to
  std::string service, url;
  bool https = false;
  std::string name;          // that its certificate must be for
  std::string authority;     // what is sent as Host
  std::string host;          // of the authority, without its port, lower case: whose cookies are set
  Http2 http2 = Http2::Off;  // Auto: https nodes only. PriorKnowledge: http nodes only
  bool private_way = false;  // TLS, or this machine: what is sent there nobody else reads
  std::string roots_pem;     // trusted for it; empty for plain HTTP
  HealthCheck health;
  std::shared_ptr<const Credential> health_credential;  // the least of its service's; may be none
};

struct Service {
  std::string name;
  std::string path;  // "/prometheus/", or "/": requests below it go here; the longest wins
  std::vector<Node> nodes;
  std::vector<std::string> strip_request,
      strip_response;  // fields that this site keeps to itself, lower case; those of credentials are among them
  std::vector<std::shared_ptr<const Credential>> credentials;
  std::string crls;  // lists of revoked certificates, in PEM; empty: there are none
  certs::Revocation revocation = certs::Revocation::Soft;
  bool asks = false;  // what nothing is known about (inquirer.h)

  // nullptr: sessions of that role are sent on without one.
  const Credential* credential_for(std::string_view role) const;
  std::shared_ptr<const Credential> least_credential() const;  // for what nobody asked for; may be none
};

// What a request for access must say, for the page that asks; the ledger judges it.
struct RequestHints {
  std::vector<std::string> reasons;
  std::string ticket_pattern, ticket_hint;
  bool ticket_required = false;
  base::Micros longest_grant = 7LL * 86400 * base::kWallSecond;
};

// What the nodes of a service are asked for (readings.h).
struct ReadingSource {
  std::string path;
  bool json = false;  // or metrics
  std::vector<measure::Wanted> values;
};
struct ReadingSettings {
  base::Nanos every = 0;  // 0: this enforcer does not ask
  base::Nanos timeout = 5 * base::kSecond;
  std::map<std::string, std::vector<ReadingSource>> services;
};

// A call of the component's API that is a step of an update of it (node_tasks.h).
struct UpdateCall {
  http::Method method = http::Method::Post;
  std::string path, body, type, role;
  int status_from = 200, status_to = 299;
  base::Nanos limit = 30 * base::kSecond;
};
struct UpdateCalls {
  std::map<std::int64_t, UpdateCall> update, roll_back;  // by the number of the step
};

struct Settings {
  std::vector<std::shared_ptr<const base::Secret>> literals() const;  // of all credentials
  std::uint32_t index = 0;
  bool checks_health = false;                  // one enforcer asks for all
  ReadingSettings readings;                    // the same one
  std::map<std::string, UpdateCalls> updates;  // by service
  // list: "update" or "roll-back". nullptr: that step is no call.
  const UpdateCall* update_call(const std::string& service, std::string_view list, std::int64_t step) const;
  std::vector<Service> services;
  std::vector<http::Authority> names;  // under which engineers reach us
  RequestHints requests;
  bool openid = false;           // engineers may sign in by an identity provider
  certs::ClientTrust engineers;  // whose certificates are believed; without roots nobody's
  bool asks = false;             // of those about which nothing is known (inquirer.h)
  std::shared_ptr<const certs::Answers> answers = std::make_shared<const certs::Answers>();  // never nullptr
  base::Micros answers_wait = 3 * base::kWallSecond;
  http::HeadLimits head;
  // The same in every enforcer of a gateway, so that a session's tokens are the same whoever serves it.
  std::string redaction_key = base::random_bytes(base::KeyedHash::kKeySize);
  std::uint64_t request_body = 64ULL << 20U;  // bytes
  std::size_t query = 8192;
  AdmissionLimits admission;
  // The ledger is told of that many bytes of responses more of a session while they come, and not only at an exchange's
  // end. 0: it does not limit them.
  std::uint64_t tell_bytes = 0;
  base::Nanos connect = 5 * base::kSecond;
  base::Nanos response_head = 60 * base::kSecond;    // from the request's last byte to the response's head
  base::Nanos component_idle = 120 * base::kSecond;  // between two pieces of a response

  // The service whose path is the longest that the request's lies below; nullptr if there is none.
  const Service* service_at(std::string_view path) const;

  // "answers" of a part.
  static std::shared_ptr<const certs::Answers> read_answers(const base::Json& part);

  // file: gives up the descriptor of that name, which came with the part.
  using TakeFile = std::function<base::UniqueFd(std::string_view name)>;
  static base::Result<Settings> read(const base::Json& part, std::uint32_t index, const TakeFile& file);
};

}  // namespace postern::enforcer
