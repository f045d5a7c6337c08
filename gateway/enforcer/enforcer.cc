// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/enforcer/enforcer.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/client_address.h"
#include "base/log.h"
#include "base/network.h"
#include "gateway/http/chars.h"
#include "gateway/http/request_rules.h"
#include "gateway/ipc/figures.h"
#include "gateway/loop/dispose_later.h"

namespace postern::enforcer {
namespace {

constexpr std::size_t kLongestTls = 128, kLongestRelay = 253;

// They stand in events, in fields for the component and in the limits' books, as long as they are: an address with a port, names
// of OpenSSL's, a DNS name.
bool are_texts_of_a_connection(const ipc::ConnectionOpened& opened) {
  const auto is_text = [](std::string_view text, std::size_t most) {
    return text.size() <= most && http::classify_value(text) == http::ValueText::Ascii;
  };
  return base::is_client_address(opened.client) && is_text(opened.tls, kLongestTls) &&
         is_text(opened.relay, kLongestRelay);
}

// Whether the heap gave away more than so many bytes and did not get them back. To count them, the C library walks along
// every free piece, and who has read a large policy has very many: a fifth of all work, when it was done ten times a
// second. So it is done by those only who ever were that large.
bool uses_more_than(std::size_t bytes) {
  rusage own{};
  if (::getrusage(RUSAGE_SELF, &own) == 0 && static_cast<std::size_t>(own.ru_maxrss) <= bytes / 1024)
    return false;
  const struct mallinfo2 heap = ::mallinfo2();
  return heap.uordblks + heap.hblkhd > bytes;
}

}  // namespace

Enforcer::Enforcer(loop::Loop& loop, const base::Clock& clock, Connector connector, tls::RemoteSigner& signer,
                   Inquirer::Ask ask)
    : loop_(loop),
      deadlines_(loop),
      ledger_(loop, *this),
      recorder_(loop, ledger_),
      pool_(loop, clock, std::move(connector), signer, [this] { return ledger_.handed_over(); }),
      jars_([this](const ipc::Cookie& cookie) { ledger_.cookie(cookie); }),
      waiting_room_(ledger_),
      admission_(uses_more_than),
      certificate_watch_(loop, ledger_, access_, verifier_),
      inquirer_(loop, std::move(ask)),
      site_{loop,
            deadlines_,
            settings_,
            access_,
            ledger_,
            recorder_,
            pool_,
            credential_news_,
            known_secrets_,
            jars_,
            waiting_room_,
            changes_,
            held_documents_,
            visit_,
            admission_,
            unrecorded_,
            verifier_,
            certificate_watch_,
            inquirer_,
            [this](ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
              if (is_own(id)) return proposed_calls_.on_frame(type, id, payload);
              if (!channel_) return;
              channel_->send(type, id, payload);
              site_.backed_up = channel_->waiting() > 0;
            },
            [this](std::uint64_t id) -> Exchange* {
              const auto it = exchanges_.find(id);
              return it == exchanges_.end() ? nullptr : it->second.get();
            }},
      changes_(site_),
      held_documents_(site_),
      visit_(site_),
      health_(loop, pool_, recorder_),
      readings_(loop, pool_, ledger_),
      node_tasks_(loop, pool_,
                  {[this](std::uint64_t id, const base::Json& answer) { ledger_.node_task_done(id, answer); },
                   [this](int node) {
                     return static_cast<std::size_t>(
                         std::count_if(exchanges_.begin(), exchanges_.end(),
                                       [node](const auto& one) { return one.second->is_on(node); }));
                   },
                   [this](int node) { return cut_from(node); }}),
      proposed_calls_(site_, {[this](std::uint64_t task, const base::Json& answer) {
                                ledger_.node_task_done(task, answer);
                              },
                              [this](ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
                                return take_frame(type, id, payload);
                              },
                              [this](std::uint64_t id) -> Client* {
                                const auto it = clients_.find(id);
                                return it == clients_.end() ? nullptr : it->second.get();
                              }}),
      limits_timer_(loop, [this] { tell_limits(); }),
      room_hook_(loop.at_turn_end(loop::Stage::Send, [this] { return go_on_with_bodies(); })) {
  limits_timer_.start(Unrecorded::kWindow, Unrecorded::kWindow);
  pool_.ask_with(inquirer_);
}

Enforcer::~Enforcer() {
  exchanges_.clear();
  clients_.clear();
}

base::Status Enforcer::configure(Settings settings) {
  inquirer_.set_wait(settings.answers_wait);
  inquirer_.set_answers(settings.answers);
  if (!settings_ || settings_->engineers != settings.engineers) {
    if (base::Status status = set_trust(settings.engineers); !status.ok()) return status;
  }
  if (base::Status status = pool_.set_services(settings.services, settings.head); !status.ok()) return status;
  const bool new_answers = !settings_ || *settings_->answers != *settings.answers;
  settings_ = std::make_shared<const Settings>(std::move(settings));
  if (new_answers) judge_clients_again();
  health_.restart(settings_->checks_health);
  readings_.restart(settings_);
  node_tasks_.configure(settings_);
  return base::Ok{};
}

// Whoever is connected is judged anew at their next request, and what goes on meanwhile by the watch.
base::Status Enforcer::set_trust(const certs::ClientTrust& trust) {
  std::optional<certs::ClientVerifier> next;
  if (!trust.roots_pem.empty()) {
    auto verifier = certs::ClientVerifier::make(trust);
    if (!verifier.ok()) return std::move(verifier).error();
    next.emplace(std::move(*verifier));
  }
  verifier_ = std::move(next);
  judge_clients_again();
  return base::Ok{};
}

void Enforcer::judge_clients_again() {
  if (verifier_) verifier_->know(inquirer_.answers());
  for (const auto& [id, client] : clients_) {
    client->judged = false;
    client->identity.reset();
    client->identity_fault.clear();
  }
  certificate_watch_.judge_all();
}

// Connections to nodes that are open were made when their certificates were good: they are given up with the answers that
// say otherwise.
base::Status Enforcer::set_answers(std::shared_ptr<const certs::Answers> answers, bool revoked) {
  if (settings_ == nullptr) return base::fail(base::Code::Invalid, "answers came before the configuration");
  inquirer_.set_answers(answers);
  Settings next = *settings_;
  next.answers = inquirer_.answers();
  settings_ = std::make_shared<const Settings>(std::move(next));
  judge_clients_again();
  return revoked ? pool_.set_services(settings_->services, settings_->head) : base::Status(base::Ok{});
}

base::Status Enforcer::set_terminator(ipc::RingEnds ends) {
  auto channel = ipc::ExchangeChannel::open(
      loop_, std::move(ends), 1,
      [this](ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
        on_frame(type, id, payload);
      },
      [this](const base::Error& why) {
        const std::string said = why.message;
        terminator_gone(why);
        if (breach_) breach_(said);
      });
  if (!channel.ok()) return std::move(channel).error();
  terminator_gone(base::fail(base::Code::Closed, "it was restarted"));
  channel_ = std::move(*channel);
  site_.backed_up = false;
  last_exchange_ = 0;
  reviewed(0);  // nothing runs there yet
  return base::Ok{};
}

void Enforcer::set_ledger(base::UniqueFd socket) {
  node_tasks_.forget();
  ledger_.set_channel(std::move(socket));
}

// Its exchanges are over, as far as anybody can tell; what they did is recorded.
void Enforcer::terminator_gone(const base::Error& why) {
  if (!channel_) return;
  base::log_warning("the terminator's channel is gone: " + why.message);
  channel_->close();
  loop::dispose_later(loop_, std::move(channel_));
  std::vector<std::uint64_t> all;
  for (const auto& [id, exchange] : exchanges_) {
    if (!is_own(id)) all.push_back(id);
  }
  for (const std::uint64_t id : all) {
    exchanges_.at(id)->on_terminator_gone();
    end(id);
  }
  for (auto& [id, client] : clients_) {
    if (!is_own(id)) loop::dispose_later(loop_, std::move(client));
  }
  std::erase_if(clients_, [](const auto& one) { return !is_own(one.first); });
}

void Enforcer::drain(std::function<void()> done) {
  if (exchanges_.empty()) return done();
  drained_ = std::move(done);
}

// --- frames from the terminator

void Enforcer::on_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  if (is_own(id) || !take_frame(type, id, payload))
    channel_->breach("frame " + std::to_string(static_cast<int>(type)) + " does not fit");
}

