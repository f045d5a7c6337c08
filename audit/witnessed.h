// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// What witnesses have cosigned, kept beside the log's files: of each witness the newest checkpoint, as a signed note
// with the log's signature and that witness's cosignature.
//
//   log/witnessed/<8 hexadecimal digits of the id of the witness's key>
//
// `checkpoint` carries cosignatures too, as tlog-tiles allows, but it is replaced every second while events come, and a
// witness is asked every ten: what it cosigned last would be gone again in a busy log. With this file an auditor sees
// which part of the log was seen by whom, and when.
#pragma once

#include <cstdint>
#include <string>

#include "audit/handovers.h"
#include "audit/log_files.h"
#include "base/result.h"
#include "certs/note.h"

namespace postern::audit {

inline constexpr std::string_view kWitnessedFolder = "witnessed";
std::string witnessed_file(const certs::VerifierKey& witness);  // relative: "witnessed/0a1b2c3d"

struct Witnessing {
  SignedCheckpoint checkpoint;
  std::uint64_t seconds = 0;  // the time that the witness states
};
// Invalid unless one of the log's keys signed it, in its time, and the witness's cosigned it.
base::Result<Witnessing> check_witnessing(SignedCheckpoint checkpoint, const KeyChain& log,
                                          const certs::VerifierKey& witness);

// log: any key that it has had; the handovers in the folder lead to the others.
// NotFound if there is none; Corrupt or Invalid, with the file's name, if it is not what it must be.
base::Result<Witnessing> read_witnessing(FileSystem& files, const std::string& directory,
                                         const certs::VerifierKey& log, const certs::VerifierKey& witness);
// Replaces what was there; makes the folder. directory is the log's. One thread at a time.
base::Status put_witnessing(FileSystem& files, const std::string& directory,
                            const certs::VerifierKey& witness, const std::string& note);

// The newest checkpoint in the folder that carries this witness's cosignature; the log's own signature was not looked at.
// NotFound: it has cosigned none.
base::Result<SignedCheckpoint> cosigned_checkpoint(FileSystem& files, const std::string& directory,
                                                   const certs::VerifierKey& witness);

// For an auditor, of a log whose files were verified (verify.h): the newest that this witness has cosigned, in
// `checkpoint` or in its own file, held against the tree. Invalid: it has cosigned nothing of this log, or another
// history than the files hold.
base::Result<Witnessing> verify_witnessing(FileSystem& files, const std::string& directory,
                                           const certs::VerifierKey& log, const certs::VerifierKey& witness);

}  // namespace postern::audit
