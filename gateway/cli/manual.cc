// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/generate.h"

namespace postern::cli {
namespace {

// roff takes a backslash, a leading dot and a leading quote for its own.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool at_line_start = out.empty() || out.back() == '\n';
    if (at_line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string option_name(const CLI::Option& option) {
  std::string out = option.get_name(false, true);
  const std::string type = option.get_positional() ? "" : option.get_type_name();
  return option.get_expected_max() == 0 || type.empty() ? out : out + " " + type;
}

std::string synopsis(const CLI::App& app, const std::string& name) {
  std::string out = ".B " + roff(name) + "\n[\\fIoptions\\fR]";
  for (const CLI::Option* option :
       app.get_options([](const CLI::Option* o) { return o->get_positional(); })) {
    out += " \\fI" + roff(option->get_type_name()) + "\\fR";
  }
  if (!app.get_subcommands([](const CLI::App*) { return true; }).empty()) out += " \\fIcommand\\fR";
  return out + "\n";
}

std::string options(const CLI::App& app) {
  std::string out;
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_positional() ? option->get_type_name() : option_name(*option);
    out += ".TP\n.B " + roff(name) + "\n" + roff(option->get_description()) + "\n";
  }
  return out.empty() ? out : ".SH OPTIONS\n" + out;
}

std::string page(const CLI::App& app, const std::string& name) {
  std::string out = ".TH \"" + name + "\" 1 \"\" \"postern " POSTERN_VERSION "\" \"Postern\"\n.SH NAME\n" +
                    roff(name) + " \\- " + roff(app.get_description()) + "\n.SH SYNOPSIS\n" +
                    synopsis(app, name) + options(app);
  std::string commands, see_also;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands += ".TP\n.B " + roff(command->get_name()) + "\n" + roff(command->get_description()) + "\n";
    see_also += (see_also.empty() ? ".BR " : ",\n.BR ") + roff(name + "-" + command->get_name()) + " (1)";
  }
  if (!commands.empty()) out += ".SH COMMANDS\n" + commands;
  if (!app.get_footer().empty()) out += ".SH NOTES\n.nf\n" + roff(app.get_footer()) + "\n.fi\n";
  if (!see_also.empty()) out += ".SH SEE ALSO\n" + see_also + "\n";
  return out;
}

void add_pages(const CLI::App& app, const std::string& name, std::map<std::string, std::string>& pages) {
  pages[name + ".1"] = page(app, name);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_pages(*command, name + "-" + command->get_name(), pages);
  }
}

}  // namespace

std::map<std::string, std::string> man_pages(const CLI::App& app) {
  std::map<std::string, std::string> pages;
  add_pages(app, app.get_name(), pages);
  return pages;
}

}  // namespace postern::cli
