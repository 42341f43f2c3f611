#include "support/fault_fs.hpp"

#include <algorithm>

namespace lshost::test {

/// What reading and writing have in common: the node, and that it dies with a crash.
class FaultFs::File {
 public:
  File(FaultFs& fs, std::string path, MemoryDisk::NodePtr node, std::uint64_t crashes)
      : fs_(fs), path_(std::move(path)), node_(std::move(node)), crashes_(crashes) {}

 protected:
  void check_alive(std::string_view op) const LSHOST_REQUIRES(fs_.mutex_) {
    if (fs_.crashes_ != crashes_) {
      throw Error(ErrorCode::internal, std::string(op) + " " + path_ + ": opened before the crash");
    }
  }

  FaultFs& fs_;
  const std::string path_;
  const MemoryDisk::NodePtr node_;

 private:
  const std::uint64_t crashes_;
};

class FaultFs::ReadFile final : public os::ReadableFile, private File {
 public:
  using File::File;

  std::size_t read_at(std::string_view op, std::uint64_t offset, MutableByteSpan into) const override {
    fs_.enter("read_at", op, path_);
    MutexLock lock(fs_.mutex_);
    check_alive(op);
    const auto& data = node_->data;
    const auto begin = std::min<std::uint64_t>(offset, data.size());
    const auto count = std::min<std::size_t>(into.size(), data.size() - begin);
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(begin), count, into.begin());
    return count;
  }

  std::uint64_t size(std::string_view op) const override {
    fs_.enter("size", op, path_);
    MutexLock lock(fs_.mutex_);
    check_alive(op);
    return node_->data.size();
  }

  int descriptor() const noexcept override { return -1; }
};

class FaultFs::WriteFile final : public os::WritableFile, private File {
 public:
  WriteFile(FaultFs& fs, std::string path, const MemoryDisk::NodePtr& node, std::uint64_t crashes, std::uint64_t size)
      : File(fs, std::move(path), node, crashes), size_(size) {}

  void append(std::string_view op, ByteSpan data) override {
    auto error = fs_.enter_or_fail("append", op, path_);
    MutexLock lock(fs_.mutex_);
    check_open(op);
    auto fitting = data.first(error ? data.size() / 2 : data.size());
    if (const auto room = fs_.room_for_append(); fitting.size() > room) {
      fitting = fitting.first(room);
      error.emplace(ErrorCode::no_space, std::string(op) + " " + path_ + ": No space left on device");
    }
    fs_.disk_.write(*node_, size_, fitting);
    if (error) throw Error(*error);
    size_ += data.size();
  }

  void truncate(std::string_view op, std::uint64_t size_bytes) override {
    fs_.enter("truncate", op, path_);
    MutexLock lock(fs_.mutex_);
    check_open(op);
    fs_.disk_.truncate(*node_, size_bytes);
    size_ = size_bytes;
  }

  void sync(std::string_view op) override {
    const auto error = fs_.enter_or_fail("sync", op, path_);
    MutexLock lock(fs_.mutex_);
    check_open(op);
    if (error) {
      node_->has_lost_bytes = true;
      throw Error(*error);
    }
    MemoryDisk::sync(*node_);
  }

  void close(std::string_view op) override {
    const auto error = fs_.enter_or_fail("close", op, path_);
    MutexLock lock(fs_.mutex_);
    check_open(op);
    is_open_ = false;
    if (error) throw Error(*error);
  }

  std::uint64_t size() const noexcept override { return size_; }

 private:
  void check_open(std::string_view op) const LSHOST_REQUIRES(fs_.mutex_) {
    check_alive(op);
    if (!is_open_) throw_errno(op, path_, EBADF);
  }

  std::uint64_t size_;
  bool is_open_ = true;
};

FaultFs::FaultFs() {
  MutexLock lock(mutex_);
  disk_.make_directories("set-up", "/r", 0700);
}

void FaultFs::crash() {
  MutexLock lock(mutex_);
  disk_.crash();
  ++crashes_;
}

void FaultFs::crash(std::uint64_t seed) {
  MutexLock lock(mutex_);
  disk_.crash(seed);
  ++crashes_;
}

