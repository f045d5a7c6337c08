// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// All six roles in one, to show that what the supervisor wires is wired: a terminator asks the keeper, then
// speaks over its ring; the enforcer that hears it asks for a connection to node 0 and appends a line; the
// ledger writes lines into a file, where the test reads them. The console writes the supervisor's status, and
// reloads, or accuses its terminator, when a file asks for it. The ledger fails while a file says that it shall.
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"
#include "gateway/ipc/control_protocol.h"
#include "gateway/ipc/exchange_channel.h"
#include "gateway/ipc/ledger_protocol.h"
#include "gateway/ipc/socket_channel.h"
#include "gateway/roles/role.h"

namespace postern {
namespace {

using roles::Role;

// It stands for all six, so it may do what any of them may; the walls are real all the same.
constexpr proc::Path kState[]{{"", "", proc::Access::Change}};
const proc::Profile kProfile{"test", proc::all_groups(), kState, 0, true, false};

struct TestRole {
  Role role{kProfile};
  std::string state = base::json_text_or(role.config(), "state_directory", "");
  std::map<std::string, std::unique_ptr<ipc::SocketChannel>> sockets;
  std::map<std::uint32_t, std::unique_ptr<ipc::ExchangeChannel>> rings;
  std::map<std::string, std::uint64_t> appended;
  bool told_flood = false;
  int told_often = 0;
  base::UniqueFd keeper;
  std::map<std::uint32_t, base::UniqueFd> askers;
  std::map<std::uint32_t, std::unique_ptr<loop::Poller>> desks;
  loop::Timer look{role.loop(), [this] { on_look(); }};

  void write_line(std::string_view line) const {
    std::ofstream(state + "/lines", std::ios::app) << line << '\n';
  }

  void append(const std::string& line) {
    ipc::Append frame;
    frame.line = line;
    base::BinaryWriter out;
    encode(frame, out);
    if (sockets.count("ledger") != 0)
      sockets["ledger"]->send(static_cast<std::uint16_t>(ipc::ToLedger::Append), out.bytes());
  }

  void open_socket(const std::string& name, base::UniqueFd fd) {
    sockets[name] = std::make_unique<ipc::SocketChannel>(
        role.loop(), std::move(fd), ipc::SocketChannelLimits{},
        [this, name](std::uint16_t type, std::string_view payload, Role::Fds) {
          if (role.name() == "ledger") on_ledger_frame(name, static_cast<ipc::ToLedger>(type), payload);
        },
        [](const base::Error&) {});
  }

  void on_ledger_frame(const std::string& from, ipc::ToLedger type, std::string_view payload) {
    base::BinaryWriter out;
    if (ipc::Append append; type == ipc::ToLedger::Append && decode(payload, append)) {
      write_line(append.line);
      encode(ipc::Acked{++appended[from]}, out);
      sockets[from]->send(static_cast<std::uint16_t>(ipc::FromLedger::Acked), out.bytes());
    }
    if (ipc::Command command; type == ipc::ToLedger::Command && decode(payload, command)) {
      write_line("command " + std::string(command.json));
      ipc::Reply reply;
      reply.id = command.id;
      reply.ok = true;
      reply.json = "{}";
      encode(reply, out);
      sockets[from]->send(static_cast<std::uint16_t>(ipc::FromLedger::Reply), out.bytes());
    }
  }

  void open_ring(std::uint32_t index, Role::Fds fds, int side) {
    if (fds.size() != 3) role.fail("a ring is three descriptors");
    auto ring = ipc::ExchangeChannel::open(
        role.loop(), {std::move(fds[0]), std::move(fds[1]), std::move(fds[2])}, side,
        [this](ipc::ExchangeFrame, std::uint64_t, std::string_view said) { on_heard(std::string(said)); },
        [](const base::Error&) {});
    if (!ring.ok()) role.fail(ring.error().message);
    rings[index] = std::move(*ring);
  }

  void on_heard(const std::string& said) {
    if (role.name().rfind("enforcer", 0) != 0) return append(said + " -> " + role.name());
    role.connect(0, [this, said](base::Result<base::UniqueFd> socket) {
      append(said + " -> " + role.name() +
             (socket.ok() ? " connected" : " failed: " + socket.error().message));
    });
  }

  // The real exchange frames are not needed: any payload will do for a ring.
  void speak() {
    char answer[16] = {};
    ::send(keeper.get(), "sign", 4, MSG_NOSIGNAL);
    const bool signed_it = ::recv(keeper.get(), answer, sizeof answer, 0) == 4;
    for (const auto& [index, ring] : rings) {
      ring->send(ipc::ExchangeFrame::RequestHead, 1, role.name() + (signed_it ? " signed" : " unsigned"));
    }
  }

  // A place called "flood" is asked for far more often than there is room, again and again.
  void flood(std::uint32_t id) {
    for (int i = 0; i < 1500; ++i) {
      role.connect(id, [this](base::Result<base::UniqueFd> socket) {
        if (!socket.ok() && !std::exchange(told_flood, true)) append("flood: " + socket.error().message);
      });
    }
  }

