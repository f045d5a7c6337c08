// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "certs/chain_order.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "certs/certificate.h"

namespace postern::certs {
namespace {

// By names and key identifiers. Whether it may have is for whoever judges the chain.
bool issued_by(X509* subject, X509* issuer) {
  if (subject == issuer) return false;
  const int verdict = X509_check_issued(issuer, subject);
  return verdict == X509_V_OK || verdict == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

std::size_t find_leaf(const std::vector<CertificatePtr>& chain) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool issued_one = std::any_of(chain.begin(), chain.end(), [&](const CertificatePtr& other) {
      return issued_by(other.get(), chain[i].get());
    });
    if (!issued_one) return i;
  }
  return 0;
}

// Each place in the order that is right.
std::vector<std::size_t> order_of(const std::vector<CertificatePtr>& chain) {
  std::vector<std::size_t> rest(chain.size()), order;
  std::iota(rest.begin(), rest.end(), std::size_t{0});
  auto next = rest.begin() + static_cast<std::ptrdiff_t>(find_leaf(chain));
  while (next != rest.end()) {
    order.push_back(*next);
    rest.erase(next);
    next = std::find_if(rest.begin(), rest.end(), [&](std::size_t candidate) {
      return issued_by(chain[order.back()].get(), chain[candidate].get());
    });
  }
  order.insert(order.end(), rest.begin(), rest.end());
  return order;
}

}  // namespace

base::Result<OrderedChain> order_chain(std::string_view pem) {
  auto chain = parse_pem(pem);
  if (!chain) return chain.error();
  const std::vector<std::size_t> order = order_of(*chain);
  if (std::is_sorted(order.begin(), order.end())) return OrderedChain{std::string(pem), false};
  OrderedChain out{{}, true};
  for (const std::size_t place : order) out.pem += der_to_pem(to_der((*chain)[place].get()));
  return out;
}

}  // namespace postern::certs
