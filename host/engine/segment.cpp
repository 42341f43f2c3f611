#include "engine/segment.hpp"

#include <algorithm>
#include <utility>

#include "engine/format/raw_digest.hpp"

namespace lshost::engine {
namespace {

Error ends_early(const Position& end) {
  return {LSHOST_E_INTERNAL, "the WAL that the host gave ends before " + end.ToString(), LSHOST_ERR_RETRYABLE};
}

void append_run(Segment& segment, Wal& run) {
  Buffer& raw = *segment.raw;
  const std::size_t begin = raw.size();
  raw.resize(begin + (run.end.offset - run.start.offset));
  for (std::size_t at = begin; at < raw.size();) {
    const std::size_t count = run.bytes.Read(std::span(raw).subspan(at));
    if (count == 0) throw ends_early(run.end);
    at += count;
  }
}

void note_run(Segment& segment, const Wal& run) {
  segment.end = run.end;
  segment.page_size = run.page_size;
  segment.index_complete = run.index_complete;
  segment.commit_runs.push_back({run.end.offset, run.commit_ns});
}

/// WAL of the host, one run after the other.
class HostWal final : public ByteStream {
 public:
  HostWal(const Context& ctx, const Position& start, const Position& end) : ctx_(ctx), at_(start), end_(end) {}

  std::size_t read(MutableByteSpan into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_.offset - at_.offset));
    if (want == 0) return 0;
    if (!run_ || at_ == run_->end) {
      run_ = ctx_.OpenWal(at_);
      if (!run_ || run_->start != at_) throw ends_early(end_);
    }
    const std::size_t count = run_->bytes.Read(into.first(want));
    if (count == 0) throw ends_early(end_);
    at_.offset += count;
    return count;
  }

 private:
  const Context ctx_;
  Position at_;
  const Position end_;
  std::optional<Wal> run_;
};

}  // namespace

ObjectName Segment::name(Compression compression) const {
  return {start.generation, ObjectKind::wal, start.index, start.offset, compression};
}

ObjectInfo Segment::info(UnixNanos now) const {
  ObjectInfo info;
  info.kind = ObjectKind::wal;
  info.index_complete = index_complete;
  info.generation = start.generation;
  info.index = start.index;
  info.offset = start.offset;
  info.end_offset = end.offset;
  info.page_size = page_size;
  info.created_ns = now;
  info.commit_runs = thinned(commit_runs);
  info.previous_end = previous_end;
  return info;
}

std::optional<Segment> collect(const Context& ctx, const Position& from, std::uint64_t size_max) {
  std::optional<Segment> segment;
  for (Position at = from;;) {
    std::optional<Wal> run;
    try {
      run = ctx.OpenWal(at);
    } catch (const Gone&) {
      if (segment) return segment;  // what was read before is good
      throw;
    }
    if (!run) return segment;
    if (segment && run->start != at) return segment;  // the next index
    const std::uint64_t size = run->end.offset - run->start.offset;
    if (!segment) {
      segment.emplace();
      segment->start = run->start;
      if (size <= size_max) segment->raw.emplace();
    } else if (segment->size() + size > size_max) {
      return segment;
    }
    if (segment->raw) append_run(*segment, *run);
    note_run(*segment, *run);
    if (!segment->raw || segment->index_complete) return segment;
    at = run->end;
  }
}

std::optional<bool> has_bytes_of(const Context& ctx, const ObjectInfo& stored) try {
  RawDigest digest;
  Buffer buffer(std::size_t{128} << 10);
  Position at{stored.generation, stored.index, stored.offset};
  while (at.offset < stored.end_offset) {
    auto run = ctx.OpenWal(at);
    if (!run || run->start != at) return false;  // the host's index ends before
    for (const std::uint64_t end = std::min(run->end.offset, stored.end_offset); at.offset < end;) {
      const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - at.offset));
      const std::size_t count = run->bytes.Read(std::span(buffer).first(want));
      if (count == 0) throw ends_early(run->end);
      digest.add(MutableByteSpan(buffer).first(count));
      at.offset += count;
    }
  }
  return digest.checksum() == stored.raw_checksum;
} catch (const Gone&) {
  return std::nullopt;
}

std::unique_ptr<ByteStream> read_from_host(const Context& ctx, const Position& start, const Position& end) {
  return std::make_unique<HostWal>(ctx, start, end);
}

}  // namespace lshost::engine
