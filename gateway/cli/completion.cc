// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// One table for all three shells: the words so far ("session list") -> what may come next.
#include <functional>

#include "gateway/cli/generate.h"

namespace postern::cli {
namespace {

struct Word {
  std::string text, description;
};
using Visit = std::function<void(const std::string& path, const std::vector<Word>& commands,
                                 const std::vector<Word>& options)>;

void add_options(const CLI::App& app, std::vector<Word>& words) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      words.push_back({"--" + name, option->get_description()});
  }
}

void walk(const CLI::App& root, const CLI::App& app, const std::string& path, const Visit& visit) {
  std::vector<Word> commands, options;
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : children) commands.push_back({child->get_name(), child->get_description()});
  add_options(app, options);
  if (&app != &root) {
    for (const char* name : {"--config", "--socket", "--json"}) {
      options.push_back({name, root.get_option(name)->get_description()});
    }
  }
  visit(path, commands, options);
  for (const CLI::App* child : children)
    walk(root, *child, path.empty() ? child->get_name() : path + " " + child->get_name(), visit);
}

// For a text in single quotes: every shell here reads '\'' alike.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string joined(const std::vector<Word>& words) {
  std::string out;
  for (const Word& word : words) out += (out.empty() ? "" : " ") + word.text;
  return out;
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string cases;
  walk(app, app, "",
       [&](const std::string& path, const std::vector<Word>& commands, const std::vector<Word>& options) {
         cases += "    " + shell_quoted(path) + ") words=" + shell_quoted(joined(commands)) +
                  "; options=" + shell_quoted(joined(options)) + " ;;\n";
       });
  const std::string& name = app.get_name();
  std::string function = "_" + name;  // a shell's function has no hyphens everywhere
  std::replace(function.begin(), function.end(), '-', '_');
  return "# bash completion for " + name + "; made by: " + name + " generate completion bash\n" + function +
         "() {\n"
         "  local path='' word words='' options='' i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=${COMP_WORDS[i]}\n"
         "    case $word in -*) continue ;; esac\n"
         "    case \"${path:+$path }$word\" in\n" +
         [&] {
           std::string known;
           walk(app, app, "",
                [&](const std::string& path, const std::vector<Word>&, const std::vector<Word>&) {
                  if (!path.empty()) known += (known.empty() ? "      " : "|") + shell_quoted(path);
                });
           return known;
         }() +
         ") path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case $path in\n" +
         cases +
         "  esac\n"
         "  case ${COMP_WORDS[COMP_CWORD]} in -*) words=$options ;; esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F " +
         function + " " + name + "\n";
}

std::string zsh_completion(const CLI::App& app) {
  return "#compdef " + app.get_name() + "\n# made by: " + app.get_name() +
         " generate completion zsh\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_completion(app);
}

std::string fish_completion(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string out = "# fish completion for " + name + "; made by: " + name + " generate completion fish\n";
  walk(app, app, "",
       [&](const std::string& path, const std::vector<Word>& commands, const std::vector<Word>& options) {
         std::string when;
         std::size_t begin = 0;
         while (begin < path.size()) {
           const std::size_t end = std::min(path.find(' ', begin), path.size());
           when += (when.empty() ? "" : "; and ") + std::string("__fish_seen_subcommand_from ") +
                   path.substr(begin, end - begin);
           begin = end + 1;
         }
         if (path.empty()) when = "__fish_use_subcommand";
         for (const Word& word : commands) {
           const std::string none_yet =
               path.empty() ? when : when + "; and not __fish_seen_subcommand_from " + joined(commands);
           out += "complete -c " + name + " -f -n " + shell_quoted(none_yet) + " -a " + word.text + " -d " +
                  shell_quoted(word.description) + "\n";
         }
         for (const Word& word : options) {
           out += "complete -c " + name + " -n " + shell_quoted(when) + " -l " + word.text.substr(2) +
                  " -d " + shell_quoted(word.description) + "\n";
         }
       });
  return out;
}

}  // namespace postern::cli
