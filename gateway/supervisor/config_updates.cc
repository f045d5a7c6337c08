// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/config_updates.h"

#include <algorithm>
#include <charconv>

#include "gateway/http/message.h"
#include "gateway/ipc/runner_protocol.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::kWallSecond;
using base::YamlNode;

constexpr base::Micros kLongestStep = 24 * kHour;
constexpr std::size_t kCallPath = 2048, kCallBody = 8192, kArgument = 1024;  // bytes
// The drain of a hand-over is in the first.
constexpr base::Micros kOwnWait = 5 * kMinute, kOwnSettle = 5 * kWallSecond;
constexpr base::Micros kCallLimit = 30 * kWallSecond, kRunLimit = 10 * kMinute;

// As it goes into a request line, with its query.
bool is_call_path(std::string_view text) {
  return text.starts_with('/') && text.size() <= kCallPath &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
}

bool read_statuses(std::string_view text, int& from, int& to) {
  const auto code = [](std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && value >= 100 && value <= 599
               ? value
               : 0;
  };
  const std::size_t dash = text.find('-');
  from = code(text.substr(0, dash));
  to = dash == std::string_view::npos ? from : code(text.substr(dash + 1));
  return from != 0 && to >= from;
}

class UpdateReader {
 public:
  // path: of the map, for its keys.
  UpdateReader(ConfigReader& read, std::string path) : read_(read), path_(std::move(path)) {}

  std::optional<Update> all(const YamlNode& parent, const Service& service) {
    const YamlNode* node = read_.map(parent, "update", path_);
    if (node == nullptr) return std::nullopt;
    Update out;
    common(*node, out);
    const int others = static_cast<int>(service.nodes.size()) - 1;
    if (node->find("min_up") != nullptr) read_.number(*node, "min_up", 0, std::max(0, others), out.min_up);
    read_.duration(*node, "pause", 0, kLongestStep, out.pause);
    drain(*node, out);
    if (out.steps.empty())
      read_.fault(node->mark,
                  "update needs steps: what is done on a node, such as - run: [/opt/acme/update-node]");
    if (service.health.path.empty())
      read_.fault(node->mark,
                  "update needs health: without a health check nobody knows whether a node came back");
    return out;
  }

  std::optional<Update> own(const YamlNode& root) {
    const YamlNode* node = read_.map(root, "update", path_);
    if (node == nullptr) return std::nullopt;
    Update out;
    out.own = true;
    out.wait_limit = kOwnWait;
    out.settle = kOwnSettle;
    common(*node, out);
    if (out.steps.empty())
      read_.fault(node->mark,
                  "update needs steps: what installs another Postern and hands over to it, such as - run: "
                  "[/usr/libexec/postern/request-update]");
    return out;
  }

 private:
  void common(const YamlNode& node, Update& out) {
    out.mark = node.mark;
    if (const YamlNode* user = read_.text(node, "run_as"); user != nullptr) {
      out.run_as = user->scalar;
      out.run_as_mark = user->mark;
    }
    steps(node, "steps", out.steps);
    steps(node, "roll_back", out.roll_back);
    wait(node, out);
  }

  void drain(const YamlNode& parent, Update& out) {
    const YamlNode* node = read_.map(parent, "drain", path_ + ".drain");
    if (node == nullptr) return;
    read_.duration(*node, "limit", 0, kLongestStep, out.drain_limit);
    read_.duration(*node, "at_least", 0, kLongestStep, out.drain_least);
    if (out.drain_least > out.drain_limit)
      read_.fault(node->mark,
                  "at_least must not be longer than limit (" + base::format_duration(out.drain_limit) + ")");
    out.leave = call_of(*node, "call");
    out.join = call_of(*node, "undo");
  }

