// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/authority.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes.h"
#include "base/file.h"
#include "certs/certificate.h"
#include "certs/crl_issue.h"
#include "certs/private_key.h"
#include "certs/sealed_key.h"

namespace postern::mission {
namespace {

using base::Code;
using base::fail;
using base::Ok;
using base::Status;

constexpr std::size_t kNamesLimit = 8;  // of one engineer

// Files that are made together or not at all.
class NewFiles {
 public:
  ~NewFiles() {
    for (const std::string& path : made_) ::unlink(path.c_str());
  }
  NewFiles() = default;
  NewFiles(const NewFiles&) = delete;
  NewFiles& operator=(const NewFiles&) = delete;

  // O_EXCL and not a rename: nothing is ever replaced.
  Status write(const std::string& path, std::string_view content, mode_t mode) {
    const base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd.valid()) return base::fail_errno(path, errno);
    made_.push_back(path);
    while (!content.empty()) {
      const ssize_t n = ::write(fd.get(), content.data(), content.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return base::fail_errno(path, errno);
      content.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0) return base::fail_errno(path, errno);
    return Ok{};
  }
  void keep() { made_.clear(); }

 private:
  std::vector<std::string> made_;
};

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return Ok{};
  return base::fail_errno(path, errno);
}

// A key that others can read is not used: it may have been read.
base::Result<std::string> read_key_file(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return base::fail_errno(path, errno);
  if ((info.st_mode & 077) != 0)
    return fail(Code::Denied, path + ": a key must be readable by its owner alone: chmod 600 " + path);
  return base::read_open_file(fd.get(), path, certs::kKeyFileLimit);
}

Status check_duration(base::Micros duration, base::Micros longest, const char* of) {
  if (duration > 0 && duration <= longest) return Ok{};
  return fail(Code::Invalid,
              std::string(of) + " may be good for " + base::format_duration(longest) + " at most");
}

Status check_wish(const Wish& wish) {
  if (wish.name.empty()) return fail(Code::Invalid, "an engineer needs a name");
  if (wish.emails.empty() && wish.uris.empty())
    return fail(Code::Invalid,
                "an engineer needs an e-mail address or a URI: a name alone is nobody at a gateway");
  if (wish.emails.size() + wish.uris.size() > kNamesLimit)
    return fail(Code::Invalid, "an engineer may have 8 addresses and URIs at most");
  return check_duration(wish.duration, kLongestEngineer, "an engineer's certificate");
}

}  // namespace

Status make_authority_folder(const NewAuthority& wanted, base::Micros now) {
  if (Status fit = check_duration(wanted.duration, kLongestAuthority, "an authority"); !fit.ok()) return fit;
  certs::Template own;
  own.common_name = wanted.name;
  own.key_type = wanted.key_type;
  own.validity = certs::valid_for(now, wanted.duration);
  own.authority = true;
  if (Status made = make_folder(wanted.folder); !made.ok()) return made;
  if (Status made = make_folder(wanted.folder + "/issued"); !made.ok()) return made;
  auto credentials = certs::issue(own, nullptr);
  if (!credentials.ok()) return credentials.error();
  std::string key = std::move(credentials->key_pem);
  if (!wanted.passphrase.empty()) {
    auto sealed = certs::seal_key(key, wanted.passphrase);
    base::wipe(key);
    if (!sealed.ok()) return sealed.error();
    key = *std::move(sealed);
  }
  NewFiles files;
  Status done = files.write(wanted.folder + "/authority.key", key, 0600);
  base::wipe(key);
  if (done.ok()) done = files.write(wanted.folder + "/authority.pem", credentials->certificate_pem, 0644);
  if (done.ok()) done = files.write(wanted.folder + "/register.jsonl", "", 0600);
  if (done.ok()) files.keep();
  return done;
}

Authority::Authority(std::string folder, base::UniqueFd file, Register known)
    : folder_(std::move(folder)), file_(std::move(file)), register_(std::move(known)) {}

base::Result<Authority> Authority::open(const std::string& folder) {
  const std::string path = folder + "/register.jsonl";
  base::UniqueFd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return base::fail_errno(path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::fail_errno(path, errno);
    return fail(Code::Unavailable, "another postern-authority is at work in " + folder);
  }
  const auto text = base::read_open_file(file.get(), path, kRegisterLimit);
  if (!text.ok()) return text.error();
  auto known = Register::parse(*text);
  if (!known.ok()) return fail(known.error().code, path + ": " + known.error().message);
  auto certificate = base::read_file(folder + "/authority.pem", certs::kPemSizeLimit);
  if (!certificate.ok()) return certificate.error();
  auto key = read_key_file(folder + "/authority.key");
  if (!key.ok()) return key.error();
  Authority out(folder, std::move(file), *std::move(known));
  out.certificate_pem_ = *std::move(certificate);
  out.sealed_ = certs::is_sealed_key(*key);
  out.key_file_ = out.sealed_ ? *key : std::string();
  if (!out.sealed_) out.key_ = base::Secret(*key);
  base::wipe(*key);
  return out;
}

