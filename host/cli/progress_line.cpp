#include "cli/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/wake_up.hpp"
#include "cli/table.hpp"

namespace lshost::cli {
namespace {

using Phase = replica::RestoreProgress::Phase;
constexpr std::chrono::milliseconds kInterval(150);
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

std::string progress_text(std::uint64_t done_bytes, std::uint64_t total_bytes, std::chrono::duration<double> elapsed) {
  const double done = static_cast<double>(done_bytes);
  const double total = static_cast<double>(total_bytes);
  std::string text = fmt::format("{} of {}", size_text(done_bytes), size_text(total_bytes));
  if (total_bytes > 0) text += fmt::format(" ({:.0f} %)", 100 * done / total);
  if (elapsed.count() <= 0 || done_bytes == 0) return text;
  const double rate = done / elapsed.count();
  text += fmt::format(", {}/s", size_text(static_cast<std::uint64_t>(rate)));
  if (total > done) text += fmt::format(", {:.0f} s left", (total - done) / rate);
  return text;
}

ProgressLine::ProgressLine(const replica::RestoreProgress& progress) : progress_(progress) {
  if (::isatty(STDERR_FILENO) != 1) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { show(stop); });
}

ProgressLine::~ProgressLine() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  fmt::print(stderr, "{}", kClearLine);
}

void ProgressLine::show(const std::stop_token& stop) {
  const auto start = std::chrono::steady_clock::now();
  WakeUp never;
  while (never.wait_for(stop, kInterval)) {
    std::string text;
    switch (progress_.phase.load()) {
      case Phase::assembling:
        text = "restoring " +
               progress_text(progress_.done_bytes, progress_.total_bytes, std::chrono::steady_clock::now() - start);
        break;
      case Phase::checking:
        text = "checking and syncing";
        break;
      case Phase::publishing:
        text = "publishing";
        break;
    }
    fmt::print(stderr, "{}{}", kClearLine, text);
    (void)std::fflush(stderr);
  }
}

}  // namespace lshost::cli
