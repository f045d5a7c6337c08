// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The gateway itself: making one, running it, asking how it is.
#include "base/bytes.h"
#include "gateway/cli/cert.h"
#include "gateway/cli/cert_check.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/hand_over.h"
#include "gateway/cli/init.h"
#include "gateway/cli/said.h"
#include "gateway/cli/serve.h"

namespace postern::cli {
namespace {

const std::vector<Column> kRoles{{"ROLE", "name"},
                                 {"STATE", "state"},
                                 {"PID", "pid", Kind::Number},
                                 {"CONFINED", "confined"},
                                 {"RESTARTS", "restarts", Kind::Number},
                                 {"STARTED", "started", Kind::Time},
                                 {"REASON", "reason"}};
const std::vector<Column> kListeners{{"LISTENER", "name"},
                                     {"ADDRESS", "address"},
                                     {"CERTIFICATE UNTIL", "certificate.not_after", Kind::Time},
                                     {"SUBJECT", "certificate.subject"}};
const std::vector<Column> kNodes{{"SERVICE", "service"},
                                 {"NODE", "url"},
                                 {"STATE", "state"},
                                 {"SINCE", "since", Kind::Time},
                                 {"REASON", "reason"}};
const std::vector<Column> kCredentials{{"SERVICE", "service"},
                                       {"SESSIONS OF", "role"},
                                       {"SHOWN", "kind"},
                                       {"CERTIFICATE UNTIL", "certificate.not_after", Kind::Time},
                                       {"SUBJECT", "certificate.subject"}};
const std::vector<Column> kWitnesses{
    {"WITNESS", "name"},        {"STATE", "state"},     {"COSIGNED", "size", Kind::Number},
    {"AT", "time", Kind::Time}, {"PROBLEM", "problem"}, {"URL", "url"}};
const std::vector<Column> kWitnessedLogs{{"WITNESSED LOG", "origin"},
                                         {"COSIGNED", "size", Kind::Number},
                                         {"AT", "time", Kind::Time},
                                         {"OTHER HISTORY SHOWN", "conflict", Kind::Time}};
const std::vector<Column> kExpiring{{"ABOUT TO EXPIRE", "name"},
                                    {"VALID UNTIL", "not_after", Kind::Time},
                                    {"DAYS LEFT", "days", Kind::Number},
                                    {"FILE", "file"}};
const std::vector<Column> kCrls{{"REVOCATION LIST OF", "issuer"},
                                {"NUMBER", "number"},
                                {"GOOD UNTIL", "until", Kind::Time},
                                {"REVOKED", "revoked", Kind::Number},
                                {"WITHOUT A GOOD ONE", "without"}};
const std::vector<Column> kRevocations{{"FETCHED FOR", "whose"},
                                       {"WHAT", "evidence"},
                                       {"FROM", "url"},
                                       {"AT", "fetched", Kind::Time},
                                       {"GOOD UNTIL", "until", Kind::Time},
                                       {"SAYS", "says"},
                                       {"HINDERED BY", "why"}};
const std::vector<Column> kGatewayFigures{{"Version", "version"},
                                          {"Started", "started", Kind::Time},
                                          {"Confinement", "sandbox.mode"},
                                          {"Key agreement", "tls.agreement"},
                                          {"Remote access", "remote_access.mode"},
                                          {"Until", "remote_access.until", Kind::Time},
                                          {"Active sessions", "sessions.active"},
                                          {"Log", "log.directory"},
                                          {"Its key", "log.verifier_key"},
                                          {"Events", "log.size"},
                                          {"Durable", "log.durable"},
                                          {"Under checkpoint", "log.checkpoint.size"},
                                          {"Checkpoint of", "log.checkpoint.time", Kind::Time},
                                          {"No newer, because", "log.checkpoint.problem"},
                                          {"Log writable", "log.writable"},
                                          {"Why not", "log.reason"},
                                          {"Its key as a witness", "witness.verifier_key"},
                                          {"Policy", "policy.hash"},
                                          {"Capabilities", "policy.capabilities"},
                                          {"Operations", "policy.operations"},
                                          {"Policy since", "policy.loaded", Kind::Time}};

// The nodes, with their state in words: "not checked" is one of three. A credential that is refused is the reason
// that an admin can do something about.
base::Json nodes_in_words(const base::Json& component) {
  base::Json nodes = component.value("nodes", base::Json::array());
  for (base::Json& node : nodes) {
    if (base::json_text_or(node, "state", "") == "not_checked") node["state"] = "not checked";
    std::string refused;
    for (const base::Json& which : node.value("refused_credentials", base::Json::array()))
      refused += (refused.empty() ? "credential refused: " : ", ") + base::dump_json(which);
    if (!refused.empty()) node["reason"] = refused;
  }
  return nodes;
}

// What services are shown, a row each; no table where none is shown anything.
std::string credentials_table(const base::Json& component) {
  base::Json rows = base::Json::array();
  for (const base::Json& service : component.value("services", base::Json::array())) {
    for (base::Json credential : service.value("credentials", base::Json::array())) {
      credential["service"] = base::json_text_or(service, "name", "");
      if (base::json_text_or(credential, "role", "").empty()) credential["role"] = "all others";
      if (base::json_text_or(credential, "kind", "") == "client_certificate")
        credential["kind"] = "client certificate";
      rows.push_back(std::move(credential));
    }
  }
  return rows.empty() ? std::string() : "\n" + to_table(rows, kCredentials, "");
}

// "yes" is all of it; otherwise what the kernel lacks or the proof found open is in the JSON and in the event.
base::Json roles_in_words(const base::Json& answer) {
  base::Json roles = answer.value("roles", base::Json::array());
  for (base::Json& role : roles) {
    const base::Json proof = role.value("confinement", base::Json());
    if (!proof.is_object()) continue;
    const std::int64_t tried = base::json_number_or(proof, "attempts", 0);
    const bool whole = base::json_bool_or(proof, "filtered", false) &&
                       base::json_number_or(proof, "landlock", 0) > 0 &&
                       base::json_number_or(proof, "refused", -1) == tried;
    std::string confined = whole ? "yes" : "in part";
    // The keeper's alone come from the configuration: what a token's module needs.
    if (base::json_text_or(role, "name", "") == "keeper") {
      for (const base::Json& file : proof.value("files", base::Json::array()))
        confined += ", may " + file.get<std::string>();
    }
    role["confined"] = confined;
  }
  return roles;
}

// Only where there are any, on either side.
std::string show_witnesses(const base::Json& answer) {
  const base::Json ours = answer.value("log", base::Json::object()).value("witnesses", base::Json::array());
  const base::Json others = answer.value("witness", base::Json::object()).value("logs", base::Json::array());
  std::string out;
  if (!ours.empty()) out += "\n" + to_table(ours, kWitnesses, "");
  if (!others.empty()) out += "\n" + to_table(others, kWitnessedLogs, "");
  return out;
}

const std::vector<Column> kWarnings{
    {"WARNING", "of"}, {"VALUE", "value"}, {"ENDS AT", "ends"}, {"SINCE", "since", Kind::Time}};
const std::vector<Column> kUnread{{"NOT READ", "node"}, {"SERVICE", "service"}, {"REASON", "why"}};

// Resources at their thresholds, and nodes of which nothing can be read.
std::string show_measured(const base::Json& answer) {
  const base::Json measured = answer.value("monitoring", base::Json());
  if (!measured.is_object()) return {};
  base::Json warnings = base::Json::array(), unread = base::Json::array();
  for (const base::Json& one : measured.value("warnings", base::Json::array())) {
    const auto with_unit = [&one](const char* key) {
      return std::to_string(base::json_number_or(one, key, 0)) + " " + base::json_text_or(one, "unit", "");
    };
    const std::string of = base::json_text_or(one, "node", base::json_text_or(one, "folder", ""));
    warnings.push_back({{"of", base::json_text_or(one, "resource", "") + (of.empty() ? "" : " of " + of)},
                        {"value", with_unit("value")},
                        {"ends", with_unit("clears_at")},
                        {"since", base::json_text_or(one, "since", "")}});
  }
  for (const base::Json& node : measured.value("nodes", base::Json::array())) {
    if (node.contains("why")) unread.push_back(node);
  }
  return (warnings.empty() ? std::string() : "\n" + to_table(warnings, kWarnings, "")) +
         (unread.empty() ? std::string() : "\n" + to_table(unread, kUnread, ""));
}

// Only what an admin has to do something about.
std::string show_expiring(const base::Json& answer) {
  base::Json rows = base::Json::array();
  for (const char* list : {"certificates", "tokens"}) {
    for (const base::Json& one : answer.value(list, base::Json::array())) {
      if (base::json_text_or(one, "urgency", "fine") != "fine") rows.push_back(one);
    }
  }
  return rows.empty() ? std::string() : "\n" + to_table(rows, kExpiring, "");
}

// What is wrong with a certificate that is used all the same.
std::string show_flaws(const base::Json& answer) {
  std::string out;
  for (const base::Json& listener : answer.value("listeners", base::Json::array())) {
    for (const base::Json& one : listener.value("certificates", base::Json::array())) {
      for (const base::Json& flaw : one.value("flaws", base::Json::array())) {
        if (!flaw.is_string()) continue;
        out += "\nThe certificate of " + base::printable(base::json_text_or(one, "subject", "")) + " (" +
               base::printable(base::json_text_or(listener, "name", "")) + " listener) is used, but " +
               base::printable(flaw.get<std::string>()) + ".\n";
      }
    }
  }
  return out;
}

// Only where engineers are asked for certificates and there are lists.
std::string show_crls(const base::Json& answer) {
  const base::Json engineers = answer.value("engineer_certificates", base::Json::object());
  base::Json rows = engineers.value("crls", base::Json::array());
  const bool hard = base::json_text_or(engineers, "revocation", "") == "hard";
  for (base::Json& row : rows) row["without"] = hard ? "nobody comes in (hard)" : "they count as good (soft)";
  return rows.empty() ? std::string() : "\n" + to_table(rows, kCrls, "");
}

// What is fetched about revocations; of a list that is how many it names.
std::string show_revocations(const base::Json& answer) {
  base::Json rows = answer.value("revocations", base::Json::array());
  for (base::Json& row : rows) {
    std::int64_t revoked = 0;
    for (const base::Json& list : row.value("lists", base::Json::array()))
      revoked += base::json_number_or(list, "revoked", 0);
    const bool over = base::json_bool_or(row, "over", false);
    if (row.contains("until")) {
      row["says"] = row.contains("lists")     ? std::to_string(revoked) + " revoked"
                    : row.contains("revoked") ? base::json_text_or(row, "subject", "") + " is revoked"
                                              : base::json_text_or(row, "subject", "") + " is good";
      if (over) row["says"] = base::json_text_or(row, "says", "") + ", but is over";
    }
  }
  return rows.empty() ? std::string() : "\n" + to_table(rows, kRevocations, "");
}

std::string show_waiting_policy(const base::Json& answer) {
  const base::Json policy = answer.value("policy", base::Json::object());
  return base::json_bool_or(policy, "waits", false)
             ? "\n1 policy waits to be accepted: postern policy diff --pending says what it opens.\n"
             : "";
}

std::string show_figures(base::Json answer) {
  const base::Json tls = answer.value("tls", base::Json::object());
  answer["tls"]["agreement"] =
      base::json_bool_or(tls, "post_quantum", false)
          ? "post-quantum where the client has it (X25519MLKEM768)"
          : "not post-quantum: this system's OpenSSL has no X25519MLKEM768 (3.5 has)";
  return to_lines(answer, kGatewayFigures);
}

std::string show_signers(const base::Json& answer) {
  const base::Json grants = answer.value("grants", base::Json::object());
  const base::Json signers = grants.value("signers", base::Json::array());
  if (signers.empty()) return {};
  std::string out = base::json_bool_or(grants, "signed_only", false)
                        ? "\nOnly grants that are signed by one of these keys give access:\n"
                        : "\nGrants may come signed by one of these keys:\n";
  for (const base::Json& key : signers) out += "  " + display({{"key", key}}, {"", "key"}) + "\n";
  return out;
}

std::string show_admin_provider(const base::Json& answer) {
  const base::Json provider = answer.value("admin_openid", base::Json());
  if (!provider.is_object()) return {};
  const base::Json local = provider.value("local_accounts", base::Json::array());
  return "\nAdmins sign in by " + display(provider, {"", "issuer"}) + "; of local accounts " +
         (local.empty() ? std::string("all")
                        : "only " + display(provider, {"", "local_accounts", Kind::List})) +
         ".\n";
}

std::string show_status(const base::Json& answer) {
  const base::Json component = answer.value("component", base::Json::object());
  return show_figures(answer) + "\n" + to_table(roles_in_words(answer), kRoles, "No roles.") + "\n" +
         to_table(answer.value("listeners", base::Json::array()), kListeners, "No listeners.") + "\n" +
         to_table(nodes_in_words(component), kNodes, "No component is configured.") +
         credentials_table(component) + show_crls(answer) + show_revocations(answer) +
         show_witnesses(answer) + show_flaws(answer) + show_signers(answer) + show_admin_provider(answer) +
         show_expiring(answer) + show_measured(answer) + show_waiting_policy(answer);
}

// "file:line:column: message" for each fault of one of the two files.
std::string faults_of(const base::Json& part) {
  std::string out;
  for (const base::Json& fault : part.value("faults", base::Json::array())) {
    out += base::printable(base::json_text_or(fault, "file", "")) + ":" +
           std::to_string(base::json_number_or(fault, "line", 0)) + ":" +
           std::to_string(base::json_number_or(fault, "column", 0)) + ": " +
           base::printable(base::json_text_or(fault, "message", ""), 2048) + "\n";
  }
  return out;
}

std::string changes_of(const base::Json& policy, const char* key, const char* title) {
  std::string out;
  for (const base::Json& change : policy.value(key, base::Json::array())) {
    out +=
        "  " +
        base::printable(change.is_string() ? change.get_ref<const std::string&>() : base::dump_json(change)) +
        "\n";
  }
  return out.empty() ? out : std::string(title) + "\n" + out;
}

bool is_sound(const base::Json& reloaded) {
  return base::json_bool_or(reloaded.value("config", base::Json::object()), "ok", false) &&
         base::json_bool_or(reloaded.value("policy", base::Json::object()), "ok", false);
}

void add_serve(Program& program) {
  struct Options {
    bool take_over = false, if_new = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      program.command(&program.app(), "serve", "Run the gateway in the foreground",
                      "serve --config /etc/postern/postern.yaml\nserve --take-over", [&program, options] {
                        using supervisor::Begin;
                        const Begin take_over = options->if_new ? Begin::TakeOverIfNew : Begin::TakeOver;
                        return serve(program.config_path(), options->take_over ? take_over : Begin::Anew);
                      });
  CLI::Option* take_over =
      command->add_flag("--take-over", options->take_over,
                        "go on in the place of the gateway that runs: take its listeners and its log over");
  command->add_flag("--if-new", options->if_new, "unless that one runs this very program")->needs(take_over);
}

void add_hand_over(Program& program) {
  auto if_new = std::make_shared<bool>(false);
  CLI::App* command = program.command(
      &program.app(), "hand-over",
      "Let this program go on in the place of the gateway that runs, without refusing a connection",
      "hand-over\nhand-over --if-new",
      [&program, if_new] { return hand_over(program.config_path(), *if_new); });
  command->add_flag("--if-new", *if_new, "unless the gateway runs this very program already");
}

std::string show_reloaded(const base::Json& answer) {
  const base::Json policy = answer.value("policy", base::Json::object());
  if (!is_sound(answer)) {
    return faults_of(answer.value("config", base::Json::object())) + faults_of(policy) +
           "Nothing was changed: the gateway goes on with what it had.\n";
  }
  return "Configuration and policy are in force: " + base::printable(base::json_text_or(policy, "hash", "")) +
         "\n" + changes_of(policy, "newly_allowed", "Newly allowed:") +
         changes_of(policy, "no_longer_allowed", "No longer allowed:") +
         (base::json_bool_or(policy, "waits", false)
              ? "It waits: what it opens stays closed until an admin accepts it (postern policy accept).\n"
              : "");
}

void add_init(Program& program) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* command = program.command(&program.app(), "init",
                                      "Make a folder with everything a gateway needs; never overwrites",
                                      "init --dir /etc/postern --component http://127.0.0.1:9090\n"
                                      "init --dir ./try --component prometheus=http://127.0.0.1:9090 "
                                      "--component alertmanager=http://127.0.0.1:9093",
                                      [options] { return init(*options); });
  command->add_option("--dir", options->directory, "folder to make")->required()->type_name("DIR");
  command->add_option("--component", options->components, "a service of the component; may be repeated")
      ->type_name("[NAME=]URL");
  command
      ->add_option("--listen", options->listen,
                   "where engineers come in; " + options->listen + " unless said otherwise")
      ->type_name("ADDRESS");
  command
      ->add_option("--admin-listen", options->admin_listen,
                   "where admins come in; " + options->admin_listen + " unless said otherwise")
      ->type_name("ADDRESS");
  command->add_option("--user", options->user, "whom the gateway runs as")->type_name("NAME");
  command
      ->add_option("--name", options->names,
                   "a host name under which the gateway is reached; may be repeated")
      ->type_name("HOST");
}

// Judges a chain; see cert_check.h.
void add_cert_check(Program& program, CLI::App* group) {
  auto options = std::make_shared<CertCheckOptions>();
  CLI::App* check = program.command(
      group, "check", "Say whether a chain of certificates is believed, why not, and what to do",
      "cert check https://component.example:9090 --roots component-ca.pem\n"
      "cert check --chain server.pem --roots ca.pem --name component.example --at 2027-01-01T00:00:00Z\n"
      "cert check --chain engineer.pem --roots support-authority.pem --purpose client --crl support.crl",
      [&program, options] { return cert_check(*options, program.json()); });
  check->add_option("URL", options->url, "of a server to look at; port 443 unless it says otherwise");
  check->add_option("--chain", options->chain, "the chain in PEM, its own certificate first")
      ->type_name("FILE");
  check->add_option("--roots", options->roots, "who is trusted, in PEM; the system's roots unless given")
      ->type_name("FILE");
  check->add_option("--name", options->name, "host name or IP address that the server was asked for")
      ->type_name("HOST");
  check->add_option("--at", options->at, "the time to judge at (RFC 3339); now unless given")
      ->type_name("TIME");
  check->add_option("--crl", options->crls, "CRLs in PEM or DER; may be given more than once")
      ->type_name("FILE");
  check->add_option("--ocsp", options->ocsp, "an OCSP response in DER, as a server would staple it")
      ->type_name("FILE");
  check->add_flag("--fetch", options->fetch,
                  "fetch lists and OCSP responses from the http:// addresses that the certificates name");
  check->add_option("--purpose", options->purpose, "server, unless it is a client's")
      ->check(CLI::IsMember({"server", "client"}))
      ->type_name("server|client");
  check
      ->add_option("--revocation", options->revocation,
                   "hard refuses where nothing is known of it; soft unless said otherwise")
      ->check(CLI::IsMember({"soft", "hard"}))
      ->type_name("soft|hard");
  check
      ->add_option("--pin", options->pins, "SHA-256 of a public key that the path must have; may be repeated")
      ->type_name("HEX");
}

const std::vector<Column> kCertificates{{"LISTENER", "listener"},
                                        {"NAMES", "names", Kind::List},
                                        {"KEY", "key"},
                                        {"VALID UNTIL", "not_after", Kind::Time},
                                        {"OCSP RESPONSE UNTIL", "staple.until", Kind::Time}};
const std::vector<Column> kOrdered{
    {"Ordered for", "names", Kind::List}, {"From", "authority"},
    {"Shown to it by", "challenge"},      {"Last attempt", "last", Kind::Time},
    {"It failed, because", "why"},        {"Failed since", "since", Kind::Time},
    {"Next attempt", "next", Kind::Time}};

// {"items": what the listeners show, "acme", "revocations"} of status.
base::Json certificates_of(const base::Json& status) {
  base::Json items = base::Json::array();
  for (const base::Json& listener : status.value("listeners", base::Json::array())) {
    for (base::Json one : listener.value("certificates", base::Json::array())) {
      one["listener"] = base::json_text_or(listener, "name", "");
      items.push_back(std::move(one));
    }
  }
  return {{"items", std::move(items)},
          {"acme", status.value("acme", base::Json())},
          {"revocations", status.value("revocations", base::Json::array())}};
}

// What somebody has to do, if anything.
std::string advice(const base::Json& acme) {
  if (base::json_text_or(acme, "why", "").empty()) return {};
  const bool by_tls = base::json_text_or(acme, "challenge", "") == "tls-alpn-01";
  return std::string(base::json_bool_or(acme, "too_late", false)
                         ? "\nThe certificate in use is over before the next attempt.\n"
                         : "\n") +
         "It goes on by itself. If the reason stays: see that this machine reaches the authority and that "
         "the names lead here\n"
         "(" +
         (by_tls ? "port 443, to the support listener" : "port 80, to challenge_address") +
         "), then try at once with: postern cert renew\n";
}

std::string show_certificates(const base::Json& answer) {
  const base::Json items = answer.value("items", base::Json::array());
  std::string out = to_table(items, kCertificates, "No certificates.");
  for (const base::Json& one : items) {
    for (const base::Json& flaw : one.value("flaws", base::Json::array())) {
      if (flaw.is_string())
        out += "\n" + base::printable(base::json_text_or(one, "subject", "")) + " is used, but " +
               base::printable(flaw.get<std::string>()) + ".\n";
    }
  }
  const base::Json acme = answer.value("acme", base::Json());
  if (acme.is_object()) out += "\n" + to_lines(acme, kOrdered) + advice(acme);
  return out + show_revocations(answer);
}

std::string show_ordered(const base::Json& answer) {
  std::string names;
  for (const base::Json& name : answer.value("names", base::Json::array()))
    names += (names.empty() ? "" : ", ") + base::printable(name.is_string() ? name.get<std::string>() : "?");
  return "A certificate for " + names +
         " is ordered: postern events --type certificate tells what comes of it.\n";
}

std::string show_refreshed(const base::Json& answer) {
  const std::int64_t count = base::json_number_or(answer, "count", 0);
  return (count == 1 ? "1 thing is" : std::to_string(count) + " things are") +
         std::string(" fetched now: postern cert list tells what came of it.\n");
}

void add_cert(Program& program) {
  CLI::App* group = program.group(
      "cert",
      "Certificates: issue engineers' from the support authority of a folder that init made, check any");
  add_cert_check(program, group);
  auto directory = std::make_shared<std::string>();
  program
      .command(group, "list",
               "List the certificates that a running gateway shows, what is wrong with them, and what became "
               "of ordering "
               "one; or those of a folder",
               "cert list\ncert list --dir /etc/postern",
               [&program, directory] {
                 if (!directory->empty()) return cert_list(*directory, program.json());
                 return program.ask({http::Method::Get, "/api/v1/status", {}, {}, certificates_of},
                                    show_certificates);
               })
      ->add_option("--dir", *directory,
                   "the certificates below the folder that init was given; no gateway is asked")
      ->type_name("DIR");
  program.command(
      group, "renew", "Have the authority of the configuration (acme) issue a new certificate now",
      "cert renew", [&program] {
        return program.ask({http::Method::Post, "/api/v1/certificate/renew", base::Json::object()},
                           show_ordered);
      });
  program.command(
      group, "refresh", "Fetch all lists of revoked certificates and answers of OCSP responders now",
      "cert refresh", [&program] {
        return program.ask({http::Method::Post, "/api/v1/revocations/refresh", base::Json::object()},
                           show_refreshed);
      });
  auto options = std::make_shared<CertIssueOptions>();
  CLI::App* issue =
      program.command(group, "issue", "Issue a client certificate for an engineer",
                      "cert issue --dir /etc/postern --engineer alice --email alice@vendor.example --out .",
                      [options] { return cert_issue(*options); });
  issue->add_option("--dir", options->directory, "what init was given")->required()->type_name("DIR");
  issue->add_option("--engineer", options->engineer, "name, for display")->required()->type_name("NAME");
  issue->add_option("--email", options->email, "the identity that the gateway believes")
      ->required()
      ->type_name("ADDRESS");
  issue->add_option("--out", options->out, "folder for NAME.pem and NAME.key")->required()->type_name("DIR");
  issue
      ->add_option("--expires", options->expires,
                   "how long it is good for; " + options->expires + " unless said otherwise")
      ->type_name("D");
}

}  // namespace

void add_gateway_commands(Program& program) {
  add_init(program);
  add_serve(program);
  add_hand_over(program);
  program.command(&program.app(), "status", "Show roles, listeners, component nodes, log and policy",
                  "status\nstatus --json", [&program] {
                    return program.ask({http::Method::Get, "/api/v1/status", {}}, show_status);
                  });
  program.command(&program.app(), "reload",
                  "Read configuration and policy again; faulty files change nothing", "reload", [&program] {
                    return program.ask({http::Method::Post, "/api/v1/reload", base::Json::object(), is_sound},
                                       show_reloaded);
                  });
  program.command(&program.app(), "version", "Show the version", "version", [&program] {
    print(program.json() ? base::dump_json(base::Json{{"version", POSTERN_VERSION}}) + "\n"
                         : "postern " POSTERN_VERSION "\n");
    return kDone;
  });
  add_cert(program);
}

}  // namespace postern::cli
