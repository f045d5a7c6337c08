// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/cli/retention.h"

#include "audit/retention.h"
#include "base/file.h"
#include "gateway/cli/places.h"
#include "gateway/supervisor/config.h"

namespace postern::cli {
namespace {

using base::Json;
using base::Result;

const std::vector<Column> kRetentionFigures{{"Keeps events for", "keep"},
                                            {"Events", "size"},
                                            {"First that is kept", "first_kept"},
                                            {"Removed by event", "last.index"},
                                            {"On", "last.time", Kind::Time},
                                            {"Would go now", "next.removed"},
                                            {"The first of", "next.oldest", Kind::Time},
                                            {"The last of", "next.newest", Kind::Time}};

Result<base::Micros> configured(const std::string& path) {
  const auto text = base::read_file(path, supervisor::kConfigSizeLimit);
  if (!text.ok()) return text.error();
  const auto parsed = supervisor::parse_config(*text, ".", 1);
  if (parsed.config == nullptr)
    return base::fail(base::Code::Invalid, base::format_faults(path, parsed.faults));
  return parsed.config->retention.events;
}

// What the newest event says; nothing was removed if there is none.
Result<Json> figures(const std::string& state_directory, base::Micros keep) {
  auto& files = audit::system_files();
  const std::string log = state_directory + "/log";
  const auto checkpoint = audit::read_checkpoint(files, log);
  if (!checkpoint.ok()) return checkpoint.error();
  const std::uint64_t size = checkpoint->head.size;
  const auto last = audit::find_retention(files, log, 0, size);
  const std::uint64_t first = last.ok() ? last->first_kept : 0;
  Json out{{"keep", keep == 0 ? "ever" : base::format_duration(keep)}, {"size", size}, {"first_kept", first}};
  if (last.ok())
    out["last"] = {{"index", last->index}, {"time", base::format_time(last->time)}, {"event", last->id}};
  if (keep == 0) return out;
  auto journal = audit::JournalReader::open(files, state_directory + "/journal");
  if (!journal.ok()) return journal.error();
  const auto plan = audit::plan_retention(**journal, {first, size, base::SystemClock().wall() - keep});
  if (!plan.ok()) return plan.error();
  out["next"] = {{"first_kept", plan->first_kept}, {"removed", plan->first_kept - first}};
  if (plan->first_kept == first) return out;
  out["next"]["oldest"] = base::format_time(plan->oldest);
  out["next"]["newest"] = base::format_time(plan->newest);
  return out;
}

int show_retention(const Program& program, const std::string& wanted) {
  const auto places = find_places(program.config_path());
  if (!places.ok()) return fail_with(places.error().message);
  auto keep = wanted.empty() ? configured(program.config_path()) : base::parse_duration(wanted);
  if (!keep.ok()) return fail_with(keep.error().message);
  if (!wanted.empty() && *keep < audit::kShortestRetention)
    return fail_with("events are kept for a day at least");
  const auto shown = figures(places->state_directory, *keep);
  if (!shown.ok()) return fail_with(shown.error().message);
  print(program.json() ? base::dump_json(*shown) + "\n" : to_lines(*shown, kRetentionFigures));
  return kDone;
}

}  // namespace

void add_retention(Program& program, CLI::App* group) {
  auto wanted = std::make_shared<std::string>();
  program
      .command(group, "retention", "Show what the log keeps, and what of it would go now; removes nothing",
               "audit retention\naudit retention --keep 400d",
               [&program, wanted] { return show_retention(program, *wanted); })
      ->add_option("--keep", *wanted, "as if the configuration said retention: {events: D}")
      ->type_name("D");
}

}  // namespace postern::cli
