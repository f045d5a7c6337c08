// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// A log to test with: a journal, the files that follow from it, and a key that signs. On whatever disk is given.
#pragma once

#include <gtest/gtest.h>

#include "audit/journal.h"
#include "audit/tiler.h"
#include "tests/unit/audit/sample.h"

namespace postern::audit {

class MadeLog {
 public:
  // As a ledger begins: the journal is held against the checkpoint, and the tiler goes on from there.
  static base::Result<std::unique_ptr<MadeLog>> open(FileSystem& files, const std::string& directory) {
    std::unique_ptr<MadeLog> log(new MadeLog(directory));
    if (base::Status made = files.make_directory(directory); !made.ok()) return made.error();
    auto journal = Journal::open(files, directory + "/journal");
    if (!journal.ok()) return journal.error();
    log->journal = std::move(*journal);
    auto reader = JournalReader::open(files, directory + "/journal");
    if (!reader.ok()) return reader.error();
    log->reader = std::move(*reader);
    auto agreement = Agreement::open(files, log->log());
    if (!agreement.ok()) return agreement.error();
    for (std::uint64_t i = 0; i < log->reader->size(); ++i) {
      const auto line = log->reader->read_one(i);
      if (!line.ok()) return line.error();
      (*agreement)->take(*line);
    }
    auto published = (*agreement)->finish(directory + "/journal");
    if (!published.ok()) return published.error();
    log->tiler = std::make_unique<Tiler>(files, log->log(), *std::move(published));
    return log;
  }

  std::string log() const { return directory_ + "/log"; }

  base::Status append(std::uint64_t events) {
    for (std::uint64_t i = 0; i < events; ++i) {
      const auto index = journal->append(line(journal->size()));
      if (!index.ok()) return index.error();
      if (fresh) fresh->add(*index, line(*index), nullptr);
    }
    return journal->write_and_sync();
  }
  static std::string line(std::uint64_t index) {
    return sample(index % 2 == 0 ? EventType::ExchangeForwarded : EventType::ExchangeCompleted, index,
                  sample_id(index / 10));
  }

  base::Status publish() {
    const auto head = tiler->prepare(*reader, journal->durable(), fresh ? &*fresh : nullptr);
    if (!head.ok()) return head.error();
    return tiler->publish(signed_note({key().name, head->size, head->root}, *signer));
  }

  // Another key for what is published from now on.
  base::Status hand_over(const certs::SignerKey& to) {
    const auto head = tiler->prepare(*reader, tiler->prepared());
    if (!head.ok()) return head.error();
    const certs::Handover handover{
        {key().name, head->size, head->root}, certs::verifier_of(*signer), certs::verifier_of(to)};
    const base::Status put = tiler->put_handover(handover, signed_handover(handover, *signer, to));
    if (put.ok()) signer = &to;
    return put;
  }

  static const certs::SignerKey& key() {
    static const certs::SignerKey key = key_of('k');
    return key;
  }
  static const certs::SignerKey& second_key() {
    static const certs::SignerKey key = key_of('2');
    return key;
  }
  static const certs::SignerKey& third_key() {
    static const certs::SignerKey key = key_of('3');
    return key;
  }
  static std::string signed_note(const certs::Checkpoint& checkpoint, const certs::SignerKey& by = key()) {
    const std::string text = certs::format_checkpoint(checkpoint);
    return text + "\n" + certs::signature_line(by, text);
  }
  static std::string signed_handover(const certs::Handover& handover, const certs::SignerKey& a,
                                     const certs::SignerKey& b) {
    const std::string text = certs::format_handover(handover);
    return text + "\n" + certs::signature_line(a, text) + certs::signature_line(b, text);
  }

  const certs::SignerKey* signer = &key();

  std::unique_ptr<Journal> journal;
  std::unique_ptr<JournalReader> reader;
  std::unique_ptr<Tiler> tiler;
  std::optional<FreshLines> fresh;  // if there is one, it is shown what is appended

 private:
  static certs::SignerKey key_of(char seed) {
    POSTERN_CHECK(base::init_crypto().ok());
    return {"postern/test", base::Secret(std::string(32, seed))};
  }
  explicit MadeLog(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;
};

}  // namespace postern::audit
