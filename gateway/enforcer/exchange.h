// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One exchange, from the head that a terminator hands over to the event that sums it up: validated again,
// judged, recorded, forwarded, answered. The terminator is not believed: what it parsed is parsed into values
// again by the same rules, and whoever is asking is found by cookie or certificate here.
//
//   Waiting      on its way in, below
//   Forwarding   a component connection is ours
//   Answering    the answer is our own: a refusal, or something below /.postern/
//   Finishing    nothing more will be sent; ExchangeDone is awaited
//
// The way in, each step from the one before; every step may refuse instead. What it waits for stands in brackets: an admin, the
// record and a connection until deadline_, the others end by themselves.
//
//   on_request_head -> identify              [a responder's word on the certificate; the opening of a session by it]
//                   -> judge                 -> Answering, below /.postern/
//                   -> wait_for_admin        [the body to be whole; an admin] -> on_admin; only where the operation or a budget says so
//                   -> choose_node
//                   -> read_before           [the document that the call changes]; only where the policy names one
//                   -> record                [a change: its record to be durable]
//                   -> connect               [a connection, or a stream of one]
//                   -> forward               -> Forwarding
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/recycled.h"
#include "gateway/enforcer/access.h"
#include "gateway/enforcer/admission.h"
#include "gateway/enforcer/component_carrier.h"
#include "gateway/enforcer/conversation.h"
#include "gateway/enforcer/operation_rules.h"
#include "gateway/enforcer/request_stream.h"
#include "gateway/enforcer/response_stream.h"
#include "gateway/enforcer/rewrite.h"
#include "gateway/enforcer/screen.h"
#include "gateway/enforcer/site.h"
#include "gateway/http/message.h"
#include "gateway/http/ws_handshake.h"
#include "gateway/ipc/exchange_protocol.h"
#include "gateway/loop/deadlines.h"

namespace postern::enforcer {

// Of a call that an admin lets pass: short enough to be read whole, and to stand in its event.
inline constexpr std::size_t kMostHeldBody = 32U << 10U;
inline constexpr std::string_view kHeldBodyTooLong =
    "a call that an administrator lets pass may have a body of 32 KiB at most, so that it can be read whole";

class Exchange final : public ComponentUser, public loop::Disposable, public base::Recycled<Exchange> {
 public:
  // serial: unlike id, never given twice in this process.
  Exchange(Site& site, Client& client, std::uint64_t id, std::uint64_t serial);
  ~Exchange() override;

  std::uint64_t id() const { return id_; }
  std::uint64_t serial() const { return serial_; }
  bool answered() const { return response_.begun() || phase_ == Phase::Finishing; }
  std::uint64_t client_id() const { return client_.id; }
  const std::string& session() const { return session_; }

  // Frames; false if the terminator broke the protocol.
  [[nodiscard]] bool on_request_head(const ipc::RequestHead& wire);
  [[nodiscard]] bool on_request_body(std::string_view piece);
  [[nodiscard]] bool on_request_end(const std::vector<ipc::WireField>& trailers);
  void on_request_refused(const ipc::RequestRefused& wire);
  [[nodiscard]] bool on_response_credit(std::uint32_t bytes);
  void on_room();  // what it sends finds room again (Site::backed_up)
  void on_client_gone();
  [[nodiscard]] bool on_done(const ipc::ExchangeDone& done);

  // Permissions have changed: is what runs here still allowed? If not, it is cut, and counts for that change
  // until it is done.
  bool review(const ipc::Change& change);
  // It has not ended, and the component's answer to it comes, or is to come, from there.
  bool is_on(int node) const { return node_ == node && recorded_ && phase_ != Phase::Finishing; }
  // The node is being updated, and this has had its time.
  void cut_from_node();
  bool was_cut() const { return cut_code_ != base::Refusal::None; }
  std::uint64_t cut_version() const { return cut_version_; }
  base::Nanos cut_took() const { return cut_took_; }
  void on_terminator_gone();
  void tell_received_again();  // to a ledger that was restarted
  void note_activity();        // what runs keeps its session from going idle

  // Of a call of our own (proposed_calls.h), when it has ended.
  struct Came {
    bool sent = false, answered = false;  // by the component
    int status = 0;
    base::Refusal failure = base::Refusal::None;
    std::string forwarded;  // id of its exchange.forwarded; empty: there is none
  };
  Came came() const;

  // For the pages below /.postern/.
  const http::RequestHead& head() const { return head_; }
  const http::CanonicalTarget& target() const { return target_; }
  std::string_view body() const { return request_.waiting(); }
  const SessionView* session_view() const;
  Client& client() { return client_; }
  void use_session(const std::string& id);  // this exchange and, for what cannot be read, its connection
  // What Postern-Event of our own answer says: the event that the exchange made, otherwise the opening of the
  // session. Empty: there is no event that the answer is about.
  std::string event_id() const;
  void made_event(const std::string& id) { event_id_ = id; }
  void answer(int status, http::Fields fields, std::string body);
  void refuse(base::Refusal refusal, std::string_view why);
  void refuse(const Reached& reached);

  // ComponentUser
  void on_component_head(const http::ResponseHead& head) override;
  std::size_t component_room() const override;
  void on_component_body(std::string_view piece) override;
  void on_component_end(const http::Fields& trailers) override;
  void on_component_failed(base::Refusal refusal, std::string_view why, Loss loss) override;
  void on_component_drained() override;

 private:
  enum class Phase { Waiting, Forwarding, Answering, Finishing };