void FaultFs::limit_space(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  space_bytes_max_ = bytes;
}

const std::vector<std::byte>* FaultFs::find(const std::string& path) const {
  MutexLock lock(mutex_);
  const auto node = disk_.find(path);
  return node && !node->is_directory ? &node->data : nullptr;
}

void FaultFs::put(const std::string& path, ByteSpan data) {
  MutexLock lock(mutex_);
  const auto directory = os::parent_directory(path);
  disk_.make_directories("set-up", directory, 0700);
  const auto node = disk_.create("set-up", path, 0600);
  disk_.write(*node, 0, data);
  MemoryDisk::sync(*node);
  disk_.sync_names("set-up", directory);
}

void FaultFs::damage(const std::string& path, std::uint64_t offset) {
  MutexLock lock(mutex_);
  const auto node = existing_file("damage", path);
  for (auto* bytes : {&node->data, &node->durable}) {
    if (offset < bytes->size()) (*bytes)[offset] ^= std::byte{0x40};
  }
}

std::uint64_t FaultFs::room_for_append() const {
  if (space_bytes_max_ == UINT64_MAX) return UINT64_MAX;
  return space_bytes_max_ - std::min(space_bytes_max_, disk_.used_bytes());
}

MemoryDisk::NodePtr FaultFs::existing_file(std::string_view op, const std::string& path) const {
  auto node = disk_.find(path);
  if (!node) throw_errno(op, path, ENOENT);
  if (node->is_directory) throw_errno(op, path, EISDIR);
  return node;
}

std::unique_ptr<os::WritableFile> FaultFs::create(std::string_view op, const std::string& path, std::uint32_t mode) {
  enter("create", op, path);
  MutexLock lock(mutex_);
  return std::make_unique<WriteFile>(*this, path, disk_.create(op, path, mode), crashes_, 0);
}

std::unique_ptr<os::WritableFile> FaultFs::open_append(std::string_view op, const std::string& path) {
  enter("open_append", op, path);
  MutexLock lock(mutex_);
  const auto node = existing_file(op, path);
  return std::make_unique<WriteFile>(*this, path, node, crashes_, node->data.size());
}

std::unique_ptr<os::ReadableFile> FaultFs::open_read(std::string_view op, const std::string& path) {
  enter("open_read", op, path);
  MutexLock lock(mutex_);
  return std::make_unique<ReadFile>(*this, path, existing_file(op, path), crashes_);
}

std::optional<os::FileStat> FaultFs::stat(std::string_view op, const std::string& path) {
  enter("stat", op, path);
  MutexLock lock(mutex_);
  const auto node = disk_.find(path);
  if (!node) return std::nullopt;
  os::FileStat info;
  info.size_bytes = node->data.size();
  info.modified_ns = node->modified_ns;
  info.inode = node->inode;
  info.device = 1;
  info.mode = node->mode;
  info.is_directory = node->is_directory;
  info.is_regular = !node->is_directory;
  return info;
}

std::optional<std::vector<std::string>> FaultFs::list(std::string_view op, const std::string& directory) {
  enter("list", op, directory);
  MutexLock lock(mutex_);
  const auto node = disk_.find(directory);
  if (!node) return std::nullopt;
  if (!node->is_directory) throw_errno(op, directory, ENOTDIR);
  std::vector<std::string> names;
  for (const auto& [name, child] : node->names) names.push_back(name);
  return names;
}

void FaultFs::create_directories(std::string_view op, const std::string& directory, std::uint32_t mode) {
  enter("create_directories", op, directory);
  MutexLock lock(mutex_);
  disk_.make_directories(op, directory, mode);
}

void FaultFs::rename(std::string_view op, const std::string& from, const std::string& to) {
  enter("rename", op, to);
  MutexLock lock(mutex_);
  disk_.rename(op, from, to);
}

void FaultFs::remove(std::string_view op, const std::string& path) {
  enter("remove", op, path);
  MutexLock lock(mutex_);
  disk_.remove(op, path);
}

void FaultFs::sync_directory(std::string_view op, const std::string& directory) {
  enter("sync_directory", op, directory);
  MutexLock lock(mutex_);
  disk_.sync_names(op, directory);
}

}  // namespace lshost::test
