#include "support/loop_disk.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "base/unique_fd.hpp"
#include "support/process.hpp"
#include "support/wait_until.hpp"

namespace lshost::test {
namespace {

// The same request and flags for ext4 (EXT4_IOC_SHUTDOWN) and xfs (XFS_IOC_GOINGDOWN).
constexpr unsigned long kGoingDown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kLogFlush = 1;
constexpr std::uint32_t kNoLogFlush = 2;

void run_tool(const std::vector<std::string>& command) {
  const auto end = run({.command = command});
  if (end.status.code != 0) throw std::runtime_error(command.at(0) + ": " + end.out + end.err);
}

}  // namespace

LoopDisk::LoopDisk(Kind kind, std::uint64_t size_bytes)
    : kind_(kind), image_(directory_ / "image"), mount_point_(directory_ / "disk") {
  std::ofstream(image_).flush();
  std::filesystem::resize_file(image_, size_bytes);
  std::filesystem::create_directory(mount_point_);
  if (kind == Kind::ext4) {
    run_tool({"mkfs.ext4", "-q", image_});
  } else {
    run_tool({"mkfs.xfs", "-q", image_});
  }
  mount();
}

LoopDisk::~LoopDisk() {
  if (is_mounted_) (void)::umount2(mount_point_.c_str(), MNT_DETACH);
}

std::optional<std::string> LoopDisk::why_not() {
  static const auto reason = []() -> std::optional<std::string> {
    if (::geteuid() != 0) return "a file system can be mounted only by root";
    try {
      LoopDisk disk(Kind::ext4, std::uint64_t{16} << 20);
      disk.cut_power(Cut::journal_lost);
      disk.power_on();
      return std::nullopt;
    } catch (const std::exception& e) {
      return std::string("no file system can be mounted from a file and shut down here: ") + e.what();
    }
  }();
  return reason;
}

void LoopDisk::sync() {
  const UniqueFd fd(::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0) throw std::runtime_error("syncing " + mount_point_);
}

void LoopDisk::cut_power(Cut cut) {
  const UniqueFd fd(::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::uint32_t flag = cut == Cut::journal_kept ? kLogFlush : kNoLogFlush;
  if (!fd || ::ioctl(fd.get(), kGoingDown, &flag) != 0) throw std::runtime_error("shutting down " + mount_point_);
}

void LoopDisk::power_on() {
  unmount();
  mount();
}

void LoopDisk::mount() {
  run_tool({"mount", "-o", "loop", image_, mount_point_});
  is_mounted_ = true;
}

void LoopDisk::unmount() {
  // Processes that were killed let go of their files a moment later.
  if (!wait_until([&] { return ::umount2(mount_point_.c_str(), 0) == 0; }))
    throw std::runtime_error("unmounting " + mount_point_ + ": it is in use");
  is_mounted_ = false;
}

}  // namespace lshost::test
