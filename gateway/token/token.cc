// Copyright the Postern authors.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/token/token.h"

#include <dlfcn.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "gateway/token/uri.h"

namespace postern::token {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kSlotLimit = 64;
constexpr std::size_t kSignatureLimit = 2048;  // bytes: of RSA with 16,384 bits
constexpr CK_FLAGS kPinInDoubt = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;

base::Error refused(Code code, const std::string& what, CK_RV rv) {
  return fail(code, what + ": " + p11_kit_strerror(rv));
}

// After these a new session may help.
bool is_lost(CK_RV rv) {
  constexpr std::array kLost{CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,     CKR_USER_NOT_LOGGED_IN,
                             CKR_OBJECT_HANDLE_INVALID,  CKR_KEY_HANDLE_INVALID, CKR_DEVICE_REMOVED,
                             CKR_TOKEN_NOT_PRESENT,      CKR_DEVICE_ERROR};
  return std::find(kLost.begin(), kLost.end(), rv) != kLost.end();
}

CK_RSA_PKCS_PSS_PARAMS pss_of(std::size_t digest) {
  if (digest == 48) return {CKM_SHA384, CKG_MGF1_SHA384, digest};
  if (digest == 64) return {CKM_SHA512, CKG_MGF1_SHA512, digest};
  return {CKM_SHA256, CKG_MGF1_SHA256, digest};
}

CK_KEY_TYPE type_for(Mechanism mechanism) {
  if (mechanism == Mechanism::Eddsa) return CKK_EC_EDWARDS;
  return mechanism == Mechanism::Ecdsa ? CKK_EC : CKK_RSA;
}

CK_MECHANISM_TYPE number_of(Mechanism mechanism) {
  if (mechanism == Mechanism::RsaPkcs1) return CKM_RSA_PKCS;
  if (mechanism == Mechanism::RsaPss) return CKM_RSA_PKCS_PSS;
  return mechanism == Mechanism::Ecdsa ? CKM_ECDSA : CKM_EDDSA;
}

// The functions take what they only read as pointers to what they might write.
template <typename Pointer>
Pointer unconst(std::string_view bytes) {
  return reinterpret_cast<Pointer>(const_cast<char*>(bytes.data()));  // NOLINT
}

std::string label_of(const CK_TOKEN_INFO& info) {
  const std::string_view label(reinterpret_cast<const char*>(info.label), sizeof info.label);  // NOLINT
  return std::string(label.substr(0, label.find_last_not_of(' ') + 1));
}

}  // namespace

struct Token::Key {
  std::string uri;
  CK_OBJECT_HANDLE handle = 0;
  CK_KEY_TYPE type = 0;
};

struct Token::State {
  const std::string module;
  base::Secret pin;
  const base::Clock& clock;
  CK_FUNCTION_LIST* functions = nullptr;
  CK_SLOT_ID slot = 0;
  CK_SESSION_HANDLE session = 0;
  bool has_session = false;
  bool wrong_pin = false;  // said by the token of this one
  base::Nanos reopened = 0;
  std::map<std::string, Key> keys;  // by URI

  State(std::string path, base::Secret of, const base::Clock& with)
      : module(std::move(path)), pin(std::move(of)), clock(with) {}

  static UriPtr parse(const std::string& uri);
  base::Result<CK_SLOT_ID> slot_of(const std::string& uri) const;
  base::Status open_session(const std::string& uri);
  base::Status log_in();
  base::Result<CK_OBJECT_HANDLE> object_of(const std::string& uri,
                                           CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY) const;
  base::Result<CK_KEY_TYPE> type_of(const std::string& uri, CK_OBJECT_HANDLE object) const;
  base::Status reopen();
  CK_RV sign_once(CK_OBJECT_HANDLE key, Mechanism mechanism, std::string_view data, std::string& out) const;
};