  std::optional<UpdateStep> call_of(const YamlNode& parent, std::string_view key) {
    const YamlNode* node = read_.map(parent, key, path_ + ".drain." + std::string(key));
    if (node == nullptr) return std::nullopt;
    UpdateStep out;
    out.limit = kCallLimit;
    out.mark = node->mark;
    call(*node, out);
    return out;
  }

  void wait(const YamlNode& parent, Update& out) {
    const YamlNode* node = read_.map(parent, "wait", path_ + ".wait");
    if (node == nullptr) return;
    read_.duration(*node, "limit", kWallSecond, kLongestStep, out.wait_limit);
    read_.duration(*node, "healthy_for", 0, kHour, out.settle);
    if (out.settle > out.wait_limit)
      read_.fault(node->mark, "healthy_for must not be longer than limit (" +
                                  base::format_duration(out.wait_limit) + ")");
  }

  void steps(const YamlNode& parent, std::string_view key, std::vector<UpdateStep>& out) {
    const YamlNode* list = read_.list(parent, key, "update." + std::string(key));
    if (list == nullptr) return;
    if (list->items.size() > kUpdateStepLimit)
      read_.fault(list->mark,
                  std::string(key) + " must hold " + std::to_string(kUpdateStepLimit) + " steps at most");
    for (const YamlNode& item : list->items) step(item, path_ + "." + std::string(key) + "[]", out);
  }

  void step(const YamlNode& item, const std::string& path, std::vector<UpdateStep>& out) {
    if (!read_.is_map(item, path)) return;
    UpdateStep one;
    one.mark = item.mark;
    const bool runs = item.find("run") != nullptr, calls = item.find("call") != nullptr;
    if (runs == calls)
      return read_.fault(
          item.mark,
          "a step is one of two: run: [/path/of/an/executable, its, arguments], or call: {method, path}");
    one.limit = runs ? kRunLimit : kCallLimit;
    read_.duration(item, "limit", kWallSecond, kLongestStep, one.limit);
    if (runs) {
      if (!executable(item, one)) return;
    } else if (const YamlNode* node = read_.map(item, "call", path + ".call"); node != nullptr) {
      call(*node, one);
    }
    out.push_back(std::move(one));
  }

  bool executable(const YamlNode& item, UpdateStep& out) {
    const YamlNode* list = read_.list(item, "run", "run");
    if (list == nullptr) return false;
    for (const YamlNode& word : list->items) {
      if (!read_.is_text(word, "an argument")) return false;
      if (word.scalar.size() > kArgument || word.scalar.find('\0') != std::string::npos)
        read_.fault(word.mark, "an argument must have at most " + std::to_string(kArgument) + " bytes");
      out.argv.push_back(word.scalar);
    }
    if (out.argv.size() > kUpdateArgumentLimit)
      read_.fault(list->mark, "run must have at most " + std::to_string(kUpdateArgumentLimit) + " words");
    if (!out.argv.empty() && out.argv[0].starts_with('/')) return true;
    read_.fault(list->mark,
                "run must begin with the absolute path of an executable, such as [/opt/acme/update-node]");
    return false;
  }

  void call(const YamlNode& node, UpdateStep& out) {
    if (const YamlNode* method = read_.text(node, "method"); method != nullptr) {
      out.method = method->scalar;
      if (!http::parse_method(out.method))
        read_.fault(method->mark, "method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, not " +
                                      in_quotes(out.method));
    }
    const YamlNode* path = read_.text(node, "path");
    if (path == nullptr && node.find("path") == nullptr)
      read_.fault(node.mark, "a call needs a path such as /admin/update");
    if (path != nullptr) {
      out.path = path->scalar;
      if (!is_call_path(out.path))
        read_.fault(path->mark, "the path of a call must begin with '/' and hold visible ASCII only, not " +
                                    in_quotes(out.path));
    }
    if (const YamlNode* body = read_.text(node, "body"); body != nullptr) {
      out.body = body->scalar;
      if (out.body.size() > kCallBody)
        read_.fault(body->mark,
                    "the body of a call must have at most " + std::to_string(kCallBody) + " bytes");
    }
    if (const YamlNode* type = read_.text(node, "type"); type != nullptr) out.type = type->scalar;
    if (const YamlNode* role = read_.text(node, "role"); role != nullptr) {
      out.role = role->scalar;
      if (out.role != "viewer" && out.role != "user" && out.role != "admin")
        read_.fault(role->mark, "role must be viewer, user or admin, not " + in_quotes(out.role));
    }
    if (const YamlNode* status = read_.text(node, "status");
        status != nullptr && !read_statuses(status->scalar, out.status_from, out.status_to))
      read_.fault(
          status->mark,
          "status must be what a node answers to a call that it has done, such as 200 or 200-299, not " +
              in_quotes(status->scalar));
  }

