// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Commands about updates: those that sign need no server, and the machine that they run on needs no network.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/bytes.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "gateway/cli/said.h"
#include "line/updates.h"
#include "mission/control/commands.h"
#include "mission/control/update_folder.h"
#include "mission/control/update_keys.h"
#include "mission/passphrase.h"

namespace postern::mission {
namespace {

using base::Json;
using cli::Column;
using cli::Kind;

const std::vector<Column> kUpdates{{"NAME", "name"},
                                   {"OF", "of"},
                                   {"VERSION", "version"},
                                   {"SEVERITY", "severity"},
                                   {"RING", "ring", Kind::Number},
                                   {"SUSPENDED", "suspended"}};
const std::vector<Column> kUpdate{{"Name", "name"},
                                  {"Of", "of"},
                                  {"Version", "version"},
                                  {"Severity", "severity"},
                                  {"SHA-256", "sha256"},
                                  {"Bytes", "length", Kind::Number},
                                  {"Ring", "ring", Kind::Number},
                                  {"Stops at %", "stop_at", Kind::Number},
                                  {"Published", "published", Kind::Time},
                                  {"Suspended", "suspended"},
                                  {"By", "suspended_by"}};
const std::vector<Column> kProgress{
    {"INSTALLATION", "id"}, {"CUSTOMER", "customer"},      {"RING", "ring", Kind::Number},
    {"STATE", "state"},     {"SINCE", "time", Kind::Time}, {"STARTS", "starts", Kind::Time},
    {"WHY", "why"}};
const std::vector<Column> kRings{
    {"RING", "ring", Kind::Number},     {"INSTALLATIONS", "installations", Kind::Number},
    {"HAVE IT", "taken", Kind::Number}, {"ON ITS WAY", "waiting", Kind::Number},
    {"FAILED", "failed", Kind::Number}, {"SAID NOTHING", "untold", Kind::Number},
    {"BEHIND", "behind", Kind::Number}};

base::Micros wall_now() { return base::SystemClock().wall(); }

int said(const base::Status& status, const std::string& sentence) {
  if (!status.ok()) return cli::fail_with(status.error().message);
  cli::print(sentence + "\n");
  return cli::kDone;
}

base::Result<std::vector<base::Secret>> read_keys(const std::vector<std::string>& paths,
                                                  const std::string& passphrase) {
  std::vector<base::Secret> out;
  for (const std::string& path : paths) {
    auto key = read_update_key(path, passphrase);
    if (!key.ok()) return key.error();
    out.push_back(*std::move(key));
  }
  return out;
}

base::Result<base::Micros> from_now(const std::string& duration) {
  const auto span = base::parse_duration(duration);
  if (!span.ok()) return span.error();
  return wall_now() + *span;
}

// What the commands that sign share.
struct Signing {
  std::string directory = ".", passphrase_file;
  std::vector<std::string> keys;
};

void add_signing(CLI::App* command, Signing& signing) {
  command->add_option("--dir", signing.directory, "the folder of updates; here unless said otherwise")
      ->type_name("DIR");
  command->add_option("--key", signing.keys, "a private key that signs; several are given one by one")
      ->type_name("FILE");
  command->add_option("--passphrase-file", signing.passphrase_file, "where the keys' passphrase is")
      ->type_name("FILE");
}

void add_key(cli::Program& program, CLI::App* group) {
  CLI::App* keys = group->add_subcommand("key", "Keys that sign updates");
  keys->require_subcommand(1);
  struct Wish {
    std::string path, passphrase_file;
    bool plain = false;
  };
  auto wish = std::make_shared<Wish>();
  CLI::App* made =
      program.command(keys, "new", "Make a key, sealed with a passphrase, and FILE.pub beside it",
                      "update key new root-1.key\nupdate key new timestamp.key --no-passphrase", [wish] {
                        std::string passphrase;
                        if (!wish->plain) {
                          auto read = read_passphrase(wish->passphrase_file, true, wish->path);
                          if (!read.ok()) return cli::fail_with(read.error().message);
                          passphrase = *std::move(read);
                        }
                        const auto key = make_update_key(wish->path, passphrase);
                        base::wipe(passphrase);
                        if (!key.ok()) return cli::fail_with(key.error().message);
                        return said(base::Ok{}, "Made " + wish->path + " and " + wish->path + ".pub");
                      });
  made->add_option("file", wish->path, "where; not over another")->required()->type_name("FILE");
  made->add_option("--passphrase-file", wish->passphrase_file, "where the new passphrase is")
      ->type_name("FILE");
  made->add_flag("--no-passphrase", wish->plain, "as it is: for a key that a machine uses alone");
}

struct RootWish {
  Signing signing;
  std::map<std::string, std::vector<std::string>> keys;  // FILE.pub by role
  std::map<std::string, std::int64_t> thresholds;
  std::string expires = "365d";
};

int make_root(const RootWish& wish, bool first) {
  UpdateFolder folder(wish.signing.directory);
  const bool there = ::access(folder.first_root().c_str(), F_OK) == 0;
  if (first == there)
    return cli::fail_with(first ? "there is a root already: `update root rotate` makes the next one"
                                : "there is no root yet: `update root new` makes the first one");
  UpdateFolder::Roles roles;
  for (const std::string_view name : update::kRoles) {
    const auto given = wish.keys.find(std::string(name));
    if (given == wish.keys.end() || given->second.empty()) {
      if (first)
        return cli::fail_with("a first root needs keys for each role: --" + std::string(name) +
                              " FILE.pub is missing");
      continue;
    }
    UpdateFolder::Keys& of = roles[std::string(name)];
    of.threshold = wish.thresholds.at(std::string(name));
    for (const std::string& path : given->second) {
      const auto key = read_update_public(path);
      if (!key.ok()) return cli::fail_with(key.error().message);
      of.public_keys.push_back(*key);
    }
  }
  const auto expires = from_now(wish.expires);
  if (!expires.ok()) return cli::fail_with("--expires: " + expires.error().message);
  const auto seeds = read_keys(wish.signing.keys, wish.signing.passphrase_file);
  if (!seeds.ok()) return cli::fail_with(seeds.error().message);
  const auto version = folder.make_root(roles, *expires, *seeds);
  if (!version.ok()) return cli::fail_with(version.error().message);
  return said(base::Ok{}, "Made version " + std::to_string(*version) + " of the root" +
                              (first ? ". Customers pin " + folder.first_root() : std::string()));
}

void add_root(cli::Program& program, CLI::App* group) {
  CLI::App* roots = group->add_subcommand("root", "The root: who signs what");
  roots->require_subcommand(1);
  for (const bool first : {true, false}) {
    auto wish = std::make_shared<RootWish>();
    CLI::App* command = program.command(
        roots, first ? "new" : "rotate",
        first ? "Make the first root, which customers pin"
              : "Make the next root: other keys for the roles that are given, or only a later end",
        first ? "update root new --dir updates --root root-1.key.pub --root root-2.key.pub --root-threshold "
                "2 --targets release.key.pub "
                "--snapshot online.key.pub --timestamp online.key.pub --key root-1.key --key root-2.key"
              : "update root rotate --dir updates --targets release-2.key.pub --key root-1.key --key "
                "root-2.key",
        [wish, first] { return make_root(*wish, first); });
    add_signing(command, wish->signing);
    for (const std::string_view name : update::kRoles) {
      const std::string role(name);
      wish->thresholds[role] = 1;
      command->add_option("--" + role, wish->keys[role], "a public key of the role " + role)
          ->type_name("FILE.pub");
      command
          ->add_option("--" + role + "-threshold", wish->thresholds[role],
                       "how many of them must sign; 1 unless said otherwise")
          ->type_name("N");
    }
    command->add_option("--expires", wish->expires, "after so long; 365d unless said otherwise")
        ->type_name("D");
  }
}

struct AddWish {
  std::string directory = ".", file, service, product, notes_file, severity = "low", not_before, name;
  update::Target target;
};

int add_update(AddWish wish) {
  if (wish.service.empty() == wish.product.empty())
    return cli::fail_with("say either --service or --product");
  wish.target.product = !wish.product.empty();
  wish.target.of = wish.target.product ? wish.product : wish.service;
  wish.target.name = wish.name.empty() ? wish.file.substr(wish.file.rfind('/') + 1) : wish.name;
  for (int i = 0; i < 4; ++i) {
    if (update::to_text(static_cast<update::Severity>(i)) == wish.severity)
      wish.target.severity = static_cast<update::Severity>(i);
  }
  if (update::to_text(wish.target.severity) != wish.severity)
    return cli::fail_with("--severity is one of low, moderate, important and critical");
  if (!wish.notes_file.empty()) {
    const auto notes = base::read_file(wish.notes_file, update::kNotesLimit);
    if (!notes.ok()) return cli::fail_with(notes.error().message);
    wish.target.notes = *notes;
  }
  if (!wish.not_before.empty()) {
    const auto time = base::parse_time(wish.not_before);
    if (!time.ok()) return cli::fail_with("--not-before: " + time.error().message);
    wish.target.not_before = *time;
  }
  return said(UpdateFolder(wish.directory).add(wish.file, wish.target),
              "Added " + wish.target.name + " to the draft: sign it with `update sign`");
}

void add_draft(cli::Program& program, CLI::App* group) {
  auto wish = std::make_shared<AddWish>();
  CLI::App* command = program.command(group, "add", "Add an artefact to the draft",
                                      "update add prometheus-2.54.0.tar.gz --service prometheus --version "
                                      "2.54.0 --from 2.53.1 --severity important",
                                      [wish] { return add_update(*wish); });
  command->add_option("file", wish->file, "the artefact")->required()->type_name("FILE");
  command->add_option("--dir", wish->directory, "the folder of updates")->type_name("DIR");
  command->add_option("--name", wish->name, "how it is called; as the file unless said otherwise")
      ->type_name("NAME");
  command->add_option("--service", wish->service, "of which service of the component")->type_name("NAME");
  command->add_option("--product", wish->product, "of which product: postern")->type_name("NAME");
  command->add_option("--version", wish->target.version, "which version it is")->required()->type_name("V");
  command->add_option("--from", wish->target.from, "a version that it may replace; any unless said otherwise")
      ->type_name("V");
  command->add_option("--severity", wish->severity, "low, moderate, important or critical")->type_name("S");
  command->add_option("--notes", wish->notes_file, "a file with notes, plain text")->type_name("FILE");
  command->add_option("--not-before", wish->not_before, "it may not be run before then")->type_name("TIME");
  command->add_option("--postpone-hours", wish->target.postpone_hours, "how long a customer may put it off")
      ->type_name("N");
  struct Gone {
    std::string directory = ".", name;
  };
  auto gone = std::make_shared<Gone>();
  CLI::App* removed = program.command(
      group, "remove", "Take one out of the draft", "update remove prometheus-2.54.0.tar.gz",
      [gone] { return said(UpdateFolder(gone->directory).remove(gone->name), "Removed " + gone->name); });
  removed->add_option("name", gone->name, "which")->required()->type_name("NAME");
  removed->add_option("--dir", gone->directory, "the folder of updates")->type_name("DIR");
}

struct SignWish {
  Signing signing;
  std::string targets = "365d", snapshot = "90d", timestamp = "14d", renew = "7d";
};

int sign_updates(const SignWish& wish) {
  UpdateFolder::Lives lives;
  base::Micros renew = 0;
  for (auto [text, until] :
       {std::pair(&wish.targets, &lives.targets), std::pair(&wish.snapshot, &lives.snapshot),
        std::pair(&wish.timestamp, &lives.timestamp), std::pair(&wish.renew, &renew)}) {
    const auto time = from_now(*text);
    if (!time.ok()) return cli::fail_with(time.error().message);
    *until = *time;
  }
  const auto seeds = read_keys(wish.signing.keys, wish.signing.passphrase_file);
  if (!seeds.ok()) return cli::fail_with(seeds.error().message);
  const auto trust = UpdateFolder(wish.signing.directory).sign(lives, renew, *seeds, wall_now());
  if (!trust.ok()) return cli::fail_with(trust.error().message);
  return said(base::Ok{}, "Signed: targets " + std::to_string(trust->targets()->version) + ", snapshot " +
                              std::to_string(trust->snapshot()->version) + ", timestamp " +
                              std::to_string(trust->timestamp()->version) + ", good until " +
                              base::format_time(trust->timestamp()->expires));
}

void add_sign(cli::Program& program, CLI::App* group) {
  auto wish = std::make_shared<SignWish>();
  CLI::App* command = program.command(group, "sign", "Sign what is new, and the timestamp anew",
                                      "update sign --dir updates --key release.key --key online.key\nupdate "
                                      "sign --dir updates --key online.key",
                                      [wish] { return sign_updates(*wish); });
  add_signing(command, wish->signing);
  command->add_option("--targets-expire", wish->targets, "after so long; 365d")->type_name("D");
  command->add_option("--snapshot-expires", wish->snapshot, "after so long; 90d")->type_name("D");
  command->add_option("--timestamp-expires", wish->timestamp, "after so long; 14d")->type_name("D");
  command
      ->add_option("--renew", wish->renew,
                   "targets and snapshot that end sooner than that are signed anew; 7d")
      ->type_name("D");
}

// An artefact, piece by piece.
int send_artefact(cli::Program& program, cli::Client& client, const UpdateFolder& folder,
                  const update::Target& target) {
  const std::string path = folder.artefact(target.sha256);
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return program.complain(base::fail_errno(path, errno));
  const std::string to = "/api/v1/updates/files/" + update::artefact_name(target.sha256);
  std::string bytes(line::kUpdatePiece, '\0');
  for (std::int64_t piece = 0, had = 0; had < target.length; ++piece) {
    const ssize_t n = ::pread(file.get(), bytes.data(), bytes.size(), had);
    if (n <= 0) return cli::fail_with(path + ": it is shorter than it was when it was added");
    had += n;
    const Json body{{"length", target.length},
                    {"piece", piece},
                    {"data", base::to_base64(std::string_view(bytes.data(), static_cast<std::size_t>(n)))}};
    const auto answer = client.call(http::Method::Post, to, &body);
    if (!answer.ok()) return program.complain(answer.error());
    if (!answer->ok()) return program.complain(*answer);
    const auto said = base::parse_json(answer->body);
    if (said.ok() && base::json_bool_or(*said, "whole", false)) break;  // it is there already
  }
  return cli::kDone;
}

int publish_folder(cli::Program& program, const std::string& directory) {
  const UpdateFolder folder(directory);
  const auto trust = folder.open();
  if (!trust.ok()) return program.complain(trust.error());
  if (!trust->targets() || !trust->targets_are_named())
    return cli::fail_with("nothing is signed, or what is signed does not fit together: `update sign`");
  const auto client = program.client();
  if (client == nullptr) return cli::kFailed;
  const auto known = client->call(http::Method::Get, "/api/v1/updates");
  if (!known.ok()) return program.complain(known.error());
  if (!known->ok()) return program.complain(*known);
  const auto state = base::parse_json(known->body);
  const std::int64_t root = state.ok() ? base::json_number_or(*state, "root", 0) : 0;
  for (const auto& [name, target] : trust->targets()->targets) {
    if (const int sent = send_artefact(program, *client, folder, target); sent != cli::kDone) return sent;
  }
  Json roots = Json::array();
  if (root == 0) {
    const auto first = base::read_file(folder.first_root(), update::kRootLimit);
    if (!first.ok()) return program.complain(first.error());
    roots.push_back(*first);
  }
  for (std::size_t i = 0; i < trust->kept().roots.size(); ++i) {
    // The first one that was kept is version 2.
    if (static_cast<std::int64_t>(i) + 2 > root) roots.push_back(trust->kept().roots[i]);
  }
  const update::Kept& kept = trust->kept();
  return program.ask({http::Method::Post, "/api/v1/updates",
                      Json{{"roots", roots},
                           {"timestamp", kept.timestamp},
                           {"snapshot", kept.snapshot},
                           {"targets", kept.targets}}},
                     [](const Json& answer) {
                       return "Published: root " + std::to_string(base::json_number_or(answer, "root", 0)) +
                              ", targets " + std::to_string(base::json_number_or(answer, "targets", 0)) +
                              ". Offer one with `update offer NAME --ring N`.\n";
                     });
}

std::string show_one(const Json& answer) {
  return cli::to_lines(answer, kUpdate) + "\n" +
         cli::to_table(answer.value("rings", Json::array()), kRings, "") + "\n" +
         cli::to_table(answer.value("installations", Json::array()), kProgress,
                       "No installation has enrolled.") +
         (base::json_text_or(answer, "notes", "").empty()
              ? std::string()
              : "\n" + base::json_text_or(answer, "notes", "") + "\n");
}

void add_server(cli::Program& program, CLI::App* group) {
  struct Which {
    std::string name, why;
    std::int64_t ring = 1, stop_at = 0;
  };
  auto which = std::make_shared<Which>();
  const auto of = [which](const char* what) {
    return "/api/v1/updates/" + cli::path_segment(which->name) + what;
  };
  program
      .command(group, "publish",
               "Bring signed metadata and artefacts to the server that runs here, which verifies them again",
               "update publish updates", [&program, which] { return publish_folder(program, which->name); })
      ->add_option("dir", which->name, "the folder of updates")
      ->required()
      ->type_name("DIR");
  program.command(group, "list", "List what is published", "update list", [&program] {
    return program.ask({http::Method::Get, "/api/v1/updates", {}}, [](const Json& answer) {
      return cli::to_table(cli::items_of(answer), kUpdates, "Nothing is published.");
    });
  });
  const auto add_name = [which](CLI::App* command) {
    command->add_option("name", which->name, "its name, as list shows it")->required()->type_name("NAME");
    return command;
  };
  add_name(program.command(group, "show", "Show one, and how far each installation is",
                           "update show prometheus-2.54.0.tar.gz", [&program, of] {
                             return program.ask({http::Method::Get, of(""), {}}, show_one);
                           }));
  CLI::App* offered =
      add_name(program.command(group, "offer", "Offer one to the rings from 1 to N",
                               "update offer prometheus-2.54.0.tar.gz --ring 1", [&program, which, of] {
                                 Json body{{"ring", which->ring}};
                                 if (which->stop_at != 0) body["stop_at"] = which->stop_at;
                                 return program.ask({http::Method::Post, of("/offer"), body},
                                                    [](const Json&) { return std::string("Offered.\n"); });
                               }));
  offered->add_option("--ring", which->ring, "the last ring, 1 to 9; 0: to nobody")
      ->required()
      ->type_name("N");
  offered
      ->add_option(
          "--stop-at", which->stop_at,
          "percent of a ring's installations whose failures suspend it; 10 unless it was said otherwise")
      ->type_name("PERCENT");
  add_name(program.command(group, "suspend", "Suspend one: no installation begins it",
                           "update suspend prometheus-2.54.0.tar.gz --why \"loses data\"",
                           [&program, which, of] {
                             return program.ask(
                                 {http::Method::Post, of("/suspend"), Json{{"why", which->why}}},
                                 [](const Json&) { return std::string("Suspended.\n"); });
                           }))
      ->add_option("--why", which->why, "what customers are told")
      ->type_name("TEXT");
  add_name(program.command(group, "resume", "Go on with one that was suspended",
                           "update resume prometheus-2.54.0.tar.gz", [&program, of] {
                             return program.ask({http::Method::Post, of("/resume"), Json::object()},
                                                [](const Json&) { return std::string("Goes on.\n"); });
                           }));
}

}  // namespace

void add_ring_command(cli::Program& program, CLI::App* installations) {
  struct Which {
    std::string id;
    std::int64_t ring = 0;
  };
  auto which = std::make_shared<Which>();
  CLI::App* command =
      program.command(installations, "ring", "Put one into a ring: updates are offered to ring 1 first",
                      "installation ring 01JD7Z3V5T4Q2N8M6K0H1F9C3B 1", [&program, which] {
                        return program.ask({http::Method::Put,
                                            "/api/v1/installations/" + cli::path_segment(which->id) + "/ring",
                                            Json{{"ring", which->ring}}},
                                           [](const Json&) { return std::string("Done.\n"); });
                      });
  command->add_option("id", which->id, "its id, as list shows it")->required()->type_name("ID");
  command->add_option("ring", which->ring, "1 to 9; 9 is where one is that was given none")
      ->required()
      ->type_name("N");
}

void add_update_commands(cli::Program& program) {
  CLI::App* group = program.group("update", "Updates: signing them, publishing them, and who has them");
  add_key(program, group);
  add_root(program, group);
  add_draft(program, group);
  add_sign(program, group);
  add_server(program, group);
}

}  // namespace postern::mission
