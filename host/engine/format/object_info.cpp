#include "engine/format/object_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/assert.hpp"
#include "base/hex.hpp"

namespace lshost::engine {
namespace {

std::string contradiction_in_snapshot(const ObjectInfo& info) {
  if (info.end_offset != info.offset) return "a snapshot ends at another position than its own";
  if (info.index_complete) return "a snapshot completes no index";
  if (!info.commit_runs.empty()) return "a snapshot has commit times";
  if (info.previous_end != 0) return "a snapshot follows no index";
  if (info.raw_size % info.page_size != 0)
    return fmt::format("a snapshot of {} bytes is no whole number of pages of {}", info.raw_size, info.page_size);
  return {};
}

std::string contradiction_in_wal(const ObjectInfo& info) {
  if (info.end_offset < info.offset) return "its end is before its start";
  if (info.raw_size != info.end_offset - info.offset)
    return fmt::format("{} bytes are not what is between {:#x} and {:#x}", info.raw_size, info.offset, info.end_offset);
  if (info.previous_end != 0 && (info.index == 0 || info.offset != 0))
    return "it follows an index and is not the beginning of one";
  auto end = info.offset;
  for (const auto& run : info.commit_runs) {
    if (run.end_offset <= end || run.end_offset > info.end_offset)
      return fmt::format("a commit time at {:#x} is out of place", run.end_offset);
    end = run.end_offset;
  }
  return {};
}

}  // namespace

std::string contradiction_in(const ObjectInfo& info) {
  if (!from_hex16(info.generation)) return "its generation has not 16 lowercase hex digits";
  if (!std::has_single_bit(info.page_size) || info.page_size < 512 || info.page_size > 65536)
    return fmt::format("a page has not {} bytes", info.page_size);
  return info.kind == ObjectKind::snapshot ? contradiction_in_snapshot(info) : contradiction_in_wal(info);
}

std::string contradiction_between(const ObjectInfo& info, const ObjectName& name) {
  const bool is_same = info.kind == name.kind && info.generation == name.generation && info.index == name.index &&
                       (info.kind == ObjectKind::snapshot || info.offset == name.offset);
  if (is_same) return {};
  return fmt::format("it is the {} {}/{:08x}:{:016x}, stored under another name", to_string(info.kind), info.generation,
                     info.index, info.offset);
}

std::vector<CommitRun> thinned(std::vector<CommitRun> runs, std::size_t count_max) {
  LSHOST_ASSERT(count_max > 0);
  if (runs.size() <= count_max) return runs;
  const auto group = (runs.size() + count_max - 1) / count_max;
  std::vector<CommitRun> fewer;
  for (std::size_t begin = 0; begin < runs.size(); begin += group) {
    const auto end = std::min(begin + group, runs.size());
    CommitRun run = runs[end - 1];
    for (auto i = begin; i < end; ++i) run.commit_ns = std::max(run.commit_ns, runs[i].commit_ns);  // a clock may jump
    fewer.push_back(run);
  }
  return fewer;
}

}  // namespace lshost::engine
