// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Grants as signed documents: made anywhere, without a gateway; brought to one.
#include <algorithm>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/secret_file.h"
#include "base/ulid.h"
#include "certs/signed_grant.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/new_file.h"
#include "gateway/supervisor/config_reader.h"

namespace postern::cli {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kGrantKeyFile = 4096;  // bytes
constexpr const char* kGrantLasts = "8h";

struct SigningOptions {
  std::string key, out, name;
  std::string document;  // to be signed once more
  std::string installation, engineer, role, from, until, duration = kGrantLasts, ticket, reason;
  std::string response_bytes;
  std::int64_t exchanges = 0;
  std::vector<std::string> capabilities;
};

Result<certs::SignerKey> read_grant_key(const std::string& path) {
  const auto file = base::open_secret_file(path, "a key", base::own_secret_place());
  if (!file.ok()) return file.error();
  auto text = base::read_open_file(file->get(), path, kGrantKeyFile);
  if (!text.ok()) return text.error();
  auto key = certs::parse_signer_key(std::string_view(*text).substr(0, text->find('\n')));
  base::wipe(*text);
  if (!key.ok()) return fail(Code::Invalid, path + ": " + key.error().message);
  return key;
}

int make_grant_key(const SigningOptions& options, bool json) {
  const auto key = make_key_file(options.name, "grants/", options.out);
  if (!key.ok()) {
    const int failed = fail_with(key.error().message);
    return key.error().code == base::Code::Invalid ? kUsage : failed;
  }
  const std::string verifier = certs::format_verifier_key(certs::verifier_of(*key));
  print(json ? base::dump_json(base::Json{{"file", options.out}, {"verifier_key", verifier}}) + "\n"
             : "Made " + options.out + ". No gateway needs it. For grants.signers of postern.yaml:\n" +
                   verifier + "\n");
  return kDone;
}

// The text of a new document.
Result<std::string> write_grant_text(const SigningOptions& options) {
  const base::Micros now = base::SystemClock().wall();
  base::UlidMaker ids;
  certs::SignedGrant grant;
  grant.installation = options.installation;
  grant.id = ids.make(now);
  grant.engineer = options.engineer;
  grant.role = options.role;
  grant.capabilities = options.capabilities;
  std::sort(grant.capabilities.begin(), grant.capabilities.end());
  grant.ticket = options.ticket;
  grant.reason = options.reason;
  grant.exchanges = options.exchanges;
  if (!options.response_bytes.empty()) {
    grant.response_bytes = supervisor::parse_size(options.response_bytes);
    if (grant.response_bytes <= 0) return fail(Code::Invalid, "--response-bytes: a size such as 64MiB");
  }
  grant.from = now;
  if (!options.from.empty()) {
    const auto from = base::parse_until(options.from, now);
    if (!from.ok()) return fail(Code::Invalid, "--from: " + from.error().message);
    grant.from = *from;
  }
  if (!options.until.empty()) {
    const auto until = base::parse_until(options.until, now);
    if (!until.ok()) return fail(Code::Invalid, "--until: " + until.error().message);
    grant.until = *until;
  } else {
    const auto duration = base::parse_duration(options.duration);
    if (!duration.ok()) return fail(Code::Invalid, "--for: " + duration.error().message);
    grant.until = grant.from + *duration;
  }
  return certs::format_grant(grant);
}

// The document with one signature more.
Result<std::string> signed_document(const SigningOptions& options) {
  auto key = read_grant_key(options.key);
  if (!key.ok()) return key.error();
  if (options.document.empty()) {
    auto text = write_grant_text(options);
    if (!text.ok()) return text;
    return *text + "\n" + certs::signature_line(*key, *text);
  }
  auto document = base::read_file(options.document, certs::kSignedGrantLimit);
  if (!document.ok()) return document;
  const auto note = certs::parse_note(*document);
  if (!note.ok()) return fail(Code::Invalid, options.document + ": " + note.error().message);
  const certs::VerifierKey own = certs::verifier_of(*key);
  if (certs::check_signature(*note, own) != certs::Signed::NotByThisKey)
    return fail(Code::Exists, options.document + " is signed by " + own.name + " already");
  std::string more = *document + certs::signature_line(*key, note->text);
  // Nobody signs what no gateway would take.
  if (const auto opened = certs::open_grant(more, {own}); !opened.ok())
    return fail(Code::Invalid, options.document + ": " + opened.error().message);
  return more;
}

int sign_grant(const SigningOptions& options, bool json) {
  const auto document = signed_document(options);
  if (!document.ok()) return fail_with(document.error().message);
  if (options.out.empty()) {
    print(json ? base::dump_json(base::Json{{"document", *document}}) + "\n" : *document);
    return kDone;
  }
  const base::Status written = write_new_file(options.out, *document, 0644);
  if (!written.ok()) return fail_with(written.error().message);
  print(json ? base::dump_json(base::Json{{"file", options.out}, {"document", *document}}) + "\n"
             : "Signed " + options.out + ":\n\n" + *document + "\nIt starts with: postern grant apply " +
                   options.out + "\n");
  return kDone;
}

void add_sign(Program& program, CLI::App* group) {
  auto options = std::make_shared<SigningOptions>();
  CLI::App* sign = program.command(
      group, "sign",
      "Sign a grant as a document, without a gateway; or a document once more, with another key",
      "grant sign --key grants.key --installation postern/gw1 --engineer alice --role viewer --for 4h --out "
      "alice.grant\n"
      "grant sign --key second.key --document alice.grant --out alice-2.grant",
      [&program, options] {
        if (options->document.empty() == options->engineer.empty()) {
          fail_with(
              "give either --document, or what the grant says: --installation, --engineer, and --role or "
              "--capability");
          return kUsage;
        }
        return sign_grant(*options, program.json());
      });
  sign->add_option("--key", options->key, "that postern grant key made")->required()->type_name("FILE");
  CLI::Option* document =
      sign->add_option("--document", options->document, "a signed grant, to be signed with this key too")
          ->type_name("FILE");
  // What is signed once more says it all: nothing beside it would be in it.
  const auto says = [sign, document](const char* name, auto& value, const char* what) {
    return sign->add_option(name, value, what)->excludes(document);
  };
  says("--installation", options->installation,
       "for which gateway: the name of its log's key, the first part of log.verifier_key in "
       "postern status")
      ->type_name("NAME");
  says("--engineer", options->engineer, "who gets it")->type_name("NAME");
  says("--role", options->role, "all capabilities of the role")->type_name("ROLE");
  says("--capability", options->capabilities, "instead of a role; may be repeated")->type_name("NAME");
  says("--from", options->from, "RFC 3339, or a duration from now; now unless given")->type_name("T");
  says("--until", options->until, "RFC 3339, or a duration from now")->type_name("T");
  says("--for", options->duration, "how long it holds; 8h unless said otherwise")
      ->excludes("--until")
      ->type_name("D");
  says("--exchanges", options->exchanges, "how many, in all sessions together; then it is used up")
      ->check(CLI::Range(std::int64_t{1}, certs::kGrantMost))
      ->type_name("N");
  says("--response-bytes", options->response_bytes,
       "how much is received, in all sessions together: 64MiB, for example; then it is used up")
      ->type_name("SIZE");
  says("--ticket", options->ticket, "reference into the ticket system")->type_name("TEXT");
  says("--reason", options->reason, "why")->type_name("TEXT");
  sign->add_option("--out", options->out, "a new file; without it the document is printed")
      ->type_name("FILE");
}

}  // namespace

void add_signed_grants(Program& program, CLI::App* group, const Show& show_given) {
  auto key = std::make_shared<SigningOptions>();
  CLI::App* make = program.command(group, "key",
                                   "Make a key that signs grants, for a machine of its own; never overwrites",
                                   "grant key --out grants.key --name example.org/grants",
                                   [&program, key] { return make_grant_key(*key, program.json()); });
  make->add_option("--out", key->out, "the file to make")->required()->type_name("FILE");
  make->add_option("--name", key->name, "name of the key; drawn by lot unless said otherwise")
      ->type_name("NAME");
  add_sign(program, group);
  auto file = std::make_shared<std::string>();
  CLI::App* apply = program.command(
      group, "apply", "Start the grant that a signed document gives; each is good for one time",
      "grant apply alice.grant", [&program, file, show_given] {
        const auto document = base::read_file(*file, certs::kSignedGrantLimit);
        if (!document.ok()) return fail_with(document.error().message);
        return program.ask({http::Method::Post, "/api/v1/grants/signed", {{"document", *document}}},
                           show_given);
      });
  apply->add_option("file", *file, "the document")->required()->type_name("FILE");
}

}  // namespace postern::cli
