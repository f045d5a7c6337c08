// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "console/session_export.h"

#include "audit/event.h"
#include "audit/export.h"
#include "audit/ocsf.h"
#include "base/log.h"
#include "console/version.h"

namespace postern::console {
namespace {

constexpr std::size_t kPage = 200;  // events read at a time

// The session's events, oldest first, a page at a time.
class Pages {
 public:
  Pages(LogReader& log, std::string session, std::vector<std::string> types = {}) : log_(log) {
    filter_.session = std::move(session);
    filter_.types = std::move(types);
    filter_.oldest_first = true;
    filter_.limit = kPage;
  }
  bool done() const { return done_; }
  base::Result<std::vector<std::string>> next() {
    auto found = log_.find(filter_);
    if (!found.ok()) return std::move(found).error();
    filter_.after = found->next;
    done_ = !found->next.has_value();
    std::vector<std::string> lines;
    for (audit::FoundEvent& event : found->events) lines.push_back(std::move(event.line));
    return lines;
  }

 private:
  LogReader& log_;
  audit::EventFilter filter_;
  bool done_ = false;
};

class ExportSource final : public Source {
 public:
  ExportSource(LogReader& log, ExportFormat format, const ExportFacts& facts)
      : pages_(log, facts.id),
        changes_(log, facts.id, {"exchange.changed"}),
        format_(format),
        session_(base::dump_json(facts.session)),
        har_({facts.public_url, std::string(kVersion)}) {}

  State read(std::string& out, std::size_t /*most*/) override {
    if (!begun_) begin(out);
    if (pages_.done()) return read_changes(out);
    const auto lines = pages_.next();
    if (!lines.ok()) {
      base::log_warning("an export broke off: " + lines.error().message);
      return State::Failed;
    }
    for (const std::string& line : *lines) {
      if (!append(out, line)) return State::Failed;
    }
    if (!pages_.done()) return State::More;
    if (format_ == ExportFormat::Json) {
      out += "\n],\"changes\":[";
      first_ = true;
      return State::More;
    }
    if (format_ == ExportFormat::Har) har_.end(out);
    return State::Done;
  }

 private:
  void begin(std::string& out) {
    begun_ = true;
    if (format_ == ExportFormat::Csv) out += audit::csv_header();
    if (format_ == ExportFormat::Json) out += "{\"session\":" + session_ + ",\"events\":[";
    if (format_ == ExportFormat::Har) har_.begin(out);
  }
  State read_changes(std::string& out) {
    const auto lines = changes_.next();
    if (!lines.ok()) return State::Failed;
    for (const std::string& line : *lines) {
      const auto event = audit::read_event_head(line);
      if (!event.ok()) return State::Failed;
      put(out, event->detail);
    }
    if (!changes_.done()) return State::More;
    out += "\n]}\n";
    return State::Done;
  }
  void put(std::string& out, std::string_view json) {
    out += first_ ? "\n" : ",\n";
    first_ = false;
    out += json;
  }
  bool append(std::string& out, const std::string& line) {
    if (format_ == ExportFormat::Csv) return audit::append_csv(out, line).ok();
    if (format_ == ExportFormat::Har) return har_.add(out, line).ok();
    if (format_ == ExportFormat::Ocsf) return audit::append_ocsf(out, line).ok();
    if (format_ == ExportFormat::JsonLines) {
      audit::append_json_line(out, line);
      return true;
    }
    put(out, line);
    return true;
  }

  Pages pages_, changes_;
  ExportFormat format_;
  std::string session_;
  audit::HarWriter har_;
  bool begun_ = false;
  bool first_ = true;
};

std::string_view extension(ExportFormat format) {
  switch (format) {
    case ExportFormat::Json:
      return "json";
    case ExportFormat::JsonLines:
      return "jsonl";
    case ExportFormat::Csv:
      return "csv";
    case ExportFormat::Har:
      return "har";
    case ExportFormat::Ocsf:
      return "ocsf";
  }
  return "json";
}

bool is_lines(ExportFormat format) {
  return format == ExportFormat::JsonLines || format == ExportFormat::Ocsf;
}

}  // namespace

std::optional<ExportFormat> parse_export_format(std::string_view text) {
  for (const auto format : {ExportFormat::Json, ExportFormat::JsonLines, ExportFormat::Csv, ExportFormat::Har,
                            ExportFormat::Ocsf}) {
    if (extension(format) == text) return format;
  }
  return std::nullopt;
}

Response make_export(LogReader& log, ExportFormat format, const ExportFacts& facts) {
  Response response;
  response.content_type = format == ExportFormat::Csv ? "text/csv; charset=utf-8"
                          : is_lines(format)          ? "application/x-ndjson"
                                                      : "application/json";
  response.source = std::make_unique<ExportSource>(log, format, facts);
  response.fields.emplace_back("content-disposition", "attachment; filename=\"session-" + facts.id + "." +
                                                          std::string(extension(format)) + "\"");
  return response;
}

}  // namespace postern::console
