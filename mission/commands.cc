// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/commands.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "certs/certificate.h"
#include "certs/crl_issue.h"
#include "certs/sealed_key.h"
#include "gateway/cli/generate.h"
#include "mission/authority.h"
#include "mission/passphrase.h"

namespace postern::mission {
namespace {

using base::OrderedJson;

constexpr const char* kWithEveryCommand =
    "With every command: --dir DIR is the authority's folder, --json prints JSON.\n"
    "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.";
constexpr std::size_t kPkcs12Password = 20;  // characters, 116 bits
constexpr std::size_t kRequestLimit = 64U << 10U;
constexpr int kDone = 0, kFailed = 1, kUsage = 2;

int refuse(const base::Error& error) {
  std::fprintf(stderr, "postern-authority: %s\n", error.message.c_str());
  return kFailed;
}

void say(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void say(const OrderedJson& json) { say(base::dump_json(json) + "\n"); }

base::Micros now() { return base::SystemClock().wall(); }
std::string day(base::Micros time) { return base::format_time(time).substr(0, 16) + "Z"; }

// The name becomes a file's name.
bool is_file_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == std::string::npos;
}

// O_EXCL: what is there belongs to somebody.
base::Status write_new(const std::string& path, std::string_view content, mode_t mode) {
  const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return base::fail_errno(path, errno);
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno(path, errno);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd.get()) == 0 ? base::Status(base::Ok{}) : base::Status(base::fail_errno(path, errno));
}

base::Result<Authority> open_unlocked(const std::string& folder, const std::string& passphrase_file) {
  auto authority = Authority::open(folder);
  if (!authority.ok() || !authority->sealed()) return authority;
  auto passphrase = read_passphrase(passphrase_file, false);
  if (!passphrase.ok()) return passphrase.error();
  const base::Status opened = authority->unlock(*passphrase);
  base::wipe(*passphrase);
  if (!opened.ok()) return opened.error();
  return authority;
}

const char* standing(const Issued& one) {
  if (one.revoked != 0) return "revoked";
  return one.until <= now() ? "expired" : "good";
}

OrderedJson json_of(const Issued& one) {
  OrderedJson out{{"serial", one.serial},
                  {"name", one.name},
                  {"state", standing(one)},
                  {"emails", one.emails},
                  {"uris", one.uris},
                  {"purposes", one.purposes},
                  {"issued", base::format_time(one.at)},
                  {"not_before", base::format_time(one.from)},
                  {"not_after", base::format_time(one.until)},
                  {"sha256", one.sha256},
                  {"key", one.their_key ? "theirs" : "new"}};
  if (!one.renews.empty()) out["renews"] = one.renews;
  if (one.revoked != 0) {
    out["revoked"] = base::format_time(one.revoked);
    out["reason"] = one.reason;
  }
  return out;
}

std::string names_of(const Issued& one) {
  std::string out;
  for (const auto* list : {&one.emails, &one.uris}) {
    for (const std::string& name : *list) out += (out.empty() ? "" : ", ") + name;
  }
  return base::printable(out, 200);
}

// What issue and renew have in common: how it is given out.
struct Handing {
  std::string out = ".", request_file, expires = "7d";
  bool pkcs12 = false;
};

void add_handing(CLI::App* command, const std::shared_ptr<Handing>& handing) {
  command->add_option("--out", handing->out, "folder for NAME.pem and NAME.key; here unless said otherwise")
      ->type_name("DIR");
  command
      ->add_option("--csr", handing->request_file,
                   "certificate signing request in PEM: the engineer keeps the key")
      ->type_name("FILE");
  command
      ->add_option("--expires", handing->expires,
                   "how long it is good for; 7d unless said otherwise, 90d at most")
      ->type_name("D");
  command->add_flag("--pkcs12", handing->pkcs12,
                    "also NAME.p12 for browsers, with a password that is printed once");
}

base::Result<OrderedJson> hand_out(Authority& authority, Wish wish, const Handing& handing) {
  if (!is_file_name(wish.name))
    return base::fail(base::Code::Invalid, "the name must be lower-case letters, digits, '-', '_' and '.'");
  if (handing.pkcs12 && !handing.request_file.empty())
    return base::fail(base::Code::Invalid,
                      "--pkcs12 needs the key, which stays with the engineer under --csr");
  const auto duration = base::parse_duration(handing.expires);
  if (!duration.ok()) return duration.error();
  wish.duration = *duration;
  if (!handing.request_file.empty()) {
    auto request = base::read_file(handing.request_file, kRequestLimit);
    if (!request.ok()) return request.error();
    wish.request_pem = *std::move(request);
  }
  const std::string stem = handing.out + "/" + wish.name;
  for (const char* end : {".pem", ".key", ".p12"}) {
    if (::access((stem + end).c_str(), F_OK) == 0)
      return base::fail(base::Code::Exists, stem + end + " is there already");
  }
  auto given = authority.issue(wish, now());
  if (!given.ok()) return given.error();
  OrderedJson out = json_of(given->issued);
  out["certificate"] = stem + ".pem";
  base::Status done = write_new(stem + ".pem", given->certificate_pem, 0644);
  if (done.ok() && !given->key_pem.empty()) {
    out["private_key"] = stem + ".key";
    done = write_new(stem + ".key", given->key_pem, 0600);
  }
  if (done.ok() && handing.pkcs12) {
    const std::string password = base::random_password(kPkcs12Password);
    const auto bag = certs::make_pkcs12({given->certificate_pem, given->key_pem}, authority.certificate_pem(),
                                        wish.name, password);
    if (bag.ok()) done = write_new(stem + ".p12", *bag, 0600);
    if (!bag.ok()) done = bag.error();
    out["pkcs12"] = stem + ".p12";
    out["password"] = password;
  }
  base::wipe(given->key_pem);
  if (!done.ok()) return done.error();
  return out;
}

int say_handed(const OrderedJson& out, bool json) {
  if (json) return say(out), kDone;
  const auto text = [&out](const char* key) { return out[key].get<std::string>(); };
  std::string files = text("certificate");
  for (const char* key : {"private_key", "pkcs12"}) {
    if (out.contains(key)) files += ", " + text(key);
  }
  say("Issued " + text("serial") + " to " + text("name") + ", good until " + text("not_after").substr(0, 16) +
      "Z: " + files + "\n");
  if (out.contains("password")) say("Password of the .p12 file, shown once: " + text("password") + "\n");
  return kDone;
}

}  // namespace

