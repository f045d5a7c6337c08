// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/tls/signer_provider.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

namespace postern::tls {
namespace {

using base::Code;
using base::fail;
using certs::Scheme;

constexpr const char* kProvider = "postern-signer";
constexpr const char* kProperty = "provider=postern-signer";
constexpr const char* kHandleParameter = "postern-handle";  // octet string: the address of a SignerKey

// ---- keymgmt: a key is a pointer to a SignerKey
// -------------------------------------------------------------------

struct Handle {
  SignerKey* key = nullptr;
};

SignerKey* key_of(const void* handle) { return static_cast<const Handle*>(handle)->key; }

void* key_new(void* /*provider*/) noexcept { return new (std::nothrow) Handle; }
void key_free(void* handle) noexcept { delete static_cast<Handle*>(handle); }
int key_has(const void* handle, int /*selection*/) noexcept { return key_of(handle) != nullptr ? 1 : 0; }

int key_match(const void* a, const void* b, int /*selection*/) noexcept {
  if (key_of(a) == nullptr || key_of(b) == nullptr) return 0;
  return EVP_PKEY_eq(key_of(a)->public_key.get(), key_of(b)->public_key.get()) == 1 ? 1 : 0;
}

// Only from make_key(): a key of another provider has no handle, and is refused.
int key_import(void* handle, int /*selection*/, const OSSL_PARAM parameters[]) noexcept {
  const OSSL_PARAM* address = OSSL_PARAM_locate_const(parameters, kHandleParameter);
  if (address == nullptr || address->data_size != sizeof(SignerKey*)) return 0;
  std::memcpy(&static_cast<Handle*>(handle)->key, address->data, sizeof(SignerKey*));
  return 1;
}

const OSSL_PARAM* key_import_types(int /*selection*/) noexcept {
  static const OSSL_PARAM kTypes[] = {OSSL_PARAM_octet_string(kHandleParameter, nullptr, 0), OSSL_PARAM_END};
  return kTypes;
}

// The public half, for comparing with the certificate. There is no private half; refusing to export it is
// also what makes OpenSSL choose this provider's signatures for this provider's keys.
int key_export(void* handle, int selection, OSSL_CALLBACK* take, void* argument) noexcept {
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 || key_of(handle) == nullptr) return 0;
  return EVP_PKEY_export(key_of(handle)->public_key.get(), EVP_PKEY_PUBLIC_KEY, take, argument);
}

const OSSL_PARAM* key_export_types(int /*selection*/) noexcept {
  static const OSSL_PARAM kTypes[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, nullptr, 0),
                                      OSSL_PARAM_END};
  return kTypes;
}

int key_get_params(void* handle, OSSL_PARAM parameters[]) noexcept {
  return key_of(handle) == nullptr ? 0 : EVP_PKEY_get_params(key_of(handle)->public_key.get(), parameters);
}

const OSSL_PARAM* key_gettable_params(void* /*provider*/) noexcept {
  static const OSSL_PARAM kParameters[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, nullptr),
                                           OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, nullptr),
                                           OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, nullptr),
                                           OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, nullptr, 0),
                                           OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, nullptr, 0),
                                           OSSL_PARAM_END};
  return kParameters;
}

const char* ec_signature_name(int operation) noexcept {
  return operation == OSSL_OP_SIGNATURE ? "ECDSA" : nullptr;
}

// ---- signature
// ----------------------------------------------------------------------------------------------------

enum class Digest { None, Sha256, Sha384, Sha512 };

struct Signing {
  SignerKey* key = nullptr;
  Digest digest = Digest::None;
  bool pss = false;
};

// False for a digest that no scheme of ours has (SHA-1, MD5 with SHA-1).
bool parse_digest(const char* name, Digest& digest) {
  const std::string_view text = name == nullptr ? "" : name;
  if (text.empty() || text == "UNDEF") {
    digest = Digest::None;
  } else if (text == "SHA256" || text == "SHA2-256") {
    digest = Digest::Sha256;
  } else if (text == "SHA384" || text == "SHA2-384") {
    digest = Digest::Sha384;
  } else if (text == "SHA512" || text == "SHA2-512") {
    digest = Digest::Sha512;
  } else {
    return false;
  }
  return true;
}

std::optional<Scheme> scheme_of(const Signing& signing) {
  EVP_PKEY* key = signing.key->public_key.get();
  const bool hashed = signing.digest != Digest::None;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return hashed ? std::nullopt : std::optional(Scheme::Ed25519);
  if (!hashed) return std::nullopt;
  const auto choose = [&](Scheme sha256, Scheme sha384, Scheme sha512) {
    return signing.digest == Digest::Sha256 ? sha256 : signing.digest == Digest::Sha384 ? sha384 : sha512;
  };
  if (EVP_PKEY_is_a(key, "EC") == 1)
    return choose(Scheme::EcdsaSha256, Scheme::EcdsaSha384, Scheme::EcdsaSha512);
  if (signing.pss) return choose(Scheme::RsaPssSha256, Scheme::RsaPssSha384, Scheme::RsaPssSha512);
  return choose(Scheme::RsaPkcs1Sha256, Scheme::RsaPkcs1Sha384, Scheme::RsaPkcs1Sha512);
}

