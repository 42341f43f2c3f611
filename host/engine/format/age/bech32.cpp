#include "engine/format/age/bech32.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lshost::engine::age {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumSize = 6;

/// The checksum of BIP 173: a code over values of 5 bits.
class Checksum {
 public:
  explicit Checksum(std::string_view prefix) {
    for (const char c : prefix) add(static_cast<std::uint32_t>(c) >> 5);
    add(0);
    for (const char c : prefix) add(static_cast<std::uint32_t>(c) & 31);
  }
  void add(std::uint32_t value) {
    constexpr std::array<std::uint32_t, 5> kGenerator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const auto top = state_ >> 25;
    state_ = (state_ & 0x1ffffff) << 5 ^ value;
    for (std::size_t i = 0; i < kGenerator.size(); ++i) state_ ^= (top >> i & 1) != 0 ? kGenerator[i] : 0;
  }
  /// What is to be appended, as 6 values of 5 bits from the top.
  [[nodiscard]] std::uint32_t to_append() {
    for (std::size_t i = 0; i < kChecksumSize; ++i) add(0);
    return state_ ^ 1;
  }
  [[nodiscard]] bool is_right() const { return state_ == 1; }

 private:
  std::uint32_t state_ = 1;
};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_prefix(std::string_view text, std::string_view prefix) {
  return text.size() > prefix.size() && text[prefix.size()] == '1' &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

/// Puts values of 5 bits together to bytes.
class Bytes {
 public:
  explicit Bytes(MutableByteSpan into) : into_(into) {}
  void add(std::uint32_t value) {
    bits_ = (bits_ << 5 | value) & 0xfff;
    count_ += 5;
    if (count_ < 8) return;
    count_ -= 8;
    into_[at_++] = static_cast<std::byte>(bits_ >> count_ & 0xff);
  }
  /// What is left over must be zeros.
  [[nodiscard]] bool ends_well() const { return (bits_ & ((1U << count_) - 1)) == 0; }

 private:
  MutableByteSpan into_;
  std::size_t at_ = 0;
  std::uint32_t bits_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace

std::string encode_bech32(std::string_view prefix, ByteSpan key) {
  std::string text = std::string(prefix) + "1";
  Checksum checksum(prefix);
  const auto append = [&](std::uint32_t value) {
    checksum.add(value);
    text += kAlphabet[value];
  };
  std::uint32_t bits = 0;
  std::uint32_t count = 0;
  for (const auto byte : key) {
    bits = (bits << 8 | std::to_integer<std::uint32_t>(byte)) & 0xfff;
    for (count += 8; count >= 5; count -= 5) append(bits >> (count - 5) & 31);
  }
  if (count > 0) append(bits << (5 - count) & 31);
  const auto last = checksum.to_append();
  for (std::uint32_t i = 0; i < kChecksumSize; ++i) text += kAlphabet[last >> 5 * (5 - i) & 31];
  return text;
}

std::string_view decode_bech32(std::string_view text, std::string_view prefix, MutableByteSpan key) {
  if (std::ranges::any_of(text, is_upper) && std::ranges::any_of(text, is_lower))
    return "it mixes upper and lower case";
  if (!starts_with_prefix(text, prefix)) return "it does not begin as one";
  const auto data = text.substr(prefix.size() + 1);
  const std::size_t key_values = (key.size() * 8 + 4) / 5;
  if (data.size() != key_values + kChecksumSize) return "it has not the right length";
  Checksum checksum(prefix);
  Bytes bytes(key);
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto value = kAlphabet.find(lower(data[i]));
    if (value == std::string_view::npos) return "it has a character that no key has";
    checksum.add(static_cast<std::uint32_t>(value));
    if (i < key_values) bytes.add(static_cast<std::uint32_t>(value));
  }
  if (!checksum.is_right()) return "it is mistyped: its checksum is wrong";
  return bytes.ends_well() ? "" : "its last bits are not zero";
}

}  // namespace lshost::engine::age