bool Enforcer::take_frame(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  switch (type) {
    case ipc::ExchangeFrame::ConnectionOpened:
    case ipc::ExchangeFrame::ConnectionClosed:
      return take_connection(type, id, payload);
    case ipc::ExchangeFrame::RequestHead:
      return take_head(id, payload);
    case ipc::ExchangeFrame::RequestRefused:
      return take_refused(id, payload);
    case ipc::ExchangeFrame::ExchangeDone:
      return take_done(id, payload);
    case ipc::ExchangeFrame::ConnectionsRefused:
      return id == 0 && take_connections_refused(payload);
    default:
      break;
  }
  Exchange* exchange = site_.find(id);
  if (exchange == nullptr) return false;  // only the terminator ends exchanges, so it knows which are left
  switch (type) {
    case ipc::ExchangeFrame::RequestBody:
      return exchange->on_request_body(payload);
    case ipc::ExchangeFrame::RequestEnd: {
      std::vector<ipc::WireField> trailers;
      return ipc::decode_trailers(payload, trailers) && exchange->on_request_end(trailers);
    }
    case ipc::ExchangeFrame::ResponseCredit: {
      base::BinaryReader in(payload);
      const std::uint32_t bytes = in.u32();
      return in.done() && exchange->on_response_credit(bytes);
    }
    case ipc::ExchangeFrame::ClientGone:
      exchange->on_client_gone();
      return payload.empty();
    default:
      return false;
  }
}

