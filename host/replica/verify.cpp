#include "replica/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "replica/assemble.hpp"
#include "replica/catalog_reader.hpp"
#include "replica/restore_progress.hpp"
#include "replica/scratch_file.hpp"

namespace lshost::replica {
namespace {

void check_space(const VerifyOptions& options, std::uint64_t needed_bytes) {
  const auto space = options.space(options.scratch_directory);
  if (!space) throw_errno("verify.space", options.scratch_directory);
  const std::uint64_t kept_bytes = bytes_left_to_others(space->total_bytes);
  if (space->free_bytes >= needed_bytes + kept_bytes) return;
  throw Error(ErrorCode::no_space,
              fmt::format("{} has {} MB free; the scratch file needs {} MB, and {} MB are left to others; hint: set "
                          "verify-path to a folder with more room",
                          options.scratch_directory, space->free_bytes / 1'000'000, needed_bytes / 1'000'000,
                          kept_bytes / 1'000'000));
}

/// A failure of our own disk says nothing about the replica, whatever it is called.
std::unique_ptr<ScratchFile> make_scratch(const VerifyOptions& options, std::uint64_t needed_bytes) {
  try {
    check_space(options, needed_bytes);
    return std::make_unique<ScratchFile>(options.scratch_directory);
  } catch (const Error& e) {
    throw Error(e.code() == ErrorCode::no_space ? e.code() : ErrorCode::transient, std::string("scratch: ") + e.what());
  }
}

/// The bytes of a scratch file, from its start.
class ScratchStream final : public ByteStream {
 public:
  explicit ScratchStream(const ScratchFile& file) : file_(file) {}
  [[nodiscard]] std::size_t read(MutableByteSpan into) override {
    const std::size_t got = file_.read_at(at_, into);
    at_ += got;
    return got;
  }

 private:
  const ScratchFile& file_;
  std::uint64_t at_ = 0;
};

Verification not_proven(const Error& error) { return {verdict_of(error.code()), error.what(), 0}; }

/// One look at what the replica lists, and a restore of it.
Verification look(Replicator& replicator, const db::Position& at, const PageSums& expected,
                  const VerifyOptions& options) {
  const Catalog catalog = read_catalog(replicator, at.generation);
  const RestoreRequest request{PositionTarget{{at.index, at.offset}}, at.generation};
  const auto planned = plan_restore(catalog, request, [](const Item&) { return std::vector<CommitTime>{}; });
  if (const auto* refusal = std::get_if<Refusal>(&planned))
    return {verdict_of(*refusal, catalog, at), refusal->reason, 0};
  Verification done{Verdict::verified, "", expected.sums.size()};
  with_restored(replicator, std::get<RestorePlan>(planned), options,
                [&](const std::string& /*path*/, const PageSums& restored) {
                  const PageDifference difference = compare_pages(expected, restored);
                  if (difference.is_equal()) return;
                  done.verdict = Verdict::differs;
                  done.detail = to_string(difference);
                });
  return done;
}

Verification look_safely(Replicator& replicator, const db::Position& at, const PageSums& expected,
                         const VerifyOptions& options) {
  try {
    return look(replicator, at, expected, options);
  } catch (const Error& e) {
    return not_proven(e);
  }
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::verified:
      return "verified";
    case Verdict::differs:
      return "differs";
    case Verdict::damaged:
      return "damaged";
    case Verdict::not_verified:
      return "not verified";
  }
  return "unknown";
}

Verdict verdict_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::corrupt:
    case ErrorCode::not_found:
    case ErrorCode::gone:
      return Verdict::damaged;
    case ErrorCode::invalid:
    case ErrorCode::transient:
    case ErrorCode::no_space:
    case ErrorCode::denied:
    case ErrorCode::cancelled:
    case ErrorCode::unsupported:
    case ErrorCode::internal:
      return Verdict::not_verified;
  }
  return Verdict::not_verified;
}

Verdict verdict_of(const Refusal& /*refusal*/, const Catalog& catalog, const db::Position& at) {
  const GenerationEntry* generation = catalog.find(at.generation);
  const bool is_outdated = generation != nullptr && !generation->snapshots.empty() &&
                           place_of(generation->snapshots.front().position) > place_of(at);
  return is_outdated ? Verdict::not_verified : Verdict::damaged;
}

std::uint64_t bytes_left_to_others(std::uint64_t total_bytes) noexcept {
  return std::min(total_bytes / 10, std::uint64_t{1} << 30);
}

void with_restored(Replicator& replicator, const RestorePlan& plan, const VerifyOptions& options,
                   const std::function<void(const std::string& path, const PageSums& pages)>& use) {
  std::uint64_t largest_index_bytes = 0;  // large ones of remote stores are kept on the disk for a while
  for (const IndexStep& step : plan.steps) largest_index_bytes = std::max(largest_index_bytes, step.size_bytes);
  const auto file = make_scratch(options, plan.snapshot.size_bytes + largest_index_bytes);
  AssembleOptions how;
  how.threads = options.threads;
  how.spool_directory = options.scratch_directory;
  how.stop = options.stop;
  RestoreProgress progress;
  const Assembled assembled = assemble(replicator, plan, how, *file, progress);
  PageSums pages;
  if (assembled.page_size != 0) {
    ScratchStream stream(*file);
    pages = sum_pages(stream, assembled.page_size, [&] {
      if (options.stop.stop_requested()) throw Error(ErrorCode::cancelled, "the verification was stopped");
    });
  }
  use(file->path(), pages);
}

Verification verify_position(Replicator& replicator, const db::Position& at, const PageSums& expected,
                             const VerifyOptions& options) {
  Verification found = look_safely(replicator, at, expected, options);
  if (found.verdict != Verdict::damaged) return found;
  // Items come and go while a replica is listed and read: retention removes, uploads end. What is missing or broken
  // twice is so.
  return look_safely(replicator, at, expected, options);
}

}  // namespace lshost::replica
