// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Running `postern` as a person would, and a gateway's control socket that answers what the test says.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace postern::cli {

struct Ran {
  int code = -1;
  std::string out, err;
};
Ran run_postern(const std::vector<std::string>& arguments);

std::string make_folder();  // removed when the process ends
void write_text(const std::string& path, const std::string& text);

// Answers each connection with what respond makes of the request's head and body. Each answer is complete
// HTTP.
class FakeGateway {
 public:
  using Respond = std::function<std::string(const std::string& request)>;
  explicit FakeGateway(Respond respond);
  ~FakeGateway();
  FakeGateway(const FakeGateway&) = delete;
  FakeGateway& operator=(const FakeGateway&) = delete;
  const std::string& path() const { return path_; }

 private:
  void serve();
  std::string path_;
  Respond respond_;
  base::UniqueFd listener_;
  std::thread thread_;
};

// "HTTP/1.1 STATUS" with a JSON body.
std::string answer_with(int status, const std::string& json);

}  // namespace postern::cli
