// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/supervisor/config.h"

#include <gtest/gtest.h>

#include "gateway/supervisor/config_reader.h"
#include "tests/unit/supervisor/fixture.h"

namespace postern::supervisor {
namespace {

std::string faults_of(std::string_view text) {
  return base::format_faults("postern.yaml", parse_config(text, "/etc/postern", 4).faults);
}

TEST(Config, IsReadWithAllItSays) {
  const ParsedConfig parsed = parse_config(kSound, "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("postern.yaml", parsed.faults);
  const Config& config = *parsed.config;
  EXPECT_EQ(config.workers, 2);
  ASSERT_EQ(config.support.certificates.size(), 1U);
  EXPECT_EQ(config.support.certificates[0].certificate.path, "/etc/postern/support.pem");
  EXPECT_EQ(config.support.url(), "https://support.example.org");
  ASSERT_EQ(config.services.size(), 2U);
  EXPECT_EQ(config.services[0].health.status_to, 204);
  EXPECT_EQ(config.services[1].tls_name, "alerts.internal");
  EXPECT_EQ(config.node(2)->authority.port, 443);
  EXPECT_EQ(config.node(3), nullptr);
}

TEST(Config, HasTheDefaultsThatTheDocumentationTells) {
  const std::string text = R"(version: 1
listeners:
  support: {certificate: a.pem, key: a.key, names: [a.example]}
  admin: {certificate: b.pem, key: b.key}
)";
  const ParsedConfig parsed = parse_config(text, "/etc/postern", 3);
  ASSERT_NE(parsed.config, nullptr) << faults_of(text);
  const Config& config = *parsed.config;
  EXPECT_EQ(config.workers, 3);
  EXPECT_EQ(config.support.address.text(), "0.0.0.0:8443");
  EXPECT_EQ(config.admin.address.text(), "127.0.0.1:9443");
  EXPECT_EQ(config.control_socket.path, "/run/postern/control.sock");
  EXPECT_EQ(config.state_directory.path, "/var/lib/postern");
  EXPECT_EQ(config.policy.path, "/etc/postern/policy.yaml");
  EXPECT_EQ(config.pass_key.path, "/etc/postern/keys/pass.key");
  EXPECT_EQ(config.log_key.path, "/etc/postern/keys/log.key");
  EXPECT_TRUE(config.services.empty());
}

TEST(GrantSigners, AreVerifierKeysEachOnce) {
  const auto with = [](const std::string& more) { return std::string(kSound) + "grants:\n" + more; };
  const std::string key = "  signers: [\"" + std::string(kOtherLog) + "\"";
  const ParsedConfig parsed = parse_config(with(key + "]\n  signed_only: true\n"), "/etc/postern", 1);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("postern.yaml", parsed.faults);
  EXPECT_EQ(parsed.config->grants.signers, std::vector<std::string>{std::string(kOtherLog)});
  EXPECT_TRUE(parsed.config->grants.signed_only);
  const auto says = [&](const std::string& more, const char* what) {
    EXPECT_NE(faults_of(with(more)).find(what), std::string::npos) << faults_of(with(more));
  };
  says(key + ", \"" + std::string(kOtherLog) + "\"]\n", "stands here twice: keep one");
  says("  signers: [nonsense]\n", "a signer is a verifier key as postern grant key prints it");
  says("  signers: [\"" + std::string(kNorthKey) + "\"]\n", "is the key of a witness, which signs no grants");
  says("  signed_only: true\n", "grants.signed_only needs grants.signers");
}

TEST(Config, SaysWhetherAPasswordIsEnoughForAnAdmin) {
  const auto required = [](const char* line) {
    const ParsedConfig parsed = parse_config(replaced(kSound, "version: 1", line), "/etc/postern", 1);
    return parsed.config != nullptr && parsed.config->second_factor_required;
  };
  EXPECT_FALSE(required("version: 1"));
  EXPECT_FALSE(required("version: 1\nsecond_factor: optional"));
  EXPECT_TRUE(required("version: 1\nsecond_factor: required"));
  EXPECT_NE(faults_of(replaced(kSound, "version: 1", "version: 1\nsecond_factor: sometimes"))
                .find("second_factor must be optional or required, not \"sometimes\""),
            std::string::npos);
}

TEST(Config, SaysForEachListenerWhetherHttp2IsOffered) {
  const ParsedConfig plain = parse_config(kSound, "/etc/postern", 1);
  EXPECT_TRUE(plain.config->support.http2 && plain.config->admin.http2);
  const auto with = [](const char* value) {
    return replaced(kSound, "listeners:\n  support:\n",
                    "listeners:\n  support:\n    http2: " + std::string(value) + "\n");
  };
  const ParsedConfig off = parse_config(with("false"), "/etc/postern", 1);
  ASSERT_NE(off.config, nullptr);
  EXPECT_TRUE(!off.config->support.http2 && off.config->admin.http2);
  EXPECT_NE(faults_of(with("maybe")).find("http2 must be true or false, not \"maybe\""), std::string::npos);
}

struct FaultCase {
  const char* what;
  const char* by;
  const char* fault;
};

class ConfigFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(ConfigFaults, NameThePlaceAndWhatWouldBeRight) {
  const FaultCase& one = GetParam();
  EXPECT_EQ(faults_of(replaced(kSound, one.what, one.by)), std::string("postern.yaml:") + one.fault);
}

constexpr const char* kTls = "      tls: {roots";

TEST(Config, ReadsWhichFieldsAServiceKeepsToItself) {
  const std::string text = replaced(
      kSound, kTls,
      "      strip: {request: [X-Internal-Token], response: [x-powered-by, server]}\n      tls: {roots");
  const ParsedConfig parsed = parse_config(text, "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr) << faults_of(text);
  EXPECT_TRUE(parsed.config->services[0].strip_request.empty());
  EXPECT_EQ(parsed.config->services[1].strip_request, std::vector<std::string>{"x-internal-token"});
  EXPECT_EQ(parsed.config->services[1].strip_response, (std::vector<std::string>{"x-powered-by", "server"}));
}

TEST(Config, ReadsWhatAServiceIsShownAndByWhom) {
  const std::string text =
      replaced(kSound, kTls,
               "      credential:\n"
               "        bearer: {file: alerts.token}\n"
               "        roles:\n"
               "          viewer: {basic: {user: reader, password_file: reader.password}}\n"
               "          user: {client_certificate: {certificate: user.pem, key: /etc/user.key}}\n"
               "          admin: {header: {name: X-Api-Key, value_file: /etc/key}}\n"
               "      tls: {roots");
  const ParsedConfig parsed = parse_config(text, "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr) << faults_of(text);
  const std::vector<Credential>& all = parsed.config->services[1].credentials;
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].role, "");
  EXPECT_EQ(all[0].file.path, "/etc/postern/alerts.token");
  EXPECT_EQ(all[1].role, "viewer");
  EXPECT_EQ(all[1].user, "reader");
  EXPECT_EQ(all[1].descriptor("alerts"), "credential.alerts.viewer");
  EXPECT_TRUE(all[2].is_certificate());
  EXPECT_EQ(all[2].certificate.path, "/etc/postern/user.pem");
  EXPECT_EQ(all[2].file.path, "/etc/user.key");
  EXPECT_EQ(all[3].field, "x-api-key");
  EXPECT_EQ(parsed.config->credentials(), 4U);
  std::string kinds;
  for (const Credential& one : all) kinds += std::string(one.kind_text()) + " ";
  EXPECT_EQ(kinds, "bearer basic client_certificate header ");
}

TEST(Config, ReadsWhetherNodesAreSpokenToInHttp2) {
  const ParsedConfig parsed =
      parse_config(replaced(kSound, kTls, "      http2: off\n      tls: {roots"), "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr);
  EXPECT_EQ(parsed.config->services[0].http2, "auto");
  EXPECT_EQ(parsed.config->services[1].http2, "off");
}

INSTANTIATE_TEST_SUITE_P(
    ComponentHttp2, ConfigFaults,
    testing::Values(
        FaultCase{kTls, "      http2: yes\n      tls: {roots",
                  "30:14: http2 must be auto, off, or prior-knowledge, not \"yes\""},
        FaultCase{kTls, "      http2: prior-knowledge\n      tls: {roots",
                  "30:14: http2: prior-knowledge is for nodes that begin with http://; those that begin "
                  "with https:// say in the TLS handshake whether they speak HTTP/2: remove it"}));

INSTANTIATE_TEST_SUITE_P(
    Credential, ConfigFaults,
    testing::Values(
        FaultCase{kTls, "      credential: secret\n      tls: {roots",
                  "30:19: component.services[].credential must be a map with the keys bearer, basic, header, "
                  "client_certificate, roles, not a value"},
        FaultCase{
            kTls, "      credential: {}\n      tls: {roots",
            "30:19: a credential is exactly one of bearer: {file: ..}, basic: {user: .., password_file: "
            "..}, header: {name: .., value_file: ..} or client_certificate: {certificate: .., key: ..}"},
        FaultCase{
            kTls, "      credential: {client_certificate: {certificate: x}}\n      tls: {roots",
            "30:40: component.services[].credential.client_certificate needs key: the file with its private "
            "key in PEM"},
        FaultCase{
            "      health: {path: /-/healthy",
            "      credential: {client_certificate: {certificate: x, key: y}}\n      health: {path: "
            "/-/healthy",
            "25:40: a client certificate is shown in a TLS handshake: this service needs nodes that all "
            "begin with https://"},
        FaultCase{kTls, "      credential: {bearer: {token: x}}\n      tls: {roots",
                  "30:28: component.services[].credential.bearer needs file: the file that holds the "
                  "token\npostern.yaml:30:29: there is no key \"token\" in "
                  "component.services[].credential.bearer: the keys are file"},
        FaultCase{kTls, "      credential: {basic: {user: a:b, password_file: x}}\n      tls: {roots",
                  "30:34: user must be a name without a colon, not \"a:b\""},
        FaultCase{kTls, "      credential: {header: {name: Host, value_file: x}}\n      tls: {roots",
                  "30:35: name must be a header field that carries a credential, such as x-api-key, not "
                  "\"Host\""},
        FaultCase{kTls, "      credential: {roles: {root: {bearer: {file: x}}}}\n      tls: {roots",
                  "30:28: there is no key \"root\" in component.services[].credential.roles: the keys are "
                  "viewer, user, admin"}));

INSTANTIATE_TEST_SUITE_P(
    Strip, ConfigFaults,
    testing::Values(
        FaultCase{kTls, "      strip: {answer: [a]}\n      tls: {roots",
                  "30:15: there is no key \"answer\" in component.services[].strip: the keys are request, "
                  "response"},
        FaultCase{kTls, "      strip: {request: x-a}\n      tls: {roots",
                  "30:24: strip.request must be a list, not a value"},
        FaultCase{kTls, "      strip: {request: [x-a, \"x b\"]}\n      tls: {roots",
                  "30:30: a field must be the name of a header field, such as x-internal-token, not \"x b\""},
        FaultCase{
            kTls, "      strip: {response: [\"x-a:\"]}\n      tls: {roots",
            "30:26: a field must be the name of a header field, such as x-internal-token, not \"x-a:\""},
        FaultCase{
            kTls, "      strip: {request: [Content-Length]}\n      tls: {roots",
            "30:25: the field \"content-length\" says how a message is carried; Postern writes it anew on "
            "each side: remove it here"},
        FaultCase{kTls, "      strip: {response: [connection]}\n      tls: {roots",
                  "30:26: the field \"connection\" says how a message is carried; Postern writes it anew on "
                  "each side: remove it here"},
        FaultCase{kTls, "      strip: {response: [x-a, X-A]}\n      tls: {roots",
                  "30:31: the field \"x-a\" stands here twice: keep one"}));

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigFaults,
    testing::Values(
        FaultCase{"version: 1", "version: 2", "1:10: version must be 1"},
        FaultCase{"workers: 2", "worker: 2",
                  "2:1: there is no key \"worker\" in the file, did you mean \"workers\"?"},
        FaultCase{"workers: 2", "workers: 65",
                  "2:10: workers must be a whole number between 1 and 64 or auto, not \"65\""},
        FaultCase{"workers: 2", "workers: many",
                  "2:10: workers must be a whole number between 1 and 64 or auto, not \"many\""},
        FaultCase{"workers: 2", "user: root", "2:7: user must not be root: nothing of Postern runs as root"},
        FaultCase{"workers: 2", "user: [a]", "2:7: user must be a single value, not a list"},
        FaultCase{"    address: 127.0.0.1:0", "    address: localhost:8443",
                  "5:14: address must be a numeric address and a port such as 0.0.0.0:8443 or [::1]:9443, "
                  "not \"localhost:8443\""},
        FaultCase{"    address: 127.0.0.1:0", "    address: \"::1:8443\"",
                  "5:14: address must be a numeric address and a port such as 0.0.0.0:8443 or [::1]:9443, "
                  "not \"::1:8443\""},
        FaultCase{"    address: 127.0.0.1:0", "    address: 127.0.0.1:70000",
                  "5:14: address must be a numeric address and a port such as 0.0.0.0:8443 or [::1]:9443, "
                  "not \"127.0.0.1:70000\""},
        FaultCase{"    key: support.key\n", "",
                  "5:5: listeners.support needs key: the file with the listener's private key in PEM"},
        FaultCase{"    key: admin.key", "    key: support.key",
                  "12:10: the admin listener has the key of the support listener: give it one of its own"},
        FaultCase{"names: [localhost]", "names: [\"local host\"]",
                  "13:13: a name must be a host or host:port such as support.example.org or "
                  "[2001:db8::1]:8443, not \"local host\""},
        FaultCase{"names: [localhost]", "names: []", "13:12: listeners.admin.names must hold 1 to 64 hosts"},
        FaultCase{"- name: alerts", "- name: prometheus",
                  "26:13: the service \"prometheus\" stands on line 22 already: give this one another name"},
        FaultCase{"- name: alerts", "- name: Alerts",
                  "26:13: the name of a service must be lower-case letters, digits and '-', at most 63, not "
                  "\"Alerts\""},
        FaultCase{"path: /alerts/", "path: /prometheus/",
                  "27:13: the path \"/prometheus/\" belongs to the service on line 23 already: two services "
                  "need two paths"},
        FaultCase{"path: /alerts/", "path: /alerts",
                  "27:13: the path of a service must begin and end with '/', such as /prometheus/, not "
                  "\"/alerts\""},
        FaultCase{
            "path: /alerts/", "path: /a//b/",
            "27:13: the path of a service must begin and end with '/', such as /prometheus/, not \"/a//b/\""},
        FaultCase{"path: /alerts/", "path: /.postern/x/",
                  "27:13: paths below /.postern/ are Postern's own: choose another"},
        FaultCase{"http://127.0.0.1:9091", "http://127.0.0.1:9091/api",
                  "24:38: a node must be http:// or https://, a host and perhaps a port, and nothing behind, "
                  "such as "
                  "http://127.0.0.1:9090, not \"http://127.0.0.1:9091/api\""},
        FaultCase{"http://127.0.0.1:9091", "ftp://127.0.0.1",
                  "24:38: a node must be http:// or https://, a host and perhaps a port, and nothing behind, "
                  "such as "
                  "http://127.0.0.1:9090, not \"ftp://127.0.0.1\""},
        FaultCase{"http://127.0.0.1:9091", "http://127.0.0.1:9090/",
                  "24:38: the node \"http://127.0.0.1:9090/\" stands here twice: keep one"},
        FaultCase{"nodes: [http://127.0.0.1:9090, http://127.0.0.1:9091]", "nodes: []",
                  "22:7: a service needs nodes such as [http://127.0.0.1:9090]"},
        FaultCase{"nodes: [https://alerts.internal]", "nodes: [http://alerts.internal]",
                  "30:12: tls is for nodes that begin with https://, and this service has none: remove it"},
        FaultCase{"name: Alerts.Internal", "name: \"a b\"",
                  "30:41: name must be the DNS name or address in the nodes' certificates, not \"a b\""},
        FaultCase{"timeout: 1s", "timeout: 6s",
                  "25:15: the timeout of a health check (6s) must not be longer than its interval (5s)"},
        FaultCase{
            "status: 200-204", "status: 204-200",
            "25:69: status must be what a healthy node answers, such as 200 or 200-399, not \"204-200\""},
        FaultCase{"workers: 2", "sessions: {idle: 2h, absolute: 1h}",
                  "2:11: sessions.idle (2h) must not be longer than sessions.absolute (1h)"},
        FaultCase{"workers: 2", "sessions: {idle: 0s}",
                  "2:18: idle must be a duration such as 30s, 15m or 8h, between 1m and 1d, not \"0s\""},
        FaultCase{"workers: 2", "requests: {default_grant: 2d, longest_grant: 1d}",
                  "2:11: requests.default_grant (2d) must not be longer than requests.longest_grant (1d)"},
        FaultCase{"workers: 2", "requests: {reasons: [Incident, Incident]}",
                  "2:32: the reason \"Incident\" stands here twice: keep one"},
        FaultCase{"workers: 2", "requests: {ticket: {pattern: '[A-Z'}}",
                  "2:30: pattern must be a regular expression in RE2 syntax, such as [A-Z]+-[0-9]+: missing "
                  "]: [A-Z"},
        FaultCase{"workers: 2", "requests: {ticket: {required: maybe}}",
                  "2:31: required must be true or false"},
        FaultCase{"workers: 2", "limits: {head: 65KiB}",
                  "2:16: head must be a size such as 16KiB or 64MiB, between 1KiB and 64KiB, not \"65KiB\""},
        FaultCase{
            "workers: 2", "limits: {head: 8KiB}",
            "2:9: limits.target (8KiB) must be less than limits.head (8KiB): the target is part of the head"},
        FaultCase{"workers: 2", "limits: {exchanges: 0}",
                  "2:21: exchanges must be a whole number between 1 and 50000, not \"0\""},
        FaultCase{"workers: 2", "sessions: {response_bytes: {hold: 2GiB, cut: 1GiB}}",
                  "2:28: sessions.response_bytes must rise: warn first, then hold, cut last"},
        FaultCase{"workers: 2", "log: {level: loud}",
                  "2:14: level must be debug, info, warning or error, not \"loud\""}));

TEST(Config, RefusesTwoListenersOnOneAddress) {
  const std::string support = replaced(kSound, "address: 127.0.0.1:0", "address: 0.0.0.0:8443");
  EXPECT_EQ(faults_of(replaced(support, "address: 127.0.0.1:0", "address: 127.0.0.1:8443")),
            "postern.yaml:10:14: the admin listener has the address of the support listener, 0.0.0.0:8443: "
            "give it another port");
}

TEST(Config, AListenerMayHaveFurtherCertificatesEachWithItsKey) {
  const auto with = [](const std::string& list) {
    return replaced(kSound, "    key: support.key\n",
                    "    key: support.key\n    certificates: " + list + "\n");
  };
  const ParsedConfig parsed = parse_config(
      with("[{certificate: a.pem, key: a.key}, {certificate: b.pem, key: b.key}]"), "/etc/postern", 4);
  ASSERT_NE(parsed.config, nullptr) << base::format_faults("postern.yaml", parsed.faults);
  ASSERT_EQ(parsed.config->support.certificates.size(), 3U);
  EXPECT_EQ(parsed.config->support.certificates[0].key.path, "/etc/postern/support.key");
  EXPECT_EQ(parsed.config->support.certificates[2].certificate.path, "/etc/postern/b.pem");
  EXPECT_NE(faults_of(with("[{certificate: a.pem}]"))
                .find("listeners.support.certificates[] needs key: the file with the listener's private key"),
            std::string::npos);
  EXPECT_NE(faults_of(with("[{certificate: a.pem, key: admin.key}]"))
                .find("the admin listener has the key of the support listener"),
            std::string::npos);
  std::string many = "[";
  for (std::size_t i = 0; i < kCertificateLimit; ++i) many += "{certificate: a.pem, key: a.key},";
  EXPECT_NE(faults_of(with(many + "]")).find("must hold 15 certificates at most, beside the first one"),
            std::string::npos);
}

TEST(Config, TellsAllFaultsAtOnceInTheOrderOfTheFile) {
  const std::string faults =
      faults_of("version: 3\nlisteners:\n  support: 5\n  admin: {}\nlimits: {connections: 0}\n");
  EXPECT_NE(
      faults.find("postern.yaml:1:10: version must be 1\npostern.yaml:3:12: listeners.support must be a map"),
      std::string::npos)
      << faults;
  EXPECT_NE(faults.find("postern.yaml:4:10: listeners.admin needs certificate"), std::string::npos) << faults;
  EXPECT_NE(faults.find("postern.yaml:5:23: connections must be a whole number between 1 and 65536"),
            std::string::npos)
      << faults;
}

TEST(Config, RefusesWhatIsNoMapAtAll) {
  EXPECT_NE(faults_of("").find("the file must be a map"), std::string::npos);
  EXPECT_NE(faults_of("- a\n- b\n").find("the file must be a map"), std::string::npos);
}

TEST(Size, IsReadInTheUnitsThatItIsWrittenIn) {
  EXPECT_EQ(parse_size("0"), 0);
  EXPECT_EQ(parse_size("16KiB"), 16 << 10);
  EXPECT_EQ(format_size(64 << 20), "64MiB");
  for (const char* wrong : {"", "KiB", "-1", "1kb", "1 MiB", "99999999999GiB", "0x10"})
    EXPECT_EQ(parse_size(wrong), -1) << wrong;
}

}  // namespace
}  // namespace postern::supervisor
