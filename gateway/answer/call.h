// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One request and one answer, whatever they travel over (a listener's exchange channel or the control socket). Handlers
// see these and nothing of HTTP's wire.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "accounts/account.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/refusal.h"
#include "gateway/http/fields.h"
#include "gateway/http/message.h"
#include "gateway/http/target.h"

namespace postern::answer {

inline constexpr std::size_t kRequestBodyLimit = 1U << 20U;  // bytes; beyond: 413

using accounts::Rank;

// Who asks. On the control socket the kernel says who (SO_PEERCRED) and the socket's owner and mode have
// decided whether they may: whoever can connect is an admin, named "uid-0". On the listener it is the session
// behind the cookie.
struct Identity {
  std::string name;
  Rank rank = Rank::Auditor;
  std::string session;  // key of the sign-in, empty on the control socket
  base::Micros since = 0;
  base::Nanos proved = 0;    // when they last proved who they are (face/gate.h)
  bool two_factors = false;  // and whether with more than a password
  // Of the API token that stands for the sign-in: its id, its name, its scopes; else empty.
  std::string token = {};
  std::string token_name = {};
  std::vector<std::string> scopes = {};

  std::string full_name() const { return name + (token.empty() ? "" : "/" + token_name); }
  std::string actor() const { return "admin:" + full_name(); }
};

const std::shared_ptr<const std::vector<std::string>>& no_certificates();

// A resource, shared by whoever still works on it. Everything in it was parsed and judged anew by the face it
// came through.
struct Call {
  http::Method method = http::Method::Get;
  http::CanonicalTarget target;
  http::Fields fields;
  std::string body;    // at most kRequestBodyLimit
  std::string client;  // "192.0.2.7:50123"; "uid 0" on the control socket
  // The client's certificates in DER, its own first, as its terminator saw them: to be judged again. Never null.
  std::shared_ptr<const std::vector<std::string>> certificates = no_certificates();
  bool local = false;  // came over the control socket
  bool left = false;   // the client went before it was answered: what waits on its behalf need not
  Identity identity;   // of the control socket's peer; of the cookie once the face has looked
  std::vector<std::string> captures;  // of the route's {parameters}, decoded, in order

  std::string parameter(std::string_view name) const;  // of the query; empty if missing or doubled
};
using CallPtr = std::shared_ptr<const Call>;

// The body of an answer that is made while it is sent. Pulled: what the client does not take is not made.
class Source {
 public:
  enum class State {
    More,     // call again when there is room
    Waiting,  // nothing now; wake() will be called
    Done,
    Failed,  // the answer cannot be completed: the connection is broken off, so that nobody takes a part for
             // the whole
  };
  virtual ~Source() = default;
  // Appends at most about `most` bytes to out (a single item may exceed it).
  virtual State read(std::string& out, std::size_t most) = 0;
  // For sources that wait. Called once, before the first read. wake only notes that there is something: it
  // never reads or destroys the source from inside the call.
  virtual void on_ready(std::function<void()> wake) { (void)wake; }
};

// What the client of a conversation (Answerer::converses) still says once it is answered. One that is destroyed before end()
// has a client that is gone.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(
      std::string_view piece) = 0;  // ipc::kInitialCredit bytes that were not given back, at most
  virtual void end() = 0;
  // give_back: so many bytes more may come. Called once, before the first take.
  virtual void on_begun(std::function<void(std::size_t)> give_back) = 0;
};

struct Response {
  int status = 200;
  std::string content_type;                                 // empty: there is no body
  std::vector<std::pair<std::string, std::string>> fields;  // beyond what every answer carries
  std::string body;
  std::string_view constant;       // instead of body: bytes that live as long as the process
  std::unique_ptr<Source> source;  // instead of both
  std::unique_ptr<Sink> sink;      // beside a source: it is a conversation, and its client goes on
  bool close = false;              // the connection ends with this answer

  std::string_view bytes() const { return constant.empty() ? std::string_view(body) : constant; }
};

// Called exactly once, on the loop's thread, now or later. If the client has gone meanwhile the answer is
// dropped.
using Reply = std::function<void(Response)>;

Response json_response(const base::Json& json, int status = 200);
Response no_content();
// RFC 9457. code: of base/refusal.h, or one of the answerer's own.
Response problem(int status, std::string_view code, std::string_view title, std::string_view detail = {});
Response problem(base::Refusal refusal, std::string_view detail = {});

}  // namespace postern::answer
