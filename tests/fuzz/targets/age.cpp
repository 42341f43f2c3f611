// Files and keys in the age format, as anybody may have written them.
//
// Input: what to do (modulo 4), the rest.
//   0: a file to be decrypted    1: 3 bytes of damage, and a plain text to be encrypted, damaged and decrypted
//   2: keys as text              3: lines for the header of a file, which get the proof that nobody changed them
// Holds: no byte is given out that was not encrypted so; a header of any form is read or refused; a key that is taken
// is written as it was read, and no sentence repeats it.

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "engine/format/age/base64.hpp"
#include "engine/format/age/bech32.hpp"
#include "engine/format/age/file_end.hpp"
#include "engine/format/age/file_stream.hpp"
#include "engine/format/age/header.hpp"
#include "fuzz/keys.hpp"
#include "fuzz/memory_stream.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace engine::age;

struct Decrypted {
  Bytes plain;
  bool is_whole = false;
};

Decrypted decrypt_all(ByteSpan file) {
  Decrypted decrypted;
  try {
    const auto stream = decrypt(stream_of(file), fuzz_identities());
    read_all(*stream, decrypted.plain);
    decrypted.is_whole = true;
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::denied, "a file is damaged or not for us");
  }
  return decrypted;
}

/// The last `size` bytes or more, by the short way; nullopt: it says that the file is damaged.
std::optional<Bytes> end_of(ByteSpan file, std::size_t size) {
  try {
    auto end =
        FileEnd::from_start(file.first(std::min(file.size(), kFileStartSizeMax)), file.size(), *fuzz_identities());
    if (!end) return std::nullopt;
    const auto offset = end->offset_of_last(size);
    expect(offset <= file.size(), "the end of a file begins in it");
    return end->open(file.subspan(offset));
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::denied, "an end is damaged or not for us");
    return std::nullopt;
  }
}

void check_file(ByteSpan file) {
  const auto decrypted = decrypt_all(file);
  const auto end = end_of(file, 100);
  if (!decrypted.is_whole) return;
  expect(end.has_value(), "a good file has a good end");
  expect(end->size() >= std::min<std::size_t>(100, decrypted.plain.size()), "the end has as much as was asked for");
  expect(end->size() <= decrypted.plain.size(), "and no more than there is");
  expect(std::equal(end->rbegin(), end->rend(), decrypted.plain.rbegin()), "it is what the file ends with");
}

void check_damage(Input in) {
  const std::size_t at = in.number();
  const std::byte change{in.byte()};
  const ByteSpan plain = in.rest();
  const auto stream = encrypt(stream_of(plain), {fuzz_identities()->front().recipient()});
  Bytes file;
  read_all(*stream, file);
  const auto good = decrypt_all(file);
  expect(good.is_whole && std::ranges::equal(good.plain, plain), "what was encrypted is what is decrypted");
  check_file(file);

  if (change == std::byte{0}) {
    file.resize(at % file.size());
  } else {
    file[at % file.size()] ^= change;
  }
  const auto damaged = decrypt_all(file);
  expect(!damaged.is_whole, "every damage is found");
  expect(damaged.plain.size() <= plain.size() && std::equal(damaged.plain.begin(), damaged.plain.end(), plain.begin()),
         "no byte is given out that was not there");
}

void check_keys(std::string_view text) {
  if (const auto bytes = decode_base64(text)) expect(encode_base64(*bytes) == text, "bytes have one form in base64");
  std::array<std::byte, kKeySize> key{};
  if (decode_bech32(text, "age", key).empty()) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    expect(encode_bech32("age", key) == lower, "a key has one form in bech32");
  }
  try {
    const auto recipient = parse_recipient(text);
    expect(parse_recipient(to_string(recipient)) == recipient, "a recipient is written as it was read");
  } catch (const Error& error) {
    const std::string_view sentence = error.what();
    const bool is_secret = text.size() > 30 && text.starts_with("AGE-SECRET-KEY-1");
    expect(!is_secret || sentence.find(text.substr(20)) == std::string_view::npos, "no sentence repeats a secret");
  }
  try {
    for (const auto& identity : parse_identity_file(text))
      expect(identity.recipient().public_key == x25519_public_key(identity.secret()), "an identity is whole");
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::invalid || error.code() == ErrorCode::unsupported, "a file of keys is bad");
  }
}

/// The lines stand before the stanza that is for us, under a MAC that holds.
void check_header(std::string_view lines) {
  FileKey file_key;
  std::ranges::fill(file_key.fill(), std::byte{7});
  const auto plain = make_header(file_key, {fuzz_identities()->front().recipient()});
  const auto mac_line = plain.rfind("--- ");
  std::string header(kIntro);
  header.append(lines).append(plain, kIntro.size(), mac_line + 3 - kIntro.size());
  const auto mac = hmac_sha256(hkdf_sha256(file_key.view(), {}, "header"), header);
  header += " " + encode_base64(mac) + "\n";
  try {
    const auto size = header_size(header);
    expect(size <= header.size(), "a header lies in its file");
    const auto opened = open_header(std::string_view(header).substr(0, size), *fuzz_identities());
    expect(is_equal(opened.view(), file_key.view()), "a header that opens gives the key that it was made with");
    expect(size == header.size(), "and is whole");
  } catch (const Error& error) {
    expect(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::denied, "a header is bad or not for us");
  }
}

}  // namespace

void fuzz_age(ByteSpan input) {
  Input in(input);
  switch (in.byte() % 4) {
    case 0:
      return check_file(in.rest());
    case 1:
      return check_damage(in);
    case 2:
      return check_keys(in.text());
    default:
      return check_header(in.text());
  }
}

}  // namespace lshost::fuzz
