#include "cli/verify_here.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/error.hpp"
#include "db/live_image.hpp"
#include "lshost/wal.hpp"
#include "os/fs.hpp"
#include "replica/catalog_reader.hpp"
#include "replica/index_stream.hpp"
#include "replica/restore_plan.hpp"
#include "replica/scratch_file.hpp"
#include "replica/time_text.hpp"
#include "replica/verify.hpp"
#include "sqlite/check_database.hpp"

namespace lshost::cli {
namespace {

using replica::RestorePlan;

HereResult result_of(Proof proof, std::string detail, std::uint64_t pages = 0) {
  HereResult result;
  result.proof = proof;
  result.detail = std::move(detail);
  result.pages = pages;
  return result;
}

/// The live database: its pages, its log, and who is written in it.
struct Live {
  replica::PageSums pages;
  std::uint64_t log_frames = 0;
  wal::Salt salt;
  std::vector<std::uint32_t> page_of_frame;  // of frame i + 1
};

std::optional<Live> read_live(const std::string& path, const std::stop_token& stop) {
  const auto file = os::posix_fs().stat("verify.stat", path);
  if (!file || file->size_bytes == 0) return std::nullopt;
  Live live;
  db::with_live_image(os::posix_fs(), path, [&](const db::LiveImage& image) {
    live.pages = replica::sum_pages(*image.bytes, image.page_size, [&] {
      if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "verify was stopped");
    });
    live.log_frames = image.log_frames;
    live.salt = image.salt;
    for (std::uint32_t frame = 1; frame <= image.log_frames; ++frame)
      live.page_of_frame.push_back(image.page_of_frame(frame));
  });
  return live;
}

/// How much of the live log the restored state holds, in frames; nullopt: it holds nothing of this log.
std::optional<std::uint64_t> frames_of_log(replica::Replicator& replicator, const RestorePlan& plan, const Live& live) {
  if (plan.steps.empty() || plan.steps.back().size_bytes < wal::kHeaderSize || live.log_frames == 0) return {};
  replica::IndexStream stream(replicator, plan.steps.back());
  std::array<std::byte, wal::kHeaderSize> bytes{};
  if (replica::read_fully(stream, bytes) != bytes.size()) return {};
  const auto header = wal::parse_header(bytes);
  if (!header || header->salt != live.salt) return {};
  return (plan.steps.back().size_bytes - wal::kHeaderSize) / wal::frame_size(header->page_size);
}

/// The live database against the restored one.
HereResult compare(const Live& live, const replica::PageSums& restored, std::optional<std::uint64_t> frames) {
  const auto all = replica::compare_pages(live.pages, restored);
  if (all.is_equal()) return result_of(Proof::verified, "", live.pages.sums.size());
  const std::uint64_t known = frames.value_or(0);
  if (known > live.log_frames) {
    return result_of(Proof::differs, fmt::format("the replica holds {} frames of the log and the database only {}: the "
                                                 "database went back",
                                                 known, live.log_frames));
  }
  const auto since = live.log_frames - known;
  const std::unordered_set<std::uint32_t> written(live.page_of_frame.begin() + static_cast<std::ptrdiff_t>(known),
                                                  live.page_of_frame.end());
  const auto rest = replica::compare_pages(live.pages, restored, [&](std::uint32_t page) {
    const bool is_cut_off = since > 0 && page > live.pages.sums.size();
    return written.contains(page) || is_cut_off;
  });
  if (rest.is_equal()) {
    return result_of(Proof::behind,
                     fmt::format("the database has {} frames of log more ({} pages); all other pages are the same",
                                 since, written.size()),
                     live.pages.sums.size());
  }
  if (frames) return result_of(Proof::differs, replica::to_string(rest));
  return result_of(Proof::not_verified,
                   "it can be restored and is sound, but the database's log was begun anew since its last data, and "
                   "nobody knows what was written: " +
                       replica::to_string(rest) + "; hint: start lshost, and verify again");
}

HereResult verify_plan(const NamedReplica& named, replica::Replicator& replicator, const RestorePlan& plan,
                       const replica::VerifyOptions& options) {
  HereResult result;
  replica::with_restored(replicator, plan, options, [&](const std::string& path, const replica::PageSums& restored) {
    const std::string note = sqlite::check_database(path, sqlite::CheckLevel::quick);
    std::optional<Live> live;
    try {
      if (!named.database_path.empty()) live = read_live(named.database_path, options.stop);
    } catch (const Error& e) {  // about the database, not about the replica
      if (e.code() == ErrorCode::cancelled) throw;
      result =
          result_of(Proof::not_verified,
                    fmt::format("it can be restored and is sound, but the database can not be read: {}", e.what()));
      return;
    }
    if (live) {
      result = compare(*live, restored, frames_of_log(replicator, plan, *live));
    } else {
      result = result_of(Proof::restorable, "there is no database to compare with", restored.sums.size());
    }
    if (!note.empty()) result.detail += (result.detail.empty() ? "" : "; ") + note;
  });
  result.position = plan.target;
  if (result.proof != Proof::verified && plan.as_of_ns != 0)
    result.detail += "; its last data is of " + replica::time_text(plan.as_of_ns);
  return result;
}

HereResult refused(const NamedReplica& named, const replica::Refusal& refusal) {
  const auto file =
      named.database_path.empty() ? std::nullopt : os::posix_fs().stat("verify.stat", named.database_path);
  const bool is_nothing = refusal.nothing_to_restore && (!file || file->size_bytes == 0);
  return result_of(is_nothing ? Proof::nothing : Proof::damaged, refusal.reason);
}

HereResult look(const NamedReplica& named, replica::Replicator& replicator, const replica::VerifyOptions& options) {
  const auto catalog = replica::read_catalog(replicator);
  const auto planned = replica::plan_restore(catalog, {replica::LatestTarget{}, std::nullopt},
                                             [&](const replica::Item& item) { return replicator.commit_times(item); });
  if (const auto* refusal = std::get_if<replica::Refusal>(&planned)) return refused(named, *refusal);
  return verify_plan(named, replicator, std::get<RestorePlan>(planned), options);
}

HereResult look_safely(const NamedReplica& named, replica::Replicator& replicator,
                       const replica::VerifyOptions& options) {
  try {
    return look(named, replicator, options);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::cancelled) throw;
    const bool is_lie = replica::is_lie(replica::verdict_of(e.code()));
    return result_of(is_lie ? Proof::damaged : Proof::not_verified, e.what());
  }
}

}  // namespace

std::string_view to_string(Proof proof) noexcept {
  switch (proof) {
    case Proof::verified:
      return "verified";
    case Proof::behind:
      return "behind";
    case Proof::restorable:
      return "restorable";
    case Proof::differs:
      return "differs";
    case Proof::damaged:
      return "damaged";
    case Proof::not_verified:
      return "not verified";
    case Proof::nothing:
      return "nothing to verify";
  }
  return "unknown";
}

HereResult verify_here(const NamedReplica& named, replica::Replicator& replicator, const std::string& scratch_directory,
                       const std::stop_token& stop) {
  (void)replica::remove_dead_scratch_files(scratch_directory);
  replica::VerifyOptions options;
  options.scratch_directory = scratch_directory;
  options.stop = stop;
  HereResult result = look_safely(named, replicator, options);
  if (result.proof != Proof::damaged) return result;
  // A host that runs unseen adds and removes meanwhile: what is missing or broken twice is so.
  return look_safely(named, replicator, options);
}

}  // namespace lshost::cli