bool Enforcer::take_connection(ipc::ExchangeFrame type, std::uint64_t id, std::string_view payload) {
  if (type == ipc::ExchangeFrame::ConnectionClosed) {
    const auto it = clients_.find(id);
    if (it == clients_.end()) return false;
    it->second->closed = true;
    forget_client(id);
    return true;
  }
  ipc::ConnectionOpened opened;
  if (!ipc::decode(payload, opened) || clients_.contains(id) || clients_.size() >= kMostClients) return false;
  if (!are_texts_of_a_connection(opened)) return false;
  auto client = std::make_unique<Client>();
  client->id = id;
  client->text = opened.client;
  client->address = opened.client.substr(0, opened.client.rfind(':'));
  client->relay = opened.relay;
  // Counted apart: what a relay says of addresses slows nobody who comes from there.
  client->origin = (client->relay.empty() ? "" : "relayed ") + base::origin_of(client->address);
  client->tls = opened.tls;
  client->certificates = shown_chains_.keep(opened.certificates);
  clients_.emplace(id, std::move(client));
  return true;
}

// Counted, and told at the end of the window: what a terminator says does not fill the log.
bool Enforcer::take_connections_refused(std::string_view payload) {
  ipc::ConnectionsRefused refused;
  if (!ipc::decode(payload, refused) || refused.count == 0 || !base::is_client_address(refused.client))
    return false;
  const std::string_view address = refused.client.substr(0, refused.client.rfind(':'));
  unrecorded_.add(refused.per_address ? Limit::ConnectionsPerAddress : Limit::Connections,
                  {std::string(address), {}, {}}, refused.count);
  return true;
}

Exchange* Enforcer::begin(std::uint64_t id, std::uint64_t connection) {
  const auto client = clients_.find(connection);
  const bool own = is_own(id);
  if (client == clients_.end() || client->second->closed || own != is_own(connection)) return nullptr;
  if ((!own && id <= last_exchange_) || client->second->exchanges >= ipc::kMostConcurrent) return nullptr;
  if (!own && exchanges_.size() >= kMostExchanges) return nullptr;
  if (!own) last_exchange_ = id;
  ++client->second->exchanges;
  auto exchange = std::make_unique<Exchange>(site_, *client->second, id, ++last_serial_);
  Exchange* begun = exchanges_.emplace(id, std::move(exchange)).first->second.get();
  ipc::level(ipc::Figure::ExchangesUnderWay, exchanges_.size());
  return begun;
}

