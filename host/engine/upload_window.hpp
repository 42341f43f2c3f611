#pragma once
// Segments under way, several at once; what is stored is told in their order.

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "engine/helpers.hpp"
#include "engine/segment.hpp"
#include "engine/uploader.hpp"

namespace lshost::engine {

/// A later segment that is stored before an earlier one is not told. The caller uploads, too: where there is one
/// segment only, no other thread is needed.
///
/// Example:
///     while (auto segment = collect(...)) window.submit(std::move(*segment));
///     window.drain();
///
/// Threads: one at a time; `on_stored` is called from others, one at a time. Memory: `parallel` segments.
/// Errors: what Uploader::put throws, once all before the failed one are told.
class UploadWindow {
 public:
  using OnStored = std::function<void(const Segment&)>;
  UploadWindow(Uploader& uploader, Helpers& helpers, unsigned parallel, OnStored on_stored);
  /// Waits for what is under way.
  ~UploadWindow();
  UploadWindow(const UploadWindow&) = delete;
  UploadWindow& operator=(const UploadWindow&) = delete;

  /// Returns when there is room for one more, which may be when this one is stored.
  void submit(Segment segment);
  /// Returns when all are stored and told.
  void drain();

 private:
  struct Upload {
    explicit Upload(Segment what) : segment(std::move(what)) {}
    Segment segment;
    bool is_taken = false;
    bool is_done = false;
    std::exception_ptr failure;
  };
  struct Shared;

  /// Uploads one that nobody has taken; false: there is none.
  static bool upload_one(Shared& shared);
  static void finish(Shared& shared, Upload& upload, std::exception_ptr failure);
  void wait_for_less_than(std::size_t count);

  Helpers& helpers_;
  const unsigned parallel_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace lshost::engine
