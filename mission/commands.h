// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern-authority`: its commands. Exit codes as those of `postern`: 0 done, 1 refused or failed, 2 wrong usage. A
// passphrase is never an argument: it is typed, or read from a file that only its owner can read.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace postern::mission {

class AuthorityProgram {
 public:
  AuthorityProgram();
  AuthorityProgram(const AuthorityProgram&) = delete;
  AuthorityProgram& operator=(const AuthorityProgram&) = delete;
  int run(int argc, const char* const* argv);

 private:
  CLI::App* command(std::string name, std::string description, const std::string& example,
                    std::function<int()> action);
  void add_init();
  void add_issue();
  void add_renew();
  void add_revoke();
  void add_crl();
  void add_list();
  void add_show();
  void add_generate();

  CLI::App app_;
  std::string folder_ = ".";
  std::string passphrase_file_;
  bool json_ = false;
  std::function<int()> action_;
};

}  // namespace postern::mission
