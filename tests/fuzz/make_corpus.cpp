// Makes the seeds of the fuzz targets that nobody can write by hand, with the code that ships and with SQLite itself.
//
//   fuzz_make_corpus tests/fuzz/corpus
//
// Replaces the files whose names begin with "made-"; what was written by hand, or found, stays. Encrypted seeds and
// logs differ from run to run in their keys and salts.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "db/commit_times.hpp"
#include "db/stamp.hpp"
#include "engine/format/age/file_stream.hpp"
#include "engine/format/info_frame.hpp"
#include "engine/format/open_object.hpp"
#include "engine/format/seal.hpp"
#include "file/commit_journal.hpp"
#include "file/snapshot_info.hpp"
#include "fuzz/keys.hpp"
#include "fuzz/memory_stream.hpp"
#include "isolation/channel.hpp"
#include "isolation/messages.hpp"
#include "support/object_info.hpp"
#include "support/wal_builder.hpp"

namespace {

using namespace lshost;
using fuzz::Bytes;

/// target -> name -> bytes.
using Seeds = std::map<std::string, std::map<std::string, Bytes>>;

Bytes joined(std::initializer_list<unsigned> flags, ByteSpan bytes) {
  Bytes all;
  for (const unsigned flag : flags) all.push_back(static_cast<std::byte>(flag));
  all.insert(all.end(), bytes.begin(), bytes.end());
  return all;
}

// ---- wal ----

Bytes first_of(ByteSpan bytes, std::size_t size) { return fuzz::copy_of(bytes.first(std::min(size, bytes.size()))); }

void add_wals(Seeds& seeds) {
  auto& out = seeds["wal"];
  const std::vector<std::string> statements = {"CREATE TABLE t(x)", "INSERT INTO t VALUES(1)",
                                               "INSERT INTO t VALUES(randomblob(700))", "DELETE FROM t"};
  const auto log = test::real_wal(statements, 512);
  out["made-plain"] = joined({0, 0, 7}, log);
  out["made-resealed"] = joined({1, 255, 63}, log);
  out["made-resealed-in-part"] = joined({1, 3, 200}, log);
  out["made-big-endian"] = joined({0, 0, 0}, test::with_big_endian_checksums(log));
  out["made-cut"] = joined({0, 0, 31}, ByteSpan(log).first(log.size() - 100));
  Bytes stale = log;  // the tail is of the lifetime before
  stale[wal::frames_end(2, 512) + 8] ^= std::byte{1};
  out["made-stale-tail"] = joined({0, 0, 64}, stale);
  out["made-header"] = joined({0, 0, 1}, first_of(log, wal::kHeaderSize));
  out["made-1024"] = joined({1, 255, 16}, test::real_wal({"CREATE TABLE t(x)", "INSERT INTO t VALUES(1)"}, 1024));
}

// ---- objects ----

Bytes page_like(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i % 64 < 24 ? i * 131 % 251 : i % 7);
  return bytes;
}

engine::ObjectInfo info_of(std::size_t raw_size) {
  auto info = test::segment_info(raw_size, /*page_size=*/512);
  info.commit_runs.insert(info.commit_runs.begin(), {info.offset + 100, info.created_ns - 9});
  return info;
}

Bytes sealed(engine::Compression compression, bool is_encrypted, std::size_t raw_size) {
  engine::SealOptions options{.compression = compression, .recipients = {}};
  if (is_encrypted) options.recipients.push_back(fuzz::fuzz_identities()->front().recipient());
  Bytes object;
  fuzz::read_all(*engine::seal(fuzz::stream_of(page_like(raw_size)), options, info_of(raw_size)), object);
  return object;
}

