// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/generate.h"

#include "base/file.h"
#include "gateway/cli/commands.h"

namespace postern::cli {
namespace {

int write_man_pages(const CLI::App& app, const std::string& folder) {
  for (const auto& [name, text] : man_pages(app)) {
    const base::Status written = base::write_file(folder + "/" + name, text, 0644);
    if (!written.ok()) return fail_with(written.error().message);
  }
  return kDone;
}

}  // namespace

void add_generate_commands(Program& program) {
  CLI::App* group =
      program.group("generate", "Man pages and shell completion, from the same source as --help");
  auto folder = std::make_shared<std::string>();
  program
      .command(group, "man", "Write a man page per command", "generate man --out /usr/local/share/man/man1",
               [&program, folder] { return write_man_pages(program.app(), *folder); })
      ->add_option("--out", *folder, "a folder that is there")
      ->required()
      ->type_name("DIR");
  auto shell = std::make_shared<std::string>();
  program
      .command(group, "completion", "Print the completion for a shell",
               "generate completion bash > /etc/bash_completion.d/" + program.app().get_name(),
               [&program, shell] {
                 print(*shell == "bash"  ? bash_completion(program.app())
                       : *shell == "zsh" ? zsh_completion(program.app())
                                         : fish_completion(program.app()));
                 return kDone;
               })
      ->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
}

}  // namespace postern::cli
