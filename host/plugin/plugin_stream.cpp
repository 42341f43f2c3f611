#include "plugin/plugin_stream.hpp"

#include <utility>

#include "base/error.hpp"
#include "plugin/abi.hpp"

namespace lshost::plugin {

PluginStream::PluginStream(lshost_reader* reader, std::shared_ptr<void> owner, std::string label)
    : self_(reader), table_(copy_in(reader)), owner_(std::move(owner)), label_(std::move(label)) {}

PluginStream::~PluginStream() {
  if (table_.close != nullptr) table_.close(self_);
}

std::size_t PluginStream::read(MutableByteSpan into) {
  if (table_.read == nullptr) throw Error(ErrorCode::unsupported, label_ + ": the plugin's stream can not be read");
  std::size_t count = 0;
  ErrorOut err;
  check(table_.read(self_, into.data(), into.size(), &count, &err), err, label_);
  if (count > into.size()) {
    throw Error(ErrorCode::internal, label_ + ": the plugin read more bytes than it was asked for");
  }
  return count;
}

std::optional<ByteStream::FileRange> PluginStream::file_range() const {
  if (table_.fd == nullptr) return std::nullopt;
  FileRange range{-1, 0, 0};
  range.descriptor = table_.fd(self_, &range.offset, &range.length);
  if (range.descriptor < 0) return std::nullopt;
  return range;
}

}  // namespace lshost::plugin
