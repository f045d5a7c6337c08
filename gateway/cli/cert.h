// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
//
// `postern cert`: engineers' client certificates from the support authority that `postern init` made.
// Offline, on the files of one folder; needs no running gateway. Whoever may read the authority's key may
// issue: a vendor keeps it at home.
#pragma once

#include <string>

namespace postern::cli {

struct CertIssueOptions {
  std::string directory;        // what `init --dir` was given
  std::string engineer;         // a name, for display
  std::string email;            // the identity that the gateway believes
  std::string out;              // folder to write NAME.pem and NAME.key into
  std::string expires = "90d";  // a duration
};

int cert_issue(const CertIssueOptions& options);
// The certificates of the folder: which, for whom, until when. As a table, or with json as a JSON object.
int cert_list(const std::string& directory, bool json);

}  // namespace postern::cli
