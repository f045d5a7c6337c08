// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/keeper_protocol.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace postern::certs {
namespace {

TEST(KeeperProtocol, LooksAsTheTableSays) {
  EXPECT_EQ(base::to_hex(encode_pass_public_key(7)), "0407000000");
  EXPECT_EQ(base::to_hex(encode_sign_checkpoint(7, "ab")), "0507000000020000006162");
  EXPECT_EQ(base::to_hex(encode_log_verifier_key(7)), "0607000000");
  EXPECT_EQ(base::to_hex(encode_cosign(7, "ab")), "1407000000020000006162");
  EXPECT_EQ(base::to_hex(encode_witness_key(7)), "1507000000");
  EXPECT_EQ(base::to_hex(encode_issue_installation(7, "ab", "cd")),
            "3c0700000002000000616202000000"
            "6364");
  EXPECT_EQ(base::to_hex(encode_done(7, encode_text_payload("ab"))),
            "07000000"
            "00"
            "02000000"
            "6162");
}

TEST(KeeperProtocol, AnswersComeBack) {
  auto done = decode_answer(encode_done(9, encode_text_payload("signature")));
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->tag, 9U);
  EXPECT_TRUE(done->done);
  EXPECT_EQ(*decode_text_payload(done->payload), "signature");
  auto refused = decode_answer(encode_refused(9, "because"));
  ASSERT_TRUE(refused.ok());
  EXPECT_FALSE(refused->done);
  EXPECT_EQ(refused->payload, "because");
}

TEST(KeeperProtocol, TicketKeysComeBackInOrder) {
  std::vector<TicketKey> keys(2);
  keys[0].name.fill(1);
  keys[1].mac.fill(2);
  auto back = decode_ticket_payload(encode_ticket_payload(keys));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->at(0).name, keys[0].name);
  EXPECT_EQ(back->at(1).mac, keys[1].mac);
  EXPECT_TRUE(decode_ticket_payload(encode_ticket_payload({}))->empty());
}

TEST(KeeperProtocol, DamageIsCorrupt) {
  const std::string refused = encode_refused(1, "because");
  for (std::size_t size = 0; size < refused.size(); ++size)
    EXPECT_FALSE(decode_answer(refused.substr(0, size)).ok());
  EXPECT_FALSE(decode_answer(refused + "x").ok());
  EXPECT_FALSE(decode_answer(std::string(kKeeperMessageLimit + 1, '\0')).ok());
  const std::string keys = encode_ticket_payload(std::vector<TicketKey>(1));
  EXPECT_FALSE(decode_ticket_payload(keys.substr(1)).ok());
  EXPECT_FALSE(decode_ticket_payload(keys + "x").ok());
  EXPECT_FALSE(decode_ticket_payload("").ok());
  EXPECT_FALSE(decode_text_payload(encode_text_payload("a") + "x").ok());
}

}  // namespace
}  // namespace postern::certs
