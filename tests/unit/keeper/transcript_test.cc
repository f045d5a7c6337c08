// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// Every wrong form of what a client signs in TLS 1.2. A handshake here is put together by hand; a real one is in
// tests/unit/tls/client_certificate_test.cc.
#include "gateway/keeper/transcript.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace postern::keeper {
namespace {

using Bytes = std::string;

Bytes number(std::size_t value, int bytes) {
  Bytes out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
  return out;
}
Bytes vector(const Bytes& content, int length_bytes) {
  return number(content.size(), length_bytes) + content;
}
Bytes message(int type, const Bytes& content) {
  return number(static_cast<std::size_t>(type), 1) + vector(content, 3);
}

const Bytes kLeaf(300, 'L');

// The parts of a handshake; a test changes one.
struct Handshake {
  Bytes random = Bytes(32, 'r');
  Bytes version = "\x03\x03", server_version = "\x03\x03";
  Bytes id = Bytes(32, 'i');
  Bytes suite = "\xc0\x2b", compression = Bytes(1, '\0');
  Bytes extensions = vector(number(23, 2) + vector("", 2), 2);
  Bytes server_extensions = extensions;
  Bytes server_chain = vector(vector(Bytes(200, 'S'), 3), 3);
  Bytes status;
  Bytes group = number(0x1d, 2);
  Bytes server_point = Bytes(32, 'p'), point = Bytes(32, 'q');
  Bytes request = vector("\x40", 1) + vector("\x04\x03", 2) + vector("", 2);
  Bytes done;
  Bytes chain = vector(vector(kLeaf, 3) + vector(Bytes(250, 'I'), 3), 3);
  Bytes key_exchange_tail = Bytes("\x04\x03") + vector(Bytes(70, 's'), 2);

  std::vector<Bytes> messages() const {
    std::vector<Bytes> out;
    out.push_back(message(1, version + random + vector(id, 1) + vector("\xc0\x2b\xc0\x2f", 2) +
                                 vector(Bytes(1, '\0'), 1) + extensions));
    out.push_back(message(
        2, server_version + Bytes(32, 'R') + vector(id, 1) + suite + compression + server_extensions));
    out.push_back(message(11, server_chain));
    if (!status.empty()) out.push_back(message(22, status));
    out.push_back(message(12, "\x03" + group + vector(server_point, 1) + key_exchange_tail));
    out.push_back(message(13, request));
    out.push_back(message(14, done));
    out.push_back(message(11, chain));
    out.push_back(message(16, vector(point, 1)));
    return out;
  }
  Bytes text() const {
    Bytes out;
    for (const Bytes& one : messages()) out += one;
    return out;
  }
  bool accepted() const { return is_client_transcript(text(), kLeaf); }
};

template <typename Change>
bool accepts_with(Change change) {
  Handshake handshake;
  change(handshake);
  return handshake.accepted();
}

TEST(Transcript, OfEachShapeIsAccepted) {
  EXPECT_TRUE(Handshake().accepted());
  EXPECT_TRUE(accepts_with([](Handshake& h) { h.extensions = h.server_extensions = ""; }));
  EXPECT_TRUE(accepts_with([](Handshake& h) { h.id = ""; }));
  EXPECT_TRUE(accepts_with([](Handshake& h) { h.chain = vector(vector(kLeaf, 3), 3); }));
  EXPECT_TRUE(accepts_with([](Handshake& h) { h.status = "\x01" + vector("ocsp", 3); }));
  for (const auto& [group, size] : {std::pair(0x17, 65), std::pair(0x18, 97)}) {
    EXPECT_TRUE(accepts_with([&, group = group, size = static_cast<std::size_t>(size)](Handshake& h) {
      h.group = number(static_cast<std::size_t>(group), 2);
      h.server_point = h.point = Bytes(size, 'p');
    }));
  }
}

TEST(Transcript, InAnotherOrderOrWithMoreOrLessIsRefused) {
  const std::vector<Bytes> all = Handshake().messages();
  const auto accepted = [](const std::vector<Bytes>& messages) {
    Bytes text;
    for (const Bytes& one : messages) text += one;
    return is_client_transcript(text, kLeaf);
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<Bytes> changed = all;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(accepted(changed)) << "without " << i;
    changed = all;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), all[i]);
    EXPECT_FALSE(accepted(changed)) << "twice " << i;
    for (std::size_t k = 0; k < i; ++k) {
      changed = all;
      std::swap(changed[i], changed[k]);
      EXPECT_FALSE(accepted(changed)) << i << " and " << k;
    }
    changed = all;
    changed[i].front() = static_cast<char>(changed[i].front() + 1);
    EXPECT_FALSE(accepted(changed)) << "another type of " << i;
    changed = all;
    changed[i].back() = '\0';
    changed[i] += '\0';
    EXPECT_FALSE(accepted(changed)) << "a byte behind " << i;
  }
}

