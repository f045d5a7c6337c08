// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/tls/pair.h"

namespace postern::tls {
namespace {

// Two terminators of one listener, each with a context of its own.
class Resumption : public testing::Test {
 protected:
  base::ManualClock clock_{kNow};
  certs::Credentials root_ = authority("Test root");
  certs::Credentials leaf_ =
      *certs::make_server_certificate(root_, {"gateway.example"}, certs::valid_for(kNow, 30 * kDay));
  Server first_{leaf_, clock_};
  Server second_{leaf_, clock_};
  std::unique_ptr<ClientContext> clients_ = *ClientContext::make({root_.certificate_pem, ""}, clock_);

  // Whether a connection to the server resumed; the client has read what came with it (its tickets).
  bool connect(const ServerContext& server) {
    Connection connection(*clients_->start("gateway.example"), server.start());
    EXPECT_TRUE(connection.shake_hands());
    EXPECT_EQ(read_all(*connection.client, connection.to_client, connection.to_server), "");
    EXPECT_EQ(connection.client->resumed(), connection.server->resumed());
    return connection.server->resumed();
  }
};

TEST_F(Resumption, ATerminatorResumesWhatAnotherBegan) {
  const certs::TicketKey key = ticket_key();
  first_.context->set_ticket_keys({key});
  second_.context->set_ticket_keys({key});
  EXPECT_FALSE(connect(*first_.context));
  EXPECT_TRUE(connect(*second_.context));
  EXPECT_EQ(second_.signer.asked, 0);  // no signature was needed
  EXPECT_TRUE(connect(*first_.context));
}

TEST_F(Resumption, AnOlderKeyStillOpensAndTheNewTicketIsOfTheNewKey) {
  const certs::TicketKey old_key = ticket_key();
  const certs::TicketKey new_key = ticket_key();
  first_.context->set_ticket_keys({old_key});
  EXPECT_FALSE(connect(*first_.context));
  first_.context->set_ticket_keys({new_key, old_key});
  EXPECT_TRUE(connect(*first_.context));
  first_.context->set_ticket_keys({new_key});
  EXPECT_TRUE(connect(*first_.context));
}

TEST_F(Resumption, AForgottenKeyMeansAFullHandshake) {
  first_.context->set_ticket_keys({ticket_key()});
  EXPECT_FALSE(connect(*first_.context));
  first_.context->set_ticket_keys({ticket_key()});
  EXPECT_FALSE(connect(*first_.context));
}

TEST_F(Resumption, WithoutKeysThereAreNoTickets) {
  EXPECT_FALSE(connect(*first_.context));
  EXPECT_FALSE(connect(*first_.context));
  EXPECT_EQ(first_.signer.asked, 2);
}

TEST_F(Resumption, TicketsOfAnotherListenerAreWorthNothing) {
  const certs::TicketKey key = ticket_key();
  auto admin = *ServerContext::make({"admin", {{leaf_.certificate_pem}}, ""}, second_.signer, clock_);
  first_.context->set_ticket_keys({key});
  admin->set_ticket_keys({key});
  EXPECT_FALSE(connect(*first_.context));
  EXPECT_FALSE(connect(*admin));
}

TEST_F(Resumption, EndsWithTheCertificateThatWasChecked) {
  first_.context->set_ticket_keys({ticket_key()});
  EXPECT_FALSE(connect(*first_.context));
  clock_.advance(31LL * 86'400 * base::kSecond);
  Connection connection(*clients_->start("gateway.example"), first_.context->start());
  EXPECT_FALSE(connection.shake_hands());
  EXPECT_NE(connection.client->error().message.find("expired"), std::string::npos);
}

}  // namespace
}  // namespace postern::tls
