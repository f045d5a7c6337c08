// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log's key. Key files are made and put away by postern audit rotate-key, which may write where they lie; the
// supervisor opens them and the keeper holds them.
#include "console/api.h"
#include "console/commands.h"

namespace postern::console::api {
namespace {

// Has the supervisor read the log's keys again; goes on with then if they are sound.
void with_keys_read(Parts& parts, const CallPtr& call, const Reply& reply, std::function<void()> then) {
  auto body = read_body(*call, {});
  if (!body.ok()) return reply(problem(400, "invalid", "The request cannot be read", body.error().message));
  parts.ask({{"ask", "log_keys"}}, [reply, then = std::move(then)](const base::Json& answer) {
    if (base::json_bool_or(answer, "ok", false)) return then();
    reply(problem(409, "conflict", "The log's keys cannot be read",
                  base::json_text_or(answer, "message", "the supervisor does not answer")));
  });
}

}  // namespace

void rotate_log_key(Parts& parts, const CallPtr& call, const Reply& reply) {
  with_keys_read(parts, call, reply, [&parts, call, reply] {
    send_command(parts, call, "log.rotate_key", base::Json::object(), reply, as_it_is);
  });
}

void read_log_keys(Parts& parts, const CallPtr& call, const Reply& reply) {
  with_keys_read(parts, call, reply, [reply] { reply(json_response(base::Json::object())); });
}

}  // namespace postern::console::api
