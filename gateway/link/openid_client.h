// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Speaks to an identity provider for the ledger (docs/OPENID.md; of engineers and of admins, each in a process of its own): learns what it says of itself, has a code redeemed, and
// judges its tokens (openid/). The browser's part is the enforcer's, or the console's;
// who may come in the ledger's.
//
// An errand of the place kOpenIdPlace has one of these bodies, and is answered with 200 and a JSON object, 403 and a sentence
// (the provider, or one of our rules, refuses), or 502 and a sentence (it cannot be reached or used):
//
//   {"do":"begin", "state", "nonce", "challenge",        -> {"location"}: where the browser is sent
//    "anew"*: whoever is signed in there is asked again, "max_age_us"*}
//   {"do":"redeem", "code", "verifier", "nonce", "iss"*, "max_age_us"*: since they proved who they are (auth_time)}
//                                                        -> {"issuer","subject","sid"*,"email"*,"preferred_username"*,
//                                                           "acr"*,"amr":[..],"groups":[those that the configuration names]}
//   {"do":"logout", "token"}                             -> {"issuer","subject"*,"sid"*}
//   {"do":"end"}                                         -> {"location"}: where a browser signs out there; "" if nowhere
//
// It goes nowhere but to the hosts that the configuration names, whatever the provider says. What was learned is kept for
// kProviderKeptFor, its keys for kKeysKeptFor; an unknown key has the list fetched anew, at most kMostRefreshes times within kRefreshWindow.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/json.h"
#include "gateway/link/call.h"
#include "gateway/loop/loop.h"
#include "gateway/tls/client_context.h"
#include "openid/claims.h"
#include "openid/discovery.h"
#include "openid/keys.h"

namespace postern::link {

inline constexpr std::string_view kOpenIdPlace = "openid";

struct OpenIdSettings {
  struct Host {
    std::uint32_t id = 0;  // by which the supervisor knows its address
    http::Authority authority;
    std::string host, tls_name;  // to send; that its certificate must carry
  };
  std::string issuer, client_id, redirect_uri,
      home_uri;  // home_uri: where a browser comes back to when it signed out there
  std::vector<std::string> scopes, acr, amr, groups;
  std::string groups_claim;
  base::Micros skew = 0, max_age = 0;
  std::shared_ptr<const base::Secret> secret;  // nullptr: a public client, or one that has a key
  bool by_key = false;                         // an assertion shows who the client is (private_key_jwt)
  std::vector<Host> hosts;
  std::shared_ptr<tls::ClientContext> tls;
};

class OpenIdClient {
 public:
  using Connect = std::function<void(std::uint32_t, std::function<void(base::Result<base::UniqueFd>)>)>;
  using Done = std::function<void(std::uint16_t status, std::string_view body)>;
  using Assert = std::function<base::Result<std::string>()>;  // asks the keeper, who has the client's key

  OpenIdClient(loop::Loop& loop, Connect connect, Assert assertion = nullptr);
  ~OpenIdClient();
  OpenIdClient(const OpenIdClient&) = delete;
  OpenIdClient& operator=(const OpenIdClient&) = delete;

  void configure(std::shared_ptr<const OpenIdSettings>
                     settings);                // nullptr: there is no provider; what was learned goes
  void ask(std::string_view body, Done done);  // done is called once, unless everything is given up
  void give_up();                              // whoever asked is gone

  static constexpr base::Nanos kProviderKeptFor = 3600 * base::kSecond;
  static constexpr base::Nanos kKeysKeptFor =
      600 * base::kSecond;  // so long a key counts that was taken back
  static constexpr base::Nanos kFailureKeptFor =
      2 * base::kSecond;  // a provider that is down is not asked by each who comes
  static constexpr base::Nanos kRefreshWindow = 60 * base::kSecond;
  static constexpr std::size_t kMostRefreshes = 6;
  static constexpr base::Nanos kCallTime = 8 * base::kSecond;
  static constexpr std::size_t kMostAsks = 64;         // under way
  static constexpr std::size_t kMostLogoutIds = 1000;  // remembered, so that each counts once

 private:
  struct Ask {
    base::Json order;
    Done done;
    std::optional<openid::Jws> token;
    bool refreshed = false;
  };
  using AskPtr = std::shared_ptr<Ask>;
  using Then = std::function<void(const base::Status&)>;
  using Fetched = std::function<void(base::Result<Answer>)>;
  // Something of the provider's that is kept: those who wait for it, and how the last attempt failed.
  struct Kept {
    base::Nanos until = 0;  // what is there counts so long
    std::optional<base::Error> failure;
    std::vector<Then> waiting;
  };

  void finish(const AskPtr& ask, std::uint16_t status, std::string_view body);
  void with_provider(Then then);
  void with_keys(Then then);
  bool may_refresh();
  base::Status take_provider(const base::Result<Answer>& answer);
  base::Status take_keys(const base::Result<Answer>& answer);
  void settle(Kept& kept, const base::Status& status, base::Nanos keep);
  void begin(const AskPtr& ask);
  void redeem(const AskPtr& ask);
  void take_tokens(const AskPtr& ask, const base::Result<Answer>& answer);
  void judge(const AskPtr& ask);
  void believe(const AskPtr& ask);
  void end(const AskPtr& ask);
  base::Micros oldest_proof(const Ask& ask) const;
  openid::Expected expected(const Ask& ask) const;
  base::Result<std::string> token_form(const Ask& ask) const;
  struct Fetch {
    bool get = true;
    std::string form, authorization;
    std::size_t limit = 0;
  };
  void fetch(const openid::Address& to, Fetch what, Fetched then);
  void connected(std::uint64_t id, const OpenIdSettings::Host& host, const std::string& target,
                 const Fetch& what, base::Result<base::UniqueFd> socket);
  void called(std::uint64_t id, base::Result<Answer> answer);

  loop::Loop& loop_;
  Connect connect_;
  Assert assertion_;
  std::shared_ptr<const OpenIdSettings> settings_;
  std::optional<openid::Provider> provider_;
  std::optional<openid::KeySet> keys_;
  Kept kept_provider_, kept_keys_;
  std::deque<base::Nanos> refreshes_;
  struct Under {
    std::unique_ptr<Call> call;  // once it is connected
    Fetched then;
  };
  std::map<std::uint64_t, Under> calls_;
  std::uint64_t last_call_ = 0;
  std::set<AskPtr> asks_;
  std::deque<std::string> logout_ids_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace postern::link
