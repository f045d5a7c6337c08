// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A second canonicaliser of targets, deliberately naive: no tables, no code shared with the first, whole strings at a time. It knows the
// origin form and no limits, and Unicode's dots and slashes only where three of them show that somebody looks (gateway/http/dots.h).
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern::http {

struct Naive {
  std::string path;
  std::string query;
  bool has_query = false;
  std::vector<std::pair<std::string, std::string>> parameters;
};

inline bool one_of(char c, const char* set) {
  return c != 0 && std::string(set).find(c) != std::string::npos;
}
inline bool plain_letter(char c) {
  return one_of(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~");
}

inline std::string hex(char c) {
  char text[4];
  std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text;
}

// Pairs of byte and whether it was encoded.
inline std::optional<std::vector<std::pair<char, bool>>> naive_bytes(const std::string& text) {
  std::vector<std::pair<char, bool>> out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.emplace_back(text[i], false);
      continue;
    }
    if (i + 2 >= text.size() || !one_of(text[i + 1], "0123456789abcdefABCDEF") ||
        !one_of(text[i + 2], "0123456789abcdefABCDEF")) {
      return std::nullopt;
    }
    out.emplace_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)), true);
    i += 2;
  }
  return out;
}

// Decodes code points by arithmetic and encodes them again: only what comes back equal was well-formed.
inline bool naive_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80       ? 1
                             : lead / 32 == 6  ? 2
                             : lead / 16 == 14 ? 3
                             : lead / 8 == 30  ? 4
                                               : 0;
    if (size == 0 || i + size > text.size()) return false;
    unsigned long point = size == 1 ? lead : lead % (1U << (7 - size));
    for (std::size_t k = 1; k < size; ++k) {
      const unsigned next = static_cast<unsigned char>(text[i + k]);
      if (next / 64 != 2) return false;
      point = point * 64 + next % 64;
    }
    const std::size_t needed = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (needed != size || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    if (point >= 0x80 && point <= 0x9f) return false;
    i += size;
  }
  return true;
}

inline bool looks_encoded(const std::string& decoded) {
  for (std::size_t i = 0; i + 2 < decoded.size(); ++i) {
    if (decoded[i] == '%' && one_of(decoded[i + 1], "0123456789abcdefABCDEF") &&
        one_of(decoded[i + 2], "0123456789abcdefABCDEF"))
      return true;
  }
  return false;
}

inline std::vector<std::string> naive_split(const std::string& text, char at) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == at) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

// Whether a server that knows full width forms, and drops spaces and what is not seen, would find dots alone.
inline bool naive_dots(const std::string& decoded) {
  std::string plain;
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const std::string three = decoded.substr(i, 3);
    const bool wide = three == "\xef\xbc\x8e" || three == "\xef\xbc\x8f" || three == "\xe2\x80\x8b";
    if (wide) i += 2;
    if (three == "\xe2\x80\x8b" || decoded[i] == ' ') continue;
    plain += three == "\xef\xbc\x8e" ? '.' : three == "\xef\xbc\x8f" ? '/' : decoded[i];
  }
  for (const std::string& part : naive_split(plain, '/')) {
    if (!part.empty() && part.find_first_not_of('.') == std::string::npos) return true;
  }
  return false;
}

inline bool naive_path(const std::string& path, std::string& out) {
  const std::vector<std::string> segments = naive_split(path, '/');
  for (std::size_t i = 1; i < segments.size(); ++i) {
    out += '/';
    const auto bytes = naive_bytes(segments[i]);
    if (!bytes || (bytes->empty() && i + 1 < segments.size())) return false;
    std::string decoded;
    for (const auto& [c, encoded] : *bytes) {
      decoded += c;
      const bool plain = plain_letter(c) || one_of(c, "!$&'()*+,=:@");
      if (one_of(c, "/\\;") || static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (!plain && !encoded))
        return false;
      out += plain ? std::string(1, c) : hex(c);
    }
    if (naive_dots(decoded) || looks_encoded(decoded) || !naive_utf8(decoded)) return false;
  }
  return true;
}

inline bool naive_component(const std::string& text, bool name, std::string& decoded, std::string& out) {
  const auto bytes = naive_bytes(text);
  if (!bytes) return false;
  for (auto [c, encoded] : *bytes) {
    if (!encoded && c == '+') {
      c = ' ';
      encoded = true;
    }
    decoded += c;
    const bool reserved = one_of(c, "!$'()*,/:?@");
    if (!encoded && !plain_letter(c) && !reserved && !one_of(c, "[]{}|^`;=")) return false;
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    if (control && (name || !one_of(c, "\t\r\n"))) return false;
    out += plain_letter(c) || (reserved && !encoded) ? std::string(1, c) : hex(c);
  }
  return naive_utf8(decoded) && !(name && (decoded.empty() || looks_encoded(decoded)));
}

inline std::optional<Naive> naive_canonicalise(const std::string& target) {
  if (target.empty() || target[0] != '/') return std::nullopt;
  Naive out;
  const std::size_t mark = target.find('?');
  if (!naive_path(target.substr(0, mark), out.path)) return std::nullopt;
  if (mark == std::string::npos) return out;
  for (const std::string& pair : naive_split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    out.query += out.has_query ? "&" : "";
    out.has_query = true;
    const std::size_t equals = pair.find('=');
    auto& [name, value] = out.parameters.emplace_back();
    if (!naive_component(pair.substr(0, equals), true, name, out.query)) return std::nullopt;
    if (equals == std::string::npos) continue;
    out.query += '=';
    if (!naive_component(pair.substr(equals + 1), false, value, out.query)) return std::nullopt;
  }
  return out;
}

}  // namespace postern::http
