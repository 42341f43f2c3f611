#include "host_key.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include <lshost/cpp/error.hpp>

namespace lshost::sftp {
namespace {

constexpr std::string_view kFingerprintPrefix = "SHA256:";
constexpr std::size_t kFingerprintSize = kFingerprintPrefix.size() + 43;  // 32 bytes in base64 without its '='
constexpr std::array<std::string_view, 7> kTypes = {"ssh-ed25519",
                                                    "ecdsa-sha2-nistp256",
                                                    "ecdsa-sha2-nistp384",
                                                    "ecdsa-sha2-nistp521",
                                                    "ssh-rsa",
                                                    "sk-ssh-ed25519@openssh.com",
                                                    "sk-ecdsa-sha2-nistp256@openssh.com"};

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw Error::Config("host-key = \"" + text + "\": " + why +
                      "; write the key as ssh-keyscan prints it, \"ssh-ed25519 AAAA...\", or its fingerprint, "
                      "\"SHA256:...\"");
}

bool is_base64(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '=';
  });
}

bool is_known_type(const std::string& word) { return std::find(kTypes.begin(), kTypes.end(), word) != kTypes.end(); }

std::string without_padding(std::string_view fingerprint) {
  while (fingerprint.ends_with('=')) fingerprint.remove_suffix(1);
  return std::string(fingerprint);
}

}  // namespace

bool HostKeyPin::matches(const HostKey& key) const noexcept {
  if (!type.empty() && type != key.type) return false;
  return base64.empty() ? fingerprint == key.fingerprint : base64 == key.base64;
}

HostKeyPin parse_pin(const std::string& text) {
  std::istringstream words(text);
  std::string first;
  std::string second;
  words >> first >> second;
  HostKeyPin pin;
  if (is_known_type(first)) {
    pin.type = first;
    first = second;
  } else if (is_known_type(second)) {
    refuse(text, "the line of known_hosts begins with the host; leave that out");
  }
  if (first.starts_with("MD5:")) refuse(text, "MD5 fingerprints prove nothing");
  if (first.starts_with(kFingerprintPrefix)) {
    pin.fingerprint = without_padding(first);
    if (pin.fingerprint.size() != kFingerprintSize || !is_base64(pin.fingerprint.substr(kFingerprintPrefix.size()))) {
      refuse(text, "a SHA256 fingerprint has 43 characters behind the colon");
    }
    return pin;
  }
  if (pin.type.empty()) refuse(text, "this is neither the type of a key nor a fingerprint");
  if (!first.starts_with("AAAA") || !is_base64(first)) refuse(text, "there is no key behind its type");
  pin.base64 = first;
  return pin;
}

std::string algorithms_for(const std::vector<HostKeyPin>& pins) {
  std::string list;
  for (const HostKeyPin& pin : pins) {
    if (pin.type.empty()) return "";
    // The key of type ssh-rsa signs in ways that have other names; SHA-1, which has the key's name, is not one of ours.
    const std::string algorithm = pin.type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : pin.type;
    if (list.find(algorithm) == std::string::npos) list += (list.empty() ? "" : ",") + algorithm;
  }
  return list;
}

}  // namespace lshost::sftp
