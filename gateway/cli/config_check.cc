// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// postern config check: what a gateway would say to its files if it were started or reloaded now. No gateway is asked,
// nothing is changed.
#include <cstdio>
#include <filesystem>
#include <thread>

#include "gateway/cli/commands.h"
#include "gateway/supervisor/material.h"
#include "gateway/supervisor/secret.h"

namespace postern::cli {
namespace {

const std::vector<Column> kSecretColumns{{"SECRET", "key"}, {"FROM", "source"}, {"NAME", "name"}};

base::Json secrets_json(const supervisor::Config& config) {
  base::Json out = base::Json::array();
  for (const supervisor::NamedSecret& one : supervisor::secrets_of(config))
    out.push_back({{"key", one.key}, {"source", one.source}, {"name", one.name}});
  return out;
}

int check_config(bool json, const std::string& path) {
  std::error_code ignored;
  const std::string file = std::filesystem::absolute(path, ignored).lexically_normal().string();
  const supervisor::LoadedConfig loaded =
      supervisor::load_config(file, static_cast<int>(std::thread::hardware_concurrency()));
  std::vector<supervisor::FileFault> faults = loaded.config_faults;
  faults.insert(faults.end(), loaded.policy_faults.begin(), loaded.policy_faults.end());
  const base::Json secrets = loaded.config == nullptr ? base::Json::array() : secrets_json(*loaded.config);
  if (json) {
    print(to_json_line({{"ok", faults.empty()}, {"faults", faults_json(faults)}, {"secrets", secrets}}) +
          "\n");
    return faults.empty() ? kDone : kFailed;
  }
  if (!faults.empty()) {
    std::fputs((supervisor::format_faults(faults) + "\n").c_str(), stderr);
    return kFailed;
  }
  print(file + ": sound, and so is all that it names\n\n" + to_table(secrets, kSecretColumns, ""));
  return kDone;
}

}  // namespace

void add_config_commands(Program& program) {
  CLI::App* group = program.group("config", "The gateway's configuration");
  program.command(group, "check",
                  "Check postern.yaml and all that it names, and show where its secrets come from",
                  "config check\nconfig check --config /etc/postern/postern.yaml --json",
                  [&program] { return check_config(program.json(), program.config_path()); });
}

}  // namespace postern::cli
