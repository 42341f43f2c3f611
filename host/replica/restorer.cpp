#include "replica/restorer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "base/error.hpp"
#include "os/disk_space.hpp"
#include "replica/image_source.hpp"
#include "replica/publish_database.hpp"
#include "replica/scratch_file.hpp"

namespace lshost::replica {
namespace {

/// A restore that can not fit is refused before it fills the disk.
void check_space(const std::string& directory, std::uint64_t needed_bytes) {
  const auto space = os::disk_space(directory);
  if (!space || space->free_bytes >= needed_bytes) return;
  throw Error(ErrorCode::no_space, fmt::format("{} has {} MB free, the snapshot alone has {} MB", directory,
                                               space->free_bytes / 1'000'000, needed_bytes / 1'000'000));
}

void check_first_page(const ScratchFile& file, const Assembled& assembled) {
  if (assembled.size_bytes == 0) return;
  std::array<std::byte, 100> header{};
  const std::size_t got = file.read_at(0, header);
  if (got != header.size() || page_size_of_header(header) != assembled.page_size) {
    throw Error(ErrorCode::corrupt, "the restored database has no valid first page");
  }
}

/// Checks the file while it is written to the disk: one needs the processor, the other does not.
std::string check_and_sync(ScratchFile& file, sqlite::CheckLevel level, bool in_parallel) {
  if (!in_parallel || level == sqlite::CheckLevel::none) {
    std::string note = sqlite::check_database(file.path(), level);
    file.sync();
    return note;
  }
  auto synced = std::async(std::launch::async, [&file] { file.sync(); });
  std::string note = sqlite::check_database(file.path(), level);
  synced.get();
  return note;
}

}  // namespace

RestoreReport restore_database(Replicator& replicator, const RestorePlan& plan, const RestoreOptions& options,
                               os::Fs& fs, RestoreProgress& progress) {
  check_output(fs, options.output, options.force);
  const std::string directory = os::parent_directory(options.output);
  (void)remove_dead_scratch_files(directory);
  check_space(directory, plan.snapshot.size_bytes);

  ScratchFile file(directory);
  AssembleOptions assemble_options;
  assemble_options.threads = options.threads;
  assemble_options.spool_directory = directory;
  assemble_options.stop = options.stop;
  const Assembled assembled = assemble(replicator, plan, assemble_options, file, progress);
  check_first_page(file, assembled);
  if (const auto old = fs.stat("restore.stat", options.output)) file.set_owner_and_mode(old->uid, old->gid, old->mode);

  progress.phase = RestoreProgress::Phase::checking;
  std::string note = with_context("restored to " + db::to_string(plan.target),
                                  [&] { return check_and_sync(file, options.check, options.threads != 1); });

  progress.phase = RestoreProgress::Phase::publishing;
  if (options.stop.stop_requested()) throw Error(ErrorCode::cancelled, "restore was stopped");
  publish_database(fs, file.path(), options.output, options.force);
  file.keep();
  return {assembled.page_size, assembled.size_bytes, assembled.wal_frames, std::move(note)};
}

}  // namespace lshost::replica
