#include "trust.hpp"

#include <algorithm>

namespace lshost::sftp {
namespace {

HostKey offered_key(const SshSession& session) {
  ssh_key raw = nullptr;
  if (::ssh_get_server_publickey(session.get(), &raw) != SSH_OK) {
    throw ConnectionLost(session.server() + ": the server offers no key: " + session.why());
  }
  const KeyHandle key(raw);
  HostKey offered;
  offered.type = ::ssh_key_type_to_char(::ssh_key_type(key.get()));
  char* base64 = nullptr;
  if (::ssh_pki_export_pubkey_base64(key.get(), &base64) == SSH_OK) offered.base64 = StringHandle(base64).get();
  unsigned char* hash = nullptr;
  std::size_t size = 0;
  if (::ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &hash, &size) == 0) {
    if (char* text = ::ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size); text != nullptr) {
      offered.fingerprint = StringHandle(text).get();
    }
    ::ssh_clean_pubkey_hash(&hash);
  }
  return offered;
}

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(LSHOST_E_DENIED, sentence, LSHOST_ERR_RETRYABLE | LSHOST_ERR_OPERATOR);
}

std::string offer(const HostKey& key) { return "it offers " + key.type + " " + key.fingerprint; }

/// The command that fetches the server's keys in the form of known_hosts.
std::string scan(const Address& address) {
  const std::string port = address.port == 22 ? "" : "-p " + std::to_string(address.port) + " ";
  return "ssh-keyscan " + port + address.host;
}

void check_pins(const HostKey& key, const ServerOptions& options) {
  const auto& pins = options.pins;
  if (std::any_of(pins.begin(), pins.end(), [&](const HostKeyPin& pin) { return pin.matches(key); })) return;
  refuse(options.address.text() + ": the server's key is not the one of host-key: " + offer(key) +
         "; if that is right, and only then, set host-key = \"" + key.type + " " + key.base64 + "\"");
}

[[noreturn]] void refuse_unknown(const HostKey& key, const ServerOptions& options) {
  refuse(options.address.text() + ": the server is not in " + options.known_hosts + ": " + offer(key) +
         "; compare that with what the server's operator says, then run: " + scan(options.address) + " >> " +
         options.known_hosts + ", or set host-key = \"" + key.type + " " + key.base64 + "\"");
}

[[noreturn]] void refuse_changed(const HostKey& key, const ServerOptions& options) {
  refuse(options.address.text() + ": the server has another key than " + options.known_hosts + " says: " + offer(key) +
         "; somebody may be in between; if the key was changed on purpose, run: ssh-keygen -f " + options.known_hosts +
         " -R \"" + options.address.known_hosts_name() + "\", then: " + scan(options.address) + " >> " +
         options.known_hosts);
}

}  // namespace

void prepare_trust(SshSession& session, const ServerOptions& options) {
  session.set(SSH_OPTIONS_KNOWNHOSTS, options.known_hosts);
  if (const std::string algorithms = algorithms_for(options.pins); !algorithms.empty()) {
    session.set(SSH_OPTIONS_HOSTKEYS, algorithms);
  }
}

void check_trust(const SshSession& session, const ServerOptions& options) {
  const HostKey key = offered_key(session);
  if (!options.pins.empty()) return check_pins(key, options);
  switch (::ssh_session_is_known_server(session.get())) {
    case SSH_KNOWN_HOSTS_OK:
      return;
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
      refuse_changed(key, options);
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
      refuse_unknown(key, options);
    case SSH_KNOWN_HOSTS_ERROR:
      break;
  }
  refuse(options.address.text() + ": " + options.known_hosts + " can not be used: " + session.why());
}

}  // namespace lshost::sftp