void* sign_new(void* /*provider*/, const char* /*properties*/) noexcept { return new (std::nothrow) Signing; }
void sign_free(void* context) noexcept { delete static_cast<Signing*>(context); }

int set_padding(Signing& signing, const OSSL_PARAM& value) {
  int number = 0;
  if (value.data_type == OSSL_PARAM_UTF8_STRING) {
    const std::string_view name = static_cast<const char*>(value.data);
    number = name == OSSL_PKEY_RSA_PAD_MODE_PSS       ? RSA_PKCS1_PSS_PADDING
             : name == OSSL_PKEY_RSA_PAD_MODE_PKCSV15 ? RSA_PKCS1_PADDING
                                                      : 0;
  } else if (OSSL_PARAM_get_int(&value, &number) != 1) {
    return 0;
  }
  signing.pss = number == RSA_PKCS1_PSS_PADDING;
  return signing.pss || number == RSA_PKCS1_PADDING ? 1 : 0;
}

// TLS knows one length of the salt: that of the digest (RFC 8446 section 4.2.3).
int check_salt(const OSSL_PARAM& value) {
  if (value.data_type == OSSL_PARAM_UTF8_STRING) {
    return std::string_view(static_cast<const char*>(value.data)) == OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST ? 1
                                                                                                       : 0;
  }
  int number = 0;
  return OSSL_PARAM_get_int(&value, &number) == 1 && number == RSA_PSS_SALTLEN_DIGEST ? 1 : 0;
}

int sign_set_params(void* context, const OSSL_PARAM parameters[]) noexcept {
  if (parameters == nullptr) return 1;
  auto& signing = *static_cast<Signing*>(context);
  const OSSL_PARAM* padding = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PAD_MODE);
  if (padding != nullptr && set_padding(signing, *padding) == 0) return 0;
  const OSSL_PARAM* salt = OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
  return salt == nullptr ? 1 : check_salt(*salt);
}

const OSSL_PARAM* sign_settable_params(void* /*context*/, void* /*provider*/) noexcept {
  static const OSSL_PARAM kParameters[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0), OSSL_PARAM_END};
  return kParameters;
}

int sign_begin(void* context, const char* digest, void* handle, const OSSL_PARAM parameters[]) noexcept {
  auto& signing = *static_cast<Signing*>(context);
  if (handle != nullptr) signing.key = key_of(handle);
  if (signing.key == nullptr || !parse_digest(digest, signing.digest)) return 0;
  return scheme_of(signing) ? sign_set_params(context, parameters) : 0;
}

int ask(Signing& signing, std::string_view message, unsigned char* out, std::size_t* size, std::size_t room) {
  SignerKey& key = *signing.key;
  const std::optional<Scheme> scheme = scheme_of(signing);
  if (!scheme) return 0;
  auto signature = key.signer->sign(key.key_id, *scheme, message);
  if (!signature) {
    *key.failure = signature.error();
    return 0;
  }
  if (signature->size() > room) {
    *key.failure = fail(Code::Corrupt, "the keeper's signature is longer than one of this key");
    return 0;
  }
  std::memcpy(out, signature->data(), signature->size());
  *size = signature->size();
  return 1;
}

// One shot only: the keeper must see the message, so no digest is made of it here.
int sign_message(void* context, unsigned char* out, std::size_t* size, std::size_t room,
                 const unsigned char* message, std::size_t length) noexcept try {
  auto& signing = *static_cast<Signing*>(context);
  if (signing.key == nullptr) return 0;
  if (out == nullptr) {
    *size = static_cast<std::size_t>(EVP_PKEY_get_size(signing.key->public_key.get()));
    return 1;
  }
  return ask(signing, {reinterpret_cast<const char*>(message), length}, out, size, room);
} catch (const std::exception&) {
  return 0;  // out of memory; nothing may be thrown through OpenSSL
}

// ---- tables
// -------------------------------------------------------------------------------------------------------

using Function = void (*)();
template <typename F>
Function f(F* function) {
  return reinterpret_cast<Function>(function);
}

const OSSL_DISPATCH* key_functions(bool elliptic) {
  static const auto make = [](bool ec) {
    return std::array{OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_NEW, f(key_new)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_FREE, f(key_free)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_HAS, f(key_has)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_MATCH, f(key_match)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_IMPORT, f(key_import)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_IMPORT_TYPES, f(key_import_types)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_EXPORT, f(key_export)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_EXPORT_TYPES, f(key_export_types)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_GET_PARAMS, f(key_get_params)},
                      OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, f(key_gettable_params)},
                      ec ? OSSL_DISPATCH{OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, f(ec_signature_name)}
                         : OSSL_DISPATCH{0, nullptr},
                      OSSL_DISPATCH{0, nullptr}};
  };
  static const auto kEc = make(true);
  static const auto kOther = make(false);  // the signature has the name of the key type
  return elliptic ? kEc.data() : kOther.data();
}

