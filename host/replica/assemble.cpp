#include "replica/assemble.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "os/limits.hpp"
#include "replica/image_source.hpp"
#include "replica/kept_indexes.hpp"
#include "replica/page_pass.hpp"
#include "replica/page_table.hpp"
#include "replica/wal_pass.hpp"

namespace lshost::replica {
namespace {

constexpr unsigned kThreadsMax = 8;

/// Others have descriptors, too.
std::size_t kept_indexes_max(const AssembleOptions& options) {
  return options.kept_indexes_max.value_or(os::open_files_limit() / 2);
}

/// One run of assemble(). The constructor's arguments outlive it.
class Assembly {
 public:
  Assembly(Replicator& replicator, const RestorePlan& plan, const AssembleOptions& options, ScratchFile& out,
           RestoreProgress& progress)
      : plan_(plan),
        options_(options),
        out_(out),
        progress_(progress),
        image_(replicator, plan.snapshot),
        kept_(plan, kept_indexes_max(options)),
        limits_{options.index_memory_bytes, options.spool_directory, [this] { throw_if_stopped(); }},
        wal_(replicator, plan, limits_, image_.page_size(), table_, kept_, out),
        steps_left_(plan.steps.size()) {}

  Assembled run();

 private:
  void prove_indexes();
  void work() noexcept;
  void work_on_one_index() noexcept;
  template <class Work>
  void guarded(Work&& work) noexcept;
  /// False: there is none left.
  [[nodiscard]] bool take_index(std::vector<std::byte>& buffer);
  void throw_if_stopped() const;
  void drop_pages_cut_off(std::uint32_t page_size);

  // Constant after construction.
  const RestorePlan& plan_;
  const AssembleOptions& options_;
  ScratchFile& out_;

  // Synchronizing themselves.
  RestoreProgress& progress_;
  ImageSource image_;  // of the thread that called run()
  PageTable table_;
  KeptIndexes kept_;
  const WalPass::Limits limits_;
  WalPass wal_;
  std::atomic<std::size_t> steps_left_;  // the next step to take is steps_left_ - 1
  std::atomic<bool> failed_{false};

  Mutex mutex_;
  std::exception_ptr failure_ LSHOST_GUARDED_BY(mutex_);
};

void Assembly::throw_if_stopped() const {
  if (options_.stop.stop_requested()) throw Error(ErrorCode::cancelled, "restore was stopped");
}

// The first pass, by several threads
// -----------------------------------------------------------------------------------------------------------------

bool Assembly::take_index(std::vector<std::byte>& buffer) {
  std::size_t left = steps_left_.load();
  while (left > 0 && !steps_left_.compare_exchange_weak(left, left - 1)) {
  }
  if (left == 0 || failed_) return false;
  throw_if_stopped();
  wal_.apply(static_cast<std::uint32_t>(left - 1), buffer);
  progress_.done_bytes.fetch_add(plan_.steps[left - 1].size_bytes, std::memory_order_relaxed);
  return true;
}

template <class Work>
void Assembly::guarded(Work&& work) noexcept {
  try {
    work();
  } catch (...) {
    MutexLock lock(mutex_);
    if (!failed_.exchange(true)) failure_ = std::current_exception();
  }
}

void Assembly::work() noexcept {
  guarded([this] {
    std::vector<std::byte> buffer;
    while (take_index(buffer)) {
    }
  });
}

void Assembly::work_on_one_index() noexcept {
  guarded([this] {
    std::vector<std::byte> buffer;
    (void)take_index(buffer);
  });
}

void Assembly::prove_indexes() {
  if (plan_.steps.empty()) return;
  {
    std::vector<std::jthread> helpers;
    const auto grow_to = [&](unsigned threads) {
      while (helpers.size() + 1 < threads) helpers.emplace_back([this] { work(); });
    };
    const bool is_asked = options_.threads != 0;
    grow_to(is_asked ? options_.threads : std::clamp(std::thread::hardware_concurrency(), 2U, kThreadsMax));
    if (!is_asked) {
      work_on_one_index();
      if (wal_.is_remote()) grow_to(kThreadsMax);
    }
    work();
  }
  MutexLock lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

// The end
// --------------------------------------------------------------------------------------------------------------

/// Zeroes the pages that some index cut off after their last version, and that the final size covers again.
void Assembly::drop_pages_cut_off(std::uint32_t page_size) {
  // smallest_since[i]: the smallest size that the database had at the end of step i or later.
  std::vector<std::uint32_t> smallest_since = wal_.end_pages();
  const std::uint32_t final_pages = smallest_since.back();
  for (std::size_t i = smallest_since.size(); i-- > 1;) {
    smallest_since[i - 1] = std::min(smallest_since[i - 1], smallest_since[i]);
  }
  if (smallest_since.front() >= final_pages) return;
  const std::vector<std::byte> zeros(page_size);
  const std::uint32_t first = smallest_since.front() + 1;
  // The snapshot's pages are all known by now: the second pass has visited them.
  for (const auto& range : table_.known(first, final_pages - first + 1)) {
    table_.visit(range.first, range.count, [&](const PageTable::Run& run) {
      for (std::uint32_t i = 0; i < run.versions.size(); ++i) {
        const std::size_t since = run.versions[i] == kSnapshotVersion ? 0 : index_ordinal_of(run.versions[i]);
        if (run.first + i > smallest_since[since]) out_.write_at(std::uint64_t{run.first + i - 1} * page_size, zeros);
      }
    });
  }
}

Assembled Assembly::run() {
  progress_.total_bytes = plan_.snapshot.size_bytes + plan_.wal_bytes();
  prove_indexes();

  const std::uint32_t page_size = wal_.page_size();
  Assembled done{page_size, image_.size_bytes(), wal_.frames()};
  if (!plan_.steps.empty()) done.size_bytes = std::uint64_t{wal_.end_pages().back()} * page_size;
  PagePass(image_, table_, kept_, out_, [this](std::uint64_t snapshot_bytes) {
    throw_if_stopped();
    progress_.done_bytes.fetch_add(snapshot_bytes, std::memory_order_relaxed);
  }).run(page_size, page_size == 0 ? 0 : done.size_bytes / page_size);
  if (!plan_.steps.empty()) drop_pages_cut_off(page_size);
  out_.resize(done.size_bytes);
  return done;
}

}  // namespace

Assembled assemble(Replicator& replicator, const RestorePlan& plan, const AssembleOptions& options, ScratchFile& out,
                   RestoreProgress& progress) {
  return Assembly(replicator, plan, options, out, progress).run();
}

}  // namespace lshost::replica