  ConfigReader& read_;
  std::string path_;
};

}  // namespace

std::string UpdateStep::says() const {
  if (is_call()) return method + " " + path;
  std::string out;
  for (const std::string& word : argv) out += (out.empty() ? "" : " ") + word;
  return out;
}

bool Update::runs() const {
  const auto run = [](const UpdateStep& step) { return !step.is_call(); };
  return std::any_of(steps.begin(), steps.end(), run) || std::any_of(roll_back.begin(), roll_back.end(), run);
}

// Of a roll-back, what is said to the node's own clients may fail: the node may be what failed.
std::vector<UpdateAction> actions_of(const Update& update, bool back) {
  std::vector<UpdateAction> out;
  const auto add = [&out](const UpdateStep& step, bool tolerated) {
    out.push_back(
        {step.is_call() ? UpdateAction::Kind::Call : UpdateAction::Kind::Run, &step, step.limit, tolerated});
  };
  if (back && update.roll_back.empty()) return out;
  if (update.leave) add(*update.leave, back);
  if (!update.own) out.push_back({UpdateAction::Kind::Drain, nullptr, update.drain_limit, false});
  for (const UpdateStep& step : back ? update.roll_back : update.steps) add(step, false);
  out.push_back({UpdateAction::Kind::Wait, nullptr, update.wait_limit, false});
  if (update.join) add(*update.join, back);
  return out;
}

std::optional<Update> read_update(ConfigReader& read, const YamlNode& service, const Service& so_far) {
  return UpdateReader(read, "component.services[].update").all(service, so_far);
}

std::optional<Update> read_own_update(ConfigReader& read, const YamlNode& root) {
  return UpdateReader(read, "update").own(root);
}

std::vector<NamedUpdate> updates_of(const Config& config) {
  std::vector<NamedUpdate> out;
  for (const Service& service : config.services) {
    if (service.update) out.push_back({service.name, &*service.update, &service});
  }
  if (config.update) out.push_back({std::string(ipc::kOwnService), &*config.update, nullptr});
  return out;
}

// All executables run by one runner, which is one account.
void check_updates(ConfigReader& read, const Config& config) {
  const Update* first = nullptr;
  for (const NamedUpdate& named : updates_of(config)) {
    const Update& update = *named.update;
    if (named.service != nullptr && named.name == ipc::kOwnService && config.update)
      read.fault(update.mark, "a service named " + in_quotes(named.name) +
                                  " has no update beside that of the gateway, which goes by this name");
    if (!update.runs()) continue;
    if (first == nullptr) first = &update;
    if (update.run_as != first->run_as)
      read.fault(update.run_as.empty() ? update.mark : update.run_as_mark,
                 "run_as must be the same for all services (on line " + std::to_string(first->mark.line) +
                     " it is " + (first->run_as.empty() ? "missing" : in_quotes(first->run_as)) + ")");
    if (!update.run_as.empty() && update.run_as == config.user)
      read.fault(
          update.run_as_mark,
          "run_as must be an account of its own, not that of the gateway, whose keys and log it could read");
  }
}

}  // namespace postern::supervisor
