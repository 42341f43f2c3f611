#include "commit_journal.hpp"

#include <catch2/catch.hpp>

using namespace lshost::file;

namespace {

using Bytes = std::vector<std::byte>;

const JournalHeader kHeader{"0123456789abcdef", 42, {7, 8}, 4096};
const std::vector<CommitRecord> kRecords = {{4152, 1'000, false}, {8272, 999, false}, {12392, 2'000, true}};

template <class Array>
void add(Bytes& to, const Array& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes journal_of(const std::vector<CommitRecord>& records) {
  JournalEncoder encoder;
  Bytes bytes;
  add(bytes, encoder.header(kHeader));
  for (const auto& record : records) add(bytes, encoder.record(record));
  return bytes;
}

}  // namespace

TEST_CASE("commit journal: what was written is read", "[file][journal]") {
  const auto journal = parse_journal(journal_of(kRecords));
  REQUIRE(journal);
  CHECK(journal->header == kHeader);
  CHECK(journal->records == kRecords);
  CHECK(journal->size_bytes == kJournalHeaderSize + 3 * kCommitRecordSize);
  CHECK(journal->complete());
}

// Goal: a torn append never invents or changes a record.
// Method: cut the journal at every byte; whole records before the cut are there, nothing else.
TEST_CASE("commit journal: cut at any byte it yields its whole records", "[file][journal][torn]") {
  const Bytes whole = journal_of(kRecords);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    CAPTURE(size);
    const auto journal = parse_journal(std::span(whole).first(size));
    REQUIRE(journal.has_value() == (size >= kJournalHeaderSize));
    if (!journal) continue;
    const std::size_t count = (size - kJournalHeaderSize) / kCommitRecordSize;
    REQUIRE(journal->records == std::vector(kRecords.begin(), kRecords.begin() + static_cast<std::ptrdiff_t>(count)));
    REQUIRE(journal->size_bytes == kJournalHeaderSize + count * kCommitRecordSize);
  }
}

TEST_CASE("commit journal: no single changed bit goes unnoticed", "[file][journal][torn]") {
  const Bytes whole = journal_of(kRecords);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    CAPTURE(bit);
    Bytes damaged = whole;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto journal = parse_journal(damaged);
    if (!journal) continue;
    REQUIRE(journal->header == kHeader);
    REQUIRE(journal->records.size() < kRecords.size());
    REQUIRE(journal->records ==
            std::vector(kRecords.begin(), kRecords.begin() + static_cast<std::ptrdiff_t>(journal->records.size())));
  }
}

TEST_CASE("commit journal: zeros behind the end, as a power cut leaves them, are no records", "[file][journal][torn]") {
  Bytes bytes = journal_of({kRecords[0]});
  bytes.resize(bytes.size() + 4096);
  const auto journal = parse_journal(bytes);
  REQUIRE(journal);
  CHECK(journal->records.size() == 1);
  CHECK_FALSE(parse_journal(Bytes(4096)).has_value());
}

TEST_CASE("commit journal: an encoder that goes on behind what was read makes the same bytes", "[file][journal]") {
  const Bytes first = journal_of({kRecords[0], kRecords[1]});
  JournalEncoder encoder(*parse_journal(first));
  Bytes all = first;
  add(all, encoder.record(kRecords[2]));
  CHECK(all == journal_of(kRecords));
}

TEST_CASE("commit journal: a record in another place, or that goes back, ends it", "[file][journal]") {
  SECTION("out of order") {
    const auto journal = parse_journal(journal_of({{8272, 1, false}, {4152, 2, false}}));
    CHECK(journal->records.size() == 1);
  }
  SECTION("behind the last one of a complete index") {
    const auto journal = parse_journal(journal_of({{4152, 1, true}, {8272, 2, false}}));
    CHECK(journal->records.size() == 1);
  }
  SECTION("moved") {
    Bytes bytes = journal_of(kRecords);
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(kJournalHeaderSize);
    bytes.erase(at, at + static_cast<std::ptrdiff_t>(kCommitRecordSize));
    CHECK(parse_journal(bytes)->records.empty());
  }
  SECTION("complete may be said later") {
    const auto journal = parse_journal(journal_of({{4152, 1, false}, {4152, 1, true}}));
    CHECK(journal->records.size() == 2);
    CHECK(journal->complete());
  }
}