UriPtr Token::State::parse(const std::string& uri) {
  UriPtr parsed(p11_kit_uri_new());
  if (parsed != nullptr &&
      p11_kit_uri_parse(uri.c_str(), P11_KIT_URI_FOR_ANY, parsed.get()) != P11_KIT_URI_OK)
    parsed.reset();
  return parsed;
}

base::Result<CK_SLOT_ID> Token::State::slot_of(const std::string& uri) const {
  const UriPtr parsed = parse(uri);
  if (parsed == nullptr) return fail(Code::Invalid, uri + " is no PKCS #11 URI");
  std::array<CK_SLOT_ID, kSlotLimit> slots{};
  CK_ULONG count = slots.size();
  if (const CK_RV rv = functions->C_GetSlotList(CK_TRUE, slots.data(), &count); rv != CKR_OK)
    return refused(Code::Unavailable, module + " does not list its tokens", rv);
  std::vector<CK_SLOT_ID> fitting;
  for (std::size_t i = 0; i < count; ++i) {
    CK_TOKEN_INFO info{};
    if (functions->C_GetTokenInfo(slots.at(i), &info) != CKR_OK) continue;
    if (p11_kit_uri_match_token_info(parsed.get(), &info) != 0) fitting.push_back(slots.at(i));
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty())
    return fail(Code::NotFound,
                uri + ": " + module + " has no such token: is it plugged in, and may this account use it?");
  return fail(Code::Exists,
              uri + ": " + std::to_string(fitting.size()) +
                  " tokens fit this name: add serial= (p11tool or pkcs11-tool --list-slots shows it)");
}

base::Status Token::State::open_session(const std::string& uri) {
  const auto found = slot_of(uri);
  if (!found.ok()) return found.error();
  slot = *found;
  if (const CK_RV rv = functions->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
      rv != CKR_OK)
    return refused(Code::Unavailable, uri + ": the token opens no session", rv);
  has_session = true;
  return log_in();
}

base::Status Token::State::log_in() {
  CK_TOKEN_INFO info{};
  if (const CK_RV rv = functions->C_GetTokenInfo(slot, &info); rv != CKR_OK)
    return refused(Code::Unavailable, "the token does not say what state it is in", rv);
  if ((info.flags & CKF_LOGIN_REQUIRED) == 0) return base::Ok{};
  const std::string name = "the token " + label_of(info);
  if ((info.flags & CKF_USER_PIN_LOCKED) != 0)
    return fail(Code::Denied,
                name + " is locked after wrong PINs: unlock it with the security officer's PIN");
  if (wrong_pin || (info.flags & kPinInDoubt) != 0) {
    return fail(
        Code::Denied,
        name +
            " was last given a wrong PIN, and locks itself after a few: none is tried until you have given "
            "the right one by hand, once (pkcs11-tool --module " +
            module + " --token-label '" + label_of(info) +
            "' --login --list-objects); then correct the file of pkcs11.pin");
  }
  const CK_RV rv =
      functions->C_Login(session, CKU_USER, unconst<CK_UTF8CHAR*>(pin.view()), pin.view().size());
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return base::Ok{};
  wrong_pin =
      rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_LOCKED;
  if (!wrong_pin) return refused(Code::Unavailable, name + " does not let us log in", rv);
  return fail(Code::Denied, name + " says that the PIN of pkcs11.pin is wrong: it is not tried again");
}

