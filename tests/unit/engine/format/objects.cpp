#include "unit/engine/format/objects.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "support/object_info.hpp"

namespace lshost::test {

using namespace engine;

std::size_t PieceStream::read(MutableByteSpan into) {
  const auto size = std::min({into.size(), bytes_.size() - at_, piece_size_max_});
  if (size > 0) std::memcpy(into.data(), bytes_.data() + at_, size);
  at_ += size;
  return size;
}

std::size_t ZeroStream::read(MutableByteSpan into) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
  if (size > 0) std::memset(into.data(), 0, size);
  left_ -= size;
  return size;
}

Bytes read_all(ByteStream& stream, std::size_t piece_size) {
  Bytes all;
  Bytes piece(piece_size);
  while (const auto size = stream.read(piece))
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
  return all;
}

Bytes sample_bytes(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = i % 64 < 24 || i < 64 ? static_cast<std::byte>(random()) : bytes[i - 64];
  return bytes;
}

ObjectInfo wal_info(std::size_t size) { return segment_info(size, /*page_size=*/4096); }

ObjectInfo snapshot_info() {
  auto info = wal_info(0);
  info.kind = ObjectKind::snapshot;
  return info;
}

Bytes sealed(const Bytes& raw, const SealOptions& options) {
  const auto object = seal(std::make_unique<PieceStream>(raw, 10'000), options, wal_info(raw.size()));
  return read_all(*object);
}

Bytes sealed(const Bytes& raw, Compression compression) {
  return sealed(raw, SealOptions{.compression = compression, .recipients = {}});
}

Opening opened(const Bytes& object, const OpenOptions& options) {
  const auto stream = open_object(std::make_unique<PieceStream>(object, 10'000), options);
  Opening opening;
  opening.raw = read_all(*stream);
  opening.info = stream->info();
  return opening;
}

Opening opened(const Bytes& object, Compression compression) {
  return opened(object, OpenOptions{.compression = compression, .identities = {}});
}

std::string why_not_opened(const Bytes& object, const OpenOptions& options) {
  try {
    (void)opened(object, options);
    return {};
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
}

std::shared_ptr<const age::Identities> new_identities(std::size_t count) {
  auto identities = std::make_shared<age::Identities>();
  for (std::size_t i = 0; i < count; ++i) {
    age::SecretKey secret;
    age::fill_random(secret.fill());
    identities->emplace_back(std::move(secret));
  }
  return identities;
}

Bytes to_bytes(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string to_hex(ByteSpan bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const auto byte : bytes) {
    hex += kDigits[std::to_integer<std::size_t>(byte) >> 4];
    hex += kDigits[std::to_integer<std::size_t>(byte) & 15];
  }
  return hex;
}

Bytes from_hex(std::string_view hex) {
  std::string digits;
  std::ranges::copy_if(hex, std::back_inserter(digits), [](char c) { return c > ' '; });
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return to_bytes(text);
}

}  // namespace lshost::test
