#include "snapshot_file.hpp"

#include <utility>

namespace lshost::file {
namespace {

// Large enough that the host reads many pages in one go, small enough to stay in the processor's first caches between
// the read, the hash and the write: with 1 MiB the first snapshot of a 1 GB database took twice as long.
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::size_t kPiecesPerStep = 128;

OutFile create_locked(const Disk& disk, const std::string& path) {
  OutFile file = disk.create(path);
  (void)file.lock();  // tells remove_unfinished() of other processes that somebody is still at it
  return file;
}

}  // namespace

void publish(const Disk& disk, const std::string& path, std::string_view content) {
  const std::string unfinished = path + ".tmp";
  {
    OutFile file = disk.create(unfinished);
    file.append(std::as_bytes(std::span(content)));
    file.sync();
  }
  disk.rename(unfinished, path);
  disk.sync_folder(parent_folder(path));
}

SnapshotFile::SnapshotFile(const Disk& disk, const Layout& layout, Snapshot image)
    : disk_(&disk),
      layout_(layout),
      image_(std::move(image)),
      path_(layout.file(Kind::snapshot, image_.position.generation, image_.position.index)),
      file_(create_locked(disk, path_ + ".tmp")) {
  info_.generation = image_.position.generation;
  info_.index = image_.position.index;
  info_.offset = image_.position.offset;
  info_.page_size = image_.page_size;
  info_.size_bytes = image_.size;
  info_.created_ns = image_.created_ns;
}

SnapshotFile::~SnapshotFile() {
  if (published_) return;
  try {
    disk_->remove(path_ + ".tmp");
  } catch (const std::exception&) {
    (void)published_;  // the next start removes it
  }
}

bool SnapshotFile::copy_some() {
  const std::uint64_t begin = file_.size();
  const auto into = buffer_.get(kPieceBytes, kPieceBytes);
  for (std::size_t piece = 0; piece < kPiecesPerStep; ++piece) {
    const std::size_t count = image_.bytes.Read(into);
    if (count == 0) {
      finish();
      return false;
    }
    hash_.update(into.first(count));
    file_.append(into.first(count));
  }
  file_.start_writing_out(begin);
  return true;
}

void SnapshotFile::finish() {
  image_.bytes.Close();  // checkpoints may go on
  if (file_.size() != image_.size) {
    throw Error(LSHOST_E_INTERNAL,
                "the snapshot that the host gave has " + std::to_string(file_.size()) + " bytes instead of " +
                    std::to_string(image_.size),
                LSHOST_ERR_RETRYABLE);
  }
  file_.sync();
  info_.xxh3 = hash_.value();
}

void SnapshotFile::publish() {
  file::publish(*disk_, layout_.file(Kind::info, info_.generation, info_.index), encode(info_));
  disk_->rename(path_ + ".tmp", path_);
  published_ = true;
  disk_->sync_folder(parent_folder(path_));
}

}  // namespace lshost::file
