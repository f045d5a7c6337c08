// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A desk with everything but its process: a store in a file, a clock that is turned by hand, and the authority itself where
// the keeper would be.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "certs/installation_issuer.h"
#include "gateway/keeper/cosigner.h"
#include "mission/desk/admin_site.h"
#include "mission/desk/desk.h"
#include "mission/desk/peers.h"
#include "mission/desk/registrar.h"

namespace postern::mission {

inline constexpr base::Micros kTestTime = 1'790'000'000 * base::kWallSecond;
inline constexpr const char* kPersonsPassword = "correct horse battery";
inline constexpr const char* kTestDomain = "mission.example.com";

// A certificate request for a key of P-256, in PEM.
std::string some_request();

class DeskRig : public testing::Test {
 protected:
  DeskRig();
  ~DeskRig() override;

  struct Answer {
    int status = 0;
    std::string type, body, code;
    std::unique_ptr<answer::Source> source;
    std::string cookie;  // that it set, as a Cookie field has it
  };
  struct Ask {
    http::Method method = http::Method::Post;
    std::string target = {};
    std::string body = {};
    std::string client = "192.0.2.7:50123";
    std::string certificate = {};  // PEM
    bool local = false;
    // At the page, as its own script asks: with a cookie, or empty for a stranger. Nothing: not at the page.
    std::optional<std::string> cookie = std::nullopt;
    std::string origin = "https://localhost:9444";
  };
  // Waits for nothing: what is answered at the end of the turn is answered here.
  // Turns the loop until done() or for far longer than anything here takes.
  bool turn_until(const std::function<bool()>& done);
  Answer ask(const Ask& what);
  Answer at_page(http::Method method, const std::string& target, const base::Json& body,
                 const std::string& cookie);
  std::string sign_in(const std::string& name);  // -> the Cookie field
  std::string new_code(const std::string& customer = "Example Ltd", const std::string& expires = "7d");
  Answer enrol(const std::string& code, const std::string& client = "192.0.2.7:50123");
  struct Enrolled {
    std::string id, certificate;
  };
  Enrolled enrolled();
  Answer report(const Enrolled& who, const std::vector<line::Report>& reports);
  line::Report event(int number);
  Answer orders(const Enrolled& who, const std::string& life);
  static std::string read_all(answer::Source& source);  // of what is there
  std::string ulid() { return ulids_.make(clock.wall()); }
  void begin(std::unique_ptr<Store> fresh);  // with another store
  void close();
  void reopen();  // the store, as after a crash: what was not committed is gone

  std::string directory;
  base::ManualClock clock{kTestTime};
  loop::Loop loop;
  certs::Credentials authority;
  std::optional<certs::InstallationIssuer> issuer;
  bool keeper_answers = true;
  keeper::Cosigner cosigner;
  std::unique_ptr<Store> store;
  std::unique_ptr<Commits> commits;
  std::unique_ptr<Parts> parts;
  std::unique_ptr<Lives> lives;
  std::unique_ptr<Peers> peers;  // there are none
  std::unique_ptr<Tunnels> tunnels_of_desk;
  std::unique_ptr<Desk> desk;
  // The page. People: admin, ole, vera; an administrator, an operator, a viewer, all with kPersonsPassword.
  face::SigningFacts signing;
  std::unique_ptr<Registrar> registrar;
  std::unique_ptr<Watch> watch;
  face::SignIns sign_ins;
  face::SignInGuard guard;
  face::Thinner refusals{face::kRefusalInterval, face::kThinnerKeys};
  std::unique_ptr<AdminParts> admin;
  std::unique_ptr<AdminSite> site;

 private:
  base::UlidMaker ulids_;
};

}  // namespace postern::mission
