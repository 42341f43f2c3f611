#include "wal_checker.hpp"

#include <algorithm>
#include <cstddef>

namespace lshost::file {
WalChecker::WalChecker(const wal::Header& header, wal::Checksum sum, std::uint64_t end)
    : header_(header),
      chain_(wal::Chain(header, wal::frames_below(end, header.page_size), sum)),
      committed_sum_(sum),
      committed_end_(end),
      valid_end_(end) {}

bool WalChecker::feed(std::span<const std::byte> bytes) {
  while (good_ && !bytes.empty()) {
    const std::size_t unit = unit_size();
    std::span<const std::byte> whole;
    if (partial_.empty() && bytes.size() >= unit) {
      whole = bytes.first(unit);
      bytes = bytes.subspan(unit);
    } else {
      const std::size_t count = std::min(unit - partial_.size(), bytes.size());
      partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      bytes = bytes.subspan(count);
      if (partial_.size() < unit) break;
      whole = partial_;
    }
    good_ = chain_ ? take_frame(whole) : take_header(whole);
    partial_.clear();
  }
  return good_;
}

std::size_t WalChecker::unit_size() const noexcept {
  return header_ ? static_cast<std::size_t>(wal::frame_size(header_->page_size)) : wal::kHeaderSize;
}

bool WalChecker::take_header(std::span<const std::byte> bytes) {
  header_ = wal::parse_header(bytes);
  if (!header_) return false;
  chain_.emplace(*header_);
  committed_sum_ = header_->checksum;
  valid_end_ = wal::kHeaderSize;
  return true;
}

bool WalChecker::take_frame(std::span<const std::byte> bytes) {
  if (!chain_->accept(bytes)) return false;
  valid_end_ += bytes.size();
  if (wal::parse_frame_header(bytes.data()).is_commit()) {
    committed_sum_ = chain_->sum();
    committed_end_ = valid_end_;
  }
  return true;
}

WalChecker WalChecker::at_committed_end() const {
  if (committed_end_ > 0) return {*header_, committed_sum_, committed_end_};
  return {};
}

}  // namespace lshost::file