const OSSL_DISPATCH* sign_functions() {
  static const std::array kFunctions = {
      OSSL_DISPATCH{OSSL_FUNC_SIGNATURE_NEWCTX, f(sign_new)},
      OSSL_DISPATCH{OSSL_FUNC_SIGNATURE_FREECTX, f(sign_free)},
      OSSL_DISPATCH{OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, f(sign_begin)},
      OSSL_DISPATCH{OSSL_FUNC_SIGNATURE_DIGEST_SIGN, f(sign_message)},
      OSSL_DISPATCH{OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, f(sign_set_params)},
      OSSL_DISPATCH{OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, f(sign_settable_params)},
      OSSL_DISPATCH{0, nullptr}};
  return kFunctions.data();
}

const OSSL_ALGORITHM* query(void* /*provider*/, int operation, int* cached) noexcept {
  static const std::array kKeys = {
      OSSL_ALGORITHM{"EC:id-ecPublicKey:1.2.840.10045.2.1", kProperty, key_functions(true), "remote key"},
      OSSL_ALGORITHM{"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperty, key_functions(false), "remote key"},
      OSSL_ALGORITHM{"ED25519:1.3.101.112", kProperty, key_functions(false), "remote key"},
      OSSL_ALGORITHM{nullptr, nullptr, nullptr, nullptr}};
  static const std::array kSignatures = {
      OSSL_ALGORITHM{"ECDSA", kProperty, sign_functions(), "remote signature"},
      OSSL_ALGORITHM{"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperty, sign_functions(),
                     "remote signature"},
      OSSL_ALGORITHM{"ED25519:1.3.101.112", kProperty, sign_functions(), "remote signature"},
      OSSL_ALGORITHM{nullptr, nullptr, nullptr, nullptr}};
  *cached = 0;
  if (operation == OSSL_OP_KEYMGMT) return kKeys.data();
  return operation == OSSL_OP_SIGNATURE ? kSignatures.data() : nullptr;
}

int init_provider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* /*in*/, const OSSL_DISPATCH** out,
                  void** provider) noexcept {
  static const std::array kFunctions = {OSSL_DISPATCH{OSSL_FUNC_PROVIDER_QUERY_OPERATION, f(query)},
                                        OSSL_DISPATCH{0, nullptr}};
  *out = kFunctions.data();
  *provider = const_cast<OSSL_CORE_HANDLE*>(handle);  // unused, but must not be nullptr
  return 1;
}

const char* type_name(EVP_PKEY* key) {
  for (const char* name : {"EC", "RSA", "ED25519"}) {
    if (EVP_PKEY_is_a(key, name) == 1) return name;
  }
  return nullptr;
}

}  // namespace

base::Result<std::unique_ptr<SignerLibrary>> SignerLibrary::make() {
  std::unique_ptr<SignerLibrary> made(new SignerLibrary);
  ERR_clear_error();
  made->library_.reset(OSSL_LIB_CTX_new());
  OSSL_LIB_CTX* library = made->library_.get();
  if (library != nullptr && OSSL_PROVIDER_add_builtin(library, kProvider, init_provider) == 1) {
    made->default_provider_ = OSSL_PROVIDER_load(library, "default");
    made->signer_provider_ = OSSL_PROVIDER_load(library, kProvider);
  }
  // Whatever is not done with a remote key is the default provider's.
  if (made->default_provider_ == nullptr || made->signer_provider_ == nullptr ||
      EVP_set_default_properties(library, "?provider=default") != 1) {
    return fail(Code::Internal, "the signing provider could not be loaded: " + certs::openssl_reason());
  }
  return made;
}

SignerLibrary::~SignerLibrary() {
  if (signer_provider_ != nullptr) OSSL_PROVIDER_unload(signer_provider_);
  if (default_provider_ != nullptr) OSSL_PROVIDER_unload(default_provider_);
}

base::Result<certs::KeyPtr> SignerLibrary::make_key(SignerKey& key) const {
  const char* type = type_name(key.public_key.get());
  if (type == nullptr) return fail(Code::Invalid, "the certificate's key is neither EC, RSA nor Ed25519");
  SignerKey* address = &key;
  const std::array parameters = {
      OSSL_PARAM_construct_octet_string(kHandleParameter, &address, sizeof address),
      OSSL_PARAM_construct_end()};
  ERR_clear_error();
  const certs::KeyContextPtr context(EVP_PKEY_CTX_new_from_name(library_.get(), type, kProperty));
  EVP_PKEY* made = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_KEYPAIR, const_cast<OSSL_PARAM*>(parameters.data())) !=
          1) {
    return fail(Code::Internal, "the remote key could not be set up: " + certs::openssl_reason());
  }
  return certs::KeyPtr(made);
}

}  // namespace postern::tls
