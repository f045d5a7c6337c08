// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/proc/seccomp.h"

#include <poll.h>
#include <seccomp.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace postern::proc {
namespace {

using base::Code;

struct Release {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

struct FreeRequest {
  void operator()(seccomp_notif* request) const { ::seccomp_notify_free(request, nullptr); }
};
struct FreeResponse {
  void operator()(seccomp_notif_resp* response) const { ::seccomp_notify_free(nullptr, response); }
};

base::Error failed(const char* what, int result) {
  return base::fail(Code::Unavailable, std::string(what) + ": " + std::strerror(-result));
}

// The process' own id is not known before the filter is made, and never changes afterwards.
scmp_arg_cmp comparison(const Condition& condition) {
  const auto value =
      condition.value == kOwnProcess ? static_cast<std::uint64_t>(::getpid()) : condition.value;
  return {static_cast<unsigned>(condition.argument), SCMP_CMP_MASKED_EQ, condition.mask, value};
}

base::Status allow(void* context, const Call& call) {
  const int number = ::seccomp_syscall_resolve_name(std::string(call.name).c_str());
  if (number < 0) return base::Ok{};  // this machine has no such call
  scmp_arg_cmp conditions[2];
  unsigned count = 0;
  for (const Condition* condition : {&call.first, &call.second}) {
    if (condition->argument >= 0) conditions[count++] = comparison(*condition);
  }
  const int result = ::seccomp_rule_add_array(context, SCMP_ACT_ALLOW, number, count, conditions);
  if (result != 0) return failed(std::string(call.name).c_str(), result);
  return base::Ok{};
}

base::Result<Context> make_filter(const Profile& profile) {
  Context context(::seccomp_init(SCMP_ACT_NOTIFY));
  if (context == nullptr) return base::fail(Code::Unavailable, "libseccomp cannot make a filter here");
  // A 32-bit call from a 64-bit program has other numbers: there is no name to be had, and no good reason.
  int result = ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (result == 0) result = ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (result == 0) result = ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree
  if (result != 0) return failed("libseccomp", result);
  for (const Group* group : profile.groups) {
    for (const Call& call : group->calls) {
      if (base::Status allowed = allow(context.get(), call); !allowed.ok()) return std::move(allowed).error();
    }
  }
  return context;
}

std::string name_of_call(const seccomp_data& data) {
  char* name = ::seccomp_syscall_resolve_num_arch(data.arch, data.nr);
  if (name == nullptr) return "system call " + std::to_string(data.nr);
  std::string out(name);
  std::free(name);  // NOLINT: libseccomp's own allocation
  return out;
}

}  // namespace

base::Result<base::UniqueFd> filter_calls(const Profile& profile) {
  base::Result<Context> context = make_filter(profile);
  if (!context.ok()) return std::move(context).error();
  if (const int result = ::seccomp_load(context->get()); result != 0) return failed("seccomp", result);
  const int listener = ::seccomp_notify_fd(context->get());
  if (listener < 0) return failed("the listener of the filter", listener);
  return base::UniqueFd(listener);
}

base::Status export_filter(const Profile& profile, int fd) {
  base::Result<Context> context = make_filter(profile);
  if (!context.ok()) return std::move(context).error();
  if (const int result = ::seccomp_export_pfc(context->get(), fd); result != 0)
    return failed("export", result);
  return base::Ok{};
}

// Asked with poll first: a listener without a call blocks whoever receives from it.
base::Result<std::optional<RefusedCall>> next_refused(int listener) {
  pollfd waiting{listener, POLLIN, 0};
  if (::poll(&waiting, 1, 0) < 0) return base::fail_errno("the listener of a filter", errno);
  if ((waiting.revents & POLLIN) == 0) {
    if (waiting.revents == 0) return std::optional<RefusedCall>();
    return base::fail(Code::Closed, "nobody is left under this filter");
  }
  seccomp_notif* raw = nullptr;
  if (const int result = ::seccomp_notify_alloc(&raw, nullptr); result != 0) return failed("seccomp", result);
  const std::unique_ptr<seccomp_notif, FreeRequest> request(raw);
  // Killed between the look and now: its call is gone with it.
  if (::seccomp_notify_receive(listener, request.get()) != 0) return std::optional<RefusedCall>();
  return std::optional(RefusedCall{request->id, static_cast<int>(request->pid), name_of_call(request->data)});
}

void refuse(int listener, const RefusedCall& call) {
  seccomp_notif_resp* raw = nullptr;
  if (::seccomp_notify_alloc(nullptr, &raw) != 0) return;
  const std::unique_ptr<seccomp_notif_resp, FreeResponse> response(raw);
  response->id = call.id;
  response->error = -kRefused;
  ::seccomp_notify_respond(listener, response.get());  // whoever asked may be gone: then nobody waits
}

}  // namespace postern::proc