TEST(Transcript, CutAnywhereIsRefused) {
  const Bytes text = Handshake().text();
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(is_client_transcript(std::string_view(text).substr(0, size), kLeaf)) << size;
}

TEST(Transcript, MustShowTheCertificateOfTheKey) {
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.chain = vector(vector(Bytes(300, 'l'), 3), 3); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.chain = vector(vector(kLeaf + "x", 3), 3); }));
  EXPECT_FALSE(
      accepts_with([](Handshake& h) { h.chain = vector(vector(Bytes(9, 'x'), 3) + vector(kLeaf, 3), 3); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.chain = vector("", 3); }));
  EXPECT_FALSE(is_client_transcript(Handshake().text(), ""));
}

TEST(Transcript, IsOfTls12WithOurSuitesAndGroupsAlone) {
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.version = "\x03\x01"; }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.server_version = "\x03\x02"; }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.suite = Bytes("\x00\x9e", 2); })) << "DHE";
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.suite = Bytes("\x13\x01", 2); })) << "TLS 1.3";
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.compression = "\x01"; }));
  EXPECT_FALSE(accepts_with(
      [](Handshake& h) { h.server_extensions = vector(number(43, 2) + vector("\x03\x04", 2), 2); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.id = Bytes(33, 'i'); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.group = number(0x19, 2); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.server_point = h.point = Bytes(31, 'p'); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.point = Bytes(33, 'q'); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.key_exchange_tail += "x"; }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.key_exchange_tail = Bytes("\x04\x03") + vector("", 2); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.server_chain = vector("", 3); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.status = "\x02" + vector("ocsp", 3); }));
  EXPECT_FALSE(
      accepts_with([](Handshake& h) { h.request = vector("", 1) + vector("\x04\x03", 2) + vector("", 2); }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.done = "x"; }));
  EXPECT_FALSE(accepts_with([](Handshake& h) { h.extensions = vector("abc", 2); }));
}

// The bytes from the 65th on stand in the session id and behind it: whoever chooses them could choose what a TLS 1.2
// server signs with finite fields. Two lengths are in the id; the third vector reaches the end.
TEST(Transcript, ThatIsAKeyExchangeOfAServerTooIsRefused) {
  Handshake handshake;
  const std::size_t id_at = handshake.text().find(handshake.id);
  ASSERT_LT(id_at, 64U);
  const std::size_t size = handshake.text().size();
  const auto with_parameters = [&](std::size_t last) {
    Handshake changed;
    const Bytes parameters = number(0, 2) + number(0, 2) + number(last, 2);
    if (64 - id_at + parameters.size() > 32) return changed;
    changed.id.replace(64 - id_at, parameters.size(), parameters);
    return changed;
  };
  ASSERT_NE(with_parameters(size - 70).id, handshake.id);
  EXPECT_FALSE(with_parameters(size - 70).accepted());
  EXPECT_TRUE(with_parameters(size - 71).accepted()) << "a byte is left over: no server signs that";
}

}  // namespace
}  // namespace postern::keeper
