// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The command line's end of the control socket: HTTP/1.1 to the console of a running gateway. Blocks; one
// request at a time. What comes back is parsed as strictly as anything else, and bounded.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "gateway/http/message.h"

namespace postern::cli {

inline constexpr std::size_t kAnswerLimit = 256U << 20U;  // bytes of an answer that is kept whole

class Client {
 public:
  // place: who answers there, for sentences.
  explicit Client(std::string socket_path, std::string place = "the gateway")
      : path_(std::move(socket_path)), place_(std::move(place)) {}

  struct Answer {
    int status = 0;
    std::string body;  // empty if it was given to take
    bool ok() const { return status >= 200 && status < 300; }
  };
  // Unavailable: nobody answers at the socket. Denied: this user may not connect.
  base::Result<Answer> call(http::Method method, std::string_view target, const base::Json* body = nullptr);
  // The body of an answer that is ok goes to take piece by piece; false ends the call at once (the answer is
  // complete then, too).
  using Take = std::function<bool(std::string_view piece)>;
  base::Result<Answer> stream(std::string_view target, const Take& take);

 private:
  base::Result<Answer> exchange(http::Method method, std::string_view target, const base::Json* body,
                                const Take* take);
  base::Result<base::UniqueFd> connect() const;
  base::Error said(base::Error error) const;
  std::string path_, place_;
};

// One segment of a path, encoded so that any text stays one segment.
std::string path_segment(std::string_view text);
// "?a=b&c=d" of those that are not empty.
std::string query_of(const std::vector<std::pair<std::string_view, std::string>>& parameters);

}  // namespace postern::cli
