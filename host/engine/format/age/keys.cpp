#include "engine/format/age/keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "engine/format/age/bech32.hpp"

namespace lshost::engine::age {
namespace {

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "age-secret-key-";
constexpr std::size_t kRecipientSize = 62;  // in characters
constexpr std::size_t kIdentityFileSizeMax = std::size_t{64} * 1024;

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorCode::invalid, message); }
[[noreturn]] void unsupported(const std::string& message) { throw Error(ErrorCode::unsupported, message); }

/// Where `lower_case` begins in a text of any case; npos: nowhere.
std::size_t find_word(std::string_view text, std::string_view lower_case) {
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  const auto found = std::ranges::search(text, lower_case, is_same);
  return found.empty() && !lower_case.empty() ? std::string_view::npos
                                              : static_cast<std::size_t>(found.begin() - text.begin());
}

bool begins_with(std::string_view text, std::string_view lower_case) {
  return find_word(text.substr(0, lower_case.size()), lower_case) == 0;
}

bool has_secret(std::string_view text) { return find_word(text, "secret-key") != std::string_view::npos; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto begin = std::min(text.find_first_not_of(kBlanks), text.size());
  const auto end = text.find_last_not_of(kBlanks) + 1;  // npos + 1 is 0
  return text.substr(begin, end > begin ? end - begin : 0);
}

/// What a text is that somebody took for a recipient, where that deserves a sentence of its own.
void refuse_other_recipients(std::string_view text) {
  if (has_secret(text))
    invalid("this is a secret key, not a recipient; hint: age-keygen -y prints the recipient of an identity file");
  if (begins_with(text, "ssh-")) unsupported("SSH keys are no recipients here; hint: make a key with age-keygen");
  const bool is_for_plugin =
      begins_with(text, "age1") && text.size() != kRecipientSize && text.find('1', 4) != std::string_view::npos;
  if (is_for_plugin)
    unsupported(fmt::format("'{}' needs a plugin of age; only X25519 recipients, which age-keygen makes, work", text));
}

/// A key that gives the same result with every secret encrypts nothing.
void refuse_powerless(const Recipient& recipient) {
  SecretKey secret;
  fill_random(secret.fill());
  if (!x25519_shared(secret, recipient.public_key)) invalid("nothing can be encrypted to this key");
}

void refuse_other_identities(std::string_view text) {
  if (begins_with(text, "age-plugin-"))
    unsupported("this identity needs a plugin of age; only X25519 identities, which age-keygen makes, work");
  if (begins_with(text, "age1"))
    invalid("this is a recipient, not an identity; hint: the identity is in the file that age-keygen wrote");
  if (begins_with(text, "age-encryption.org/") || begins_with(text, "-----begin age"))
    unsupported(
        "this identity file is itself encrypted; hint: decrypt it with age, into a file that only lshost reads");
  if (begins_with(text, "-----begin")) unsupported("SSH keys are no identities here; hint: make a key with age-keygen");
}

/// True: a value of `age-identities` is meant as a key, not as a path. A key that is taken for a path would be shown.
bool is_meant_as_key(std::string_view value) {
  return has_secret(value) || begins_with(value, "age1") || begins_with(value, "age-plugin-");
}

/// Wiped when it goes.
class FileText {
 public:
  explicit FileText(const std::string& path) : bytes_(kIdentityFileSizeMax + 1) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) throw_errno("age.identity", path);
    while (size_ < bytes_.size()) {
      const auto got = ::read(file.get(), bytes_.data() + size_, bytes_.size() - size_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_errno("age.identity", path);
      if (got == 0) return;
      size_ += static_cast<std::size_t>(got);
    }
    wipe(bytes_);
    invalid(path + ": no identity file is that large");
  }
  ~FileText() { wipe(bytes_); }
  FileText(const FileText&) = delete;
  FileText& operator=(const FileText&) = delete;
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), size_}; }

 private:
  std::vector<std::byte> bytes_;
  std::size_t size_ = 0;
};

}  // namespace

Recipient parse_recipient(std::string_view text) {
  refuse_other_recipients(text);
  Recipient recipient;
  const auto why_not = decode_bech32(text, kRecipientPrefix, recipient.public_key);
  if (!why_not.empty()) invalid(fmt::format("'{}' is no age recipient: {}", text, why_not));
  with_context(fmt::format("age recipient '{}'", text), [&] { refuse_powerless(recipient); });
  return recipient;
}

std::string to_string(const Recipient& recipient) { return encode_bech32(kRecipientPrefix, recipient.public_key); }

Identity parse_identity(std::string_view text) {
  refuse_other_identities(text);
  SecretKey secret;
  const auto why_not = decode_bech32(text, kIdentityPrefix, secret.fill());
  if (!why_not.empty()) invalid(fmt::format("this is no age identity: {}", why_not));
  return Identity(std::move(secret));
}

Identities parse_identity_file(std::string_view text) {
  refuse_other_identities(text);
  Identities identities;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    identities.push_back(with_context(fmt::format("line {}", number), [&] { return parse_identity(line); }));
  }
  if (identities.empty()) invalid("there is no identity in it");
  return identities;
}

Identities load_identities(const std::vector<std::string>& keys_or_paths) {
  Identities identities;
  for (const auto& value : keys_or_paths) {
    if (is_meant_as_key(value)) {
      identities.push_back(parse_identity(trimmed(value)));
      continue;
    }
    const FileText file(value);
    for (auto& identity : with_context(value, [&] { return parse_identity_file(file.view()); }))
      identities.push_back(std::move(identity));
  }
  return identities;
}

std::vector<Recipient> parse_recipients(const std::vector<std::string>& texts) {
  std::vector<Recipient> recipients;
  recipients.reserve(texts.size());
  for (const auto& text : texts) recipients.push_back(parse_recipient(text));
  return recipients;
}

}  // namespace lshost::engine::age
