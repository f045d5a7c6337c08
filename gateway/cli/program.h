// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern`: the tree of commands, what all of them share, and how each ends. A file per group adds its
// commands (commands.h); the same definitions make --help, the man pages and the shells' completion.
//
// Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 gateway not reachable.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "gateway/cli/client.h"
#include "gateway/cli/table.h"

namespace postern::cli {

inline constexpr int kDone = 0, kFailed = 1, kUsage = 2, kUnreachable = 3;

// A request to the gateway.
struct Request {
  http::Method method = http::Method::Get;
  std::string target;
  base::Json body;  // null: none
  std::function<bool(const base::Json& answer)> good =
      {};  // an answer for which this is false ends the command with kFailed; none: all are good
  std::function<base::Json(const base::Json& answer)> part =
      {};  // of the answer that is shown, and printed with --json; none: all
};
using Show = std::function<std::string(const base::Json& answer)>;  // for people

// Whose command line it is: the gateway's, or that of another program with a control socket.
struct ProgramWords {
  std::string name, description;
  std::string config, variable;  // the default, and the variable that names another
  std::string place;             // who answers at the control socket
  std::string socket;            // where, if the configuration does not say
};
const ProgramWords& gateway_words();

class Program {
 public:
  explicit Program(ProgramWords words = gateway_words());
  int run(int argc, const char* const* argv);
  CLI::App& app() { return app_; }

  // A command that only holds others.
  CLI::App* group(std::string name, std::string description) {
    return group(&app_, std::move(name), std::move(description));
  }
  CLI::App* group(CLI::App* parent, std::string name, std::string description);
  // A command. example: one per line, without "postern". Whoever adds it binds options to what action keeps
  // alive.
  CLI::App* command(CLI::App* parent, std::string name, std::string description, std::string example,
                    std::function<int()> action);

  bool json() const { return json_; }
  const std::string& config_path() const { return config_; }

  // Sends the request; prints the answer, as JSON or as show says; returns the exit code.
  int ask(const Request& request, const Show& show);
  // The client for the gateway, or nothing after having said why not (then the command ends with kFailed).
  std::unique_ptr<Client> client();
  // Prints the failure of a call, or the problem that an answer carries; returns the exit code.
  int complain(const base::Error& error) const;
  int complain(const Client::Answer& answer) const;

 private:
  std::string footer_of(const std::string& example) const;

  const ProgramWords words_;
  CLI::App app_;
  std::string config_;
  std::string socket_;
  bool json_ = false;
  std::function<int()> action_;
};

void print(std::string_view text);  // on standard output
int fail_with(
    std::string_view message);  // "postern: message", with the program's name, on standard error; kFailed

}  // namespace postern::cli
