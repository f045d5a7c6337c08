// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/link/link.h"

#include <algorithm>

#include "base/log.h"
#include "gateway/link/mail_call.h"
#include "gateway/loop/dispose_later.h"
#include "line/updates.h"

namespace postern::link {
namespace {

constexpr ipc::SocketChannelLimits kChannelLimits{std::max(ipc::kErrandBody, ipc::kDeliveredBody) + 1024,
                                                  4U << 20U};
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kJson = "application/json";

}  // namespace

Link::Link(loop::Loop& loop, Connect connect, Line* line, OpenIdClient::Assert assertion)
    : loop_(loop),
      connect_(std::move(connect)),
      openid_(loop, connect_, std::move(assertion)),
      line_(line),
      patience_(loop, [this] {
        if (forsaken_) forsaken_();
      }) {
  if (line_ != nullptr) line_->on_asks([this] { deliver({ipc::kAsksDelivered, 200, {}}); });
}

Link::~Link() {
  *alive_ = false;
  if (line_ != nullptr) line_->on_asks(nullptr);
}

void Link::configure(Settings settings) {
  settings_ = std::move(settings);
  openid_.configure(settings_.openid);
}

void Link::set_ledger(base::UniqueFd socket) {
  openid_.give_up();
  if (line_ != nullptr) line_->drop_errand();
  while (!errands_.empty()) drop(errands_.begin()->first);
  drop_channel();
  patience_.stop();
  ledger_ = std::make_unique<ipc::SocketChannel>(
      loop_, std::move(socket), kChannelLimits,
      [this](std::uint16_t type, std::string_view payload, ipc::SocketChannel::Fds) { take(type, payload); },
      [this](const base::Error& why) {
        base::log_info("the ledger is gone: " + why.message);
        patience_.start(kLedgerPatience);
      });
}

// The channel that is replaced may be the one whose callback is running.
void Link::drop_channel() {
  if (ledger_ == nullptr) return;
  ledger_->close();
  loop::dispose_later(loop_, std::move(ledger_));
}

void Link::take(std::uint16_t type, std::string_view payload) {
  ipc::Errand errand;
  if (static_cast<ipc::FromLedger>(type) == ipc::FromLedger::Errand && ipc::decode(payload, errand))
    return begin(errand);
  base::log_error("the ledger broke its protocol: its channel is closed");
  ledger_->close();
  patience_.start(kLedgerPatience);
}

void Link::begin(const ipc::Errand& errand) {
  if (errand.place == kOpenIdPlace) {
    return openid_.ask(errand.body, [this, id = errand.id](std::uint16_t status, std::string_view body) {
      deliver({id, status, body});
    });
  }
  if (errand.place == kLinePlace && line_ != nullptr) {
    return line_->errand(errand.body, [this, id = errand.id](std::uint16_t status, std::string_view body) {
      deliver({id, status, body});
    });
  }
  if ((errand.place == kUpdateOffersPlace || errand.place == kUpdateFilePlace) && line_ != nullptr) {
    const bool offers = errand.place == kUpdateOffersPlace;
    return line_->update(offers ? line::kUpdateOffersPath : line::kUpdateFilePath, errand.body,
                         [this, id = errand.id](std::uint16_t status, std::string_view body) {
                           deliver({id, status, body});
                         });
  }
  if (errand.place == kTunnelPlace && line_ != nullptr) {
    line_->allow_tunnel(errand.body == "open");
    return deliver({errand.id, 200, {}});
  }
  const std::string name(errand.place);
  drop(name);
  const Place* place = settings_.find(name);
  if (place == nullptr) return deliver({errand.id, 0, "the link's configuration has no such place"});
  if (place->carriage == Carriage::Line) return to_witness(errand);
  errands_[name] = {errand.id,
                    std::string(errand.body),
                    std::string(errand.webhook_id),
                    std::string(errand.webhook_timestamp),
                    std::string(errand.webhook_signature),
                    nullptr};
  connect_(place->id, [this, name, id = errand.id, alive = alive_](base::Result<base::UniqueFd> socket) {
    if (*alive) connected(name, id, std::move(socket));
  });
}

void Link::to_witness(const ipc::Errand& errand) {
  if (line_ == nullptr) return deliver({errand.id, 0, "there is no line to Mission Control"});
  line_->witness(errand.body, [this, id = errand.id](std::uint16_t status, std::string_view body) {
    deliver({id, status, body});
  });
}

void Link::connected(const std::string& name, std::uint64_t id, base::Result<base::UniqueFd> socket) {
  const auto found = errands_.find(name);
  if (found == errands_.end() || found->second.id != id) return;  // replaced meanwhile
  const Place* place = settings_.find(name);
  if (place == nullptr)
    socket = base::fail(base::Code::NotFound, "the link's configuration has no such place any more");
  if (!socket.ok()) return ended(name, id, socket.error());
  auto call = make_call(*place, found->second, std::move(*socket));
  if (!call.ok()) return ended(name, id, call.error());
  found->second.call = std::move(*call);
}

base::Result<std::unique_ptr<loop::Disposable>> Link::make_call(const Place& place, const Errand& errand,
                                                                base::UniqueFd socket) {
  std::unique_ptr<tls::Session> session;
  if (place.tls != nullptr) {
    auto started = place.tls->start(place.tls_name);
    if (!started.ok()) return started.error();
    session = std::move(*started);
  }
  auto done = [this, name = place.name, id = errand.id](base::Result<Answer> answer) {
    ended(name, id, answer);
  };
  if (place.carriage == Carriage::Mail) {
    if (session == nullptr) return base::fail(base::Code::Invalid, "mail is not sent without TLS");
    Mail mail = place.mail;
    mail.message = errand.body;
    return std::unique_ptr<loop::Disposable>(std::make_unique<MailCall>(
        loop_, std::move(socket), std::move(session), std::move(mail), std::move(done)));
  }
  Question question{place.host, place.target, place.carriage == Carriage::Webhook ? kJson : kText,
                    errand.body};
  if (place.carriage == Carriage::Webhook) {
    question.webhook_id = errand.webhook_id;
    question.webhook_timestamp = errand.webhook_timestamp;
    question.webhook_signature = errand.webhook_signature;
  }
  return std::unique_ptr<loop::Disposable>(std::make_unique<Call>(
      loop_, std::move(socket), std::move(session), question, Call::Limits{}, std::move(done)));
}

void Link::ended(const std::string& place, std::uint64_t id, const base::Result<Answer>& answer) {
  drop(place);
  if (!answer.ok()) return deliver({id, 0, std::string_view(answer.error().message).substr(0, kLongestWhy)});
  deliver({id, static_cast<std::uint16_t>(answer->status), answer->body});
}

void Link::deliver(const ipc::Delivered& delivered) {
  if (ledger_ == nullptr || !ledger_->open()) return;
  base::BinaryWriter out;
  ipc::encode(delivered, out);
  ledger_->send(static_cast<std::uint16_t>(ipc::ToLedger::Delivered), out.bytes());
}

// Not at once: it may be the call itself that says it has ended.
void Link::drop(const std::string& place) {
  auto found = errands_.extract(place);
  if (!found.empty() && found.mapped().call != nullptr) loop_.dispose(std::move(found.mapped().call));
}

}  // namespace postern::link
