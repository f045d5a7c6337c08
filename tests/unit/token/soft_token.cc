// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/token/soft_token.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace postern::token {
namespace {

void run_command(const std::string& command) {
  EXPECT_EQ(std::system((command + " >/dev/null 2>&1").c_str()), 0) << command;  // NOLINT
}

}  // namespace

SoftToken::SoftToken() {
  char name[] = "/tmp/postern-token-XXXXXX";
  folder_ = ::mkdtemp(name);
  std::filesystem::create_directory(folder_ + "/tokens");
  const std::string settings =
      "directories.tokendir = " + folder_ + "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n";
  EXPECT_TRUE(base::write_file(folder_ + "/softhsm2.conf", settings, 0600).ok());
  ::setenv("SOFTHSM2_CONF", (folder_ + "/softhsm2.conf").c_str(), 1);
  run_command("softhsm2-util --init-token --free --label test --so-pin 5678 --pin " + std::string(kPin));
}

SoftToken::~SoftToken() { std::filesystem::remove_all(folder_); }

void SoftToken::add(const std::string& label, const std::string& id, const std::string& key_pem) const {
  const std::string file = folder_ + "/import.pem";
  EXPECT_TRUE(base::write_file(file, key_pem, 0600).ok());
  run_command("softhsm2-util --import " + file + " --token test --label " + label + " --id " + id +
              " --force --pin " + kPin);
}

void SoftToken::log_in_by_hand() const {
  run_command(std::string("pkcs11-tool --module ") + kModule + " --token-label test --login --pin " + kPin +
              " --list-objects");
}

SoftToken::Pair SoftToken::make_pair(const std::string& kind, const std::string& name) const {
  const std::string curve = kind.starts_with("P-") ? "ec -pkeyopt ec_paramgen_curve:" + kind : kind;
  const std::string key = folder_ + "/made.key", certificate = folder_ + "/made.pem";
  run_command("openssl req -x509 -days 2 -nodes -newkey " + curve + " -subj /CN=" + name +
              " -addext subjectAltName=DNS:" + name +
              " -addext extendedKeyUsage=serverAuth,clientAuth -keyout " + key + " -out " + certificate);
  return {*base::read_file(key, 1 << 16), *base::read_file(certificate, 1 << 16)};
}

}  // namespace postern::token
