// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The link: the connection out. Errands come from the ledger, connections from the supervisor.
#include "gateway/link/link.h"

#include "base/bytes.h"
#include "base/log.h"
#include "certs/keeper_channel.h"
#include "certs/library.h"
#include "gateway/link/acme.h"
#include "gateway/link/challenge_server.h"
#include "gateway/link/fetcher.h"
#include "gateway/link/line.h"
#include "gateway/link/line_settings.h"
#include "gateway/roles/role.h"

namespace postern::roles {
namespace {

int serve_errands() {
  Role role("link");
  certs::load_openssl();
  const base::SystemClock clock;
  const auto connect = [&](std::uint32_t place, auto done) { role.connect(place, std::move(done)); };
  certs::KeeperChannel keeper((base::UniqueFd()));
  tls::ChannelSigner signer(keeper, tls::ChannelSigner::Use::Client);
  link::Line line(
      role.loop(), connect,
      [&](base::Json said, auto taken) {
        said["ask"] = "line";
        role.ask(said, std::move(taken));
      },
      {},
      [&](const line::TunnelHead& head, auto done) {
        role.ask_for_socket({{"ask", "tunnel"},
                             {"id", head.id},
                             {"relay", head.relay},
                             {"client", head.client},
                             {"name", head.name}},
                            std::move(done));
      });
  link::Link link(role.loop(), connect, &line, [&keeper] { return keeper.sign_assertion(); });
  // Nobody but the supervisor can make another channel, and it does so when this process starts.
  link.on_forsaken([&] { role.fail("the ledger closed its channel, and no other came"); });
  link::Fetcher fetcher(
      role.loop(), connect,
      [&](const std::string& name, const base::Result<std::string>& body, int /*failures*/, auto judged) {
        base::Json said{{"ask", "fetched"}, {"name", name}};
        if (body.ok()) said["body"] = base::to_base64(*body);
        if (!body.ok()) said["why"] = body.error().message;
        role.ask(said, [judged = std::move(judged)](const base::Json& answer) {
          if (!base::json_bool_or(answer, "ok", false))
            return judged(
                base::fail(base::Code::Denied, base::json_text_or(answer, "why", "for no reason given")));
          judged(certs::StapleTimes{base::json_number_or(answer, "from", 0),
                                    base::json_number_or(answer, "until", 0)});
        });
      });

  const base::Json ordered = role.config().value("acme", base::Json());
  const bool by_http = ordered.is_object() && base::json_text_or(ordered, "challenge", "") == "http-01";
  link::ChallengeServer challenges(role.loop(), by_http ? role.take_fd("challenge") : base::UniqueFd());
  link::Acme acme(
      role.loop(), connect,
      [&](base::Json said, auto taken) {
        said["ask"] = "acme";
        role.ask(said, [taken](const base::Json& answer) {
          const bool ok = base::json_bool_or(answer, "ok", false);
          taken(ok ? "" : base::json_text_or(answer, "why", "for no reason given"));
        });
      },
      keeper, challenges);

  const auto order = [&](const base::Json& config) -> base::Status {
    const base::Json json = config.value("acme", base::Json());
    std::optional<link::AcmeSettings> settings;
    if (json.is_object()) {
      auto read = link::AcmeSettings::read(json, clock);
      if (!read.ok()) return std::move(read).error();
      settings = std::move(*read);
    }
    acme.configure(std::move(settings));
    return base::Ok{};
  };
  const auto take_fd = [&](std::string_view name) { return role.take_fd(name); };
  const auto set_line = [&](const base::Json& config) -> base::Status {
    const base::Json json = config.value("line", base::Json());
    std::shared_ptr<link::LineSettings> settings;
    if (json.is_object()) {
      auto read = link::LineSettings::read(json, clock, signer, take_fd);
      if (!read.ok()) return std::move(read).error();
      settings = std::make_shared<link::LineSettings>(std::move(*read));
    }
    line.configure(std::move(settings));
    return base::Ok{};
  };
  const auto fetch = [&](const base::Json& config) -> base::Status {
    auto fetches = link::read_fetches(config, clock);
    if (!fetches.ok()) return std::move(fetches).error();
    fetcher.configure(std::move(*fetches));
    return base::Ok{};
  };
  const auto configure = [&](const base::Json& config) -> base::Status {
    if (base::json_text_or(config, "only", "") == "fetches") return fetch(config);
    auto settings = link::Settings::read(config, clock, take_fd);
    if (!settings.ok()) return std::move(settings).error();
    if (base::Status set = set_line(config); !set.ok()) return set;
    link.configure(std::move(*settings));
    if (base::Status fetched = fetch(config); !fetched.ok()) return fetched;
    return order(config);
  };
  if (base::Status configured = configure(role.config()); !configured.ok())
    role.fail(configured.error().message);
  role.on_channel("keeper", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the keeper is one socket");
    keeper.replace(std::move(fds[0]));
  });
  role.on_channel("ledger", [&](std::uint32_t, Role::Fds fds) {
    if (fds.size() != 1) role.fail("a channel to the ledger is one socket");
    link.set_ledger(std::move(fds[0]));
  });
  role.on_reload([&](const base::Json& config) {
    if (base::Status configured = configure(config); !configured.ok())
      base::log_error("the old settings stay: " + configured.error().message);
  });
  return role.serve();
}

}  // namespace
}  // namespace postern::roles

int main() { return postern::roles::serve_errands(); }
