// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// mission_control.updates.window and .notice: when updates may start by themselves (docs/UPDATES.md). Which zones there are is the
// system's to say (material.cc).
#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/supervisor/config_reader.h"

namespace postern::supervisor {
namespace {

using base::YamlNode;

constexpr std::array<std::string_view, 7> kDayNames{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t kMostWindows = 14, kZoneName = 64;
constexpr base::Micros kShortestWindow = 15 * kMinute, kDayLong = 24 * kHour, kLongestNotice = 30 * kDayLong;
constexpr int kHoursADay = 24, kMinutesAnHour = 60;

bool is_zone_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && text.size() <= kZoneName && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return letter(c) || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '+' || c == '-';
         });
}

// "02:00", in minutes; below 0: it is not that.
int minutes_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return -1;
  const auto two = [](std::string_view digits) {
    int value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && digits[0] != '-' ? value : -1;
  };
  const int hours = two(text.substr(0, 2)), minutes = two(text.substr(3));
  if (hours < 0 || hours >= kHoursADay || minutes < 0 || minutes >= kMinutesAnHour) return -1;
  return hours * kMinutesAnHour + minutes;
}

class WindowReader {
 public:
  WindowReader(ConfigReader& read, MissionControl::Updates& out) : read_(read), out_(out) {}

  void all(const YamlNode& updates) {
    read_.duration(updates, "notice", kDayLong, kLongestNotice, out_.notice);
    const YamlNode* node = updates.find("window");
    if (node == nullptr) return;
    if (!node->is_list()) return one(*node);
    if (node->items.empty() || node->items.size() > kMostWindows)
      read_.fault(node->mark, "window must be one window, or a list of 1 to " + std::to_string(kMostWindows));
    for (const YamlNode& item : node->items) one(item);
  }

 private:
  void one(const YamlNode& node) {
    if (!read_.is_map(node, "mission_control.updates.window")) return;
    MissionControl::Window window;
    window.mark = node.mark;
    days(node, window);
    if (const YamlNode* from = read_.text(node, "from"); from != nullptr) {
      window.from = minutes_of_day(from->scalar);
      if (window.from < 0)
        read_.fault(from->mark,
                    "from must be a time of the day such as \"02:00\", not " + in_quotes(from->scalar));
    } else if (node.find("from") == nullptr) {
      read_.fault(node.mark, "a window needs from: the local time at which it opens, such as \"02:00\"");
    }
    if (node.find("for") == nullptr)
      read_.fault(node.mark, "a window needs for: how long it stays open, such as 3h");
    read_.duration(node, "for", kShortestWindow, kDayLong, window.length);
    zone(node, window);
    out_.windows.push_back(std::move(window));
  }

  void days(const YamlNode& node, MissionControl::Window& out) {
    const YamlNode* days = node.find("days");
    if (days == nullptr) return;
    out.days = 0;
    const auto take = [&](const YamlNode& day) {
      if (!read_.is_text(day, "a day")) return;
      const auto* found = std::find(kDayNames.begin(), kDayNames.end(), day.scalar);
      if (found == kDayNames.end())
        return read_.fault(day.mark,
                           "days must be daily, or a list of mon, tue, wed, thu, fri, sat and sun, not " +
                               in_quotes(day.scalar));
      out.days |= 1U << static_cast<unsigned>(found - kDayNames.begin());
    };
    if (days->is_list()) {
      if (days->items.empty()) read_.fault(days->mark, "days is empty: such a window never opens");
      for (const YamlNode& day : days->items) take(day);
    } else if (days->scalar == "daily") {
      out.days = MissionControl::Window::kEachDay;
    } else {
      take(*days);
    }
  }

  void zone(const YamlNode& node, MissionControl::Window& out) {
    const YamlNode* zone = read_.text(node, "time_zone");
    if (zone == nullptr) {
      if (node.find("time_zone") == nullptr)
        read_.fault(node.mark,
                    "a window needs time_zone: whose clock it goes by, such as Europe/Berlin, or UTC");
      return;
    }
    out.zone = zone->scalar;
    out.zone_mark = zone->mark;
    if (!is_zone_name(out.zone)) {
      read_.fault(zone->mark,
                  "time_zone must be a name such as Europe/Berlin, or UTC, not " + in_quotes(out.zone));
      out.zone = "UTC";
    }
  }

  ConfigReader& read_;
  MissionControl::Updates& out_;
};

}  // namespace

void read_update_windows(ConfigReader& read, const base::YamlNode& updates, MissionControl::Updates& out) {
  WindowReader(read, out).all(updates);
}

}  // namespace postern::supervisor
