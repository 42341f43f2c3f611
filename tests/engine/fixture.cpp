#include "engine/fixture.hpp"

#include <lz4frame.h>

#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <stdexcept>

#include "support/sqlite_replay.hpp"

namespace lshost::test {
namespace {

/// The first frame, as Litestream reads an object.
Bytes unpack(const std::string& object) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) throw std::bad_alloc();
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> owner(context,
                                                                                   LZ4F_freeDecompressionContext);
  Bytes all;
  Bytes some(std::size_t{64} << 10);
  for (std::size_t at = 0; at < object.size();) {
    std::size_t taken = object.size() - at;
    std::size_t made = some.size();
    const std::size_t left = LZ4F_decompress(context, some.data(), &made, object.data() + at, &taken, nullptr);
    if (LZ4F_isError(left) != 0) throw std::runtime_error(LZ4F_getErrorName(left));
    at += taken;
    all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(made));
    if (left == 0) return all;
  }
  throw std::runtime_error("the object is cut");
}

}  // namespace

Bytes restore_by_hand(const Bucket& bucket, const std::string& generation) {
  const std::regex snapshot_form("generations/" + generation + "/snapshots/([0-9a-f]{8})\\.snapshot\\.lz4");
  const std::regex wal_form("generations/" + generation + "/wal/([0-9a-f]{8})_([0-9a-f]{8})\\.wal\\.lz4");
  std::string newest;
  Bytes image;
  std::map<std::string, std::map<std::string, Bytes>> indexes;
  for (const auto& [key, object] : bucket.objects()) {
    std::smatch match;
    if (std::regex_match(key, match, snapshot_form) && match[1].str() >= newest) {
      newest = match[1];
      image = unpack(object.bytes);
    } else if (std::regex_match(key, match, wal_form)) {
      indexes[match[1]][match[2]] = unpack(object.bytes);
    }
  }
  if (newest.empty()) throw std::runtime_error("no snapshot in generation " + generation);
  std::vector<Bytes> logs;
  for (const auto& [index, segments] : indexes) {
    if (index < newest) continue;
    Bytes log;
    for (const auto& [offset, bytes] : segments) {
      if (std::stoull(offset, nullptr, 16) != log.size()) throw std::runtime_error("gap at " + index + "_" + offset);
      log.insert(log.end(), bytes.begin(), bytes.end());
    }
    logs.push_back(std::move(log));
  }
  return replay_with_sqlite(image, logs);
}

void Fixture::check_restorable() {
  const Position at = host.durable();
  INFO(at.ToString());
  CHECK((replica.restore(at.generation) == host.image_at(at)));
  CHECK((restore_by_hand(*bucket, at.generation) == host.image_at(at)));
}

}  // namespace lshost::test
