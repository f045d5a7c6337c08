// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log of what people did here, as whoever verifies it needs it. The checkpoint is for everybody: whoever keeps one can show
// later that what it stands for was rewritten.
#include "mission/desk/admin.h"

namespace postern::mission::api {

using answer::CallPtr;
using answer::Reply;
using base::Json;

Json log_json(const AdminParts& parts) {
  Json out{{"key", nullptr}, {"size", 0}, {"signed", 0}};
  const auto head = parts.desk.store.act_log();
  if (head.ok()) {
    out["size"] = head->size;
    out["signed"] = head->signed_size;
  }
  const auto key =
      parts.log == nullptr
          ? base::Result<std::string>(base::fail(base::Code::NotFound, "there is no key for the log"))
          : parts.log->verifier_key();
  if (key.ok()) out["key"] = *key;
  const std::string why = !key.ok() ? key.error().message : parts.log->problem();
  if (!why.empty()) out["problem"] = why;
  return out;
}

void show_log(AdminParts& parts, const CallPtr&, const Reply& reply) {
  reply(answer::json_response(log_json(parts)));
}

namespace {

void reply_file(AdminParts& parts, const std::string& path, const char* type, const Reply& reply) {
  auto file = act_log_file(parts.desk.store, path);
  if (!file.ok() && file.error().code == base::Code::NotFound) return reply(not_there(file.error().message));
  if (!file.ok()) return reply(store_problem(file.error()));
  answer::Response response;
  response.content_type = type;
  response.body = *std::move(file);
  reply(std::move(response));
}

}  // namespace

void show_log_checkpoint(AdminParts& parts, const CallPtr&, const Reply& reply) {
  reply_file(parts, "checkpoint", "text/plain; charset=utf-8", reply);
}

void show_log_file(AdminParts& parts, const CallPtr& call, const Reply& reply) {
  reply_file(parts, call->parameter("path"), "application/octet-stream", reply);
}

}  // namespace postern::mission::api