Status Authority::unlock(std::string_view passphrase) {
  if (!sealed_) return Ok{};
  auto opened = certs::open_sealed_key(key_file_, passphrase);
  if (!opened.ok()) return fail(opened.error().code, folder_ + "/authority.key: " + opened.error().message);
  key_ = base::Secret(*opened);
  base::wipe(*opened);
  return Ok{};
}

Status Authority::append(const std::string& line) {
  const std::string path = folder_ + "/register.jsonl";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::write(file_.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno(path, errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(file_.get()) == 0 ? Status(Ok{}) : Status(base::fail_errno(path, errno));
}

base::Result<Given> Authority::issue(const Wish& wish, base::Micros now) {
  if (Status fit = check_wish(wish); !fit.ok()) return fit.error();
  certs::Template wanted;
  wanted.common_name = wish.name;
  wanted.validity = certs::valid_for(now, wish.duration);
  wanted.client_auth = true;
  wanted.purposes = wish.purposes;
  wanted.emails = wish.emails;
  wanted.uris = wish.uris;
  certs::Credentials own{certificate_pem_, std::string(key_.view())};
  base::Result<certs::Credentials> made = base::fail(Code::Internal, "");
  if (wish.request_pem.empty()) {
    made = certs::issue(wanted, &own);
  } else if (auto certificate = certs::issue_for_request(wanted, wish.request_pem, own); certificate.ok()) {
    made = certs::Credentials{*std::move(certificate), {}};
  } else {
    made = certificate.error();
  }
  base::wipe(own.key_pem);
  if (!made.ok()) return made.error();
  const auto facts = certs::read_chain(made->certificate_pem);
  if (!facts.ok()) return facts.error();
  Given given;
  const certs::CertificateFacts& leaf = facts->front();
  given.issued = {leaf.serial,
                  wish.name,
                  leaf.emails,
                  leaf.uris,
                  wish.purposes,
                  now,
                  leaf.not_before,
                  leaf.not_after,
                  leaf.fingerprint,
                  !wish.request_pem.empty(),
                  wish.renews,
                  0,
                  {}};
  given.certificate_pem = made->certificate_pem + certificate_pem_;
  given.key_pem = std::move(made->key_pem);
  if (Status recorded = append(line_of(given.issued)); !recorded.ok()) return recorded.error();
  NewFiles files;
  if (Status kept = files.write(folder_ + "/issued/" + leaf.serial + ".pem", made->certificate_pem, 0644);
      !kept.ok())
    return kept.error();
  files.keep();
  return given;
}

Status Authority::revoke(const std::string& serial, const std::string& reason, base::Micros now) {
  const auto reasons = certs::revocation_reasons();
  if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
    return fail(Code::Invalid, "\"" + base::printable(reason, 40) + "\" is no reason for a revocation");
  const auto known = register_.find(serial);
  if (!known.ok()) return known.error();
  if (known->revoked != 0)
    return fail(Code::Exists, known->serial + " was revoked before, on " + base::format_time(known->revoked));
  return append(line_of_revocation(known->serial, reason, now));
}

base::Result<Listed> Authority::list(base::Micros duration, base::Micros now) {
  if (Status fit = check_duration(duration, kLongestList, "a list"); !fit.ok()) return fit.error();
  certs::CrlTemplate wanted;
  wanted.number = register_.last_list() ? register_.last_list()->number + 1 : 1;
  wanted.validity = certs::valid_for(now, duration);
  for (const Issued& one : register_.to_be_listed())
    wanted.revoked.push_back({one.serial, one.revoked, one.reason});
  certs::Credentials own{certificate_pem_, std::string(key_.view())};
  const auto made = certs::make_crl(wanted, own);
  base::wipe(own.key_pem);
  if (!made.ok()) return made.error();
  const Listed listed{wanted.number, now, wanted.validity.not_after, wanted.revoked.size()};
  if (Status recorded = append(line_of(listed)); !recorded.ok()) return recorded.error();
  if (Status written = base::write_file(folder_ + "/authority.crl", *made, 0644); !written.ok())
    return written.error();
  return listed;
}

}  // namespace postern::mission
