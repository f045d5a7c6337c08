// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "accounts/password.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/bytes.h"

namespace postern::accounts {
namespace {

constexpr std::size_t kFewest = 5;  // different characters

// Of at least twelve characters: what leads the lists of leaked passwords, and what a person types who is asked for
// twelve. Shorter ones need no list. Compared without regard to case.
constexpr auto kCommon = std::to_array<std::string_view>({
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456789101112",
    "1234567890qwertyuiop",
    "0123456789abcdef",
    "1q2w3e4r5t6y",
    "1q2w3e4r5t6y7u",
    "1qaz2wsx3edc",
    "1qaz2wsx3edc4rfv",
    "1qazxsw23edc",
    "123qweasdzxc",
    "123qwe123qwe",
    "abc123abc123",
    "abcd1234abcd",
    "abcdefghijkl",
    "abcdefghijklmnop",
    "abcdefg123456",
    "admin1234567",
    "admin12345678",
    "administrator",
    "administrator1",
    "administrator123",
    "adminadminadmin",
    "asdfghjkl123",
    "asdfghjkl;'",
    "changeme1234",
    "changeme12345",
    "changemenow1",
    "changethispassword",
    "correcthorsebatterystaple",
    "defaultpassword",
    "iloveyou1234",
    "iloveyouforever",
    "letmein12345",
    "letmein123456",
    "letmeinletmein",
    "linkedin1234",
    "manchesterunited",
    "mypassword123",
    "mypassword1234",
    "p@ssw0rd1234",
    "p@ssword1234",
    "pa55word1234",
    "passw0rd1234",
    "passw0rd12345",
    "password0000",
    "password1111",
    "password1234",
    "password12345",
    "password123456",
    "password2024",
    "password2025",
    "password2026",
    "passwordpassword",
    "passwordpassword1",
    "postgres1234",
    "postern12345",
    "posternpostern",
    "qazwsxedcrfv",
    "qwerty123456",
    "qwertyqwerty",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiop[]",
    "qwertyuiopasdfghjkl",
    "qwertyuiopasdfghjklzxcvbnm",
    "root12345678",
    "secretpassword",
    "supersecret1",
    "superuser1234",
    "sysadmin1234",
    "thisismypassword",
    "trustno1trustno1",
    "unbelievable",
    "welcome12345",
    "welcome123456",
    "welcomewelcome",
    "winter202512",
    "zaq12wsxcde3",
    "zxcvbnm12345",
    "zxcvbnmasdfghjkl",
    "passwordadmin",
    "adminpassword",
    "monitoring123",
    "prometheus123",
    "support12345",
    "supportsupport",
    "summer202512",
});

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// "abcdefghijkl", "987654321098": each character one more, or one less, than the one before.
bool is_sequence(std::string_view text) {
  const auto runs = [text](int by) {  // 0 follows 9, as on a keyboard
    const auto breaks = [by](char a, char b) {
      const bool digits = a >= '0' && a <= '9' && b >= '0' && b <= '9';
      return digits ? (b - a - by) % 10 != 0 : b - a != by;
    };
    return std::adjacent_find(text.begin(), text.end(), breaks) == text.end();
  };
  return runs(1) || runs(-1);
}

bool is_common(std::string_view lower) {
  return std::find(kCommon.begin(), kCommon.end(), lower) != kCommon.end() || is_sequence(lower) ||
         std::set<char>(lower.begin(), lower.end()).size() < kFewest;
}

// The name alone, or with few other characters around it.
bool is_the_name(std::string_view lower, std::string_view account) {
  constexpr std::size_t kShortestToLookFor = 4;
  const std::string name = base::to_lower(account);
  return name.size() >= kShortestToLookFor && lower.find(name) != std::string_view::npos &&
         lower.size() < name.size() + kShortestPassword / 2;
}

}  // namespace

std::optional<std::string> password_problem(std::string_view password, std::string_view account) {
  if (!base::is_utf8(password)) return "the password is not text";
  if (characters(password) < kShortestPassword)
    return "the password needs at least " + std::to_string(kShortestPassword) + " characters";
  if (password.size() > kLongestPassword)
    return "the password has more than " + std::to_string(kLongestPassword) + " bytes";
  const std::string lower = base::to_lower(password);
  if (is_common(lower)) return "that password is among the first that are tried: choose another";
  if (is_the_name(lower, account))
    return "the password is little more than the account's name: choose another";
  return std::nullopt;
}

}  // namespace postern::accounts