void add_objects(Seeds& seeds) {
  auto& objects = seeds["object"];
  unsigned flags = 0;
  for (const auto compression : {engine::Compression::lz4, engine::Compression::zstd, engine::Compression::none}) {
    const std::string name(to_string(compression));
    objects["made-" + name] = joined({flags}, sealed(compression, /*is_encrypted=*/false, 1072));
    objects["made-" + name + "-encrypted"] = joined({flags | 4U}, sealed(compression, /*is_encrypted=*/true, 600));
    objects["made-" + name + "-damaged"] = joined({flags | 8U, 0, 40, 1}, page_like(600));
    objects["made-" + name + "-cut"] = joined({flags | 24U, 1, 0, 0}, page_like(600));
    ++flags;
  }
  objects["made-lz4-encrypted-damaged"] = joined({12, 0, 200, 1}, page_like(600));
  // Zeros are what a bomb is made of: 3 MiB of them.
  Bytes bomb;
  auto info = info_of(std::size_t{3} << 20);
  fuzz::read_all(*engine::seal(fuzz::stream_of(Bytes(std::size_t{3} << 20)),
                               {.compression = engine::Compression::zstd, .recipients = {}}, info),
                 bomb);
  objects["made-zstd-bomb"] = joined({1}, bomb);

  auto& frames = seeds["info_frame"];
  auto wal = info_of(1072);
  wal.raw_size = 1072;
  frames["made-wal"] = joined({0}, engine::encode_info_frame(wal));
  frames["made-wal-resealed"] = joined({1}, engine::encode_info_frame(wal));
  wal.index_complete = true;
  wal.commit_runs.clear();
  frames["made-wal-complete"] = joined({1}, engine::encode_info_frame(wal));
  auto snapshot = wal;
  snapshot.kind = engine::ObjectKind::snapshot;
  snapshot.index_complete = false;
  snapshot.end_offset = snapshot.offset;
  snapshot.raw_size = 4096;
  frames["made-snapshot"] = joined({1}, engine::encode_info_frame(snapshot));
  Bytes newer = engine::encode_info_frame(snapshot);  // version 2, readable from 1
  newer[17] = std::byte{2};
  frames["made-newer-version"] = joined({1}, newer);
  newer[19] = std::byte{2};
  frames["made-too-new-version"] = joined({1}, newer);
}

void add_age(Seeds& seeds) {
  auto& out = seeds["age"];
  const auto recipient = fuzz::fuzz_identities()->front().recipient();
  Bytes file;
  fuzz::read_all(*engine::age::encrypt(fuzz::stream_of(page_like(300)), {recipient}), file);
  out["made-file"] = joined({0}, file);
  file.clear();
  fuzz::read_all(*engine::age::encrypt(fuzz::stream_of({}), {recipient, recipient}), file);
  out["made-empty-file"] = joined({0}, file);
  out["made-damage"] = joined({1, 0, 180, 1}, page_like(100));
  out["made-cut"] = joined({1, 1, 20, 0}, page_like(100));
  out["made-recipient"] = joined({2}, fuzz::bytes_of(engine::age::to_string(recipient)));
}

// ---- small files ----

void add_local_files(Seeds& seeds) {
  auto& out = seeds["local_files"];
  const db::Stamp stamp{{"0123456789abcdef", 7, 4152},
                        {2049, 131, 8192, 1'767'225'600'123'456'789, 1'767'225'600'123'456'794},
                        "3a0d1c58-6b7e-4a55-9f5e-0d9f6c1b2a33"};
  const auto text = db::encode_stamp(stamp);
  out["made-stamp"] = joined({0}, fuzz::bytes_of(text));
  out["made-stamp-resealed"] = joined({2}, fuzz::bytes_of(text.substr(0, text.rfind(' '))));
  Bytes marks(3 * db::kMarkSize);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto number = static_cast<std::int64_t>(i);
    db::encode_mark({4152 * (i + 1), 1'700'000'000'000'000'000 + number},
                    MutableByteSpan(marks).subspan(i * db::kMarkSize));
  }
  out["made-marks"] = joined({1}, marks);
  out["made-marks-resealed"] = joined({3}, marks);
}

void add_file_plugin(Seeds& seeds) {
  auto& out = seeds["file_plugin"];
  const std::string text = file::encode({"0123456789abcdef", 42, 0x1038, 4096, 1 << 20, 1'767'225'600'000'000'000, 7});
  out["made-description"] = joined({1, 0}, fuzz::bytes_of(text));
  out["made-description-resealed"] = joined({1, 1}, fuzz::bytes_of(text.substr(0, text.rfind("check "))));
  file::JournalEncoder encoder;
  Bytes journal;
  const auto append = [&](ByteSpan part) { journal.insert(journal.end(), part.begin(), part.end()); };
  append(encoder.header({"0123456789abcdef", 42, {1, 2}, 4096}));
  append(encoder.record({4152, 1'767'225'600'000'000'000, false}));
  append(encoder.record({8272, 1'767'225'600'000'000'001, false}));
  append(encoder.record({8272, 1'767'225'600'000'000'002, true}));
  out["made-journal"] = joined({2, 0}, journal);
  out["made-journal-resealed"] = joined({2, 1}, journal);
}

