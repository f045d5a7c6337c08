// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A role in strange hands: it starts like the real one, builds the same walls by the same code, proves them,
// says Ready, and then makes one attempt of attempts.h. Its end tells what came of it. Which role it is says its
// name, as the supervisor gives it.
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "gateway/roles/role.h"
#include "tests/hostile/attempts.h"

namespace postern {
namespace {

// "postern-terminator.0" -> "terminator".
std::string kind_of(std::string name) {
  name.erase(0, name.find('-') + 1);
  return name.substr(0, name.find('.'));
}

int be_hostile(const std::string& kind) {
  roles::Role role(kind);
  const base::Json& config = role.config();
  hostile::Scene scene;
  scene.secrets = base::json_text_or(config, "secrets", "");
  scene.state = base::json_text_or(config, "state", "");
  scene.control = base::json_text_or(config, "control", "");
  scene.abstract = base::json_text_or(config, "abstract", "");
  scene.port = static_cast<int>(base::json_number_or(config, "port", 0));
  scene.victim = static_cast<pid_t>(base::json_number_or(config, "victim", 0));
  scene.supervisor = ::getppid();
  const base::UniqueFd listener = role.take_fd("listener");
  scene.listener = listener.get();
  const auto number = static_cast<std::size_t>(base::json_number_or(config, "attempt", 0));
  const bool from_pool = base::json_bool_or(config, "from_pool", false);
  int outcome = -1;
  const auto attempt = [&] { outcome = hostile::attempts()[number].run(scene); };
  const auto tell = [&] {
    role.fail(hostile::is_refusal(outcome) ? "refused " + std::to_string(outcome)
                                           : "SUCCEEDED " + std::to_string(outcome));
  };
  loop::Timer serving(role.loop(), [&] {
    if (from_pool) return role.loop().run_elsewhere(attempt, tell);
    attempt();
    tell();
  });
  serving.start(0);
  return role.serve();
}

}  // namespace
}  // namespace postern

int main(int /*count*/, char** arguments) { return postern::be_hostile(postern::kind_of(arguments[0])); }
