#include "sqlite/wal_reader.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/error.hpp"
#include "support/sides.hpp"
#include "support/wal_builder.hpp"

using namespace lshost;
using namespace lshost::sqlite;
using namespace lshost::test;

namespace {

struct Walk {
  std::vector<WalTransaction> transactions;
  WalEnd end = WalEnd::none;
  [[nodiscard]] std::uint64_t size() const {
    return transactions.empty() ? wal::kHeaderSize : transactions.back().offset + transactions.back().size;
  }
};

Walk walk(ByteSpan wal) {
  WalReader reader(wal);
  Walk result;
  while (const auto transaction = reader.next()) result.transactions.push_back(*transaction);
  result.end = reader.end();
  REQUIRE_FALSE(reader.next().has_value());  // the end stays the end
  REQUIRE(reader.end() == result.end);
  return result;
}

const std::vector<std::string> kThreeTransactions = {"CREATE TABLE t(x)", "INSERT INTO t VALUES(randomblob(1200))",
                                                     "INSERT INTO t VALUES(1)"};

/// Every byte of small pages; of large ones the surroundings of each boundary and samples in between, because a walk
/// costs as much as the log is long.
bool worth_trying(std::uint64_t offset, std::uint32_t page_size) {
  if (page_size <= 4096 || offset < wal::kHeaderSize) return true;
  const auto in_frame = (offset - wal::kHeaderSize) % wal::frame_size(page_size);
  return in_frame < 100 || in_frame + 100 > wal::frame_size(page_size) || offset % 509 == 0;
}

/// A log whose last transaction was spilled to the file and never committed, as a kill leaves it.
Bytes wal_with_uncommitted_tail() {
  AppDatabase database;
  database.exec("CREATE TABLE t(x); PRAGMA cache_size=5");
  database.exec("BEGIN; " + insert_blobs(200, 1000));
  return database.wal_bytes();
}

}  // namespace

TEST_CASE("WalReader: gives each commit of SQLite with its size and the database's", "[sqlite][wal]") {
  const auto page_size = GENERATE(512U, 1024U, 4096U, 32768U, 65536U);
  CAPTURE(page_size);
  AppDatabase database(page_size);
  const std::vector<std::string> statements = {"CREATE TABLE t(x)", "INSERT INTO t VALUES(randomblob(200000))",
                                               "UPDATE t SET x=1", "DELETE FROM t", "VACUUM"};
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint32_t> page_counts;
  for (const auto& statement : statements) {
    database.exec(statement);
    sizes.push_back(std::filesystem::file_size(database.wal_path()));
    page_counts.push_back(static_cast<std::uint32_t>(std::stoul(database.query("PRAGMA page_count"))));
  }

  const auto wal = database.wal_bytes();
  const auto found = walk(wal);

  CHECK(WalReader(wal).header().page_size == page_size);
  REQUIRE(found.transactions.size() == statements.size());
  std::uint64_t expected_offset = wal::kHeaderSize;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    CAPTURE(statements[i]);
    CHECK(found.transactions[i].offset == expected_offset);
    CHECK(found.transactions[i].offset + found.transactions[i].size == sizes[i]);
    CHECK(found.transactions[i].db_size_pages == page_counts[i]);
    expected_offset = sizes[i];
  }
  CHECK(found.end == WalEnd::end_of_file);
}

// Goal: nothing that was not committed is ever returned, whatever a crash left in the file.
// Method: cut a real log at every byte; what can be read is exactly the transactions that lie in it as a whole.
TEST_CASE("WalReader: a log cut at any byte yields a prefix of its transactions", "[sqlite][wal][torn]") {
  const auto page_size = GENERATE(512U, 4096U, 65536U);
  CAPTURE(page_size);
  const auto wal = real_wal(kThreeTransactions, page_size);
  const auto whole = walk(wal);
  REQUIRE(whole.transactions.size() == 3);

  std::size_t wrong = 0;  // an assertion for each byte of a large log would take minutes
  for (std::size_t size = wal.size(); size >= wal::kHeaderSize; --size) {
    if (!worth_trying(size, page_size)) continue;
    WalReader reader(ByteSpan(wal).first(size));
    std::uint64_t end = wal::kHeaderSize;
    for (const auto& expected : whole.transactions) {
      if (expected.offset + expected.size > size) break;
      const auto got = reader.next();
      if (!got || got->offset != expected.offset || got->size != expected.size) ++wrong;
      end = expected.offset + expected.size;
    }
    if (reader.next().has_value()) ++wrong;
    const auto frame_size = wal::frame_size(page_size);
    const auto expected_end = size == end                ? WalEnd::end_of_file
                              : size - end >= frame_size ? WalEnd::uncommitted_tail
                                                         : WalEnd::partial_frame;
    if (reader.end() != expected_end) ++wrong;
  }
  CHECK(wrong == 0);
}

