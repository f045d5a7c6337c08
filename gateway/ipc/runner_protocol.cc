// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/ipc/runner_protocol.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace postern::ipc {
namespace {

using base::Json;

constexpr std::size_t kMostOfOrder = 4096;  // bytes of one text
constexpr std::size_t kRunnerSha256 = 64;   // hexadecimal digits

base::Error not_an_order(const std::string& why) {
  return base::fail(base::Code::Invalid, "an order for the runner that is none: " + why);
}

// No control byte: it becomes a variable of a program's environment.
bool may_be_told(const std::string& text) {
  return text.size() <= kMostOfOrder && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
         });
}

}  // namespace

const RunnerStep* RunnerSetup::find(const std::string& service, const std::string& list,
                                    std::int64_t step) const {
  const auto of = steps.find(service);
  if (of == steps.end()) return nullptr;
  const auto in = of->second.find(list);
  if (in == of->second.end()) return nullptr;
  const auto found = in->second.find(step);
  return found == in->second.end() ? nullptr : &found->second;
}

base::Result<RunnerSetup> parse_runner_setup(std::string_view text) {
  auto json = base::parse_json(text, kRunnerDepth);
  if (!json.ok()) return std::move(json).error();
  if (!json->is_object()) return not_an_order("the first must be an object");
  RunnerSetup out;
  out.user = base::json_text_or(*json, "user", "");
  const Json updates = json->value("updates", Json::object());
  if (!updates.is_object()) return not_an_order("updates must be an object");
  for (const auto& [service, lists] : updates.items()) {
    if (!lists.is_object()) return not_an_order("lists must be an object");
    for (const auto& [list, steps] : lists.items()) {
      if (!steps.is_array()) return not_an_order("steps must be a list");
      for (const Json& step : steps) {
        if (!step.is_object()) return not_an_order("a step must be an object");
        RunnerStep one{base::json_texts(step, "argv"), base::json_number_or(step, "limit_us", 0)};
        if (one.argv.empty() || !one.argv[0].starts_with('/') || one.limit <= 0)
          return not_an_order("a step needs an absolute path and a limit");
        out.steps[service][list][base::json_number_or(step, "step", 0)] = std::move(one);
      }
    }
  }
  return out;
}

base::Result<RunnerOrder> parse_runner_order(std::string_view text) {
  auto json = base::parse_json(text, kRunnerDepth);
  if (!json.ok()) return std::move(json).error();
  if (!json->is_object()) return not_an_order("it is no object");
  RunnerOrder out;
  const std::string what = base::json_text_or(*json, "do", "");
  if (what == "run") {
    out.what = RunnerOrder::Do::Run;
  } else if (what == "check") {
    out.what = RunnerOrder::Do::Check;
  } else if (what == "log") {
    out.what = RunnerOrder::Do::Log;
    return out;
  } else if (what != "ask") {
    return not_an_order("it says nothing to do");
  }
  out.step = base::json_number_or(*json, "step", 0);
  struct Field {
    const char* key;
    std::string* into;
  };
  for (const Field& field :
       {Field{"id", &out.id}, Field{"service", &out.service}, Field{"list", &out.list},
        Field{"node", &out.node}, Field{"version", &out.version}, Field{"before", &out.before},
        Field{"artefact", &out.artefact}, Field{"sha256", &out.sha256}}) {
    *field.into = base::json_text_or(*json, field.key, "");
    if (!may_be_told(*field.into))
      return not_an_order(std::string(field.key) + " is too long or has control bytes");
  }
  if (out.id.empty()) return not_an_order("it has no id");
  if (!out.sha256.empty() && (out.sha256.size() != kRunnerSha256 ||
                              out.sha256.find_first_not_of("0123456789abcdef") != std::string::npos))
    return not_an_order("sha256 is none");
  return out;
}

base::Status send_to_runner(int socket, const base::Json& order, int file) {
  std::string text = base::dump_json(order);
  if (text.size() > kRunnerFrame)
    return base::fail(base::Code::Limit, "the order is too long for the runner");
  iovec piece{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (file >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &file, sizeof file);
  }
  if (::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return base::Ok{};
  if (errno == EAGAIN) return base::fail(base::Code::Unavailable, "the runner does not take an order");
  return base::fail_errno("the runner", errno);
}

}  // namespace postern::ipc