base::Result<CK_OBJECT_HANDLE> Token::State::object_of(const std::string& uri, CK_OBJECT_CLASS kind) const {
  const UriPtr parsed = parse(uri);
  std::vector<CK_ATTRIBUTE> wanted{{CKA_CLASS, &kind, sizeof kind}};
  CK_ULONG count = 0;
  const CK_ATTRIBUTE* named = p11_kit_uri_get_attributes(parsed.get(), &count);
  std::copy_if(named, named + count, std::back_inserter(wanted),
               [](const CK_ATTRIBUTE& one) { return one.type != CKA_CLASS; });
  std::array<CK_OBJECT_HANDLE, 2> objects{};
  CK_ULONG found = 0;
  CK_RV rv = functions->C_FindObjectsInit(session, wanted.data(), wanted.size());
  if (rv == CKR_OK) {
    rv = functions->C_FindObjects(session, objects.data(), objects.size(), &found);
    functions->C_FindObjectsFinal(session);
  }
  if (rv != CKR_OK) return refused(Code::Unavailable, uri + ": the token does not look for the key", rv);
  if (found == 0)
    return fail(Code::NotFound, uri +
                                    ": the token has no such private key (pkcs11-tool --login --list-objects "
                                    "shows those that it has)");
  if (found > 1) return fail(Code::Exists, uri + ": several private keys fit this name: add id=");
  return objects.front();
}

// Denied: it is of no use to a service.
base::Result<CK_KEY_TYPE> Token::State::type_of(const std::string& uri, CK_OBJECT_HANDLE object) const {
  CK_KEY_TYPE type = 0;
  CK_ATTRIBUTE kind{CKA_KEY_TYPE, &type, sizeof type};
  if (const CK_RV rv = functions->C_GetAttributeValue(session, object, &kind, 1); rv != CKR_OK)
    return refused(Code::Unavailable, uri + ": the token does not say what kind of key this is", rv);
  CK_BBOOL always = CK_FALSE;
  CK_ATTRIBUTE attribute{CKA_ALWAYS_AUTHENTICATE, &always, sizeof always};
  const CK_RV rv = functions->C_GetAttributeValue(session, object, &attribute, 1);
  if (rv != CKR_OK || always == CK_FALSE) return type;  // those before PKCS #11 2.20 do not know it
  return fail(Code::Denied,
              uri +
                  ": this key wants the PIN for each signature, which nobody is there to give: use one "
                  "without CKA_ALWAYS_AUTHENTICATE");
}

base::Status Token::State::reopen() {
  const base::Nanos now = clock.monotonic();
  if (reopened != 0 && now - reopened < kReopenPause)
    return fail(Code::Unavailable, "the token ended its session, again within seconds");
  reopened = now;
  functions->C_CloseAllSessions(slot);
  has_session = false;
  if (base::Status opened = open_session(keys.begin()->first); !opened.ok()) return opened;
  // Handles are the session's: those of the one before may be other objects now.
  base::Status all = base::Ok{};
  for (auto& [uri, key] : keys) {
    const auto object = object_of(uri);
    key.handle = object.ok() ? *object : CK_OBJECT_HANDLE{CK_INVALID_HANDLE};
    if (!object.ok()) all = object.error();
  }
  return all;
}

CK_RV Token::State::sign_once(CK_OBJECT_HANDLE key, Mechanism mechanism, std::string_view data,
                              std::string& out) const {
  CK_RSA_PKCS_PSS_PARAMS pss = pss_of(data.size());
  CK_MECHANISM chosen{number_of(mechanism), nullptr, 0};
  if (mechanism == Mechanism::RsaPss) chosen = {CKM_RSA_PKCS_PSS, &pss, sizeof pss};
  if (const CK_RV rv = functions->C_SignInit(session, &chosen, key); rv != CKR_OK) return rv;
  out.resize(kSignatureLimit);
  CK_ULONG size = out.size();
  const CK_RV rv =
      functions->C_Sign(session, unconst<CK_BYTE*>(data), data.size(), unconst<CK_BYTE*>(out), &size);
  out.resize(rv == CKR_OK ? std::min<std::size_t>(size, kSignatureLimit) : 0);
  return rv;
}

Token::Token(std::unique_ptr<State> state) : state_(std::move(state)) {}

Token::~Token() { state_->functions->C_Finalize(nullptr); }