// Goal: no byte of a frame goes unchecked.
// Method: change each byte of the second transaction's first frame; only what came before it may be returned.
TEST_CASE("WalReader: a change of any byte of a frame hides it and all that follows", "[sqlite][wal][torn]") {
  const auto page_size = GENERATE(512U, 4096U, 65536U);
  CAPTURE(page_size);
  const auto wal = real_wal(kThreeTransactions, page_size);
  const auto second = walk(wal).transactions.at(1);
  const auto frame_size = wal::frame_size(page_size);

  auto changed = wal;
  std::size_t wrong = 0;
  for (std::uint64_t i = 0; i < frame_size; ++i) {
    if (!worth_trying(second.offset + i, page_size)) continue;
    std::byte& byte = changed[second.offset + i];
    byte ^= std::byte{0x40};
    WalReader reader(changed);
    if (!reader.next().has_value() || reader.next().has_value()) ++wrong;
    const bool in_salt = i >= 8 && i < 16;
    if (reader.end() != (in_salt ? WalEnd::salt_mismatch : WalEnd::checksum_mismatch)) ++wrong;
    byte ^= std::byte{0x40};
  }
  CHECK(wrong == 0);
  CHECK(changed == wal);
}

TEST_CASE("WalReader: frames from before a restart end the log by their salts", "[sqlite][wal]") {
  AppDatabase database;
  database.exec("CREATE TABLE t(x)");
  database.exec("INSERT INTO t VALUES(randomblob(20000))");
  const auto before = database.wal_bytes();
  database.exec("PRAGMA wal_checkpoint(RESTART)");
  database.exec("INSERT INTO t VALUES(1)");

  const auto wal = database.wal_bytes();
  const auto found = walk(wal);

  REQUIRE(wal.size() == before.size());
  CHECK(WalReader(wal).header().salt != WalReader(before).header().salt);
  CHECK(found.transactions.size() == 1);
  CHECK(found.size() < wal.size());
  CHECK(found.end == WalEnd::salt_mismatch);
}

TEST_CASE("WalReader: spilled frames without a commit are not a transaction", "[sqlite][wal]") {
  const auto wal = wal_with_uncommitted_tail();
  const auto found = walk(wal);
  CHECK(found.transactions.size() == 1);
  REQUIRE(found.size() < wal.size());
  CHECK(found.end == WalEnd::uncommitted_tail);
}

TEST_CASE("WalReader: a rolled-back transaction is not there, and the next commit is", "[sqlite][wal]") {
  AppDatabase database;
  database.exec("CREATE TABLE t(x); PRAGMA cache_size=5");
  const auto before = walk(database.wal_bytes());
  database.exec("BEGIN; " + insert_blobs(200, 1000) + "; ROLLBACK");

  const auto rolled_back = database.wal_bytes();
  const auto after = walk(rolled_back);
  REQUIRE(rolled_back.size() > before.size());  // the frames are in the file, with good salts and checksums
  CHECK(after.transactions.size() == before.transactions.size());
  CHECK(after.end == WalEnd::uncommitted_tail);

  database.exec("INSERT INTO t VALUES(1)");
  const auto committed = walk(database.wal_bytes());
  CHECK(committed.transactions.size() == before.transactions.size() + 1);
  CHECK(committed.transactions.back().offset == before.size());
}

