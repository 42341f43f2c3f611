#pragma once
// Keys of the age v1 format (https://age-encryption.org/v1): X25519 recipients and identities in their text form.
// Knows nothing of files that are encrypted.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/format/age/crypto.hpp"

namespace lshost::engine::age {

/// Whom a file is encrypted to: a public key that works.
struct Recipient {
  PublicKey public_key{};
  bool operator==(const Recipient&) const = default;
};

/// Reads "age1...". Throws Error{invalid} if it is not one, is mistyped, or nothing can be encrypted to it;
/// {unsupported} for other kinds of recipients (SSH keys, plugins). A secret key in its place is not repeated in the
/// sentence.
[[nodiscard]] Recipient parse_recipient(std::string_view text);

/// "age1...".
[[nodiscard]] std::string to_string(const Recipient& recipient);

/// A secret key. Its bytes are wiped when it goes; copies are made only by moving. It has no way to be printed.
class Identity {
 public:
  explicit Identity(SecretKey secret) : secret_(std::move(secret)), recipient_{x25519_public_key(secret_)} {}

  [[nodiscard]] const Recipient& recipient() const noexcept { return recipient_; }
  [[nodiscard]] const SecretKey& secret() const noexcept { return secret_; }

 private:
  SecretKey secret_;
  Recipient recipient_;
};

using Identities = std::vector<Identity>;

/// Reads one "AGE-SECRET-KEY-1...". Throws as parse_recipient(); no sentence repeats any of the text.
[[nodiscard]] Identity parse_identity(std::string_view text);

/// Reads what age-keygen writes: a key a line, empty lines and comments. Throws Error{invalid} naming the line, also if
/// there is no key; {unsupported} for a file that is itself encrypted.
[[nodiscard]] Identities parse_identity_file(std::string_view text);

/// Values of `age-identities`: each a key, or the path of an identity file. Throws as above with the path in front;
/// {not_found}, {denied} and so on if a file can not be read.
[[nodiscard]] Identities load_identities(const std::vector<std::string>& keys_or_paths);

/// Values of `age-recipients`. Throws as parse_recipient() for the first that is not good.
[[nodiscard]] std::vector<Recipient> parse_recipients(const std::vector<std::string>& texts);

}  // namespace lshost::engine::age
