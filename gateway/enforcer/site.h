// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What every exchange of this enforcer works with: references, owned by Enforcer, in one place.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "certs/verify.h"
#include "gateway/enforcer/access.h"
#include "gateway/enforcer/admission.h"
#include "gateway/enforcer/certificate_watch.h"
#include "gateway/enforcer/change_records.h"
#include "gateway/enforcer/component_pool.h"
#include "gateway/enforcer/cookie_jar.h"
#include "gateway/enforcer/credential_news.h"
#include "gateway/enforcer/held_documents.h"
#include "gateway/enforcer/inquirer.h"
#include "gateway/enforcer/known_secrets.h"
#include "gateway/enforcer/ledger_client.h"
#include "gateway/enforcer/recorder.h"
#include "gateway/enforcer/response_stream.h"
#include "gateway/enforcer/settings.h"
#include "gateway/enforcer/unrecorded.h"
#include "gateway/enforcer/waiting_room.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/ipc/shown_chains.h"
#include "gateway/loop/deadlines.h"
#include "gateway/loop/loop.h"

namespace postern::enforcer {

class Exchange;

// A client's connection as the terminator announced it.
struct Client {
  std::uint64_t id = 0;
  std::string text;     // "192.0.2.7:50123"
  std::string address;  // without the port
  std::string origin;   // that limits count it with (admission.h)
  std::string tls;
  std::string
      relay;  // that it came through, by the tunnel: text and address are what that relay claims; empty: it came itself
  ipc::ShownChains::Chain certificates = ipc::ShownChains::none();  // as claimed
  std::optional<certs::ClientIdentity> identity;  // judged here, when first needed, and when that is over
  std::string identity_fault;
  bool judged = false;
  bool asks = false;         // as certs::ClientAnswer, of when it was judged
  std::string last_session;  // that was used on it: a malformed request has no cookie to go by
  // The key of redaction that was made last (Exchange::redaction_key), from which one and for which session.
  struct MadeKey {
    std::string from, session, key;
  };
  MadeKey redaction;
  std::string proposal;       // whose call it carries (proposed_calls.h); empty: it is a client
  std::size_t exchanges = 0;  // that run on it; it lives as long as they do
  bool closed = false;
};

// The pages and the small API below /.postern/.
class Visit {
 public:
  virtual ~Visit() = default;
  virtual void serve(Exchange& exchange) = 0;
  virtual void open_by_certificate(Exchange& exchange, std::function<void(base::Status)> then) = 0;
};

struct Site {
  loop::Loop& loop;
  loop::Deadlines& deadlines;
  const std::shared_ptr<const Settings>& settings;
  Access& access;
  LedgerClient& ledger;
  Recorder& recorder;
  ComponentPool& pool;
  CredentialNews& credential_news;
  KnownSecrets& known_secrets;
  CookieJars& jars;
  WaitingRoom& waiting_room;
  ChangeRecords& changes;
  HeldDocuments& held_documents;
  Visit& visit;
  Admission& admission;
  Unrecorded& unrecorded;
  const std::optional<certs::ClientVerifier>& verifier;
  CertificateWatch& certificate_watch;
  Inquirer& inquirer;
  std::function<void(ipc::ExchangeFrame, std::uint64_t, std::string_view)> send;  // to the terminator
  // The exchange of that id if it still runs: what arrives late asks first.
  std::function<Exchange*(std::uint64_t)> find;
  ResponseStream::Making making = {};
  // More was sent to the terminator than the ring holds: nobody takes more of a body from the component meanwhile. It would
  // only wait in our memory, where the component's kernel would keep it as well.
  bool backed_up = false;
};

}  // namespace postern::enforcer
