#include "support/faulting_fs.hpp"

namespace lshost::test {
namespace {

class FaultingReadableFile final : public os::ReadableFile {
 public:
  FaultingReadableFile(FaultPlan& plan, std::string path, std::unique_ptr<os::ReadableFile> under)
      : plan_(plan), path_(std::move(path)), under_(std::move(under)) {}

  std::size_t read_at(std::string_view op, std::uint64_t offset, MutableByteSpan into) const override {
    plan_.enter("read_at", op, path_);
    return under_->read_at(op, offset, into);
  }
  std::uint64_t size(std::string_view op) const override {
    plan_.enter("size", op, path_);
    return under_->size(op);
  }
  int descriptor() const noexcept override { return under_->descriptor(); }

 private:
  FaultPlan& plan_;
  const std::string path_;
  const std::unique_ptr<os::ReadableFile> under_;
};

class FaultingWritableFile final : public os::WritableFile {
 public:
  FaultingWritableFile(FaultPlan& plan, std::string path, std::unique_ptr<os::WritableFile> under)
      : plan_(plan), path_(std::move(path)), under_(std::move(under)), size_(under_->size()) {}

  void append(std::string_view op, ByteSpan data) override {
    const auto error = plan_.enter_or_fail("append", op, path_);
    if (under_->size() != size_) under_->truncate(op, size_);  // the half that an injected failure left
    under_->append(op, error ? data.first(data.size() / 2) : data);
    if (error) throw Error(*error);
    size_ += data.size();
  }
  void truncate(std::string_view op, std::uint64_t size_bytes) override {
    plan_.enter("truncate", op, path_);
    under_->truncate(op, size_bytes);
    size_ = size_bytes;
  }
  void sync(std::string_view op) override {
    plan_.enter("sync", op, path_);
    under_->sync(op);
  }
  void close(std::string_view op) override {
    const auto error = plan_.enter_or_fail("close", op, path_);
    under_->close(op);
    if (error) throw Error(*error);
  }
  std::uint64_t size() const noexcept override { return size_; }

 private:
  FaultPlan& plan_;
  const std::string path_;
  const std::unique_ptr<os::WritableFile> under_;
  std::uint64_t size_;
};

}  // namespace

std::unique_ptr<os::WritableFile> FaultingFs::create(std::string_view op, const std::string& path, std::uint32_t mode) {
  enter("create", op, path);
  return std::make_unique<FaultingWritableFile>(*this, path, under_.create(op, path, mode));
}

std::unique_ptr<os::WritableFile> FaultingFs::open_append(std::string_view op, const std::string& path) {
  enter("open_append", op, path);
  return std::make_unique<FaultingWritableFile>(*this, path, under_.open_append(op, path));
}

std::unique_ptr<os::ReadableFile> FaultingFs::open_read(std::string_view op, const std::string& path) {
  enter("open_read", op, path);
  return std::make_unique<FaultingReadableFile>(*this, path, under_.open_read(op, path));
}

std::optional<os::FileStat> FaultingFs::stat(std::string_view op, const std::string& path) {
  enter("stat", op, path);
  return under_.stat(op, path);
}

std::optional<std::vector<std::string>> FaultingFs::list(std::string_view op, const std::string& directory) {
  enter("list", op, directory);
  return under_.list(op, directory);
}

void FaultingFs::create_directories(std::string_view op, const std::string& directory, std::uint32_t mode) {
  enter("create_directories", op, directory);
  under_.create_directories(op, directory, mode);
}

void FaultingFs::rename(std::string_view op, const std::string& from, const std::string& to) {
  enter("rename", op, to);
  under_.rename(op, from, to);
}

void FaultingFs::remove(std::string_view op, const std::string& path) {
  enter("remove", op, path);
  under_.remove(op, path);
}

void FaultingFs::sync_directory(std::string_view op, const std::string& directory) {
  enter("sync_directory", op, directory);
  under_.sync_directory(op, directory);
}

}  // namespace lshost::test
