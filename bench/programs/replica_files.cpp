#include "replica_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>

#include "marker.hpp"
#ifdef LSHOST_BENCH_LZ4
#include <lz4frame.h>
#endif

namespace lshost::bench {
namespace {

class File {
 public:
  explicit File(const std::string& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0 && errno != ENOENT) fail("open");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool is_there() const { return fd_ >= 0; }
  [[nodiscard]] std::uint64_t size() const {
    struct stat info{};
    if (::fstat(fd_, &info) != 0) fail("fstat");
    return static_cast<std::uint64_t>(info.st_size);
  }
  [[nodiscard]] std::size_t read(std::span<unsigned char> into, std::uint64_t offset) const {
    const ssize_t got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0) fail("pread");
    return static_cast<std::size_t>(got);
  }
  void sync() const {
    if (::fdatasync(fd_) != 0) fail("fdatasync");
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw std::runtime_error(path_ + ": " + what + ": " + std::strerror(errno));
  }

  std::string path_;
  int fd_;
};

bool ends_with(const std::string& text, const char* end) {
  const std::size_t size = std::strlen(end);
  return text.size() >= size && text.compare(text.size() - size, size, end) == 0;
}

#ifdef LSHOST_BENCH_LZ4
struct FreeContext {
  void operator()(LZ4F_dctx* context) const noexcept { LZ4F_freeDecompressionContext(context); }
};

std::vector<unsigned char> decompress(std::span<const unsigned char> frame) {
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0) throw std::bad_alloc();
  const std::unique_ptr<LZ4F_dctx, FreeContext> context(raw);
  std::vector<unsigned char> out;
  std::vector<unsigned char> block(std::size_t{4} << 20);
  for (std::size_t at = 0; at < frame.size();) {
    std::size_t taken = frame.size() - at;
    std::size_t made = block.size();
    const std::size_t status = LZ4F_decompress(raw, block.data(), &made, frame.data() + at, &taken, nullptr);
    if (LZ4F_isError(status) != 0) throw std::runtime_error(std::string("lz4: ") + LZ4F_getErrorName(status));
    out.insert(out.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(made));
    at += taken;
    if (status == 0) break;
  }
  return out;
}
#endif

}  // namespace

bool ReplicaFiles::is_wal(const std::string& path) {
  return path.find("/wal/") != std::string::npos && !ends_with(path, ".tmp");
}

Finding ReplicaFiles::look(const std::string& path) {
  return ends_with(path, ".lz4") ? look_compressed(path) : look_raw(path);
}

Finding ReplicaFiles::look_raw(const std::string& path) {
  Finding finding;
  const File file(path);
  if (!file.is_there()) return finding;
  const std::uint64_t size = file.size();
  const auto [known, is_new] = scanned_bytes_.try_emplace(path, size > tail_bytes_ ? size - tail_bytes_ : 0);
  if (!is_new && known->second > size) known->second = 0;
  // A marker may lie across the place where the last look ended.
  std::uint64_t at = known->second - std::min<std::uint64_t>(known->second, kMarkerSize - 1);
  buffer_.resize(std::size_t{1} << 20);
  while (at < size) {
    const std::size_t got = file.read(buffer_, at);
    if (got == 0) break;
    scan_markers({buffer_.data(), got}, [&](std::uint64_t commit) { finding.commits.push_back(commit); });
    known->second = at + got;
    if (got < buffer_.size()) break;
    at += got - (kMarkerSize - 1);
  }
  return finding;
}

Finding ReplicaFiles::look_compressed([[maybe_unused]] const std::string& path) {
  Finding finding;
#ifdef LSHOST_BENCH_LZ4
  if (!scanned_bytes_.try_emplace(path, 0).second) return finding;
  finding.was_published_whole = true;
  const File file(path);
  if (!file.is_there()) return finding;
  std::vector<unsigned char> frame(file.size());
  frame.resize(file.read(frame, 0));
  const std::vector<unsigned char> wal = decompress(frame);
  scan_markers(wal, [&](std::uint64_t commit) { finding.commits.push_back(commit); });
  return finding;
#else
  throw std::runtime_error(path + ": built without liblz4; install liblz4-dev and build again");
#endif
}

void ReplicaFiles::sync(const std::string& path) {
  const File file(path);
  if (file.is_there()) file.sync();
}

}  // namespace lshost::bench