bool Enforcer::take_head(std::uint64_t id, std::string_view payload) {
  if (!ipc::decode(payload, request_head_)) return false;
  Exchange* exchange = begin(id, request_head_.connection);
  return exchange != nullptr && exchange->on_request_head(request_head_);
}

bool Enforcer::take_refused(std::uint64_t id, std::string_view payload) {
  ipc::RequestRefused refused;
  if (!ipc::decode(payload, refused) || refused.excerpt.size() > ipc::kMostExcerpt) return false;
  Exchange* exchange = site_.find(id);
  if (exchange == nullptr) exchange = begin(id, refused.connection);
  if (exchange == nullptr) return false;
  exchange->on_request_refused(refused);
  return true;
}

bool Enforcer::take_done(std::uint64_t id, std::string_view payload) {
  ipc::ExchangeDone done;
  Exchange* exchange = site_.find(id);
  if (exchange == nullptr || !ipc::decode(payload, done) || !exchange->on_done(done)) return false;
  end(id);
  return true;
}

void Enforcer::end(std::uint64_t id) {
  auto exchange = exchanges_.extract(id);
  if (exchange.empty()) return;
  ipc::level(ipc::Figure::ExchangesUnderWay, exchanges_.size());
  const std::uint64_t client = exchange.mapped()->client_id();
  const std::uint64_t version = exchange.mapped()->cut_version();
  if (version != 0) {
    Cutting& cutting = cutting_[version];
    cutting.slowest = std::max(cutting.slowest, exchange.mapped()->cut_took());
    if (cutting.under_way > 0) --cutting.under_way;
  }
  if (const auto it = clients_.find(client); it != clients_.end()) --it->second->exchanges;
  // Its callbacks may be on the stack; it is destroyed after the turn, but is out of reach from now on.
  loop_.dispose(std::move(exchange.mapped()));
  forget_client(client);
  if (version != 0) finish_cutting(version);
  if (drained_ && exchanges_.empty()) std::exchange(drained_, nullptr)();
}

// A connection is forgotten when it is closed and its exchange has ended: until then the exchange refers to
// it.
void Enforcer::forget_client(std::uint64_t id) {
  const auto it = clients_.find(id);
  if (it == clients_.end() || !it->second->closed || it->second->exchanges > 0) return;
  auto client = std::move(it->second);
  clients_.erase(it);
  loop::dispose_later(loop_, std::move(client));
}

// --- the ledger's word

void Enforcer::on_state(const ipc::StateSnapshot& told, const base::Json& state) {
  auto folded = state::State::from_json(state);
  if (!folded.ok()) {
    base::log_error("the ledger's state cannot be read: " + folded.error().message);
    return;
  }
  access_.set_state(std::move(*folded));
  look_at_rotation();
  jars_.keep([this](std::string_view session) { return access_.find(session) != nullptr; });
  waiting_room_.on_state(access_.state(), settings_->index);
  for (const auto& [id, exchange] : exchanges_) exchange->tell_received_again();
  // After a gap anything may have changed.
  review({told.version, loop_.now(), false, {}});
  reviewed(told.stop);
}

void Enforcer::on_change(const ipc::Change& change, const base::Json& event) {
  // The terminators were rung before this was told, and are silent for certain once they have run.
  if (change.stop != 0) loop_.give_way();
  if (base::json_text_or(event, "type", "") == "session.ended")
    jars_.end(base::json_text_or(event, "session", ""));
  const bool of_update = state::concerns_rolling(base::json_text_or(event, "type", ""));
  if (access_.apply(event) && !of_update)
    review(change);
  else if (change.wants_applied)
    ledger_.applied({change.version, 0, 0});
  if (of_update) look_at_rotation();
  reviewed(change.stop);
  waiting_room_.on_change(event);
}

