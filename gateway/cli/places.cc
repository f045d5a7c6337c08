// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/places.h"

#include <filesystem>

#include "base/file.h"
#include "base/yaml.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/secret.h"

namespace postern::cli {

base::Result<Places> find_places(const std::string& config_path, const std::string& control_socket) {
  Places places{control_socket, "/var/lib/postern", {}};  // as gateway/supervisor/config.h says it
  const auto text = base::read_file(config_path, supervisor::kConfigSizeLimit);
  if (!text.ok()) {
    return base::fail(
        text.error().code,
        text.error().message + ": name the configuration with --config, or the socket with --socket");
  }
  const base::YamlDocument document = base::parse_yaml(*text);
  if (!document.faults.empty()) {
    return base::fail(base::Code::Invalid,
                      base::format_faults(config_path, document.faults) +
                          "\nname the control socket with --socket until that is mended");
  }
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::absolute(config_path, ignored).parent_path();
  places.log_key = (folder / "keys/log.key").lexically_normal().string();
  const auto take = [&](std::string_view key, std::string& into) {
    const base::YamlNode* node = document.root.find(key);
    if (node == nullptr || !node->is_scalar()) return;
    const bool is_path = !supervisor::is_credential(node->scalar);
    into = is_path ? (folder / node->scalar).lexically_normal().string() : node->scalar;
  };
  if (document.root.is_map()) {
    take("control_socket", places.control_socket);
    take("state_directory", places.state_directory);
    take("log_key", places.log_key);
  }
  return places;
}

}  // namespace postern::cli