AuthorityProgram::AuthorityProgram()
    : app_(
          "The vendor's support authority: vouches for engineers, and takes it back. For a machine without a "
          "network.",
          "postern-authority") {
  app_.require_subcommand(1);
  app_.fallthrough();
  app_.footer(kWithEveryCommand);
  app_.add_option("--dir", folder_, "the authority's folder; here unless said otherwise")->type_name("DIR");
  app_.add_option("--passphrase-file", passphrase_file_,
                  "take the passphrase from its first line, instead of the terminal")
      ->type_name("FILE");
  app_.add_flag("--json", json_, "print JSON");
  app_.set_version_flag("--version", "postern-authority " POSTERN_VERSION, "print the version");
  add_init();
  add_issue();
  add_renew();
  add_revoke();
  add_crl();
  add_list();
  add_show();
  add_generate();
}

int AuthorityProgram::run(int argc, const char* const* argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? kDone : kUsage;
  }
  if (!action_) return kUsage;
  const int code = action_();
  return std::fflush(stdout) == 0 ? code : kFailed;
}

CLI::App* AuthorityProgram::command(std::string name, std::string description, const std::string& example,
                                    std::function<int()> action) {
  CLI::App* command = app_.add_subcommand(std::move(name), std::move(description));
  command->footer("Example:\n  postern-authority " + example + "\n\n" + kWithEveryCommand);
  command->callback([this, action = std::move(action)] { action_ = action; });
  return command;
}

