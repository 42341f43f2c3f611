#include "download.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace lshost::sftp {
namespace {

constexpr std::uint64_t kSmall = kReadsInFlight * kChunkSize;

struct Range {
  std::uint64_t begin;
  std::uint64_t end;
};

struct OpenFile {
  std::string handle;
  std::uint64_t size;
};

OpenFile open_file(Client& client, const std::string& path) {
  OpenFile file;
  file.handle = client.open_for_reading(path);
  const Attributes facts = client.facts_of_open(file.handle, path);
  if (facts.is_folder()) {  // which a server lets us open, and only then says that it has no bytes
    client.drop(file.handle);
    throw Error(LSHOST_E_NOT_FOUND, client.server() + ": " + path + " is a folder");
  }
  if (!facts.size_bytes) throw BadReply("a file without a size");
  file.size = *facts.size_bytes;
  return file;
}

Range range_in(const OpenFile& file, std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t begin = std::min(offset, file.size);
  return {begin, begin + std::min(length, file.size - begin)};
}

class MemorySource final : public Source {
 public:
  explicit MemorySource(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::size_t Read(std::span<std::byte> into) override {
    const std::size_t count = std::min(into.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count;
  }

 private:
  const Bytes bytes_;
  std::size_t at_ = 0;
};

/// A large range, on a connection of its own. Where that breaks, a new one goes on: files never change under their
/// name, but whether it is the same one is checked by its size.
class StreamSource final : public Source {
 public:
  StreamSource(std::shared_ptr<Remote> remote, Lease lease, std::string path, const OpenFile& file, Range range)
      : remote_(std::move(remote)),
        lease_(std::move(lease)),
        path_(std::move(path)),
        size_(file.size),
        end_(range.end) {
    reads_.emplace(*lease_, file.handle, path_, range.begin, range.end);
  }

  std::size_t Read(std::span<std::byte> into) override {
    if (at_ == bytes_.size() && !is_done_) {
      bytes_ = next();
      at_ = 0;
      if (bytes_.empty()) finish();
    }
    const std::size_t count = std::min(into.size(), bytes_.size() - at_);
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), count, into.begin());
    at_ += count;
    return count;
  }

 private:
  Bytes next() {
    const std::uint64_t position = reads_ ? reads_->position() : reopen_at_;
    try {
      if (!reads_) reopen(position);
      return reads_->next();
    } catch (const Error&) {
      if (lease_ && lease_->is_usable()) throw;
      if (position == broken_at_) throw;  // a second time, without a byte in between
    }
    broken_at_ = position;
    reads_.reset();
    reopen(position);
    return reads_->next();
  }

  /// Others may have the connection.
  void finish() {
    is_done_ = true;
    reads_.reset();
    lease_.give_back();
  }

  void reopen(std::uint64_t position) {
    reopen_at_ = position;
    lease_ = remote_->pool().fresh();
    const OpenFile file = open_file(*lease_, path_);
    if (file.size != size_) {
      throw Error(LSHOST_E_CORRUPT, lease_->server() + ": " + path_ + " has another size than before: " +
                                        std::to_string(file.size) + " bytes, not " + std::to_string(size_));
    }
    reads_.emplace(*lease_, file.handle, path_, position, end_);
  }

  const std::shared_ptr<Remote> remote_;
  Lease lease_;
  const std::string path_;
  const std::uint64_t size_;
  const std::uint64_t end_;
  std::optional<ReadAhead> reads_;  // on lease_, so it goes first
  std::uint64_t reopen_at_ = 0;     // where reads_ was when it broke
  std::uint64_t broken_at_ = std::numeric_limits<std::uint64_t>::max();
  Bytes bytes_;
  std::size_t at_ = 0;
  bool is_done_ = false;
};

Bytes read_all(ReadAhead& reads) {
  Bytes all;
  for (Bytes some = reads.next(); !some.empty(); some = reads.next()) all.insert(all.end(), some.begin(), some.end());
  return all;
}

}  // namespace

ReadAhead::ReadAhead(Client& client, std::string handle, std::string path, std::uint64_t begin, std::uint64_t end)
    : client_(client),
      handle_(std::move(handle)),
      path_(std::move(path)),
      end_(end),
      position_(begin),
      asked_to_(begin) {}

ReadAhead::~ReadAhead() {
  try {
    for (const Asked& asked : asked_) client_.forget(asked.id);
    if (client_.is_usable()) client_.drop(handle_);
  } catch (...) {
    // The connection is given up, and its handles with it.
  }
}

void ReadAhead::ask() {
  while (asked_.size() < kReadsInFlight && asked_to_ < end_) {
    const auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(kChunkSize, end_ - asked_to_));
    const RequestId id =
        client_.post([&](RequestId request) { return read_packet(request, handle_, asked_to_, size); });
    asked_.push_back({id, size});
    asked_to_ += size;
  }
}

Bytes ReadAhead::next() {
  if (position_ >= end_) return {};
  ask();
  const Asked oldest = asked_.front();
  asked_.pop_front();
  const Reply reply = client_.await(oldest.id);
  if (reply.type == PacketType::status) {
    const Status status = parse_status(reply);
    if (status.code != StatusCode::eof) throw Refused(status, client_.server(), "read " + path_);
    throw Error::Corrupt(client_.server() + ": " + path_ + " ends at byte " + std::to_string(position_) +
                         ", before its size says");
  }
  const ByteSpan data = parse_data(reply, oldest.size);
  Bytes bytes(data.begin(), data.end());
  position_ += bytes.size();
  if (bytes.size() < oldest.size) {
    // A server may give less than was asked for. What was posted behind the hole is asked for again.
    for (const Asked& asked : asked_) client_.forget(asked.id);
    asked_.clear();
    asked_to_ = position_;
  }
  return bytes;
}

std::unique_ptr<Source> download(std::shared_ptr<Remote> remote, const std::string& path, std::uint64_t offset,
                                 std::uint64_t length) {
  Lease lease = remote->pool().take();
  const auto open = [&]() -> std::unique_ptr<Source> {
    const OpenFile file = open_file(*lease, path);
    const Range range = range_in(file, offset, length);
    if (range.end - range.begin <= kSmall) {
      ReadAhead reads(*lease, file.handle, path, range.begin, range.end);
      return std::make_unique<MemorySource>(read_all(reads));
    }
    return std::make_unique<StreamSource>(remote, std::move(lease), path, file, range);
  };
  try {
    return open();
  } catch (const Error&) {
    if (!lease.was_used() || !lease || lease->is_usable()) throw;
  }
  lease = remote->pool().fresh();
  return open();
}

}  // namespace lshost::sftp