TEST_CASE("WalReader: zeros or garbage behind the last commit change nothing", "[sqlite][wal][torn]") {
  auto wal = real_wal(kThreeTransactions);
  const auto whole = walk(wal);
  SECTION("zeros, less than a frame") {
    wal.resize(wal.size() + 100);
    CHECK(walk(wal).end == WalEnd::partial_frame);
  }
  SECTION("zeros, many frames") {
    wal.resize(wal.size() + 100'000);
    CHECK(walk(wal).end == WalEnd::salt_mismatch);
  }
  SECTION("garbage") {
    wal.resize(wal.size() + 100'000, std::byte{0xa5});
    CHECK(walk(wal).end == WalEnd::salt_mismatch);
  }
  SECTION("a frame of this log that has page number zero and a valid checksum") {
    const auto last = frame_count(wal);
    wal.resize(wal.size() + wal::frame_size(4096));
    seal(wal, last);
    CHECK(walk(wal).end == WalEnd::checksum_mismatch);
  }
  CHECK(walk(wal).transactions.size() == whole.transactions.size());
}

TEST_CASE("WalReader: a header alone is an empty log", "[sqlite][wal]") {
  auto wal = real_wal(kThreeTransactions);
  wal.resize(wal::kHeaderSize);
  const auto found = walk(wal);
  CHECK(found.transactions.empty());
  CHECK(found.end == WalEnd::end_of_file);
}

// Goal: both byte orders are read, and as SQLite reads them.
// Method: rewrite a log as a big-endian machine has it; SQLite's recovery, given only the database before the log
// and this log, must come to the same content.
TEST_CASE("WalReader: reads logs of big-endian machines, as SQLite does", "[sqlite][wal]") {
  AppDatabase database;
  const auto folder = TempDir();
  const auto copy = folder / "copy.db";
  std::filesystem::copy_file(database.path(), copy);  // no frames yet: this is the database below the log
  database.exec("CREATE TABLE t(x)");
  database.exec("INSERT INTO t VALUES(randomblob(12000)),('here')");
  database.exec("INSERT INTO t VALUES(2)");
  const auto little = database.wal_bytes();
  const auto big = with_big_endian_checksums(little);
  REQUIRE(big != little);

  const auto from_little = walk(little);
  const auto from_big = walk(big);
  REQUIRE(WalReader(big).header().big_endian_words);
  REQUIRE(from_big.transactions.size() == 3);
  CHECK(from_big.size() == from_little.size());

  write_file(copy + "-wal", big);
  AppConnection recovered(copy);
  const std::string all = "SELECT group_concat(hex(x)) FROM t";
  CHECK(recovered.query(all) == database.query(all));
}

TEST_CASE("Chain: goes on from a checksum in the middle as from the start", "[sqlite][wal]") {
  const auto wal = real_wal(kThreeTransactions, 512);
  const auto header = *wal::parse_header(wal);
  const auto begin = wal::frames_below(walk(wal).transactions.at(1).offset, 512);
  wal::Chain whole(header);
  wal::Chain resumed(header, begin, wal::parse_frame_header(frame_at(wal, begin - 1).data()).checksum);
  for (std::uint64_t i = 0; i < frame_count(wal); ++i) {
    REQUIRE(whole.accept(frame_at(wal, i)));
    if (i >= begin) REQUIRE(resumed.accept(frame_at(wal, i)));
  }
  CHECK(resumed.sum() == whole.sum());
  CHECK(resumed.frames() == whole.frames());
  CHECK(resumed.committed_frames() == whole.committed_frames());
  wal::Chain elsewhere(header, begin, header.checksum);
  CHECK_FALSE(elsewhere.accept(frame_at(wal, begin)));
}

TEST_CASE("WalReader: a header that is not a WAL header is refused", "[sqlite][wal]") {
  auto wal = real_wal({"CREATE TABLE t(x)"});
  REQUIRE_NOTHROW(WalReader(wal));
  const auto resealed = [&](std::size_t offset, std::uint32_t value) {
    wal::store32(wal.data() + offset, value);
    const auto sum = wal::checksum({}, ByteSpan(wal).first(24), /*big_endian_words=*/false);
    wal::store32(wal.data() + 24, sum.first);
    wal::store32(wal.data() + 28, sum.second);
  };
  SECTION("nothing at all") { wal.clear(); }
  SECTION("short") { wal.resize(wal::kHeaderSize - 1); }
  SECTION("magic") { resealed(0, 0x377f0684); }
  SECTION("version") { resealed(4, 3007001); }
  SECTION("page size zero") { resealed(8, 0); }
  SECTION("page size not a power of two") { resealed(8, 4097); }
  SECTION("page size too small") { resealed(8, 256); }
  SECTION("page size too large") { resealed(8, 131072); }
  SECTION("checksum") { wal[24] ^= std::byte{1}; }
  SECTION("sequence, covered by the checksum") { wal[12] ^= std::byte{1}; }
  SECTION("salt, covered by the checksum") { wal[23] ^= std::byte{1}; }
  try {
    const WalReader reader(wal);
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::corrupt);
    CHECK(std::string(error.what()).find("wal header") != std::string::npos);
  }
}
