// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// An exchange that reached a limit, refusals that are not recorded one by one, and what counts towards the bytes that a
// session may receive.
#include "gateway/enforcer/exchange.h"

namespace postern::enforcer {
namespace {

// Whose limit it is: refusals of one kind.
std::string_view scope_of(Limit limit, const Client& client, std::string_view engineer,
                          std::string_view session) {
  switch (limit) {
    case Limit::ExchangesPerEngineer:
    case Limit::RequestsPerEngineer:
      return engineer;
    case Limit::ExchangesPerSession:
    case Limit::RequestsPerSession:
      return session;
    case Limit::ExchangesPerAddress:
    case Limit::RequestsPerAddress:
    case Limit::SignIns:
      return client.origin;
    case Limit::Refusals:
      return session.empty() ? std::string_view(client.origin) : session;
    default:
      return {};
  }
}

}  // namespace

void Exchange::refuse(const Reached& reached) {
  reached_ = reached;
  const bool ours = reached.limit == Limit::Exchanges || reached.limit == Limit::Memory;
  refuse(ours ? base::Refusal::Overloaded : base::Refusal::LimitReached,
         "the limit " + std::string(to_text(reached.limit)) + " was reached");
}

void Exchange::record_refusal(const Refused& event) {
  event_id_ = site_.recorder.next_id();
  Limit limit = reached_.limit;
  // What its session's limits let come is recorded, always; what is refused before they are looked at, as of an address.
  const base::Nanos now = site_.loop.now();
  if (limit == Limit::None && of_session_.use() == nullptr &&
      !(session_.empty() ? site_.admission.may_record(client_.origin, now)
                         : site_.admission.may_record_of_session(session_, now)))
    limit = Limit::Refusals;
  if (limit != Limit::None) {
    std::string first = site_.unrecorded.count(limit, scope_of(limit, client_, engineer_, session_),
                                               {client_.address, engineer_, session_}, event_id_);
    if (!first.empty()) {
      event_id_ = std::move(first);
      return;
    }
  }
  site_.recorder.refused(event_id_, event);
}

void Exchange::limit_response() {
  const policy::Lasting rule = rules().response;
  silence_is_ruled_ = rule.max_idle != 0;
  silence_ = silence_is_ruled_ ? rule.max_idle * 1000 : settings_->component_idle;
  deadline_.set(silence_);
  if (rule.max_time != 0) lifetime_.set(rule.max_time * 1000);
}

// Broken off, not ended: in order would mean that the client has all of it.
void Exchange::cut_at_limit() {
  cut_code_ = base::Refusal::LimitReached;
  cut(ipc::CutReason::Limit);
}

// The ledger hears of it while it comes: a budget that were looked at only when an exchange ends would let through
// whatever one exchange brings.
void Exchange::received(std::size_t bytes) {
  Admission::Use* use = of_session_.use();
  if (settings_->tell_bytes == 0 || use == nullptr) return;
  received_ += bytes;
  use->receiving += bytes;
  if (use->receiving < use->told + settings_->tell_bytes) return;
  use->told = use->receiving;
  site_.ledger.receiving({session_, use->told});
}

void Exchange::tell_received_again() {
  const Admission::Use* use = of_session_.use();
  if (use != nullptr && use->told > 0) site_.ledger.receiving({session_, use->told});
}

// It ends: what it received is counted by its event from now on. The ledger must not count it twice, so it hears this
// first.
void Exchange::tell_received() {
  Admission::Use* use = of_session_.use();
  if (use == nullptr || received_ == 0) return;
  use->receiving -= received_;
  received_ = 0;
  if (use->told <= use->receiving) return;
  use->told = use->receiving;
  site_.ledger.receiving({session_, use->told});
}

}  // namespace postern::enforcer
