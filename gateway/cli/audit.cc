// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// The log's files: verifying them, proofs out of them, and the index over the journal. None of it needs a running
// gateway; verifying needs nothing but the files and the public key.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>

#include "audit/export.h"
#include "audit/index.h"
#include "audit/journal_reader.h"
#include "audit/ocsf.h"
#include "audit/retention.h"
#include "audit/sentence.h"
#include "audit/tlog_proof.h"
#include "audit/verify.h"
#include "base/bytes.h"
#include "base/file.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/log_report.h"
#include "gateway/cli/places.h"
#include "gateway/cli/retention.h"
#include "gateway/cli/rotate_key.h"
#include "gateway/cli/witness.h"

namespace postern::cli {
namespace {

struct Choices {
  std::string log, key, known, proof, session, out;
  std::vector<std::string> witnesses;
  std::vector<std::string> handovers;  // files
  std::int64_t index = -1;
};

// The log's folder: the one that was named, or the configuration's.
base::Result<std::string> log_folder(const Program& program, std::string named) {
  while (named.size() > 1 && named.ends_with('/')) named.pop_back();
  if (!named.empty()) return named;
  const auto places = find_places(program.config_path());
  if (!places.ok()) return places.error();
  return places->state_directory + "/log";
}

// A proof says nothing of other keys than the one that signed it: the handovers come beside it.
base::Result<audit::KeyChain> key_chain(const Choices& choices, const certs::VerifierKey& key) {
  std::vector<certs::Handover> handovers;
  for (const std::string& file : choices.handovers) {
    const auto note = base::read_file(file, certs::kNoteLimit);
    if (!note.ok()) return note.error();
    auto handover = certs::open_handover(*note);
    if (!handover.ok()) return base::fail(handover.error().code, file + ": " + handover.error().message);
    handovers.push_back(*std::move(handover));
  }
  return audit::KeyChain::of(key, handovers);
}

// [{"name", "time"}], of the witnesses that were asked for; Invalid, with the name of one that has not cosigned it.
base::Result<base::Json> cosigned_by(const audit::TlogProof& proof, const Choices& choices) {
  const auto witnesses = parse_witness_keys(choices.witnesses);
  if (!witnesses.ok()) return witnesses.error();
  const auto note = certs::parse_note(proof.checkpoint);
  if (!note.ok()) return note.error();
  base::Json out = base::Json::array();
  for (const certs::VerifierKey& witness : *witnesses) {
    const auto seconds = certs::cosigned_at(*note, witness);
    if (!seconds)
      return base::fail(base::Code::Invalid,
                        "its checkpoint was not cosigned by " + witness.name +
                            ": make the proof with --witness, once it has cosigned the log that far");
    out.push_back({{"name", witness.name}, {"time", time_of_cosignature(*seconds)}});
  }
  return out;
}

int verify_proof(const Program& program, const Choices& choices, const certs::VerifierKey& key) {
  const auto text = base::read_file(choices.proof, audit::kTlogProofLimit);
  if (!text.ok()) return fail_with(text.error().message);
  const auto proof = audit::parse_tlog_proof(*text);
  if (!proof.ok()) return fail_with(choices.proof + ": " + proof.error().message);
  const auto keys = key_chain(choices, key);
  if (!keys.ok()) return fail_with(keys.error().message);
  const auto head = audit::verify_tlog_proof(*proof, *keys);
  if (!head.ok()) return fail_with(choices.proof + ": " + head.error().message);
  const auto cosigned = cosigned_by(*proof, choices);
  if (!cosigned.ok()) return fail_with(choices.proof + ": " + cosigned.error().message);
  if (program.json()) {
    print(base::dump_json(base::Json{{"ok", true},
                                     {"origin", head->origin},
                                     {"size", head->size},
                                     {"index", proof->index},
                                     {"event", proof->extra},
                                     {"witnesses", *cosigned}}) +
          "\n");
    return kDone;
  }
  const auto sentence = audit::describe(proof->extra);
  print("The proof holds: event " + grouped(proof->index) + " of " + base::printable(head->origin) + " (" +
        grouped(head->size) + " events) is\n" + base::printable(proof->extra, audit::kEventLimit) + "\n" +
        (sentence.ok() ? *sentence + "\n" : std::string()));
  for (const base::Json& one : *cosigned)
    print("Cosigned by " + base::printable(one["name"].get<std::string>()) + " at " +
          one["time"].get<std::string>() + ".\n");
  return kDone;
}

int verify(Program& program, const Choices& choices) {
  const auto key = certs::parse_verifier_key(choices.key);
  if (!key.ok()) return fail_with("--key: " + key.error().message);
  if (!choices.proof.empty()) return verify_proof(program, choices, *key);
  const auto witnesses = parse_witness_keys(choices.witnesses);
  if (!witnesses.ok()) return fail_with(witnesses.error().message);
  const auto folder = log_folder(program, choices.log);
  if (!folder.ok()) return fail_with(folder.error().message);
  audit::VerifyOptions options{*folder, *key, {}, std::max(1U, std::thread::hardware_concurrency())};
  if (!choices.known.empty()) {
    auto bytes = base::read_file(choices.known, certs::kNoteLimit);
    if (!bytes.ok()) return fail_with(bytes.error().message);
    auto known = audit::parse_signed_checkpoint(*std::move(bytes), choices.known);
    if (!known.ok()) return fail_with(known.error().message);
    options.known = *std::move(known);
  }
  const auto begun = std::chrono::steady_clock::now();
  audit::VerifyReport report;
  {
    LogProgress progress;
    options.on_progress = [&progress](std::uint64_t done, std::uint64_t total) { progress(done, total); };
    report = audit::verify_log(options);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  // What witnesses have cosigned is held against tiles that are proved by now.
  std::vector<WitnessFinding> findings;
  if (report.ok()) findings = find_witnesses(*folder, *key, *witnesses);
  const bool good = report.ok() && all_cosigned(findings);
  base::Json json = report_json(report);
  json["ok"] = good;
  if (!witnesses->empty()) json["witnesses"] = findings_json(findings);
  print(program.json() ? base::dump_json(json) + "\n"
                       : report_text(report, took.count()) + findings_text(findings));
  return good ? kDone : kFailed;
}

// Of the event that sums up the session, or of its opening while it is under way: newest first, by the files alone.
base::Result<std::uint64_t> index_of_session(const std::string& folder, const std::string& session) {
  const auto checkpoint = audit::read_checkpoint(audit::system_files(), folder);
  if (!checkpoint.ok()) return checkpoint.error();
  const std::uint64_t size = checkpoint->head.size;
  for (std::uint64_t bundle = (size + audit::kTileWidth - 1) / audit::kTileWidth; bundle-- > 0;) {
    const std::size_t width = std::min<std::uint64_t>(audit::kTileWidth, size - bundle * audit::kTileWidth);
    const auto bytes = audit::read_tile(audit::system_files(), folder, audit::entry_bundle(bundle, width));
    if (!bytes.ok())
      return audit::why_missing(audit::system_files(), folder, bundle * audit::kTileWidth, size,
                                bytes.error());
    const auto entries = audit::parse_bundle_front(bytes->bytes, width);
    for (std::size_t i = entries.size(); i-- > 0;) {
      const auto event = audit::read_event_head(entries[i]);
      if (!event.ok() || event->session != session) continue;
      if (event->type == audit::EventType::SessionEnded || event->type == audit::EventType::SessionOpened)
        return bundle * audit::kTileWidth + i;
    }
  }
  return base::fail(
      base::Code::NotFound,
      "no event under the checkpoint is of the opening or the end of session " + base::printable(session));
}

base::Result<audit::TlogProof> proof_of(const std::string& folder, std::uint64_t index,
                                        const Choices& choices) {
  if (choices.witnesses.empty()) return audit::prove_event(audit::system_files(), folder, index);
  const auto witness = parse_witness_keys(choices.witnesses);
  if (!witness.ok()) return witness.error();
  const auto checkpoint = audit::cosigned_checkpoint(audit::system_files(), folder, witness->front());
  if (!checkpoint.ok()) return checkpoint.error();
  if (index >= checkpoint->head.size)
    return base::fail(base::Code::NotFound, witness->front().name + " has cosigned the first " +
                                                grouped(checkpoint->head.size) +
                                                " events, and this one has index " + grouped(index) +
                                                ": try again in a few seconds");
  return audit::prove_event(audit::system_files(), folder, index, *checkpoint);
}

int prove(Program& program, const Choices& choices) {
  if (choices.session.empty() && choices.index < 0) {
    fail_with("say which event: --session ID or --index N");
    return kUsage;
  }
  const auto folder = log_folder(program, choices.log);
  if (!folder.ok()) return fail_with(folder.error().message);
  auto index = base::Result<std::uint64_t>(static_cast<std::uint64_t>(choices.index));
  if (!choices.session.empty()) index = index_of_session(*folder, choices.session);
  if (!index.ok()) return fail_with(index.error().message);
  const auto proof = proof_of(*folder, *index, choices);
  if (!proof.ok()) return fail_with(proof.error().message);
  const std::string text = audit::format_tlog_proof(*proof);
  if (choices.out.empty()) {
    print(text);
    return kDone;
  }
  const base::Status written = base::write_file(choices.out, text, 0644);
  return written.ok() ? kDone : fail_with(written.error().message);
}

struct Export {
  std::string log, format = "json", session, out;
};

base::Error not_written() { return base::fail(base::Code::Unavailable, "the export could not be written"); }

base::Status append_entry(std::string& out, std::string_view entry, const std::string& format) {
  if (format == "csv") return audit::append_csv(out, entry);
  if (format == "ocsf") return audit::append_ocsf(out, entry);
  audit::append_json_line(out, entry);
  return base::Ok{};
}

// Behind what retention removed, which is said on standard error; 0 if it removed nothing.
std::uint64_t first_not_removed(const std::string& folder, std::uint64_t size) {
  auto& files = audit::system_files();
  if (size < audit::kTileWidth || audit::read_tile(files, folder, audit::entry_bundle(0)).ok()) return 0;
  const auto record = audit::find_retention(files, folder, 0, size);
  if (!record.ok()) return 0;
  std::uint64_t first = 0;
  while (first < record->first_kept &&
         !audit::read_tile(files, folder, audit::entry_bundle(first / audit::kTileWidth)).ok())
    first += audit::kTileWidth;
  std::fprintf(stderr, "postern: events 0 to %llu were removed by retention on %s\n",
               static_cast<unsigned long long>(first - 1), base::format_time(record->time).c_str());
  return first;
}

// The entries as they lie there: what was changed is for verify to say.
base::Status export_entries(const std::string& folder, const Export& wish, std::FILE* file) {
  const auto checkpoint = audit::read_checkpoint(audit::system_files(), folder);
  if (!checkpoint.ok()) return checkpoint.error();
  const std::uint64_t size = checkpoint->head.size;
  std::string piece = wish.format == "csv" ? std::string(audit::csv_header()) : std::string();
  const std::uint64_t first_there = first_not_removed(folder, size);
  for (std::uint64_t first = first_there; first < size; first += audit::kTileWidth) {
    const std::size_t width = std::min<std::uint64_t>(audit::kTileWidth, size - first);
    const auto bytes = audit::read_tile(audit::system_files(), folder,
                                        audit::entry_bundle(first / audit::kTileWidth, width));
    if (!bytes.ok()) return bytes.error();
    const auto entries = audit::parse_bundle(bytes->bytes, bytes->width);
    if (!entries) return base::fail(base::Code::Corrupt, bytes->path + ": is not a bundle of entries");
    for (std::size_t i = 0; i < width; ++i) {
      const std::string_view entry = (*entries)[i];
      if (!wish.session.empty()) {
        const auto event = audit::read_event_head(entry);
        if (!event.ok() || event->session != wish.session) continue;
      }
      if (const base::Status added = append_entry(piece, entry, wish.format); !added.ok()) return added;
    }
    if (std::fwrite(piece.data(), 1, piece.size(), file) != piece.size()) return not_written();
    piece.clear();
  }
  return base::Ok{};
}

int export_log(const Program& program, const Export& wish) {
  const auto folder = log_folder(program, wish.log);
  if (!folder.ok()) return fail_with(folder.error().message);
  std::FILE* file = wish.out.empty() ? stdout : std::fopen(wish.out.c_str(), "wbxe");
  if (file == nullptr) return fail_with(base::fail_errno(wish.out, errno).message);
  base::Status written = export_entries(*folder, wish, file);
  if (std::fflush(file) != 0 && written.ok()) written = not_written();
  if (file != stdout) std::fclose(file);
  if (written.ok()) return kDone;
  if (file != stdout) std::remove(wish.out.c_str());
  return fail_with(written.error().message);
}

int reindex(Program& program, std::string directory) {
  if (directory.empty()) {
    const auto places = find_places(program.config_path());
    if (!places.ok()) return fail_with(places.error().message);
    Client gateway(places->control_socket);
    if (gateway.call(http::Method::Get, "/healthz").ok()) {
      return fail_with("the gateway is running and writes the index itself: stop it first");
    }
    directory = places->state_directory;
  }
  auto journal = audit::JournalReader::open(audit::system_files(), directory + "/journal");
  if (!journal.ok()) return fail_with(journal.error().message);
  auto index = audit::Index::open(directory + "/index/index.db");
  if (!index.ok()) return fail_with(index.error().message);
  const auto added = (*index)->rebuild(**journal);
  if (!added.ok()) return fail_with(added.error().message);
  print(program.json() ? base::dump_json(base::Json{{"events", *added}}) + "\n"
                       : "Indexed " + std::to_string(*added) + " events.\n");
  return kDone;
}

void add_verify(Program& program, CLI::App* group) {
  auto choices = std::make_shared<Choices>();
  CLI::App* command = program.command(
      group, "verify", "Verify the log by its files and its public key alone; or one proof",
      "audit verify --log /var/lib/postern/log --key postern/0f1e2d3c4b5a6978+1a2b3c4d+AR8...\n"
      "audit verify --log copy/log --known checkpoint.of.january --key ...\n"
      "audit verify --key ... --witness witness/0a1b2c3d4e5f6071+8293a4b5+BAf...\n"
      "audit verify --proof visit.tlog-proof --key ...\n"
      "audit verify --proof visit.tlog-proof --key ... --handover handover/a7fe4359",
      [&program, choices] { return verify(program, *choices); });
  command
      ->add_option("--key", choices->key,
                   "a verifier key that the log has or had, from where the log's keepers cannot change it")
      ->required()
      ->type_name("VKEY");
  CLI::Option* log = command->add_option("--log", choices->log,
                                         "the folder with checkpoint and tile/; the "
                                         "configuration's unless said otherwise");
  log->type_name("DIR");
  command
      ->add_option("--known", choices->known,
                   "a checkpoint of this log that was kept: the log must hold it still")
      ->type_name("FILE");
  command
      ->add_option(
          "--witness", choices->witnesses,
          "the verifier key of a witness that must have cosigned the log, or the proof; may be repeated")
      ->type_name("VKEY")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  CLI::Option* proof = command->add_option("--proof", choices->proof, "verify this .tlog-proof instead");
  proof->excludes(log)->type_name("FILE");
  command
      ->add_option(
          "--handover", choices->handovers,
          "with --proof: a file of the log's folder handover, if the log's key was changed; may be repeated")
      ->needs(proof)
      ->type_name("FILE");
}

void add_proof(Program& program, CLI::App* group) {
  auto choices = std::make_shared<Choices>();
  CLI::App* command = program.command(
      group, "proof", "Make a .tlog-proof: that an event stands in the log, for whoever has its public key",
      "audit proof --session 01JD7Z3V5T4Q2N8M6K0H1F9C3B --out visit.tlog-proof\naudit proof --index 1042",
      [&program, choices] { return prove(program, *choices); });
  command
      ->add_option("--log", choices->log,
                   "the folder with checkpoint and tile/; the configuration's unless "
                   "said otherwise")
      ->type_name("DIR");
  CLI::Option* session = command->add_option("--session", choices->session,
                                             "the end of this session, or its opening while it is under way");
  session->type_name("ID");
  command->add_option("--index", choices->index, "the event with this number, from 0")
      ->check(CLI::NonNegativeNumber)
      ->excludes(session)
      ->type_name("N");
  command->add_option("--out", choices->out, "write it there; otherwise on standard output")
      ->type_name("FILE");
  command
      ->add_option(
          "--witness", choices->witnesses,
          "prove it under the newest checkpoint that the witness with this verifier key has cosigned")
      ->expected(1)
      ->type_name("VKEY");
}

void add_log_export(Program& program, CLI::App* group) {
  auto wish = std::make_shared<Export>();
  CLI::App* command = program.command(
      group, "export", "Write the events under the last checkpoint, byte for byte, as a table or for a SIEM",
      "audit export --out events.jsonl\naudit export --format csv --session 01JD7Z3V5T4Q2N8M6K0H1F9C3B",
      [&program, wish] { return export_log(program, *wish); });
  command
      ->add_option("--log", wish->log,
                   "the folder with checkpoint and tile/; the configuration's unless said "
                   "otherwise")
      ->type_name("DIR");
  command
      ->add_option("--format", wish->format,
                   "json: a line per event, byte for byte; csv; or ocsf: JSON lines of the Open "
                   "Cybersecurity Schema Framework")
      ->check(CLI::IsMember({"json", "csv", "ocsf"}))
      ->type_name("F");
  command->add_option("--session", wish->session, "of this session only")->type_name("ID");
  command->add_option("--out", wish->out, "write it there; otherwise on standard output")->type_name("FILE");
}

void add_witness_key(Program& program, CLI::App* group) {
  auto options = std::make_shared<WitnessKeyOptions>();
  CLI::App* command =
      program.command(group, "witness-key",
                      "Make the key with which a gateway witnesses other gateways' logs; never overwrites",
                      "audit witness-key --out /etc/postern/keys/witness.key",
                      [&program, options] { return make_witness_key(*options, program.json()); });
  command->add_option("--out", options->out, "the file to make")->required()->type_name("FILE");
  command->add_option("--name", options->name, "name of the key; drawn by lot unless said otherwise")
      ->type_name("NAME");
}

}  // namespace

void add_audit_commands(Program& program) {
  CLI::App* group = program.group("audit", "The log's files");
  add_verify(program, group);
  add_proof(program, group);
  add_log_export(program, group);
  add_witness_key(program, group);
  add_retention(program, group);
  program.command(group, "rotate-key",
                  "Have the log go on under a new key; the old one verifies it still, and is destroyed",
                  "audit rotate-key", [&program] { return rotate_key(program); });
  auto uri = std::make_shared<std::string>();
  program
      .command(group, "token-key",
               "Prepare that the log goes on under a key in a token: rotate-key then takes that one",
               "audit token-key --uri 'pkcs11:token=gateway;object=log'",
               [&program, uri] { return name_token_key(program, *uri); })
      ->add_option("--uri", *uri, "PKCS #11 URI of an Ed25519 key")
      ->required()
      ->type_name("URI");
  auto directory = std::make_shared<std::string>();
  program
      .command(group, "reindex", "Make the index over the log anew; the gateway must not be running",
               "audit reindex --config /etc/postern/postern.yaml",
               [&program, directory] { return reindex(program, *directory); })
      ->add_option("--state", *directory,
                   "the folder with journal/ and index/; the configuration's unless said otherwise")
      ->type_name("DIR");
}

}  // namespace postern::cli
