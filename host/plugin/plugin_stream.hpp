#pragma once
// A plugin's stream as ours.

#include <lshost/abi.h>

#include <memory>
#include <string>

#include "base/byte_stream.hpp"

namespace lshost::plugin {

/// Ownership: owns the plugin's stream and closes it; `owner` keeps alive what must outlive the stream.
/// Errors:    the plugin's, with `label` in front; Error{internal} where it breaks the contract.
class PluginStream final : public ByteStream {
 public:
  /// REQUIRES: reader != nullptr.
  PluginStream(lshost_reader* reader, std::shared_ptr<void> owner, std::string label);
  PluginStream(const PluginStream&) = delete;
  PluginStream& operator=(const PluginStream&) = delete;
  ~PluginStream() override;

  [[nodiscard]] std::size_t read(MutableByteSpan into) override;
  [[nodiscard]] std::optional<FileRange> file_range() const override;

 private:
  lshost_reader* const self_;
  const lshost_reader table_;
  const std::shared_ptr<void> owner_;
  const std::string label_;
};

}  // namespace lshost::plugin
