// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/program.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/bytes.h"
#include "gateway/cli/places.h"
#include "gateway/cli/table.h"

namespace postern::cli {
namespace {

std::string every_command(const ProgramWords& words) {
  return "With every command: --config FILE (or " + words.variable + ") names " + words.place +
         ", --json prints JSON.\nExit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 " +
         (words.place == "the gateway" ? "gateway" : words.place) + " not reachable.";
}

}  // namespace

const ProgramWords& gateway_words() {
  static const ProgramWords words{"postern",
                                  "The guarded door between a component and the vendor's support.",
                                  "/etc/postern/postern.yaml",
                                  "POSTERN_CONFIG",
                                  "the gateway",
                                  "/run/postern/control.sock"};
  return words;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int fail_with(std::string_view message) {
  std::fprintf(stderr, "%s: %.*s\n", program_invocation_short_name, static_cast<int>(message.size()),
               message.data());
  return kFailed;
}

Program::Program(ProgramWords words)
    : words_(std::move(words)), app_(words_.description, words_.name), config_(words_.config) {
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.footer(every_command(words_));
  app_.add_option("--config", config_, "configuration of " + words_.place)
      ->envname(words_.variable)
      ->type_name("FILE");
  app_.add_option("--socket", socket_, "control socket, if the configuration cannot be read")
      ->type_name("PATH");
  app_.add_flag("--json", json_, "print JSON");
  app_.set_version_flag("--version", words_.name + " " POSTERN_VERSION, "print the version");
}

std::string Program::footer_of(const std::string& example) const {
  std::string out;
  if (!example.empty()) out += "Examples:\n";
  for (std::size_t begin = 0; begin < example.size();) {
    const std::size_t end = std::min(example.find('\n', begin), example.size());
    out += "  " + words_.name + " " + example.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return out + (out.empty() ? "" : "\n") + every_command(words_);
}

int Program::run(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? kDone : kUsage;
  }
  if (!action_) return kUsage;
  const int code = action_();
  // A full disk or a closed pipe behind us: what was not written was not done.
  return std::fflush(stdout) == 0 ? code : kFailed;
}

CLI::App* Program::group(CLI::App* parent, std::string name, std::string description) {
  CLI::App* group = parent->add_subcommand(std::move(name), std::move(description));
  group->require_subcommand(1);
  group->footer(every_command(words_));
  return group;
}

CLI::App* Program::command(CLI::App* parent, std::string name, std::string description, std::string example,
                           std::function<int()> action) {
  CLI::App* command = parent->add_subcommand(std::move(name), std::move(description));
  command->footer(footer_of(example));
  command->callback([this, action = std::move(action)] { action_ = action; });
  return command;
}

std::unique_ptr<Client> Program::client() {
  if (!socket_.empty()) return std::make_unique<Client>(socket_, words_.place);
  const base::Result<Places> places = find_places(config_, words_.socket);
  if (!places.ok()) {
    fail_with(places.error().message);
    return nullptr;
  }
  return std::make_unique<Client>(places->control_socket, words_.place);
}

int Program::complain(const base::Error& error) const {
  fail_with(error.message);
  return error.code == base::Code::Unavailable || error.code == base::Code::Denied ? kUnreachable : kFailed;
}

int Program::complain(const Client::Answer& answer) const {
  const base::Result<base::Json> problem = base::parse_json(answer.body);
  if (!problem.ok() || !problem->is_object()) {
    return fail_with(words_.place + " answered with status " + std::to_string(answer.status));
  }
  if (json_) print(to_json_line(*problem));
  const std::string title = base::printable(base::json_text_or(*problem, "title", "refused"));
  const std::string detail = base::printable(base::json_text_or(*problem, "detail", ""), 4096);
  const std::string code = base::printable(base::json_text_or(*problem, "code", ""));
  return fail_with(title + (detail.empty() ? "" : ": " + detail) + (code.empty() ? "" : " (" + code + ")"));
}

int Program::ask(const Request& request, const Show& show) {
  const std::unique_ptr<Client> gateway = client();
  if (gateway == nullptr) return kFailed;
  const auto answer =
      gateway->call(request.method, request.target, request.body.is_null() ? nullptr : &request.body);
  if (!answer.ok()) return complain(answer.error());
  if (!answer->ok()) return complain(*answer);
  base::Json json = base::Json::object();
  if (!answer->body.empty()) {
    base::Result<base::Json> parsed = base::parse_json(answer->body);
    if (!parsed.ok()) return fail_with(words_.place + "'s answer is not JSON: " + parsed.error().message);
    json = std::move(*parsed);
  }
  const base::Json shown = request.part ? request.part(json) : json;
  print(json_ ? to_json_line(shown) : show(shown));
  return request.good && !request.good(json) ? kFailed : kDone;
}

}  // namespace postern::cli
