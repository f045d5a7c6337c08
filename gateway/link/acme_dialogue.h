// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What is said to an authority to have one certificate (RFC 8555), as a machine without socket, clock or key: it says
// what is to be asked next, and is told what was answered.
//
//   directory -> nonce -> account -> order -> each authorization: its challenge, until it is valid
//             -> finalize -> the order, until it is valid -> the certificate
//
// All that the authority says is hostile: sizes and the number of questions are bounded, every address must be one of
// the server that the configuration names, and a token is one before it becomes part of a path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/http/message.h"
#include "gateway/link/answer_reader.h"

namespace postern::link {

struct AcmeAsk {
  http::Method method = http::Method::Get;  // Post: the body is signed for step
  std::string step;                         // as keeper/acme_signer.h
  std::string url, target;                  // target: of the request line
  std::string nonce, account;
};
struct AcmeWait {
  base::Micros time = 0;
};
struct AcmeDone {
  std::string chain_pem;  // unjudged
};
struct AcmeFailed {
  std::string why;              // a sentence about "it", the authority
  base::Micros not_before = 0;  // from now: it wants to be left alone for so long
};
using AcmeNext = std::variant<AcmeAsk, AcmeWait, AcmeDone, AcmeFailed>;

class AcmeDialogue {
 public:
  static constexpr std::size_t kAuthorizations = 100;
  static constexpr int kAsks = 400;      // in all
  static constexpr int kPolls = 60;      // of one authorization, or of the order
  static constexpr int kBadNonces = 10;  // in a row
  static constexpr base::Micros kFirstPoll = base::kWallSecond, kLongestPoll = 30 * base::kWallSecond;
  static constexpr base::Micros kRateLimited =
      3600 * base::kWallSecond;  // where it does not say for how long
  static constexpr base::Micros kLongestRest = 7LL * 24 * 3600 * base::kWallSecond;

  // origin: "https://acme.example:14000"; target: of its directory; challenge: "http-01" or "tls-alpn-01".
  AcmeDialogue(std::string origin, std::string target, std::string challenge);

  AcmeNext next();
  void answered(const Answer& answer, base::Micros now);  // to the last AcmeAsk
  // The challenge whose validation is under way: of which name, as the authority says it, and its token; empty: none is.
  const std::string& token() const { return token_; }
  const std::string& name() const { return name_; }

 private:
  enum class Stage : std::uint8_t {
    Directory,
    Nonce,
    Account,
    Order,
    Authorization,
    Challenge,
    Poll,
    Finalize,
    OrderPoll,
    Certificate,
    Done,
    Failed
  };
  AcmeNext ask(http::Method method, const char* step, const std::string& url);
  void take_directory(const Answer& answer);
  void take_account(const Answer& answer);
  void take_order(const Answer& answer, bool fresh);
  void take_authorization(const Answer& answer);
  bool take_refusal(const Answer& answer);  // true: the answer was one, or the nonce is to be another
  void wait(const Answer& answer);
  void fail(std::string why, base::Micros not_before = 0);
  bool is_ours(std::string_view url) const;
  std::optional<base::Json> body_of(const Answer& answer);

  std::string origin_, target_, type_;
  Stage stage_ = Stage::Directory;
  std::string new_nonce_, new_account_, new_order_;
  std::string nonce_, account_, order_, finalize_, certificate_, challenge_;
  std::vector<std::string> authorizations_;
  std::string token_, name_;
  std::size_t at_ = 0;  // of authorizations_
  int asks_ = 0, polls_ = 0, bad_nonces_ = 0;
  std::optional<base::Micros> rest_;  // before the next question
  std::string chain_;
  AcmeFailed failed_;
  base::Micros now_ = 0;
};

// Seconds, or a date (RFC 9110 section 10.2.3): how long from now. 0: it is neither, or over.
base::Micros read_retry_after(std::string_view text, base::Micros now);

}  // namespace postern::link
