// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Who may sign in to the console. On the machine this needs no sign-in of its own, so it is the way back in for whoever has
// lost password or second factor. Passwords are never arguments, which others of the machine can read.
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "gateway/cli/accounts.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/said.h"

namespace postern::cli {
namespace {

const std::vector<Column> kAdmins{{"NAME", "name"},
                                  {"ROLE", "role"},
                                  {"PASSKEYS", "passkeys", Kind::Number},
                                  {"APP", "totp"},
                                  {"LOCKED", "locked"},
                                  {"BY", "openid.issuer"},
                                  {"SIGNED IN", "sign_ins", Kind::Number},
                                  {"LAST SEEN", "seen", Kind::Time}};
const std::vector<Column> kInvitations{
    {"ID", "id"}, {"NAME", "name"}, {"ROLE", "role"}, {"BY", "by"}, {"EXPIRES", "expires", Kind::Time}};
const std::vector<Column> kInvited{
    {"Name", "name"}, {"Role", "role"}, {"Expires", "expires", Kind::Time}, {"Link", "link"}};

std::string path_of(const AccountWords& words, const std::string& name, const char* end = "") {
  return std::string(words.path) + "/" + path_segment(name) + end;
}
std::string example(const AccountWords& words, const std::string& rest) { return words.group + (" " + rest); }

// Switches the terminal's echo off while it lives.
class Silence {
 public:
  Silence() : quiet_(::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!quiet_) return;
    termios now = before_;
    now.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
  }
  ~Silence() {
    if (quiet_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  bool quiet() const { return quiet_; }

 private:
  termios before_{};
  bool quiet_;
};

// The first line of standard input; at a terminal it is asked for and not shown.
std::string read_password() {
  const Silence silence;
  if (silence.quiet()) std::fputs("Password: ", stderr);
  std::string line;
  std::getline(std::cin, line);
  if (silence.quiet()) std::fputs("\n", stderr);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::string show_password(const base::Json& answer) {
  const std::string password = base::json_text_or(answer, "password", "");
  const std::string name = base::json_text_or(answer, "name", "");
  if (password.empty()) return "Done: " + name + "\n";
  return to_lines(answer, {{"Name", "name"}, {"Password", "password"}}) +
         "It is shown once and kept nowhere; " + name + " changes it after signing in.\n";
}

struct NewPassword {
  std::string name, role;
  bool from_stdin = false;
};
void add_password_option(CLI::App* command, const std::shared_ptr<NewPassword>& wish) {
  command->add_flag(
      "--password-stdin", wish->from_stdin,
      "take the password from the first line of standard input; without it one is drawn by lot");
}

void put_password(const NewPassword& wish, base::Json& body) {
  if (wish.from_stdin) body["password"] = read_password();
}

CLI::Option* add_role(CLI::App* command, const AccountWords& words, std::string& role) {
  return command->add_option("--role", role, words.roles_say)
      ->check(CLI::IsMember(words.roles))
      ->type_name("ROLE");
}

void add_new(Program& program, const AccountWords& words, CLI::App* group) {
  auto wish = std::make_shared<NewPassword>();
  CLI::App* add =
      program.command(group, "add", std::string("Add ") + words.one,
                      example(words, "add bob --role ") + words.roles.front() + "\n" +
                          example(words, "add bob --role ") + words.roles.back() + " --password-stdin",
                      [&program, words, wish] {
                        base::Json body{{"name", wish->name}, {"role", wish->role}};
                        put_password(*wish, body);
                        return program.ask({http::Method::Post, words.path, body}, show_password);
                      });
  add->add_option("name", wish->name, "lower case letters, digits, . _ -")->required()->type_name("NAME");
  add_role(add, words, wish->role)->required();
  add_password_option(add, wish);

  auto reset = std::make_shared<NewPassword>();
  CLI::App* command = program.command(
      group, "reset-password", "Give an account another password; ends its sign-ins",
      example(words, "reset-password admin"), [&program, words, reset] {
        base::Json body = base::Json::object();
        put_password(*reset, body);
        return program.ask({http::Method::Post, path_of(words, reset->name, "/password"), body},
                           show_password);
      });
  command->add_option("name", reset->name, "whose")->required()->type_name("NAME");
  add_password_option(command, reset);
}

void add_invitations(Program& program, const AccountWords& words, CLI::App* group) {
  auto wish = std::make_shared<NewPassword>();
  CLI::App* invite = program.command(
      group, "invite", std::string("Invite ") + words.one + ": a link that is good once, for 24 hours",
      example(words, "invite bob --role ") + words.roles.front(), [&program, words, wish] {
        const base::Json body{{"name", wish->name}, {"role", wish->role}};
        return program.ask({http::Method::Post, "/api/v1/invitations", body},
                           [](const base::Json& answer) { return to_lines(answer, kInvited); });
      });
  invite->add_option("name", wish->name, "lower case letters, digits, . _ -")->required()->type_name("NAME");
  add_role(invite, words, wish->role)->required();
  program.command(group, "invitations", "List invitations that nobody has accepted yet",
                  example(words, "invitations"), [&program] {
                    return program.ask(
                        {http::Method::Get, "/api/v1/invitations", {}}, [](const base::Json& answer) {
                          return to_table(items_of(answer), kInvitations, "Nobody is invited.");
                        });
                  });
  auto id = std::make_shared<std::string>();
  CLI::App* revoke = program.command(
      group, "uninvite", "Take an invitation back", example(words, "uninvite 01JNK4Z8Q0000000000000000A"),
      [&program, id] {
        return program.ask(
            {http::Method::Delete, "/api/v1/invitations/" + path_segment(*id), base::Json::object()},
            [](const base::Json&) { return std::string("Taken back.\n"); });
      });
  revoke->add_option("id", *id, std::string("as ") + words.group + " invitations lists it")
      ->required()
      ->type_name("ID");
}

void add_to_somebody(Program& program, const AccountWords& words, CLI::App* group, const char* verb,
                     const std::string& description, const char* path_end, const Show& show) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = program.command(
      group, verb, description, example(words, verb) + " bob", [&program, words, name, path_end, show] {
        return program.ask({http::Method::Delete, path_of(words, *name, path_end), base::Json::object()},
                           show);
      });
  command->add_option("name", *name, "whose")->required()->type_name("NAME");
}

void add_locks(Program& program, const AccountWords& words, CLI::App* group) {
  for (const bool locked : {true, false}) {
    auto name = std::make_shared<std::string>();
    const char* verb = locked ? "lock" : "unlock";
    CLI::App* command = program.command(
        group, verb,
        locked ? "Lock an account, whoever vouches for it; ends its sign-ins" : "Unlock an account",
        example(words, verb) + " bob", [&program, words, name, locked] {
          return program.ask({http::Method::Put, path_of(words, *name, "/lock"), {{"locked", locked}}},
                             [locked](const base::Json& answer) {
                               return base::json_text_or(answer, "name", "") +
                                      (locked ? " is locked.\n" : " is not locked.\n");
                             });
        });
    command->add_option("name", *name, "whose")->required()->type_name("NAME");
  }
}

}  // namespace

void add_account_commands(Program& program, const AccountWords& words) {
  CLI::App* group = program.group(words.group, words.title);
  program.command(group, "list", std::string("List ") + words.all, example(words, "list"), [&program, words] {
    return program.ask({http::Method::Get, words.path, {}}, [](const base::Json& answer) {
      return to_table(items_of(answer), kAdmins, "Nobody may sign in.");
    });
  });
  add_new(program, words, group);
  add_invitations(program, words, group);
  add_to_somebody(
      program, words, group, "remove",
      std::string("Remove ") + words.one + "; ends their sign-ins. The last " + words.roles.back() + " stays",
      "", [](const base::Json&) { return std::string("Removed.\n"); });
  auto change = std::make_shared<NewPassword>();
  CLI::App* role = program.command(
      group, "set-role", "Give somebody another role; ends their sign-ins",
      example(words, "set-role bob ") + words.roles.back(), [&program, words, change] {
        return program.ask(
            {http::Method::Put, path_of(words, change->name, "/role"), {{"role", change->role}}},
            [](const base::Json& answer) {
              return to_lines(answer, {{"Name", "name"}, {"Role", "role"}});
            });
      });
  role->add_option("name", change->name, "whose")->required()->type_name("NAME");
  role->add_option("role", change->role, words.roles_say)
      ->required()
      ->check(CLI::IsMember(words.roles))
      ->type_name("ROLE");
  add_locks(program, words, group);
  add_to_somebody(program, words, group, "reset-second-factor",
                  "Remove the passkeys, authenticator app and recovery codes of an account", "/second-factor",
                  [](const base::Json&) {
                    return std::string("Removed: the password is enough until there is another.\n");
                  });
  add_to_somebody(program, words, group, "sign-out", "End all sign-ins of an account", "/sign-ins",
                  [](const base::Json& answer) {
                    return to_lines(answer, {{"Ended", "ended", Kind::Number}});
                  });
}

void add_admin_commands(Program& program) {
  add_account_commands(program, {"admin",
                                 "Who may sign in to the console",
                                 "an admin or auditor",
                                 "admins and auditors",
                                 "/api/v1/admins",
                                 {"auditor", "admin"},
                                 "admin, or auditor: who reads and changes nothing"});
}

}  // namespace postern::cli
