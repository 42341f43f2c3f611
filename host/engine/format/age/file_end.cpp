#include "engine/format/age/file_end.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/assert.hpp"
#include "base/error.hpp"
#include "engine/format/age/payload.hpp"

namespace lshost::engine::age {
namespace {

static_assert(kFileStartSizeMax >= kHeaderSizeMax + kPayloadNonceSize);

[[noreturn]] void corrupt(const std::string& why) { throw Error(ErrorCode::corrupt, "age: " + why); }

}  // namespace

std::optional<FileEnd> FileEnd::from_start(ByteSpan first_bytes, std::uint64_t file_size,
                                           const Identities& identities) {
  const std::string_view start(reinterpret_cast<const char*>(first_bytes.data()), first_bytes.size());
  const bool is_all = first_bytes.size() >= std::min<std::uint64_t>(file_size, kFileStartSizeMax);
  const bool may_go_on = !is_all && start.starts_with(kIntro);
  const auto header = find_header_size(start);
  if (may_go_on && (!header || *header + kPayloadNonceSize > start.size())) return std::nullopt;
  const auto size = header_size(start);
  const auto payload = size + kPayloadNonceSize;
  if (file_size < payload + kTagSize || first_bytes.size() < payload) corrupt("cut off behind the header");
  const auto file_key = open_header(start.substr(0, size), identities);
  return FileEnd(payload_aead(file_key, first_bytes.subspan(size, kPayloadNonceSize)), payload, file_size);
}

std::uint64_t FileEnd::chunk_count() const {
  return (file_size_ - payload_offset_ + kSealedChunkSize - 1) / kSealedChunkSize;
}

std::uint64_t FileEnd::offset_of_last(std::uint64_t size) const {
  const auto count = chunk_count();
  const auto sealed_size = file_size_ - payload_offset_;
  const auto plain_size = sealed_size - std::min(sealed_size, count * kTagSize);
  const auto first = (plain_size - std::min(plain_size, size)) / kChunkSize;
  return payload_offset_ + std::min(first, count - 1) * kSealedChunkSize;
}

std::vector<std::byte> FileEnd::open(ByteSpan bytes_to_end) {
  if (bytes_to_end.size() > file_size_ - payload_offset_) corrupt("there are more bytes than the file has");
  const auto offset = file_size_ - payload_offset_ - bytes_to_end.size();
  if (bytes_to_end.empty() || offset % kSealedChunkSize != 0) corrupt("some bytes of its end are missing");
  const auto count = chunk_count();
  std::vector<std::byte> plain;
  for (auto number = offset / kSealedChunkSize; number < count; ++number) {
    const auto chunk = bytes_to_end.first(std::min(bytes_to_end.size(), kSealedChunkSize));
    bytes_to_end = bytes_to_end.subspan(chunk.size());
    const std::size_t size_min = number == 0 ? kTagSize : kTagSize + 1;
    if (chunk.size() < size_min) corrupt("cut off");
    const auto at = plain.size();
    plain.resize(at + chunk.size() - kTagSize);
    if (!aead_.open(chunk_nonce(number, number + 1 == count), chunk, MutableByteSpan(plain).subspan(at)))
      corrupt("chunk " + std::to_string(number) + " is damaged, or the file was cut off");
  }
  return plain;
}

}  // namespace lshost::engine::age
