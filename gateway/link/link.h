// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The connection out: carries what the ledger gives it to the places that the configuration names, and brings back what
// they answer (ipc::Errand, ipc::Delivered). A courier: it does not know what is in an errand, sees no event and no file,
// holds no key (of mail and of the identity provider a password), and cannot open a connection; the supervisor opens them, by the number of a configured place.
//
// One errand per place at a time. Another one for a place where one is under way replaces it: its asker was restarted. The
// identity provider is another matter: what is asked of it is understood here (openid_client.h), and many may ask at once. So is
// Mission Control (line.h): reports go over the one connection that stays.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/link/call.h"
#include "gateway/link/line.h"
#include "gateway/link/openid_client.h"
#include "gateway/link/settings.h"
#include "gateway/loop/loop.h"

namespace postern::link {

class Link {
 public:
  using Connected = std::function<void(base::Result<base::UniqueFd>)>;
  using Connect = std::function<void(std::uint32_t place, Connected done)>;

  // line: what is for Mission Control; outlives this. nullptr: there is none.
  // assertion: what shows an identity provider who its client is, from the keeper.
  Link(loop::Loop& loop, Connect connect, Line* line = nullptr, OpenIdClient::Assert assertion = nullptr);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void configure(Settings settings);
  // First, and after the ledger was restarted: what was under way for the former is given up.
  void set_ledger(base::UniqueFd socket);
  std::size_t under_way() const { return errands_.size(); }
  // Called when the channel to the ledger ended, and no other came within kLedgerPatience.
  void on_forsaken(std::function<void()> report) { forsaken_ = std::move(report); }
  static constexpr base::Nanos kLedgerPatience = 60 * base::kSecond;

 private:
  struct Errand {
    std::uint64_t id = 0;
    std::string body;
    std::string webhook_id, webhook_timestamp, webhook_signature;
    std::unique_ptr<loop::Disposable> call;  // a Call or a MailCall, once it is connected
  };
  void take(std::uint16_t type, std::string_view payload);
  void to_witness(const ipc::Errand& errand);
  void begin(const ipc::Errand& errand);
  void connected(const std::string& place, std::uint64_t id, base::Result<base::UniqueFd> socket);
  base::Result<std::unique_ptr<loop::Disposable>> make_call(const Place& place, const Errand& errand,
                                                            base::UniqueFd socket);
  void ended(const std::string& place, std::uint64_t id, const base::Result<Answer>& answer);
  void deliver(const ipc::Delivered& delivered);
  void drop(const std::string& place);
  void drop_channel();

  loop::Loop& loop_;
  Connect connect_;
  Settings settings_;
  OpenIdClient openid_;
  Line* line_;
  std::unique_ptr<ipc::SocketChannel> ledger_;
  std::map<std::string, Errand, std::less<>> errands_;  // by place
  std::function<void()> forsaken_;
  loop::Timer patience_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::link
