#include "engine/format/age/header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "engine/format/age/base64.hpp"

namespace lshost::engine::age {
namespace {

constexpr std::string_view kStanza = "-> ";
constexpr std::string_view kMacLine = "---";
constexpr std::string_view kX25519 = "X25519";
constexpr std::string_view kWrapInfo = "age-encryption.org/v1/X25519";
constexpr std::string_view kMacInfo = "header";
constexpr std::size_t kBodyColumns = 64;
constexpr std::size_t kFileKeySize = 16;
constexpr std::size_t kWrappedSize = kFileKeySize + kTagSize;
constexpr Nonce kWrapNonce{};  // a wrapping key is used once

using Wrapped = std::vector<std::byte>;

[[noreturn]] void malformed(const std::string& why) { throw Error(ErrorCode::corrupt, "age header: " + why); }

/// What seals the file key between an ephemeral key and a recipient.
SecretKey wrapping_key(const SecretKey& shared, const PublicKey& ephemeral, const PublicKey& recipient) {
  std::array<std::byte, 2 * kKeySize> salt{};
  std::ranges::copy(ephemeral, salt.begin());
  std::ranges::copy(recipient, salt.begin() + kKeySize);
  return hkdf_sha256(shared.view(), salt, kWrapInfo);
}

Mac mac_of(const FileKey& file_key, std::string_view covered) {
  return hmac_sha256(hkdf_sha256(file_key.view(), {}, kMacInfo), covered);
}

std::string make_stanza(const FileKey& file_key, const Recipient& recipient) {
  SecretKey ephemeral;
  fill_random(ephemeral.fill());
  const auto share = x25519_public_key(ephemeral);
  const auto shared = x25519_shared(ephemeral, recipient.public_key);
  if (!shared) throw Error(ErrorCode::invalid, "age recipient " + to_string(recipient) + ": it encrypts nothing");
  Wrapped wrapped(kWrappedSize);
  Aead(wrapping_key(*shared, share, recipient.public_key)).seal(kWrapNonce, file_key.view(), wrapped);
  return fmt::format("{}{} {}\n{}\n", kStanza, kX25519, encode_base64(share), encode_base64(wrapped));
}

/// Takes lines from a header.
class Lines {
 public:
  explicit Lines(std::string_view header) : header_(header) {}
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::string_view next() {
    const auto end = header_.find('\n', at_);
    if (end == std::string_view::npos) malformed("it ends too early");
    const auto line = header_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

 private:
  std::string_view header_;
  std::size_t at_ = 0;
};

/// "X25519 <share>" -> {"X25519", "<share>"}. Words have printable characters, and one blank between them.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin <= line.size();) {
    const auto end = std::min(line.find(' ', begin), line.size());
    const auto word = line.substr(begin, end - begin);
    const bool is_good = !word.empty() && std::ranges::all_of(word, [](char c) { return c > ' ' && c < 127; });
    if (!is_good) malformed("a stanza has an argument that no writer makes");
    words.push_back(word);
    begin = end + 1;
  }
  return words;
}

/// Lines of 64 columns, and one that is shorter, if only by being empty.
Wrapped take_body(Lines& lines) {
  Wrapped body;
  for (;;) {
    const auto line = lines.next();
    const auto bytes = decode_base64(line);
    if (!bytes || line.size() > kBodyColumns) malformed("a stanza has a body that no writer makes");
    body.insert(body.end(), bytes->begin(), bytes->end());
    if (line.size() < kBodyColumns) return body;
  }
}

struct X25519Stanza {
  PublicKey share{};
  Wrapped wrapped;
};

X25519Stanza to_x25519(const std::vector<std::string_view>& words, Wrapped body) {
  const auto share = words.size() == 2 ? decode_base64(words[1]) : std::nullopt;
  if (!share || share->size() != kKeySize || body.size() != kWrappedSize)
    malformed("an X25519 stanza is not of its form");
  X25519Stanza stanza{.share = {}, .wrapped = std::move(body)};
  std::ranges::copy(*share, stanza.share.begin());
  return stanza;
}

struct ParsedHeader {
  std::vector<X25519Stanza> stanzas;
  std::string_view covered;  ///< by the MAC
  std::vector<std::byte> mac;
};

ParsedHeader parse(std::string_view header) {
  ParsedHeader parsed;
  Lines lines(header.substr(kIntro.size()));
  for (;;) {
    const auto begin = kIntro.size() + lines.at();
    const auto line = lines.next();
    if (line.starts_with(kMacLine)) {
      const auto mac = line.starts_with("--- ") ? decode_base64(line.substr(4)) : std::nullopt;
      if (!mac || mac->size() != sizeof(Mac)) malformed("its last line is not of its form");
      parsed.covered = header.substr(0, begin + kMacLine.size());
      parsed.mac = *mac;
      return parsed;
    }
    if (!line.starts_with(kStanza)) malformed("a line is no stanza");
    const auto words = words_of(line.substr(kStanza.size()));
    auto body = take_body(lines);
    if (words[0] == kX25519) parsed.stanzas.push_back(to_x25519(words, std::move(body)));
  }
}

std::optional<FileKey> unwrap(const X25519Stanza& stanza, const Identity& identity) {
  const auto shared = x25519_shared(identity.secret(), stanza.share);
  if (!shared) malformed("an X25519 stanza has a key that encrypts nothing");
  FileKey file_key;
  Aead aead(wrapping_key(*shared, stanza.share, identity.recipient().public_key));
  if (!aead.open(kWrapNonce, stanza.wrapped, file_key.fill())) return std::nullopt;
  return file_key;
}

FileKey find_file_key(const ParsedHeader& header, const Identities& identities) {
  for (const auto& stanza : header.stanzas) {
    for (const auto& identity : identities) {
      if (auto file_key = unwrap(stanza, identity)) return std::move(*file_key);
    }
  }
  throw Error(
      ErrorCode::denied,
      fmt::format("encrypted to {}, and to none of the {} identities that were given; hint: age-identities must "
                  "have the key of one of the age-recipients that this was written with",
                  header.stanzas.empty() ? "something else than X25519 keys"
                                         : fmt::format("{} X25519 keys", header.stanzas.size()),
                  identities.size()));
}

}  // namespace

std::string make_header(const FileKey& file_key, const std::vector<Recipient>& recipients) {
  LSHOST_ASSERT(!recipients.empty());
  std::string header(kIntro);
  for (const auto& recipient : recipients) header += make_stanza(file_key, recipient);
  header += kMacLine;
  const auto mac = mac_of(file_key, header);
  return header + " " + encode_base64(mac) + "\n";
}

std::optional<std::size_t> find_header_size(std::string_view start) noexcept {
  if (!start.starts_with(kIntro)) return std::nullopt;
  const auto mac_line = start.find("\n---", kIntro.size() - 1);
  const auto end = mac_line == std::string_view::npos ? mac_line : start.find('\n', mac_line + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return end + 1;
}

std::size_t header_size(std::string_view start) {
  if (!start.starts_with(kIntro)) malformed("the first line is another one");
  const auto size = find_header_size(start);
  if (!size) malformed("it has no end");
  return *size;
}

FileKey open_header(std::string_view header, const Identities& identities) {
  const auto parsed = parse(header);
  auto file_key = find_file_key(parsed, identities);
  if (!is_equal(mac_of(file_key, parsed.covered), parsed.mac)) malformed("it was changed after it was written");
  return file_key;
}

}  // namespace lshost::engine::age
