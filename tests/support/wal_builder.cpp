#include "support/wal_builder.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace lshost::test {
namespace {

wal::Header header_of(ByteSpan wal) {
  const auto header = wal::parse_header(wal);
  LSHOST_ASSERT(header.has_value());
  return *header;
}

}  // namespace

Bytes real_wal(const std::vector<std::string>& statements, std::uint32_t page_size) {
  AppDatabase database(page_size);
  for (const auto& statement : statements) database.exec(statement);
  return database.wal_bytes();
}

std::uint64_t frame_count(ByteSpan wal) { return wal::frames_below(wal.size(), header_of(wal).page_size); }

ByteSpan frame_at(ByteSpan wal, std::uint64_t index) {
  const auto page_size = header_of(wal).page_size;
  return wal.subspan(wal::frames_end(index, page_size), wal::frame_size(page_size));
}

MutableByteSpan frame_at(Bytes& wal, std::uint64_t index) {
  const auto page_size = header_of(wal).page_size;
  return MutableByteSpan(wal).subspan(wal::frames_end(index, page_size), wal::frame_size(page_size));
}

void seal(Bytes& wal, std::uint64_t first) {
  const auto header = header_of(wal);
  auto sum = first == 0 ? header.checksum : wal::parse_frame_header(frame_at(wal, first - 1).data()).checksum;
  for (auto i = first; i < frame_count(wal); ++i) {
    const MutableByteSpan frame = frame_at(wal, i);
    wal::store32(frame.data() + 8, header.salt.first);
    wal::store32(frame.data() + 12, header.salt.second);
    sum = wal::frame_checksum(sum, frame, header.big_endian_words);
    wal::store32(frame.data() + 16, sum.first);
    wal::store32(frame.data() + 20, sum.second);
  }
}

Bytes with_big_endian_checksums(Bytes wal) {
  auto header = header_of(wal);
  header.big_endian_words = true;
  wal::store_header(wal.data(), header);
  seal(wal);
  return wal;
}

}  // namespace lshost::test