base::Result<std::unique_ptr<Token>> Token::open(const std::string& module, base::Secret pin,
                                                 const base::Clock& clock) {
  auto state = std::make_unique<State>(module, std::move(pin), clock);
  // Never closed: what such libraries leave behind may be called until the process ends.
  void* library = ::dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return fail(Code::Invalid, std::string("the module cannot be loaded: ") + ::dlerror());
  const auto list = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));  // NOLINT
  if (list == nullptr || list(&state->functions) != CKR_OK || state->functions == nullptr)
    return fail(Code::Invalid, module + " is no PKCS #11 module");
  CK_C_INITIALIZE_ARGS how{};
  how.flags = CKF_LIBRARY_CANT_CREATE_OS_THREADS;
  if (const CK_RV rv = state->functions->C_Initialize(&how); rv != CKR_OK)
    return refused(Code::Unavailable,
                   module + " does not start (has it its own configuration? see pkcs11.environment)", rv);
  return std::unique_ptr<Token>(new Token(std::move(state)));
}

void Token::set_pin(base::Secret pin) {
  if (pin.view() == state_->pin.view()) return;
  state_->pin = std::move(pin);
  state_->wrong_pin = false;
}

bool Token::pin_refused() const { return state_->wrong_pin; }

base::Result<const Token::Key*> Token::find(const std::string& uri) {
  if (const auto known = state_->keys.find(uri); known != state_->keys.end()) return &known->second;
  if (!state_->has_session) {
    if (base::Status opened = state_->open_session(uri); !opened.ok()) return std::move(opened).error();
  } else {
    const auto slot = state_->slot_of(uri);
    if (!slot.ok()) return slot.error();
    if (*slot != state_->slot)
      return fail(Code::Invalid,
                  uri + ": all keys must lie in one token, and this is another than that of the first");
  }
  const auto object = state_->object_of(uri);
  if (!object.ok()) return object.error();
  const auto type = state_->type_of(uri, *object);
  if (!type.ok()) return type.error();
  return &state_->keys.emplace(uri, Key{uri, *object, *type}).first->second;
}

base::Result<std::string> Token::ed25519_public(const Key& key) {
  // A DER OCTET STRING (PKCS #11 2.40 and 3.1) or the bytes themselves (3.0): modules, and tools that put keys into tokens, differ.
  constexpr std::string_view kOctetString("\x04\x20", 2);
  const auto object = state_->object_of(key.uri, CKO_PUBLIC_KEY);
  if (!object.ok())
    return fail(Code::NotFound, key.uri + ": the token does not show the public part of this key");
  std::array<char, kOctetString.size() + base::kEd25519PublicSize> point{};
  CK_ATTRIBUTE attribute{CKA_EC_POINT, point.data(), point.size()};
  const CK_RV rv = state_->functions->C_GetAttributeValue(state_->session, *object, &attribute, 1);
  std::string_view text(point.data(),
                        rv == CKR_OK ? std::min<std::size_t>(attribute.ulValueLen, point.size()) : 0);
  if (text.size() == point.size() && text.starts_with(kOctetString)) text.remove_prefix(kOctetString.size());
  if (key.type != CKK_EC_EDWARDS || text.size() != base::kEd25519PublicSize)
    return fail(Code::Invalid, key.uri + " is no Ed25519 key");
  return std::string(text);
}

base::Result<std::string> Token::sign(const Key& key, Mechanism mechanism, std::string_view data) {
  // Modules are not to be trusted with a mechanism that is none for the key: SoftHSM 2.6 crashes.
  if (key.type != type_for(mechanism)) return fail(Code::Invalid, key.uri + " is a key of another kind");
  std::string out;
  CK_RV rv = state_->sign_once(key.handle, mechanism, data, out);
  if (is_lost(rv)) {
    if (base::Status again = state_->reopen(); !again.ok()) return std::move(again).error();
    rv = state_->sign_once(key.handle, mechanism, data, out);
  }
  if (rv != CKR_OK) return refused(Code::Unavailable, "the token makes no signature with " + key.uri, rv);
  return out;
}

}  // namespace postern::token