  // --- Its way in (exchange.cc)

  void identify();
  bool certificate_waits();
  Call call() const;
  void judge();
  bool find_node();
  void choose_node();
  std::string why_refused(const policy::Question& question) const;
  void record();
  void connect(bool fresh);
  void not_connected(const base::Error& why);
  void forward(ComponentCarrier& connection);
  void pass_body();
  void on_deadline();

  // --- What comes before it is forwarded: an admin's word, the document that it changes (exchange_before.cc)

  const policy::Operation& operation() const;
  OperationRules rules() const;
  bool operation_waits() const;
  bool budget_waits() const;
  void wait_for_admin();
  void ask_admin();
  void on_admin(const HoldAnswer& answer);
  base::Refusal refused_now();
  bool fits_now(const policy::Decision& now);
  bool review_waiting();
  std::string before_target() const;
  ChangeContext change_context() const;
  void read_before();

  // --- The answer, the component's or ours (exchange_answer.cc)

  std::string nearest() const;
  const policy::Capability* decided_by() const;
  void finish_if_ended();
  std::shared_ptr<const redact::Rules> redaction_rules() const;
  const std::string& redaction_key() const;  // of the session: the same value has the same token in all of it
  http::Fields rewritten(const http::Fields& theirs);
  bool judge_credential(int status);
  void tell_of_credential(bool accepted, std::string_view why);
  CookieJars::Owner jar() const;
  void keep_cookies(const http::Fields& theirs);
  void pass_screened();

  // --- Limits and budgets (exchange_limits.cc)

  void record_refusal(const Refused& event);
  void limit_response();
  void cut_at_limit();
  void received(std::size_t bytes);
  void tell_received();

  // --- A WebSocket (exchange_websocket.cc)

  bool wants_websocket() const { return head_.body.kind == http::BodyKind::WebSocket; }
  bool agree_on_websocket();
  void ask_for_websocket(http::Fields& fields);
  bool judge_websocket(const http::ResponseHead& head);
  void open_websocket(const http::ResponseHead& head);
  void converse();
  void finish_websocket();
  void break_websocket(base::Refusal refusal, const http::WsVerdict& verdict);
  void on_websocket_failed(base::Refusal refusal, std::string_view why);
  void on_websocket_silent();
  void on_lifetime();

  // --- Its end: cut, or complete (exchange_end.cc)

  void release_component();
  void cut(ipc::CutReason reason);
  bool may_be_cut() const;
  std::string_view outcome(const ipc::ExchangeDone& done) const;
  bool can_be(const ipc::ExchangeDone& done) const;
  void complete(const ipc::ExchangeDone& done);

  Site& site_;
  Client& client_;
  std::uint64_t id_;
  std::uint64_t serial_;
  std::shared_ptr<const Settings> settings_;  // as they were when it began: service_ points into them
  Phase phase_ = Phase::Waiting;
  base::Nanos began_;
  std::uint8_t minor_ = 1;
  bool head_read_ = false;  // by us as well: what head_ holds can be said
  http::RequestHead head_;
  http::CanonicalTarget target_;
  std::string session_, engineer_;
  policy::Decision decision_;
  std::shared_ptr<const policy::Policy> policy_;  // the one that decided: its names stand in the events
  std::shared_ptr<const policy::Acceptance> acceptance_;  // that decided with it; nullptr: nothing waits
  std::shared_ptr<const policy::Redaction> redaction_;    // of whoever decided
  std::uint64_t redaction_version_ = 0;                   // of Access, then
  const Service* service_ = nullptr;
  int node_ = -1;
  const Credential* credential_ = nullptr;  // that is added for the component; of service_
  std::string event_id_;
  bool awaits_record_ = false;  // a change whose record is not durable yet
  bool completed_ = false;      // it was sent, and its end is recorded
  bool held_ = false;           // waits for an admin, or for its body to be whole before it does
  bool recorded_ = false;
  ComponentCarrier* component_ = nullptr;
  bool retried_ = false;
  std::string_view protocol_;  // of the component
  bool component_head_ = false;
  base::Nanos sent_at_ = 0, head_at_ = 0;
  int status_ = 0;
  base::Refusal failure_ = base::Refusal::None;
  RequestStream request_;
  bool body_wanted_here_ = false;   // below /.postern/: gathered, then handled
  std::unique_ptr<Screen> screen_;  // from the component's first head on
  ResponseStream response_;
  http::WebSocketAsked asked_;                // of the component
  http::WebSocketAgreed agreed_;              // with the component
  std::optional<Conversation> conversation_;  // from 101 on
  // Cut
  std::uint64_t cut_version_ = 0;
  base::Nanos cut_commanded_ = -1;
  base::Nanos cut_took_ = 0;
  // Also of what is cut because it lasted too long: then there is no version, and nobody commanded it.
  base::Refusal cut_code_ = base::Refusal::None;
  bool cut_late_ = false;  // all of the response had been handed to the terminator: it may be too late
  bool client_gone_ = false;
  // Limits
  Admission::Place of_address_, of_engineer_, of_session_;
  Reached reached_;  // why it is refused, if a limit is
  std::uint64_t received_ =
      0;  // bytes of the component's answer that count for the session and stand in no event yet
  base::Nanos silence_ = 0;        // of the component, between two pieces of its answer
  bool silence_is_ruled_ = false;  // by the operation
  loop::Deadline lifetime_;        // of a WebSocket, or of an answer
  loop::Deadline deadline_;
};

}  // namespace postern::enforcer
