// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Reads the one answer of a server outside (HTTP/1.1, as strictly as gateway/http/h1_response.h) and keeps its body, of
// bounded size. Pure: bytes in, an answer out. What follows the answer is not looked at: the connection ends with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "gateway/http/h1_body.h"
#include "gateway/http/h1_response.h"

namespace postern::link {

struct Answer {
  int status = 0;  // 200 to 599
  std::string body;
  // Fields that ACME answers with (RFC 8555 section 6.5, 7.3; RFC 9110 section 10.2.3), as they came.
  std::string nonce = {}, location = {}, retry_after = {};
  bool operator==(const Answer&) const = default;
};

class AnswerReader {
 public:
  enum class State : std::uint8_t { More, Done, Failed };
  static constexpr std::size_t kHeadLimit = 16U << 10U;  // bytes of one head
  static constexpr int kMostInterim = 4;                 // 1xx before the answer

  // body_limit: bytes of the body; a longer one is a failure.
  AnswerReader(http::Method method, std::size_t body_limit);
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;

  State feed(std::string_view bytes);
  // The stream has ended. in_order: nobody can have cut it short (TLS said so, or it is within this machine).
  State end(bool in_order);

  State state() const { return state_; }
  const Answer& answer() const { return answer_; }  // after Done
  const std::string& why() const { return why_; }   // after Failed: one sentence about "it"

 private:
  bool read_head();
  bool read_body();
  bool fail(std::string why);

  http::ResponseParser parser_;
  http::Method method_;
  std::size_t body_limit_;
  base::Buffer in_;
  std::optional<http::BodyDecoder> body_;
  int interim_ = 0;
  State state_ = State::More;
  Answer answer_;
  std::string why_;
};

}  // namespace postern::link
