// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "line/tunnel.h"

#include <gtest/gtest.h>

namespace postern::line {
namespace {

const TunnelHead kEngineer{"01HZX3T9GQ6W5JX0V4M2K8N7PD", "mission.vendor.example", "192.0.2.7:50123",
                           "acme.reach.vendor.example"};

TEST(TunnelHead, IsWrittenAsTheProtocolShowsAndReadAgain) {
  const std::string written = format(kEngineer);
  ASSERT_EQ(written.back(), '\n');
  const auto read = parse_tunnel_head(std::string_view(written).substr(0, written.size() - 1));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(format(*read), written);
}

TEST(TunnelHead, IsRefusedWhereAnythingInItIsNotWhatItSaysToBe) {
  const auto with = [](auto change) {
    TunnelHead head = kEngineer;
    change(head);
    std::string text = format(head);
    text.pop_back();
    return parse_tunnel_head(text).ok();
  };
  EXPECT_TRUE(with([](TunnelHead& head) { head.client = "[2001:db8::1]:1"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.client = "2001:db8::1:1"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.client = "192.0.2.0/24:1"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.client = "192.0.2.7"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.client = "192.0.2.7:65536"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.client = "someone:1"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.id = "1"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.relay = "Mission.example"; }));
  EXPECT_FALSE(with([](TunnelHead& head) { head.name = "a..b"; }));
  EXPECT_FALSE(parse_tunnel_head("[]").ok());
  EXPECT_FALSE(parse_tunnel_head(std::string(kTunnelHeadLimit, ' ')).ok());
}

// Byte by byte, which is the hardest way to send it.
TEST(TunnelReader, TakesAConnectionInAnyPieces) {
  const std::string whole =
      format(kEngineer) + tunnel_chunk(5) + "hello" + tunnel_chunk(1) + "!" + tunnel_chunk(0);
  TunnelReader reader;
  std::string said;
  int heads = 0;
  for (const char byte : whole) {
    std::string_view in(&byte, 1);
    while (!in.empty()) {
      const auto piece = reader.next(in);
      ASSERT_TRUE(piece.ok()) << piece.error().message;
      if (piece->what == TunnelReader::What::Head) ++heads;
      if (piece->what == TunnelReader::What::Bytes) said += piece->bytes;
    }
  }
  EXPECT_EQ(heads, 1);
  EXPECT_EQ(said, "hello!");
  EXPECT_TRUE(reader.ended());
  EXPECT_EQ(reader.head().client, "192.0.2.7:50123");
}

TEST(TunnelReader, FindsWhatIsNotOfTheProtocol) {
  const auto fault_of = [](std::string_view in) {
    TunnelReader reader;
    while (!in.empty()) {
      const auto piece = reader.next(in);
      if (!piece.ok()) return piece.error().message;
    }
    return std::string();
  };
  const std::string head = format(kEngineer);
  EXPECT_NE(fault_of("{}\n"), "");
  EXPECT_NE(fault_of(std::string(kTunnelHeadLimit, 'x')), "");
  EXPECT_NE(fault_of(head + "\xFF\xFF"), "");
  EXPECT_NE(fault_of(head + tunnel_chunk(0) + "x"), "");
  EXPECT_EQ(fault_of(head + tunnel_chunk(kTunnelChunk) + std::string(kTunnelChunk, 'x')), "");
}

}  // namespace
}  // namespace postern::line
