// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/cert.h"

#include <dirent.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "certs/authority.h"
#include "certs/certificate.h"
#include "gateway/cli/new_folder.h"

namespace postern::cli {
namespace {

constexpr base::Micros kLongestClientCertificate = 825LL * 86400 * base::kWallSecond;
constexpr std::size_t kKeyLimit = 64U << 10U;

int refuse(const std::string& why) {
  std::fprintf(stderr, "postern cert: %s\n", why.c_str());
  return 1;
}

// The name becomes a file's name.
bool is_engineer_name(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '.' && std::all_of(name.begin(), name.end(), plain);
}

base::Result<certs::Credentials> read_authority(const std::string& directory) {
  base::Result<std::string> certificate =
      base::read_file(directory + "/certs/support-authority.pem", certs::kPemSizeLimit);
  if (!certificate.ok()) return certificate.error();
  base::Result<std::string> key = base::read_file(directory + "/keys/support-authority.key", kKeyLimit);
  if (!key.ok()) return key.error();
  return certs::Credentials{std::move(*certificate), std::move(*key)};
}

base::Status issue(const CertIssueOptions& options) {
  if (!is_engineer_name(options.engineer)) {
    return base::fail(base::Code::Invalid,
                      "the engineer's name must be lower-case letters, digits, '-', '_' and '.'");
  }
  const base::Result<base::Micros> duration = base::parse_duration(options.expires);
  if (!duration.ok()) return duration.error();
  if (*duration > kLongestClientCertificate)
    return base::fail(base::Code::Invalid, "a certificate may last 825 days at most");
  base::Result<certs::Credentials> authority = read_authority(options.directory);
  if (!authority.ok()) return authority.error();
  base::Result<certs::Credentials> made = certs::make_client_certificate(
      *authority, options.engineer, options.email, certs::valid_for(base::SystemClock().wall(), *duration));
  base::wipe(authority->key_pem);
  if (!made.ok()) return made.error();
  NewFolder out({});
  const std::string stem = options.out + "/" + options.engineer;
  base::Status done = out.make_folder(options.out, 0700);
  if (done.ok()) done = out.write(stem + ".pem", made->certificate_pem, 0644);
  if (done.ok()) done = out.write(stem + ".key", made->key_pem, 0600);
  base::wipe(made->key_pem);
  if (done.ok()) done = out.keep();
  return done;
}

base::Result<std::vector<std::string>> pem_files(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(folder.c_str()), ::closedir);
  if (open == nullptr) return base::fail_errno(folder, errno);
  std::vector<std::string> out;
  while (const dirent* entry = ::readdir(open.get())) {  // NOLINT(concurrency-mt-unsafe): one thread
    const std::string name = entry->d_name;
    if (name.ends_with(".pem")) out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

base::OrderedJson describe(const std::string& file, const certs::CertificateFacts& facts) {
  base::OrderedJson names = base::OrderedJson::array();
  for (const auto* list : {&facts.dns_names, &facts.ip_addresses, &facts.emails, &facts.uris}) {
    for (const std::string& name : *list) names.push_back(name);
  }
  return {{"file", file},
          {"subject", facts.subject},
          {"authority", facts.authority},
          {"names", std::move(names)},
          {"key_type", facts.key_type},
          {"not_after", base::format_time(facts.not_after)},
          {"sha256", facts.fingerprint}};
}

}  // namespace

int cert_issue(const CertIssueOptions& options) {
  const base::Status crypto = base::init_crypto();
  const base::Status done = crypto.ok() ? issue(options) : crypto;
  if (!done.ok()) return refuse(done.error().message);
  std::printf(
      "Made %s/%s.pem and .key for %s. Make the engineer known with\n  postern engineer add %s --email %s\n",
      options.out.c_str(), options.engineer.c_str(), options.email.c_str(), options.engineer.c_str(),
      options.email.c_str());
  return 0;
}

int cert_list(const std::string& directory, bool json) {
  const std::string folder = directory + "/certs";
  const base::Result<std::vector<std::string>> files = pem_files(folder);
  if (!files.ok()) return refuse(files.error().message);
  base::OrderedJson items = base::OrderedJson::array();
  for (const std::string& file : *files) {
    const base::Result<std::string> pem = base::read_file(folder + "/" + file, certs::kPemSizeLimit);
    if (!pem.ok()) return refuse(pem.error().message);
    const auto chain = certs::read_chain(*pem);
    if (!chain.ok()) return refuse(folder + "/" + file + ": " + chain.error().message);
    items.push_back(describe(file, chain->front()));
  }
  if (json) {
    std::printf("%s\n", base::dump_json(base::OrderedJson{{"items", items}}).c_str());
    return 0;
  }
  for (const base::OrderedJson& item : items) {
    std::printf("%-28s %-20s %s  %s\n", item["file"].get<std::string>().c_str(),
                item["not_after"].get<std::string>().substr(0, 10).c_str(),
                item["authority"].get<bool>() ? "authority" : "leaf     ",
                base::printable(item["subject"].get<std::string>(), 80).c_str());
  }
  return 0;
}

}  // namespace postern::cli
