// What the host keeps beside the shadow WAL: the stamp and the times of commits. A crash may leave anything.
//
// Input: flags (1: a file of commit times, else a stamp; 2: give it good checksums), the file.
// Holds: what is read goes through the encoder; times are in order and in the file.

#include <xxhash.h>

#include <fmt/format.h>

#include "db/commit_times.hpp"
#include "db/stamp.hpp"
#include "fuzz/target.hpp"
#include "lshost/wal.hpp"

namespace lshost::fuzz {
namespace {

using namespace db;

void check_stamp(std::string text, bool is_sealed) {
  if (is_sealed) text += fmt::format(" {:016x}\n", XXH3_64bits(text.data(), text.size()));
  const auto stamp = parse_stamp(text);
  if (!stamp) return;
  expect(is_generation(stamp->position.generation), "a stamp has a position");
  expect(parse_stamp(encode_stamp(*stamp)) == *stamp, "a stamp goes through its text");
}

void seal_marks(MutableByteSpan bytes) {
  for (; bytes.size() >= kMarkSize; bytes = bytes.subspan(kMarkSize)) {
    const auto sum = wal::checksum({}, bytes.first(16), /*big_endian_words=*/true);
    store_be(bytes.data() + 16, sum.first);
    store_be(bytes.data() + 20, sum.second);
  }
}

void check_marks(Bytes bytes, bool is_sealed) {
  if (is_sealed) seal_marks(bytes);
  const auto marks = decode_marks(bytes);
  Bytes again(marks.size() * kMarkSize);
  for (std::size_t i = 0; i < marks.size(); ++i) {
    encode_mark(marks[i], MutableByteSpan(again).subspan(i * kMarkSize));
    expect(marks[i].end_offset > (i == 0 ? 0 : marks[i - 1].end_offset), "marks are in order");
  }
  expect(std::ranges::equal(again, ByteSpan(bytes).first(again.size())), "marks are what the file begins with");
  const MarkSequence sequence(marks);
  std::uint64_t before = 0;
  for (const auto& mark : marks) {
    expect(sequence.behind(before) == mark && sequence.behind(mark.end_offset - 1) == mark, "a mark is found");
    before = mark.end_offset;
  }
  expect(!sequence.behind(before) || marks.empty(), "behind the last mark is none");
  if (marks.empty()) expect(!sequence.last(), "none is the last of none");
}

}  // namespace

void fuzz_local_files(ByteSpan input) {
  Input in(input);
  const unsigned flags = in.byte();
  const bool is_sealed = (flags & 2U) != 0;
  if ((flags & 1U) != 0) {
    check_marks(copy_of(in.rest()), is_sealed);
  } else {
    check_stamp(std::string(in.text()), is_sealed);
  }
}

}  // namespace lshost::fuzz