  // A place called "deaf" likewise, without ever reading an answer: past the role's own channel.
  void ask_deaf(std::uint32_t id) {
    constexpr int kAsked = 20'000;
    for (int i = 0; i < kAsked; ++i) {
      base::BinaryWriter payload, frame;
      encode(ipc::ConnectRequest{std::uint64_t{1000} + static_cast<std::uint64_t>(i), id}, payload);
      frame.u32(static_cast<std::uint32_t>(payload.bytes().size()));
      frame.u16(static_cast<std::uint16_t>(ipc::FromRole::Connect));
      frame.u16(0);
      frame.raw(payload.bytes());
      std::string_view left = frame.bytes();
      while (!left.empty()) {
        const ssize_t n = ::send(ipc::kControlFd, left.data(), left.size(), MSG_NOSIGNAL);
        if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
      }
    }
    append("deaf asked often");
    sockets["ledger"]->flush();
    for (;;) ::poll(nullptr, 0, 1000);
  }

  // What is to be fetched, it says, is not there: again and again, and each time that it is the first time.
  void tell_of_failures() {
    for (const base::Json& fetch : role.config().value("fetches", base::Json::array())) {
      for (int i = 0; i < 100; ++i) {
        const bool last = i == 99 && ++told_often == 20;
        role.ask({{"ask", "fetched"}, {"name", fetch.at("name")}, {"failures", 1}, {"why", "I say so"}},
                 [this, last](const base::Json& answer) {
                   if (last) append("told often: " + base::json_text_or(answer, "why", ""));
                 });
      }
    }
  }

  // The places that the configuration names, and a node of the component.
  void reach() {
    const auto told = [this](const std::string& what) {
      return [this, what](base::Result<base::UniqueFd> socket) {
        append("link reached " + what + (socket.ok() ? ": yes" : ": no, " + socket.error().message));
      };
    };
    for (const base::Json& place : role.config().value("places", base::Json::array())) {
      const auto id = place.at("id").get<std::uint32_t>();
      const auto name = place.at("name").get<std::string>();
      if (name == "flood") return flood(id);
      if (name == "deaf") return ask_deaf(id);
      role.connect(id, told(name));
    }
    role.connect(0, told("the component"));
    tell_of_failures();
  }

  void serve_keeper(std::uint32_t index, Role::Fds fds) {
    desks.erase(index);
    askers[index] = std::move(fds.at(0));
    desks[index] = std::make_unique<loop::Poller>(role.loop(), askers[index].get(), [this, index](unsigned) {
      char request[16];
      const ssize_t n = ::recv(askers[index].get(), request, sizeof request, MSG_DONTWAIT);
      if (n <= 0) return desks[index]->want(0);
      ::send(askers[index].get(), request, static_cast<std::size_t>(n), MSG_NOSIGNAL);
    });
    desks[index]->want(loop::kReadable);
  }

  void take_keys() {
    if (!role.take_fd("key.support").valid() || !role.take_fd("key.pass").valid())
      role.fail("a key is missing");
  }

  void on_look() {
    role.ask({{"ask", "status"}}, [this](const base::Json& answer) {
      static_cast<void>(base::write_file(state + "/status", base::dump_json(answer), 0644));
    });
    if (::unlink((state + "/breach").c_str()) == 0) role.report_breach("frame 3 does not fit");
    if (::unlink((state + "/reload").c_str()) != 0) return;
    role.ask({{"ask", "reload"}, {"actor", "admin:test"}}, [this](const base::Json& answer) {
      static_cast<void>(base::write_file(state + "/reloaded", base::dump_json(answer), 0644));
    });
  }

  int serve() {
    const std::string kind = role.name().substr(0, role.name().find('.'));
    role.on_channel("exchange", [&](std::uint32_t index, Role::Fds fds) {
      open_ring(index, std::move(fds), kind == "terminator" ? 0 : 1);
    });
    for (const std::string peer : {"ledger", "enforcer", "console", "supervisor", "link"}) {
      if (kind == "keeper") continue;
      role.on_channel(peer, [&, peer](std::uint32_t index, Role::Fds fds) {
        open_socket(kind == "ledger" ? peer + std::to_string(index) : peer, std::move(fds.at(0)));
      });
    }
    if (kind == "keeper") {
      role.on_channel("terminator",
                      [&](std::uint32_t index, Role::Fds fds) { serve_keeper(index, std::move(fds)); });
      take_keys();
      role.on_reload([this](const base::Json&) { take_keys(); });
    } else {
      role.on_channel("keeper", [&](std::uint32_t, Role::Fds fds) { keeper = std::move(fds.at(0)); });
    }
    if (kind == "ledger" && ::access((state + "/damaged").c_str(), F_OK) == 0)
      role.fail("the journal is damaged: \x1b[1msegment 1");
    if (kind == "enforcer") {
      role.on_reload([&](const base::Json&) { append(role.name() + " reloaded"); });
    }
    loop::Timer reaching(role.loop(), [&] { reach(); });
    if (kind == "link") reaching.start(50 * base::kMillisecond, 50 * base::kMillisecond);
    if (kind == "console") look.start(20 * base::kMillisecond, 20 * base::kMillisecond);
    loop::Timer speaking(role.loop(), [&] { speak(); });
    if (kind == "terminator") speaking.start(50 * base::kMillisecond, 50 * base::kMillisecond);
    return role.serve();
  }
};

}  // namespace
}  // namespace postern

int main() {
  postern::TestRole role;
  return role.serve();
}
