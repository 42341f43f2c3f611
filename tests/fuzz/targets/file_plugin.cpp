// What lies at a destination of the file plugin beside the WAL itself: names, descriptions of snapshots, journals.
//
// Input: what it is (modulo 3: a name, a description, a journal), flags (1: give it good checksums), its bytes.
// Holds: a name that is taken is the one that we write, so it leads nowhere; what is read goes through the encoder.

#include <algorithm>

#include "file/commit_journal.hpp"
#include "file/layout.hpp"
#include "file/snapshot_info.hpp"
#include "file/xxh3.hpp"
#include "fuzz/target.hpp"

namespace lshost::fuzz {
namespace {

using namespace file;

void check_name(std::string_view name) {
  for (const auto kind : {Kind::snapshot, Kind::info, Kind::wal, Kind::commits}) {
    const auto index = parse_file_name(kind, name);
    if (!index) continue;
    expect(file_name(kind, *index) == name, "a file has one name");
    expect(is_unfinished(std::string(name) + ".tmp") && !is_unfinished(name), "and one while it is written");
  }
  if (is_unfinished(name)) expect(name.find('/') == std::string_view::npos, "no name is a path");
  if (is_generation(name)) expect(parse_hex16(name) && hex16(*parse_hex16(name)) == name, "a generation is a number");
}

void check_description(std::string text, bool is_sealed) {
  if (is_sealed) text += "check " + hex16(xxh3(text)) + "\n";
  const auto info = parse_snapshot_info(text);
  if (info) expect(parse_snapshot_info(encode(*info)) == *info, "a description goes through its text");
}

void seal(std::span<std::byte> bytes) {
  if (bytes.size() < kJournalHeaderSize) return;
  const auto store = [](std::byte* to, std::uint64_t value) {
    wal::store32(to, static_cast<std::uint32_t>(value >> 32U));
    wal::store32(to + 4, static_cast<std::uint32_t>(value));
  };
  auto sum = xxh3(bytes.first(72));
  store(&bytes[72], sum);
  for (auto rest = bytes.subspan(kJournalHeaderSize); rest.size() >= kCommitRecordSize;
       rest = rest.subspan(kCommitRecordSize)) {
    sum = xxh3(rest.first(24), sum);
    store(&rest[24], sum);
  }
}

void check_journal(Bytes bytes, bool is_sealed) {
  if (is_sealed) seal(bytes);
  const auto journal = parse_journal(bytes);
  if (!journal) return;
  expect(journal->size_bytes <= bytes.size(), "a journal lies in its file");
  expect(journal->size_bytes == kJournalHeaderSize + journal->records.size() * kCommitRecordSize, "and is as long");
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < journal->records.size(); ++i) {
    const auto& record = journal->records[i];
    expect(record.end_offset >= end, "records are in order");
    expect(!record.complete || i + 1 == journal->records.size(), "nothing follows the last one");
    end = record.end_offset;
  }
  expect(journal->end_offset() == end, "a journal ends with its last record");

  JournalEncoder encoder;
  Bytes again;
  const auto append = [&](std::span<const std::byte> part) { again.insert(again.end(), part.begin(), part.end()); };
  append(encoder.header(journal->header));
  for (const auto& record : journal->records) append(encoder.record(record));
  const auto parsed = parse_journal(again);
  expect(parsed && parsed->records == journal->records, "a journal goes through its bytes");
  expect(parsed->header.index == journal->header.index && parsed->header.salt == journal->header.salt,
         "so does its header");
}

}  // namespace

void fuzz_file_plugin(ByteSpan input) {
  Input in(input);
  const unsigned what = in.byte() % 3;
  const bool is_sealed = (in.byte() & 1U) != 0;
  if (what == 0) return check_name(in.text());
  if (what == 1) return check_description(std::string(in.text()), is_sealed);
  check_journal(copy_of(in.rest()), is_sealed);
}

}  // namespace lshost::fuzz
