// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A configuration that has no fault, and a folder with all that it names.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "certs/authority.h"
#include "certs/note.h"
#include "gateway/supervisor/config.h"
#include "gateway/supervisor/material.h"

namespace postern::supervisor {

inline constexpr std::string_view kSound = R"(version: 1
workers: 2
listeners:
  support:
    address: 127.0.0.1:0
    certificate: support.pem
    key: support.key
    names: [support.example.org, "[::1]:8443"]
  admin:
    address: 127.0.0.1:0
    certificate: admin.pem
    key: admin.key
    names: [localhost]
control_socket: control.sock
state_directory: state
policy: policy.yaml
admins: admins.json
pass_key: pass.key
support_authority: engineers.pem
component:
  services:
    - name: prometheus
      path: /prometheus/
      nodes: [http://127.0.0.1:9090, http://127.0.0.1:9091]
      health: {path: /-/healthy, interval: 5s, timeout: 1s, status: 200-204}
    - name: alerts
      path: /alerts/
      host: alerts.internal
      nodes: [https://alerts.internal]
      tls: {roots: component.pem, name: Alerts.Internal}
)";

// A witness of the log, and two logs whose witness the gateway is, to be put behind kSound.
inline constexpr std::string_view kNorthKey =
    "witness/north+d5b3a162+BG5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5u";
inline constexpr std::string_view kWestKey =
    "witness/west+77ba52e7+BHd3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3";
inline constexpr std::string_view kOtherLog =
    "postern/other+763b123b+AW9vb29vb29vb29vb29vb29vb29vb29vb29vb29vb29v";
inline constexpr std::string_view kThirdLog =
    "postern/third+a1680089+AXR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0";
inline std::string with_witnesses(std::string_view url = "https://north.example/witness/") {
  std::string out(kSound);
  out += "log:\n  witnesses:\n    - name: north\n      url: ";
  out.append(url).append("\n      verifier_key: ").append(kNorthKey);
  out.append("\n      tls: {roots: component.pem}\nwitness:\n  key: witness.key\n  logs: [\"")
      .append(kOtherLog);
  return out + "\"]\n";
}

inline std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out(text);
  const std::size_t at = out.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return out.replace(at, what.size(), by);
}

class Folder {
 public:
  Folder() {
    EXPECT_TRUE(base::init_crypto().ok());
    char name[] = "/tmp/postern-test-XXXXXX";
    path_ = ::mkdtemp(name);
    const certs::Validity validity = certs::valid_for(base::SystemClock().wall(), 3600 * base::kWallSecond);
    for (const char* listener : {"support", "admin"}) {
      const auto authority = certs::make_authority("test authority", validity);
      const auto server = certs::make_server_certificate(*authority, {"localhost", "127.0.0.1"}, validity);
      write(std::string(listener) + ".pem", server->certificate_pem, 0644);
      write(std::string(listener) + ".key", server->key_pem, 0600);
      authorities_[listener] = authority->certificate_pem;
    }
    const auto engineers = certs::make_authority("engineers", validity);
    write("engineers.pem", engineers->certificate_pem, 0644);
    write("component.pem", engineers->certificate_pem, 0644);
    write("pass.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 0600);
    const certs::SignerKey log_key{"postern/test", base::Secret(std::string(32, 'l'))};
    std::filesystem::create_directory(path("keys"));
    write("keys/log.key", certs::format_signer_key(log_key) + "\n", 0600);
    write("witness.key", certs::format_signer_key({"witness/own", base::Secret(std::string(32, 'w'))}) + "\n",
          0600);
    write("admins.json", "{\"admins\":[]}", 0600);
    write("policy.yaml", "version: 1\ncapabilities: {}\n", 0644);
    write("postern.yaml", kSound, 0644);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& name, std::string_view content, mode_t mode) const {
    EXPECT_TRUE(base::write_file(path_ + "/" + name, content, mode).ok());
  }
  // NAME.pem and NAME.key, for clients.
  void add_client_certificate(const std::string& name) const {
    const certs::Validity validity = certs::valid_for(base::SystemClock().wall(), 3600 * base::kWallSecond);
    const auto authority = certs::make_authority("component's authority", validity);
    const auto made = certs::make_client_certificate(*authority, name, name + "@example.org", validity);
    write(name + ".pem", made->certificate_pem, 0644);
    write(name + ".key", made->key_pem, 0600);
  }
  // Of the authority that issued the listener's certificate.
  const std::string& authority_pem(const std::string& listener) const { return authorities_.at(listener); }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  std::map<std::string, std::string> authorities_;
};

}  // namespace postern::supervisor
