// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What an engineer sees of Postern itself, below /.postern/: sign-in, what may be done now, requests,
// sign-out. Each change is a command to the ledger. Routes and answers are a contract: docs/VISIT.md.
#pragma once

#include <string>
#include <string_view>

#include "gateway/enforcer/exchange.h"
#include "gateway/enforcer/site.h"

namespace postern::enforcer {

class VisitPages final : public Visit {
 public:
  explicit VisitPages(Site& site) : site_(site) {}
  void serve(Exchange& exchange) override;
  void open_by_certificate(Exchange& exchange, std::function<void(base::Status)> then) override;

 private:
  bool may_sign_in(Exchange& exchange);
  void show_sign_in(Exchange& exchange);
  void sign_in(Exchange& exchange);
  bool serve_openid(Exchange& exchange, std::string_view path, bool get,
                    bool post);                               // false: none of its pages
  std::string openid_link(std::string_view return_to) const;  // empty: there is no provider
  void openid_start(Exchange& exchange);
  void openid_callback(Exchange& exchange);
  void openid_refused(Exchange& exchange, const base::Error& error, const std::string& return_to);
  void openid_depart(Exchange& exchange);
  void sign_in_with(Exchange& exchange, base::Json command, bool as_page, const std::string& return_to);
  void sign_out(Exchange& exchange);
  void home(Exchange& exchange, const std::string& message = {});
  void session_json(Exchange& exchange);
  void requests_json(Exchange& exchange);
  void create_request(Exchange& exchange);
  void withdraw_request(Exchange& exchange, std::string_view id);
  void answer_request(Exchange& exchange, std::string_view id);
  void asset(Exchange& exchange);
  void command(Exchange& exchange, base::Json order,
               std::function<void(Exchange&, base::Result<base::Json>)> then);

  Site& site_;
};

}  // namespace postern::enforcer
