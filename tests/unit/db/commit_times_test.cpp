#include "db/commit_times.hpp"

#include <catch2/catch.hpp>

using namespace lshost;
using namespace lshost::db;

namespace {

constexpr UnixNanos kSecond = 1'000'000'000;

std::vector<std::byte> encode(const std::vector<CommitMark>& marks) {
  std::vector<std::byte> bytes(marks.size() * kMarkSize);
  for (std::size_t i = 0; i < marks.size(); ++i) encode_mark(marks[i], MutableByteSpan(bytes).subspan(i * kMarkSize));
  return bytes;
}

const std::vector<CommitMark> kMarks{{4152, 5 * kSecond}, {8272, 6 * kSecond}, {0x1'0000'0000, 7 * kSecond}};

}  // namespace

TEST_CASE("commit times: what is cut anywhere reads as the whole records before the cut", "[db][times]") {
  const auto bytes = encode(kMarks);
  CHECK(decode_marks(bytes) == kMarks);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    const auto marks = decode_marks(ByteSpan(bytes).first(size));
    CHECK(marks ==
          std::vector<CommitMark>(kMarks.begin(), kMarks.begin() + static_cast<std::ptrdiff_t>(size / kMarkSize)));
  }
}

TEST_CASE("commit times: a flipped bit ends the list before its record", "[db][times]") {
  for (std::size_t at = 0; at < kMarks.size() * kMarkSize; ++at) {
    CAPTURE(at);
    auto bytes = encode(kMarks);
    bytes[at] ^= std::byte{0x10};
    CHECK(decode_marks(bytes).size() == at / kMarkSize);
  }
}

TEST_CASE("commit times: records that do not move forwards, and zeroes, are not taken", "[db][times]") {
  CHECK(decode_marks(encode({kMarks[1], kMarks[0]})).size() == 1);
  CHECK(decode_marks(std::vector<std::byte>(240)).empty());
}

TEST_CASE("MarkSequence: one mark spans a quarter of a second, and is handed out when it is finished", "[db][times]") {
  MarkSequence marks;
  CHECK_FALSE(marks.add(100, kSecond));
  CHECK_FALSE(marks.add(200, kSecond + 249'000'000));
  CHECK(marks.behind(0) == CommitMark{200, kSecond + 249'000'000});
  CHECK(marks.add(300, kSecond + 250'000'000) == CommitMark{200, kSecond + 249'000'000});
  CHECK(marks.behind(0) == CommitMark{200, kSecond + 249'000'000});
  CHECK(marks.behind(200) == CommitMark{300, kSecond + 250'000'000});
  CHECK_FALSE(marks.behind(300));
  CHECK(marks.last() == CommitMark{300, kSecond + 250'000'000});
}

TEST_CASE("MarkSequence: a clock that runs backwards does not reach the marks", "[db][times]") {
  MarkSequence marks;
  (void)marks.add(100, 10 * kSecond);
  (void)marks.add(200, 3 * kSecond);
  (void)marks.add(300, 11 * kSecond);
  CHECK(marks.behind(0)->commit_ns == 10 * kSecond);
  CHECK(marks.behind(200)->commit_ns == 11 * kSecond);
}

TEST_CASE("MarkSequence: what was loaded is finished; the next commit begins a new mark", "[db][times]") {
  MarkSequence marks({{100, kSecond}});
  CHECK_FALSE(marks.add(200, kSecond + 1));
  CHECK(marks.behind(0) == CommitMark{100, kSecond});
  CHECK(marks.behind(100) == CommitMark{200, kSecond + 1});
}