// ---- isolation: the number is the place in the table of targets/isolation.cpp ----

void add_messages(Seeds& seeds) {
  using namespace isolation;
  auto& out = seeds["isolation"];
  const db::Position position{"0123456789abcdef", 7, 4152};
  const db::FeedStatus status{4096, position, position};
  const RunOffer run{position, position, position, 4096, 1'700'000'000'000'000'000, true, 32, 4120};
  Create create;
  create.plugin_folders = {"/usr/lib/lshost/plugins"};
  create.config.type = create.config.name = "s3";
  create.config.entries.push_back({.key = "bucket", .value = {.data = "b"}});
  create.config.entries.push_back(
      {.key = "hosts", .value = {.data = std::vector<config::Value>{{.data = "a"}, {.data = std::int64_t{5}}}}});
  create.durable = position;
  config::KeySpec spec{.key = "mode", .choices = {"fast", "safe"}};
  spec.default_value = "fast";
  const replica::Item item{.position = position, .size_bytes = 5, .created_ns = 6, .updated_ns = 7};
  out["made-create"] = joined({0}, encode(create));
  out["made-created"] = joined({1}, encode(Created{"a", "s3", true, true}));
  out["made-describe"] = joined({2}, encode(Describe{{"/usr/lib/lshost/plugins"}, "s3"}));
  out["made-described"] = joined({3}, encode(Described{{spec}}));
  out["made-list"] = joined({6}, encode(ListRequest{replica::ItemKind::wal, position.generation}));
  out["made-items"] = joined({9}, encode(std::vector{item, item}));
  out["made-times"] = joined({10}, encode(std::vector<replica::CommitTime>{{1, 2}, {3, 4}}));
  out["made-tip"] = joined({11}, encode(Tip{status, true, 3, run}));
  out["made-wal-answer"] =
      joined({12}, encode(WalAnswer{status, run, db::Feed::Miss::gone, Error(ErrorCode::gone, "it is gone")}));
  out["made-image-answer"] = joined({13}, encode(ImageAnswer{status, ImageAnswer::Image{position, 512, 3, 4, 5}, {}}));
  out["made-reply"] = joined({14}, encode(Reply{Error(ErrorCode::denied, "no"), Bytes(3)}));
  out["made-snapshot"] = joined({16}, encode(SnapshotStored{position, 4096}));
  out["made-state"] = joined({17}, encode(StateReport{plugin::ReplicaState::streaming, "well"}));
  out["made-failure"] = joined({18}, encode(plugin::Failure{ErrorCode::no_space, "full", true, true, {}}));
  out["made-metric"] = joined({19}, encode(MetricReport{"lshost_a", plugin::MetricKind::gauge, 0.5}));
  out["made-log"] = joined({20}, encode(LogLine{obs::Level::info, "s3", "put", {{"size", "5", true}}}));

  Bytes packet(MessageAssembler::kHeaderSize);
  MessageAssembler::store_header(packet, Kind::reply, 7, /*has_more=*/true);
  packet.push_back(std::byte{1});
  Bytes packets = joined({255, 0, 17}, packet);
  MessageAssembler::store_header(packet, Kind::reply, 7, /*has_more=*/false);
  const auto last = joined({0, 17}, packet);
  packets.insert(packets.end(), last.begin(), last.end());
  out["made-packets"] = packets;
}

int make(const std::filesystem::path& corpus) {
  Seeds seeds;
  add_wals(seeds);
  add_objects(seeds);
  add_age(seeds);
  add_local_files(seeds);
  add_file_plugin(seeds);
  add_messages(seeds);
  for (const auto& [target, files] : seeds) {
    std::filesystem::create_directories(corpus / target);
    for (const auto& [name, bytes] : files) test::write_file((corpus / target / name).string(), bytes);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    (void)std::fprintf(stderr, "usage: fuzz_make_corpus tests/fuzz/corpus\n");
    return 2;
  }
  try {
    return make(argv[1]);
  } catch (const std::exception& error) {
    (void)std::fprintf(stderr, "fuzz_make_corpus: %s\n", error.what());
    return 1;
  }
}
