// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// HTTP/2 frames by hand, as a client sends them, also such as no client would; and what a session answers, read back.
// Heads are packed as literals without an index (RFC 7541 section 6.2.2), so that any name and value can stand in one.
#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/http/h2_session.h"

namespace postern::http::h2 {

enum Type : std::uint8_t {
  kData,
  kHeaders,
  kPriority,
  kReset,
  kSettings,
  kPush,
  kPing,
  kGoaway,
  kWindow,
  kContinuation
};
enum Flag : std::uint8_t { kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8 };

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}

inline std::string frame(std::uint8_t type, unsigned flags, std::uint32_t stream, std::string_view payload) {
  return number(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) + number(stream, 4) +
         std::string(payload);
}

inline std::string text(std::string_view value) {
  std::string out;
  if (value.size() < 127) {
    out += static_cast<char>(value.size());
  } else {
    out += '\x7f';
    std::size_t rest = value.size() - 127;
    for (; rest >= 128; rest /= 128) out += static_cast<char>(rest % 128 + 128);
    out += static_cast<char>(rest);
  }
  return out + std::string(value);
}

using List = std::vector<std::pair<std::string, std::string>>;

inline std::string block(const List& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += '\0' + text(name) + text(value);
  return out;
}

inline std::string headers(std::uint32_t stream, const List& fields, unsigned flags) {
  return frame(kHeaders, flags | kEndHeaders, stream, block(fields));
}

inline List request(std::string_view method = "GET", std::string_view path = "/a", const List& more = {}) {
  List list{{":method", std::string(method)},
            {":scheme", "https"},
            {":authority", "h"},
            {":path", std::string(path)}};
  list.insert(list.end(), more.begin(), more.end());
  return list;
}
inline List websocket(std::string_view path = "/a") {
  return {{":method", "CONNECT"}, {":protocol", "websocket"},   {":scheme", "https"},
          {":authority", "h"},    {":path", std::string(path)}, {"sec-websocket-version", "13"}};
}
inline std::string get(std::uint32_t stream) { return headers(stream, request(), kEndStream); }
inline std::string post(std::uint32_t stream, const List& more = {}) {
  return headers(stream, request("POST", "/a", more), 0);
}
inline std::string data(std::uint32_t stream, std::string_view bytes, unsigned flags = 0) {
  return frame(kData, flags, stream, bytes);
}
inline std::string reset(std::uint32_t stream, std::uint32_t code = NGHTTP2_CANCEL) {
  return frame(kReset, 0, stream, number(code, 4));
}
inline std::string settings(const std::vector<std::pair<int, std::uint32_t>>& list = {}) {
  std::string payload;
  for (const auto& [id, value] : list)
    payload += number(static_cast<std::uint64_t>(id), 2) + number(value, 4);
  return frame(kSettings, 0, 0, payload);
}
inline std::string window(std::uint32_t stream, std::uint32_t bytes) {
  return frame(kWindow, 0, stream, number(bytes, 4));
}
inline std::string ping(std::string_view eight = "12345678", unsigned flags = 0) {
  return frame(kPing, flags, 0, eight);
}

// A frame that the session sent.
struct Sent {
  std::uint8_t type = 0;
  unsigned flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  List fields;  // of HEADERS

  std::uint32_t code() const {  // of RST_STREAM and GOAWAY
    const std::string_view at = std::string_view(payload).substr(type == kGoaway ? 4 : 0, 4);
    std::uint32_t value = 0;
    for (const char c : at) value = value * 256 + static_cast<unsigned char>(c);
    return value;
  }
  std::string value(std::string_view name) const {
    for (const auto& [n, v] : fields)
      if (n == name) return v;
    return "(none)";
  }
};

// Reads what a session sends; one for each connection, because of HPACK's table.
class Reader {
 public:
  Reader() { nghttp2_hd_inflate_new(&inflater_); }
  ~Reader() { nghttp2_hd_inflate_del(inflater_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::vector<Sent> read(std::string_view bytes) {
    std::vector<Sent> out;
    while (bytes.size() >= 9) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
      const std::size_t size = byte(0) * 65536U + byte(1) * 256U + byte(2);
      Sent sent{byte(3),
                byte(4),
                byte(5) * 16777216U + byte(6) * 65536U + byte(7) * 256U + byte(8),
                std::string(bytes.substr(9, size)),
                {}};
      if (sent.type == kHeaders) sent.fields = unpack(sent.payload);
      out.push_back(std::move(sent));
      bytes.remove_prefix(9 + size);
    }
    EXPECT_TRUE(bytes.empty());
    return out;
  }

 private:
  List unpack(const std::string& payload) {
    List list;
    const auto* in = reinterpret_cast<const std::uint8_t*>(payload.data());
    std::size_t left = payload.size();
    for (bool more = true; more;) {
      nghttp2_nv nv{};
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, in, left, 1);
      EXPECT_GE(used, 0);
      if (used < 0) return list;
      in += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        list.emplace_back(std::string(reinterpret_cast<char*>(nv.name), nv.namelen),
                          std::string(reinterpret_cast<char*>(nv.value), nv.valuelen));
      more = (flags & NGHTTP2_HD_INFLATE_FINAL) == 0 && (left > 0 || (flags & NGHTTP2_HD_INFLATE_EMIT) != 0);
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return list;
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace postern::http::h2