void AuthorityProgram::add_init() {
  struct Options {
    std::string name, expires = "3650d", key = "p256";
    bool open = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* init = command(
      "init", "Make an authority; never over another one",
      "--dir /media/authority init --name \"Example Vendor support\"", [this, options] {
        NewAuthority wanted;
        wanted.folder = folder_;
        wanted.name = options->name;
        wanted.key_type = options->key == "ed25519" ? certs::KeyType::Ed25519
                          : options->key == "rsa"   ? certs::KeyType::Rsa2048
                                                    : certs::KeyType::P256;
        const auto duration = base::parse_duration(options->expires);
        if (!duration.ok()) return refuse(duration.error());
        wanted.duration = *duration;
        if (!options->open) {
          auto passphrase = read_passphrase(passphrase_file_, true);
          if (!passphrase.ok()) return refuse(passphrase.error());
          wanted.passphrase = *std::move(passphrase);
          if (wanted.passphrase.size() < certs::kShortestPassphrase)
            return refuse(base::fail(base::Code::Invalid, "a passphrase has 12 bytes at least"));
        }
        const base::Status made = make_authority_folder(wanted, now());
        base::wipe(wanted.passphrase);
        if (!made.ok()) return refuse(made.error());
        const std::string file = folder_ + "/authority.pem";
        const auto pem = base::read_file(file, certs::kPemSizeLimit);
        const auto facts = pem.ok() ? certs::read_chain(*pem)
                                    : base::Result<std::vector<certs::CertificateFacts>>(pem.error());
        if (!facts.ok()) return refuse(facts.error());
        const certs::CertificateFacts& own = facts->front();
        if (json_) {
          say(OrderedJson{{"certificate", file},
                          {"subject", own.subject},
                          {"key_type", own.key_type},
                          {"sealed", !options->open},
                          {"not_after", base::format_time(own.not_after)},
                          {"sha256", own.fingerprint}});
        } else {
          say("Made the authority " + own.subject + " (" + own.key_type + "), good until " +
              day(own.not_after) + ".\nCustomers put " + file +
              " into support_authority of postern.yaml, after comparing its SHA-256:\n  " + own.fingerprint +
              "\nMake the first list of revoked certificates now: postern-authority crl\n");
        }
        return kDone;
      });
  init->add_option("--name", options->name, "its name in each certificate")->required()->type_name("TEXT");
  init->add_option("--expires", options->expires, "how long it is good for; 3650d unless said otherwise")
      ->type_name("D");
  init->add_option("--key-type", options->key, "p256 unless said otherwise")
      ->check(CLI::IsMember({"p256", "ed25519", "rsa"}))
      ->type_name("p256|ed25519|rsa");
  init->add_flag("--no-passphrase", options->open, "leave the key open, mode 0600");
}

void AuthorityProgram::add_issue() {
  auto wish = std::make_shared<Wish>();
  auto handing = std::make_shared<Handing>();
  CLI::App* issue =
      command("issue", "Issue a client certificate for an engineer",
              "issue --name alice --email alice@vendor.example --pkcs12", [this, wish, handing] {
                auto authority = open_unlocked(folder_, passphrase_file_);
                if (!authority.ok()) return refuse(authority.error());
                const auto out = hand_out(*authority, *wish, *handing);
                return out.ok() ? say_handed(*out, json_) : refuse(out.error());
              });
  issue->add_option("--name", wish->name, "name, for display and files")->required()->type_name("NAME");
  issue->add_option("--email", wish->emails, "address that gateways know the engineer by; may be repeated")
      ->type_name("ADDRESS");
  issue
      ->add_option("--uri", wish->uris,
                   "URI that gateways know the engineer by, such as a SPIFFE ID; may be repeated")
      ->type_name("URI");
  issue
      ->add_option("--purpose", wish->purposes,
                   "a further extended key usage, as a dotted number; may be repeated")
      ->type_name("OID");
  add_handing(issue, handing);
}

void AuthorityProgram::add_renew() {
  auto serial = std::make_shared<std::string>();
  auto handing = std::make_shared<Handing>();
  CLI::App* renew =
      command("renew", "Issue the same again for longer; the old one stays good until it ends or is revoked",
              "renew 3fa2 --csr alice.csr --out renewed", [this, serial, handing] {
                auto authority = open_unlocked(folder_, passphrase_file_);
                if (!authority.ok()) return refuse(authority.error());
                const auto old = authority->known().find(*serial);
                if (!old.ok()) return refuse(old.error());
                if (old->revoked != 0)
                  return refuse(base::fail(base::Code::Denied,
                                           old->serial + " was revoked: issue a new one, if that is meant"));
                Wish wish;
                wish.name = old->name;
                wish.emails = old->emails;
                wish.uris = old->uris;
                wish.purposes = old->purposes;
                wish.renews = old->serial;
                const auto out = hand_out(*authority, wish, *handing);
                return out.ok() ? say_handed(*out, json_) : refuse(out.error());
              });
  renew->add_option("serial", *serial, "serial number, or its beginning")->required()->type_name("SERIAL");
  add_handing(renew, handing);
}

void AuthorityProgram::add_revoke() {
  struct Options {
    std::string serial, reason = "unspecified";
  };
  auto options = std::make_shared<Options>();
  CLI::App* revoke = command("revoke", "Take a certificate back; gateways know by the next list",
                             "revoke 3fa2 --reason keyCompromise", [this, options] {
                               auto authority = Authority::open(folder_);
                               if (!authority.ok()) return refuse(authority.error());
                               const auto known = authority->known().find(options->serial);
                               if (!known.ok()) return refuse(known.error());
                               const base::Micros at = now();
                               const base::Status done =
                                   authority->revoke(options->serial, options->reason, at);
                               if (!done.ok()) return refuse(done.error());
                               if (json_)
                                 say(OrderedJson{{"serial", known->serial},
                                                 {"name", known->name},
                                                 {"revoked", base::format_time(at)},
                                                 {"reason", options->reason}});
                               else
                                 say("Revoked " + known->serial + " of " + known->name +
                                     ". Publish a new list: postern-authority crl\n");
                               return kDone;
                             });
  revoke->add_option("serial", options->serial, "serial number, or its beginning")
      ->required()
      ->type_name("SERIAL");
  const auto reasons = certs::revocation_reasons();
  revoke->add_option("--reason", options->reason, "why, for the list")
      ->check(CLI::IsMember(std::vector<std::string>(reasons.begin(), reasons.end())))
      ->type_name("REASON");
}

void AuthorityProgram::add_crl() {
  auto expires = std::make_shared<std::string>("7d");
  CLI::App* crl =
      command("crl", "Make the list of revoked certificates, authority.crl, for customers to fetch",
              "crl --expires 2d", [this, expires] {
                const auto duration = base::parse_duration(*expires);
                if (!duration.ok()) return refuse(duration.error());
                auto authority = open_unlocked(folder_, passphrase_file_);
                if (!authority.ok()) return refuse(authority.error());
                const auto listed = authority->list(*duration, now());
                if (!listed.ok()) return refuse(listed.error());
                const std::string file = folder_ + "/authority.crl";
                if (json_)
                  say(OrderedJson{{"file", file},
                                  {"number", listed->number},
                                  {"until", base::format_time(listed->until)},
                                  {"revoked", listed->revoked}});
                else
                  say("Made " + file + ": number " + std::to_string(listed->number) + ", " +
                      std::to_string(listed->revoked) + " revoked, good until " + day(listed->until) +
                      ". Make the next one before that.\n");
                return kDone;
              });
  crl->add_option("--expires", *expires, "how long it is good for; 7d unless said otherwise")->type_name("D");
}

void AuthorityProgram::add_list() {
  auto all = std::make_shared<bool>(false);
  CLI::App* list = command("list", "List the certificates that are good", "list --all", [this, all] {
    const auto authority = Authority::open(folder_);
    if (!authority.ok()) return refuse(authority.error());
    OrderedJson items = OrderedJson::array();
    std::string lines;
    for (const Issued& one : authority->known().issued()) {
      const std::string state = standing(one);
      if (!*all && state != "good") continue;
      items.push_back(json_of(one));
      char line[320];
      std::snprintf(line, sizeof line, "%-34s %-16.16s %-8s %s  %.160s\n", one.serial.c_str(),
                    base::printable(one.name, 40).c_str(), state.c_str(), day(one.until).c_str(),
                    names_of(one).c_str());
      lines += line;
    }
    if (json_)
      say(OrderedJson{{"items", items}});
    else
      say(lines.empty() ? std::string("No certificates.\n") : lines);
    return kDone;
  });
  list->add_flag("--all", *all, "those that were revoked or have expired, too");
}

void AuthorityProgram::add_show() {
  auto serial = std::make_shared<std::string>();
  CLI::App* show = command("show", "Show what is known of a certificate", "show 3fa2", [this, serial] {
    const auto authority = Authority::open(folder_);
    if (!authority.ok()) return refuse(authority.error());
    const auto one = authority->known().find(*serial);
    if (!one.ok()) return refuse(one.error());
    const OrderedJson json = json_of(*one);
    if (json_) return say(json), kDone;
    for (const auto& [key, value] : json.items())
      say(key + std::string(key.size() < 12 ? 12 - key.size() : 1, ' ') +
          base::printable(value.is_string() ? value.get<std::string>() : base::dump_json(value)) + "\n");
    return kDone;
  });
  show->add_option("serial", *serial, "serial number, or its beginning")->required()->type_name("SERIAL");
}

void AuthorityProgram::add_generate() {
  auto folder = std::make_shared<std::string>();
  CLI::App* manual = command("manual", "Write a man page per command, from the same source as --help",
                             "manual --out /usr/local/share/man/man1", [this, folder] {
                               for (const auto& [name, text] : cli::man_pages(app_)) {
                                 const base::Status written =
                                     base::write_file(*folder + "/" + name, text, 0644);
                                 if (!written.ok()) return refuse(written.error());
                               }
                               return kDone;
                             });
  manual->add_option("--out", *folder, "a folder that is there")->required()->type_name("DIR");
}

}  // namespace postern::mission