void Enforcer::on_policy(std::string_view text, const std::string* accepted) {
  policy::ParsedPolicy parsed = policy::parse_policy(text);
  if (parsed.policy == nullptr) {
    base::log_error("the ledger sent a policy that cannot be read; the one in force stays");
    return;
  }
  const bool waits = accepted != nullptr || access_.acceptance() != nullptr;
  if (access_.ready() && access_.policy().hash() == parsed.policy->hash() && !waits) return;
  std::shared_ptr<const policy::Acceptance> acceptance;
  if (accepted != nullptr)
    acceptance =
        std::make_shared<const policy::Acceptance>(parsed.policy, policy::parse_policy(*accepted).policy);
  access_.set_policy(std::move(parsed.policy), std::move(acceptance));
  review({0, loop_.now(), false, {}});
}

void Enforcer::on_cookie(const ipc::Cookie& cookie) {
  if (access_.find(cookie.session) != nullptr) jars_.merge(cookie, loop_.wall());
}

void Enforcer::on_jars_wanted() { jars_.tell_all(); }

void Enforcer::on_node_task(const ipc::NodeTask& task) {
  if (!proposed_calls_.take(task)) node_tasks_.take(task);
}

// Which nodes get nothing new, because they are being updated.
void Enforcer::look_at_rotation() {
  pool_.set_out([this](std::string_view service, std::string_view url) {
    const auto& rolling = access_.state().rolling();
    return rolling && rolling->is_out(service, url);
  });
}

std::size_t Enforcer::cut_from(int node) {
  std::vector<Exchange*> all;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange->is_on(node)) all.push_back(exchange.get());
  }
  for (Exchange* exchange : all) exchange->cut_from_node();
  return all.size();
}

void Enforcer::on_activity_due() {
  for (const auto& [id, exchange] : exchanges_) exchange->note_activity();
}

// The ring has room again: what was kept from the component's bodies is taken.
bool Enforcer::go_on_with_bodies() {
  if (!site_.backed_up || !channel_ || channel_->waiting() > 0) return false;
  site_.backed_up = false;
  std::vector<Exchange*> all;
  all.reserve(exchanges_.size());
  for (const auto& [id, exchange] : exchanges_) all.push_back(exchange.get());
  for (Exchange* exchange : all) exchange->on_room();
  return true;
}

void Enforcer::review(const ipc::Change& change) {
  // Version 0 is no version: cuts of a new policy count under a number that no change has.
  ipc::Change numbered = change;
  if (numbered.version == 0) numbered.version = ~std::uint64_t{0};
  std::vector<Exchange*> all;
  all.reserve(exchanges_.size());
  for (const auto& [id, exchange] : exchanges_) all.push_back(exchange.get());
  std::uint32_t cut = 0;
  for (Exchange* exchange : all) cut += exchange->review(numbered) ? 1 : 0;
  Cutting& cutting = cutting_[numbered.version];
  cutting.under_way += cut;
  cutting.cut += cut;
  cutting.wanted = change.wants_applied;
  finish_cutting(numbered.version);
}

// Behind all cuts, so that whoever is told has had them.
void Enforcer::reviewed(std::uint64_t stop) {
  reviewed_ = std::max(reviewed_, stop);
  if (!channel_ || reviewed_ == 0) return;
  base::BinaryWriter out;
  out.u64(reviewed_);
  channel_->send(ipc::ExchangeFrame::Reviewed, 0, out.bytes());
}

void Enforcer::tell_limits() {
  for (const Unrecorded::Counted& one : unrecorded_.take()) {
    recorder_.limited({to_text(one.limit), one.who.client, one.who.engineer, one.who.session, one.first,
                       one.count, Unrecorded::kWindow});
  }
  admission_.forget_idle(loop_.now());
  certificate_watch_.look();
}

void Enforcer::finish_cutting(std::uint64_t version) {
  const auto it = cutting_.find(version);
  if (it == cutting_.end() || it->second.under_way > 0) return;
  if (it->second.wanted)
    ledger_.applied({version, it->second.cut, static_cast<std::uint64_t>(it->second.slowest)});
  cutting_.erase(it);
}

}  // namespace postern::enforcer
