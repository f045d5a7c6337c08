// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/keeper/transcript.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>

namespace postern::keeper {
namespace {

constexpr std::size_t kRandom = 32, kSessionId = 32;
constexpr unsigned kTls12 = 0x0303, kNamedCurve = 3, kSupportedVersions = 43, kNone = 0x10000, kOcsp = 1;

enum Message : unsigned {
  kClientHello = 1,
  kServerHello = 2,
  kCertificate = 11,
  kServerKeyExchange = 12,
  kCertificateRequest = 13,
  kServerHelloDone = 14,
  kClientKeyExchange = 16,
  kCertificateStatus = 22,
};

// ECDHE with AEAD: what gateway/tls/settings.cc offers.
constexpr std::array kSuites = {0xc02bU, 0xc02fU, 0xc02cU, 0xc030U, 0xcca9U, 0xcca8U};

// Numbers and vectors of TLS: highest byte first. After one that is not there nothing is there.
class TlsReader {
 public:
  explicit TlsReader(std::string_view text) : rest_(text) {}
  unsigned number(std::size_t bytes) {
    unsigned value = 0;
    for (const char c : take(bytes)) value = (value << 8U) | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(std::size_t bytes) {
    sound_ = sound_ && bytes <= rest_.size();
    if (!sound_) return {};
    const std::string_view out = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return out;
  }
  // With a length of that many bytes before it.
  std::string_view vector(std::size_t length_bytes) { return take(number(length_bytes)); }
  bool sound() const { return sound_; }
  bool more() const { return sound_ && !rest_.empty(); }
  bool done() const { return sound_ && rest_.empty(); }
  unsigned next() const { return more() ? static_cast<unsigned char>(rest_.front()) : 0; }

 private:
  std::string_view rest_;
  bool sound_ = true;
};

// A message of that type, with what is in it.
bool message(TlsReader& in, Message type, TlsReader& out) {
  if (in.number(1) != type) return false;
  out = TlsReader(in.vector(3));
  return in.sound();
}

// Absent, or a list in which that one is not.
bool are_extensions(TlsReader& in, unsigned missing) {
  if (in.done()) return true;
  TlsReader list(in.vector(2));
  while (list.more()) {
    if (list.number(2) == missing) return false;
    list.vector(2);
  }
  return list.done() && in.done();
}

bool is_client_hello(TlsReader in) {
  if (in.number(2) != kTls12) return false;
  in.take(kRandom);
  const bool id_fits = in.vector(1).size() <= kSessionId;
  const std::size_t suites = in.vector(2).size(), compressions = in.vector(1).size();
  if (!in.sound() || !id_fits || suites == 0 || suites % 2 != 0 || compressions == 0) return false;
  return are_extensions(in, kNone);
}

bool is_server_hello(TlsReader in) {
  if (in.number(2) != kTls12) return false;
  in.take(kRandom);
  const bool id_fits = in.vector(1).size() <= kSessionId;
  const unsigned suite = in.number(2), compression = in.number(1);
  // A ServerHello with supported_versions is one of TLS 1.3, whatever its version says.
  return in.sound() && id_fits && compression == 0 &&
         std::find(kSuites.begin(), kSuites.end(), suite) != kSuites.end() &&
         are_extensions(in, kSupportedVersions);
}

// first: empty, or what the first one must be.
bool are_certificates(TlsReader in, std::string_view first) {
  TlsReader list(in.vector(3));
  if (!in.done() || !list.more()) return false;
  const std::string_view leaf = list.vector(3);
  if (leaf.empty() || (!first.empty() && leaf != first)) return false;
  while (list.more()) list.vector(3);
  return list.done();
}

bool is_certificate_status(TlsReader in) {
  return in.number(1) == kOcsp && !in.vector(3).empty() && in.done();
}

// point: the size of the server's, which the client's has too.
bool is_server_key_exchange(TlsReader in, std::size_t& point) {
  if (in.number(1) != kNamedCurve) return false;
  point = point_size(in.number(2));
  if (point == 0 || in.vector(1).size() != point) return false;
  in.number(2);
  return !in.vector(2).empty() && in.done();
}

bool is_certificate_request(TlsReader in) {
  const bool types = !in.vector(1).empty();
  const std::size_t schemes = in.vector(2).size();
  in.vector(2);
  return in.done() && types && schemes > 0 && schemes % 2 == 0;
}

bool is_client_key_exchange(TlsReader in, std::size_t point) {
  return in.vector(1).size() == point && in.done();
}

// Filled by vectors whose lengths have so many bytes each.
bool is_row(std::string_view text, std::initializer_list<std::size_t> length_bytes) {
  TlsReader in(text);
  for (const std::size_t bytes : length_bytes) in.vector(bytes);
  return in.done();
}

// What stands behind the randoms in what a TLS 1.2 server signs: of finite fields (RFC 5246 section 7.4.3), of SRP
// (RFC 5054 section 2.8.3), of a temporary RSA key, of a named curve.
bool holds_parameters(std::string_view text) {
  if (text.size() < 2 * kRandom) return false;
  const std::string_view rest = text.substr(2 * kRandom);
  TlsReader curve(rest);
  const bool named = curve.number(1) == kNamedCurve && curve.take(2).size() == 2;
  curve.vector(1);
  return is_row(rest, {2, 2, 2}) || is_row(rest, {2, 2, 1, 2}) || is_row(rest, {2, 2}) ||
         (named && curve.done());
}

}  // namespace

std::size_t point_size(unsigned group) {
  if (group == 0x001d) return 32;  // X25519
  if (group == 0x0017) return 65;  // P-256, uncompressed
  if (group == 0x0018) return 97;  // P-384
  return 0;
}

bool is_client_transcript(std::string_view text, std::string_view leaf) {
  if (leaf.empty() || holds_parameters(text)) return false;
  TlsReader in(text), one{{}};
  std::size_t point = 0;
  if (!message(in, kClientHello, one) || !is_client_hello(one)) return false;
  if (!message(in, kServerHello, one) || !is_server_hello(one)) return false;
  if (!message(in, kCertificate, one) || !are_certificates(one, {})) return false;
  if (in.next() == kCertificateStatus &&
      (!message(in, kCertificateStatus, one) || !is_certificate_status(one)))
    return false;
  if (!message(in, kServerKeyExchange, one) || !is_server_key_exchange(one, point)) return false;
  if (!message(in, kCertificateRequest, one) || !is_certificate_request(one)) return false;
  if (!message(in, kServerHelloDone, one) || !one.done()) return false;
  if (!message(in, kCertificate, one) || !are_certificates(one, leaf)) return false;
  return message(in, kClientKeyExchange, one) && is_client_key_exchange(one, point) && in.done();
}

}  // namespace postern::keeper
