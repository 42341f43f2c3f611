#include "file/hostile_disk.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include <lshost/cpp/error.hpp>

namespace lshost::test {

using file::Step;

void HostileDisk::break_step(int nth, Mode mode) {
  const std::lock_guard hold(mutex_);
  countdown_ = nth;
  mode_ = mode;
  fired_ = dead_ = false;
}

void HostileDisk::break_all(Step step, std::string suffix, int error) {
  const std::lock_guard hold(mutex_);
  broken_step_ = step;
  broken_suffix_ = std::move(suffix);
  broken_error_ = error;
}

void HostileDisk::forgive() {
  const std::lock_guard hold(mutex_);
  countdown_ = 0;
  dead_ = false;
  broken_error_ = 0;
}

bool HostileDisk::fired() const {
  const std::lock_guard hold(mutex_);
  return fired_;
}

int HostileDisk::steps() const {
  const std::lock_guard hold(mutex_);
  return steps_;
}

/// The step that is about to happen fails.
bool HostileDisk::will_break() const { return dead_ || countdown_ == 1; }

std::size_t HostileDisk::before(Step step, const std::string& path, std::size_t size) {
  const std::lock_guard hold(mutex_);
  ++steps_;
  writing_ = size;
  if (step == Step::sync && will_break()) {  // what is dirty never gets there, and is clean to the kernel
    for (const auto& range : dirty_[path]) lost_[path].push_back(range);
    dirty_[path].clear();
  }
  if (dead_) throw Error::Errno("dead: " + path, EIO);
  if (broken_error_ != 0 && step == broken_step_ && path.ends_with(broken_suffix_)) {
    throw Error::Errno("broken: " + path, broken_error_);
  }
  if (countdown_ == 0 || --countdown_ > 0) return size;
  fired_ = true;
  dead_ = mode_ == Mode::die;
  if (mode_ != Mode::fail && step == Step::write && size > 1) return size / 2;
  throw Error::Errno("broken once: " + path, EIO);
}

void HostileDisk::after(Step step, const std::string& path) {
  const std::lock_guard hold(mutex_);
  const auto size = [&] { return static_cast<std::uint64_t>(std::filesystem::file_size(path)); };
  switch (step) {
    case Step::create:
      dirty_.erase(path);
      lost_.erase(path);
      written_size_[path] = 0;
      unsynced_names_.insert(path);
      synced_size_[path] = 0;
      break;
    case Step::truncate:
      synced_size_[path] = std::min(synced_size_[path], size());
      written_size_[path] = size();
      break;
    case Step::sync:
      synced_size_[path] = size();
      dirty_[path].clear();
      break;
    case Step::rename:  // our renames are from "<path>.tmp"
      synced_size_[path] = synced_size_[path + ".tmp"];
      unsynced_names_.erase(path + ".tmp");
      synced_size_.erase(path + ".tmp");
      unsynced_names_.insert(path);
      break;
    case Step::remove:
      unsynced_names_.erase(path);
      synced_size_.erase(path);
      break;
    case Step::make_folder:
      unsynced_names_.insert(path);
      break;
    case Step::sync_folder:
      std::erase_if(unsynced_names_, [&](const auto& name) { return file::parent_folder(name) == path; });
      break;
    case Step::write:
      note_write(path, size());
      break;
  }
}

/// Our writes are appends, or go over the file's end again.
void HostileDisk::note_write(const std::string& path, std::uint64_t size_now) {
  const bool grew = size_now > written_size_[path];
  const Range range{grew ? written_size_[path] : size_now - writing_, size_now};
  written_size_[path] = size_now;
  dirty_[path].push_back(range);
  std::erase_if(lost_[path], [&](const Range& lost) { return range.begin <= lost.begin && lost.end <= range.end; });
}

void HostileDisk::cut_power(bool zeros) {
  const std::lock_guard hold(mutex_);
  for (const auto& name : unsynced_names_) std::filesystem::remove_all(name);
  for (const auto& [path, synced] : synced_size_) {
    if (!std::filesystem::exists(path)) continue;
    const auto written = std::filesystem::file_size(path);
    if (written <= synced) continue;
    std::filesystem::resize_file(path, synced);
    if (zeros) std::filesystem::resize_file(path, written);
  }
  for (const auto& [path, ranges] : lost_) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (const auto& range : ranges) {
      file.seekp(static_cast<std::streamoff>(range.begin));
      for (auto at = range.begin; file && at < range.end; ++at) file.put('\0');
    }
  }
  dirty_.clear();
  lost_.clear();
  unsynced_names_.clear();
  synced_size_.clear();
}

}  // namespace lshost::test
