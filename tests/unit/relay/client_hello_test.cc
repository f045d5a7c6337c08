// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "mission/relay/client_hello.h"

#include <gtest/gtest.h>

#include "tests/unit/relay/hello.h"

namespace postern::mission {
namespace {

using State = Hello::State;

TEST(ClientHello, HasItsNameInLowerCase) {
  const Hello hello =
      read_hello(record(message(extension(43, "\x02\x03\x04") + server_name("Acme.Reach.Example"))));
  EXPECT_EQ(hello.state, State::Whole);
  EXPECT_EQ(hello.name, "acme.reach.example");
}

TEST(ClientHello, ComesInAnyNumberOfPiecesAndRecords) {
  const std::string whole =
      message(server_name("acme.reach.example") + extension(0xFE0D, std::string(300, 'e')));
  std::string records;
  for (std::size_t at = 0; at < whole.size(); at += 7) records += record(whole.substr(at, 7));
  for (std::size_t size = 0; size < records.size(); ++size)
    ASSERT_EQ(read_hello(std::string_view(records).substr(0, size)).state, State::More) << size;
  EXPECT_EQ(read_hello(records).name, "acme.reach.example");
}

TEST(ClientHello, WithoutANameThatCanBeOneHasNone) {
  for (const std::string& extensions : {std::string(), extension(10, "ab"), server_name("a b"),
                                        server_name(".a"), server_name(std::string(300, 'a'))}) {
    const Hello hello = read_hello(record(message(extensions)));
    EXPECT_EQ(hello.state, State::Whole);
    EXPECT_EQ(hello.name, "");
  }
}

TEST(ClientHello, IsNoneWhereALengthDoesNotFitOrSomethingStandsTwice) {
  const std::string twice = server_name("a.example") + server_name("b.example");
  EXPECT_EQ(read_hello(record(message(twice))).state, State::None);
  const std::string two = extension(
      0, vector(std::string(1, '\0') + vector("a.example", 2) + std::string(1, '\0') + vector("b.example", 2),
                2));
  EXPECT_EQ(read_hello(record(message(two))).state, State::None);
  EXPECT_EQ(read_hello(record(message(extension(0, "\x01")))).state, State::None);
  std::string longer = message(server_name("a.example"));
  EXPECT_EQ(read_hello(record(longer + "x")).state, State::None) << "bytes behind it";
  longer[1] = '\x7F';
  EXPECT_EQ(read_hello(record(longer)).state, State::TooLarge);
  EXPECT_EQ(read_hello(record("\x02" + std::string(20, 'x'))).state, State::None) << "another message";
  EXPECT_EQ(read_hello(record("")).state, State::None) << "an empty record";
  EXPECT_EQ(read_hello("\x17\x03\x03").state, State::None);
}

TEST(ClientHello, IsToldApartFromPlainHttp) {
  EXPECT_EQ(read_hello("GE").state, State::More);
  EXPECT_EQ(read_hello("GET / HTTP/1.1\r\n").state, State::Http);
  EXPECT_EQ(read_hello("CONNECT").state, State::More)
      << "what follows the word decides, wherever the bytes are cut";
  EXPECT_EQ(read_hello("CONNECT a:1 HTTP/1.1\r\n").state, State::Http);
  EXPECT_EQ(read_hello("GETHt: zv\r\n").state, State::None);
  EXPECT_EQ(read_hello("GO away").state, State::None);
  EXPECT_EQ(read_hello(std::string(25, 'A')).state, State::None) << "no method is so long";
  EXPECT_EQ(read_hello("SSH-2.0-x\r\n").state, State::None);
  EXPECT_EQ(read_hello(std::string("\0\0\0\0", 4)).state, State::None);
}

TEST(Alert, IsARecordOfItsOwn) {
  EXPECT_EQ(alert_record(Alert::UnrecognizedName), std::string("\x15\x03\x01\x00\x02\x02\x70", 7));
}

}  // namespace
}  // namespace postern::mission
